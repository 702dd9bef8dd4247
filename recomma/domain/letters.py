"""How a person says which dead letters are meant."""

from datetime import datetime
from typing import TypedDict


class Match(TypedDict, total=False):
    """Open letters that fit all of what is said; nothing said, or None, fits every one."""

    queue: str | None
    deal_id: int | None
    task: str | None  # A step, or the full name of a task.
    reason: str | None
    text: str | None  # A part of what the letter says, in any case.
    since: datetime | None
