"""What a message may say: which step, and the ids of its note. Everything else nobody can read.

A message is a hint. One that cannot be read is kept for a person; what it was about is looked at
all the same, because its note stands in the ledger.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from recomma.domain.notes import Note, Step

TASK_PREFIX: Final = "recomma."
ID_MAX: Final = 2**63 - 1
NAME_MAX: Final = 200

IDS_OF: Final[Mapping[Step, tuple[str, ...]]] = {
    Step.WATCH: ("account",),
    Step.PLAN: ("deal_id",),
    Step.SUBMIT: ("venue",),
    Step.RECONCILE: ("deal_id", "venue"),
    Step.REFRESH: ("venue",),
    Step.SURVEY: ("venue",),
}


class Illegible(StrEnum):
    """Why a message became a dead letter. docs/dead-letters.md has a section for each."""

    MESSAGE = "unreadable_message"
    TASK = "unknown_task"
    ARGUMENTS = "unknown_arguments"


@dataclass(frozen=True)
class BadMessage:
    """A message that no step of this version can read, with all that is known of it."""

    reason: Illegible
    why: str
    queue: str
    task: str  # Empty if not even that can be read.
    arguments: Mapping[str, object]
    raw: Mapping[str, object]  # Body, headers and content type as they came; JSON.


class UnknownArguments(ValueError):
    """The arguments do not name what the step looks at; says which of them."""


def note_of(task: str, arguments: Mapping[str, object]) -> Note:
    """Return the note that a message is about. Raises UnknownArguments.

    What a newer version adds is left out; the ids themselves have never changed their names.
    """
    try:
        step = Step(task.removeprefix(TASK_PREFIX))
    except ValueError:
        raise UnknownArguments(f"no step is called {task!r}") from None
    for name in IDS_OF[step]:
        _check(name, arguments.get(name))
    ids = {name: arguments[name] for name in IDS_OF[step]}
    return Note(step, **ids)  # type: ignore[arg-type]  # Checked one by one.


def _check(name: str, value: object) -> None:
    if value is None:
        raise UnknownArguments(f"{name} is missing")
    if name == "deal_id":
        # To Python, True is a number.
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ID_MAX:
            raise UnknownArguments(f"deal_id is no id of a deal: {value!r:.100}")
    elif not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= NAME_MAX:
        raise UnknownArguments(f"{name} is no name: {value!r:.100}")
