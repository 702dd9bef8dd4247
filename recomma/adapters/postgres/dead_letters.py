"""Dead letters: what a person must look at, and the three things that a person can do with one.

A letter is written in the transaction that lets its note die, so that nothing is ever in neither
place; requeueing is the mirror of that, and only one of two people can do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres.tables import dead_letters
from recomma.ports import DeadLetter

TEXT_MAX: Final = 10_000  # An error's text may hold a whole answer of the other side.


@dataclass(frozen=True)
class History:
    """What went wrong before the end."""

    errors: Sequence[object]
    since: datetime
    last: str


def bury(
    connection: Connection,
    note_id: int,
    letter: DeadLetter,
    history: History,
    now: datetime,
    code_version: str,
) -> None:
    """Write the letter, or count up the open one that says the same about the same."""
    row = {
        "note_id": note_id,
        "order_id": letter.order_id,
        "reason": str(letter.reason),
        "why": letter.why[:TEXT_MAX],
        "error": history.last[:TEXT_MAX],
        # The last frames say where it happened.
        "traceback": letter.traceback[-TEXT_MAX:],
        "attempts": history.errors,
        "first_failed_at": history.since,
        "died_at": now,
        "state": "dead",
        "code_version": code_version,
    }
    added = insert(dead_letters).values(row)
    newest = ("why", "error", "traceback", "attempts", "died_at", "code_version")
    connection.execute(
        added.on_conflict_do_update(
            index_elements=[
                dead_letters.c.note_id,
                dead_letters.c.reason,
                dead_letters.c.order_id,
            ],
            index_where=text("state = 'dead'"),
            set_={"times": dead_letters.c.times + 1}
            | {name: added.excluded[name] for name in newest},
        )
    )
