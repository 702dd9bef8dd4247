"""How dead letters are read: which fit, and what stands in one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select

from recomma.adapters.postgres.tables import dead_letters, mirror_orders, notes
from recomma.adapters.postgres.values import AnyRow, note_of
from recomma.domain.letters import Match
from recomma.domain.messages import IDS_OF, TASK_PREFIX, Illegible
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason

OPEN: Final = dead_letters.c.state == "dead"

_SAID: Final = dead_letters.c.arguments
# What a message says of its deal is used only if it can be one: anybody may have written it.
_SAID_DEAL: Final = case(
    (
        _SAID["deal_id"].astext.regexp_match("^[0-9]{1,18}$"),
        cast(_SAID["deal_id"].astext, BigInteger),
    )
)
QUEUE: Final = func.coalesce(notes.c.queue, dead_letters.c.queue).label("of_queue")
TASK: Final = func.coalesce(TASK_PREFIX + notes.c.step, dead_letters.c.task).label("of_task")
# An order's letter hangs on its venue's note; the deal is the order's.
DEAL: Final = func.coalesce(notes.c.deal_id, mirror_orders.c.deal_id, _SAID_DEAL).label("of_deal")
VENUE: Final = func.coalesce(notes.c.venue, mirror_orders.c.venue, _SAID["venue"].astext).label(
    "of_venue"
)


@dataclass(frozen=True)
class Letter:
    """A dead letter as it is kept, about a note or about a `message` that nobody can read.

    `first_failed_at` and `died_at` are the first and the last failure; `attempts` are the errors
    before the end, each with its time. Secrets are left out of all texts.
    """

    id: int
    note: Note | None
    task: str
    arguments: Mapping[str, object]
    queue: str
    deal_id: int | None
    venue: str | None
    order_id: int | None
    reason: Reason | Illegible
    why: str
    times: int  # How often the same happened while nobody acted on it.
    first_failed_at: datetime
    died_at: datetime
    state: str  # dead, requeued or discarded
    actor: str | None
    acted_at: datetime | None
    remark: str
    code_version: str
    versions: Mapping[str, object]  # Of the program, the settings, and of a message.
    error: str
    traceback: str
    attempts: tuple[Mapping[str, object], ...]
    message: Mapping[str, object] | None


def letters() -> Select[Any]:
    key = (notes.c.step, notes.c.account, notes.c.deal_id, notes.c.venue)
    columns = [each for each in dead_letters.c if each.name not in ("task", "queue")]
    return from_all(select(*columns, *key, TASK, QUEUE, DEAL, VENUE))


def from_all(query: Select[Any]) -> Select[Any]:
    """Read from the letters and from what they may be about."""
    return query.select_from(
        dead_letters.outerjoin(notes, notes.c.id == dead_letters.c.note_id).outerjoin(
            mirror_orders, mirror_orders.c.id == dead_letters.c.order_id
        )
    )


def fitting(match: Match) -> ColumnElement[bool]:
    """Return the condition for open letters that fit."""
    return and_(OPEN, *_conditions(match))


def _conditions(match: Match) -> Iterator[ColumnElement[bool]]:
    letter = dead_letters.c
    if (queue := match.get("queue")) is not None:
        yield QUEUE.in_([queue])
    if (deal_id := match.get("deal_id")) is not None:
        yield DEAL.in_([deal_id])
    if (task := match.get("task")) is not None:
        yield TASK.in_([task, TASK_PREFIX + task])
    if (reason := match.get("reason")) is not None:
        yield letter.reason == reason
    if (said := match.get("text")) is not None:
        texts = (letter.why, letter.error)
        yield or_(*(each.icontains(said, autoescape=True) for each in texts))
    if (since := match.get("since")) is not None:
        yield letter.died_at >= since


def letter_of(row: AnyRow) -> Letter:
    note = note_of(row) if row.step else None
    return Letter(
        id=row.id,
        note=note,
        task=row.of_task,
        arguments=row.arguments if note is None else _arguments(note),
        queue=row.of_queue,
        deal_id=row.of_deal,
        venue=row.of_venue,
        order_id=row.order_id,
        reason=Reason(row.reason) if note else Illegible(row.reason),
        why=row.why,
        times=row.times,
        first_failed_at=row.first_failed_at,
        died_at=row.died_at,
        state=row.state,
        actor=row.actor,
        acted_at=row.acted_at,
        remark=row.remark,
        code_version=row.code_version,
        versions=row.versions,
        error=row.error,
        traceback=row.traceback,
        attempts=tuple(row.attempts),
        message=row.message,
    )


def _arguments(note: Note) -> dict[str, object]:
    return {name: getattr(note, name) for name in IDS_OF[note.step]}
