"""Dead letters: what a person must look at, and what a person can do with one.

A letter is written in the transaction that lets its note die, so that nothing is ever in neither
place; requeueing is the mirror of that, and of two people only one can do it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    case,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from recomma.adapters.postgres.engine import NOTES_CHANNEL, storable
from recomma.adapters.postgres.tables import audit_log, dead_letters, mirror_orders, notes
from recomma.adapters.postgres.values import AnyRow, note_of
from recomma.domain.lifecycle import LIVE, State
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason
from recomma.ports import Clock, DeadLetter, NotThere

TEXT_MAX: Final = 10_000  # An error's text may hold a whole answer of the other side.

_OPEN: Final = dead_letters.c.state == "dead"


@dataclass(frozen=True)
class Letter:
    """A dead letter as it is kept. `attempts` are the errors before it, each with its time."""

    id: int
    note: Note
    order_id: int | None
    reason: Reason
    why: str
    times: int  # How often the same happened while nobody acted on it.
    first_failed_at: datetime
    died_at: datetime
    state: str  # dead, requeued or discarded
    actor: str | None
    acted_at: datetime | None
    remark: str
    code_version: str
    error: str
    traceback: str
    attempts: tuple[Mapping[str, object], ...]


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
        "why": storable(letter.why)[:TEXT_MAX],
        "error": storable(history.last)[:TEXT_MAX],
        # The last frames say where it happened.
        "traceback": storable(letter.traceback)[-TEXT_MAX:],
        "attempts": history.errors,
        "first_failed_at": history.since,
        "died_at": now,
        "state": "dead",
        "code_version": code_version,
    }
    added = upsert(dead_letters).values(row)
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


class DeadLetterStore:
    """What a person sees of the dead letters, and does with them."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def list(
        self,
        *,
        queue: str | None = None,
        deal_id: int | None = None,
        task: str | None = None,
        since: datetime | None = None,
    ) -> Sequence[Letter]:
        """Return the open letters that fit, the newest first."""
        query = _letters().where(_OPEN)
        if queue is not None:
            query = query.where(notes.c.queue == queue)
        if deal_id is not None:
            query = query.where(notes.c.deal_id == deal_id)
        if task is not None:
            query = query.where(notes.c.step == task)
        if since is not None:
            query = query.where(dead_letters.c.died_at >= since)
        newest_first = query.order_by(dead_letters.c.died_at.desc(), dead_letters.c.id.desc())
        with self._engine.connect() as connection:
            return tuple(_letter(row) for row in connection.execute(newest_first))

    def show(self, letter_id: int) -> Letter:
        """Return a letter, open or not. Raises NotThere."""
        with self._engine.connect() as connection:
            row = connection.execute(_letters().where(dead_letters.c.id == letter_id)).first()
        if row is None:
            raise NotThere(f"there is no dead letter {letter_id}")
        return _letter(row)

    def requeue(self, ids: Sequence[int] | None, *, actor: str) -> Sequence[int]:
        """Have the notes of these letters run again, or of all open ones; return which.

        A letter that somebody else has just acted on is left out. Raises NotThere for an id that
        never was a letter's, and then none is requeued.
        """
        with self._engine.begin() as connection:
            which = _OPEN if ids is None else and_(_OPEN, dead_letters.c.id.in_(ids))
            _must_exist(connection, ids or ())
            now = self._clock()
            _lock_subjects(connection, which)
            acted = _act(connection, which, "requeued", actor, now)
            _revive(connection, [row.note_id for row in acted], now)
            _ask_again(connection, [row.order_id for row in acted], now)
            done = sorted(row.id for row in acted)
            _write_down(connection, done, "requeue", actor, now)
            _wake(connection)
            return done

    def discard(self, letter_id: int, *, why: str, actor: str) -> None:
        """Close a letter without trying again. Raises NotThere unless it is open."""
        with self._engine.begin() as connection:
            which = and_(_OPEN, dead_letters.c.id == letter_id)
            now = self._clock()
            acted = _act(connection, which, "discarded", actor, now, remark=why)
            if not acted:
                raise NotThere(f"there is no open dead letter {letter_id}")
            _write_down(connection, [letter_id], "discard", actor, now, why=why)
            _wake(connection)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Count the open letters by queue and reason."""
        key = (notes.c.queue, dead_letters.c.reason)
        query = (
            select(*key, func.count())
            .join(notes, notes.c.id == dead_letters.c.note_id)
            .where(_OPEN)
            .group_by(*key)
        )
        with self._engine.connect() as connection:
            return {(queue, reason): n for queue, reason, n in connection.execute(query)}

    def open_ids(self) -> Sequence[int]:
        return self._ids(select(dead_letters.c.id).where(_OPEN))

    def unparked(self, limit: int) -> Sequence[int]:
        """Return open letters that the broker's queue does not show yet."""
        new = and_(_OPEN, dead_letters.c.parked_at.is_(None))
        return self._ids(select(dead_letters.c.id).where(new).limit(limit))

    def parked(self, ids: Sequence[int]) -> None:
        """Remember that the broker's queue shows these."""
        these = dead_letters.c.id.in_(ids)
        with self._engine.begin() as connection:
            connection.execute(update(dead_letters).where(these).values(parked_at=self._clock()))

    def _ids(self, query: Select[int]) -> Sequence[int]:
        with self._engine.connect() as connection:
            return tuple(connection.execute(query.order_by(dead_letters.c.id)).scalars())


def _wake(connection: Connection) -> None:
    """Tell the relay, at the commit, that notes and the broker's copy of the letters changed."""
    connection.execute(text(f"NOTIFY {NOTES_CHANNEL}"))


def _letters() -> Select[object]:
    key = (notes.c.step, notes.c.account, notes.c.deal_id, notes.c.venue)
    return select(dead_letters, *key).join(notes, notes.c.id == dead_letters.c.note_id)


def _letter(row: AnyRow) -> Letter:
    return Letter(
        id=row.id,
        note=note_of(row),
        order_id=row.order_id,
        reason=Reason(row.reason),
        why=row.why,
        times=row.times,
        first_failed_at=row.first_failed_at,
        died_at=row.died_at,
        state=row.state,
        actor=row.actor,
        acted_at=row.acted_at,
        remark=row.remark,
        code_version=row.code_version,
        error=row.error,
        traceback=row.traceback,
        attempts=tuple(row.attempts),
    )


def _must_exist(connection: Connection, ids: Sequence[int]) -> None:
    there = connection.execute(select(dead_letters.c.id).where(dead_letters.c.id.in_(ids)))
    missing = set(ids) - set(there.scalars())
    if missing:
        raise NotThere(f"there is no dead letter {min(missing)}")


def _lock_subjects(connection: Connection, which: ColumnElement[bool]) -> None:
    """Orders, then notes, then letters, as everybody else: so nobody waits in a circle."""
    orders = select(dead_letters.c.order_id).where(which)
    of_letters = select(dead_letters.c.note_id).where(which)
    for table, key in (
        (mirror_orders, mirror_orders.c.id.in_(orders)),
        (notes, notes.c.id.in_(of_letters)),
    ):
        connection.execute(
            select(table.c.id).where(key).order_by(table.c.id).with_for_update(key_share=True)
        )


def _act(
    connection: Connection,
    which: ColumnElement[bool],
    state: str,
    actor: str,
    now: datetime,
    remark: str = "",
) -> Sequence[AnyRow]:
    """Compare and set: of two who act on one letter, the second finds it no longer open."""
    return connection.execute(
        update(dead_letters)
        .where(which)
        .values(state=state, actor=actor, acted_at=now, remark=remark)
        .returning(dead_letters.c.id, dead_letters.c.note_id, dead_letters.c.order_id)
    ).all()


def _revive(connection: Connection, note_ids: Sequence[int], now: datetime) -> None:
    connection.execute(
        update(notes)
        .where(notes.c.id.in_(note_ids))
        .values(
            dead=False,
            attempts=0,
            failing_since=None,
            errors=[],
            due_at=func.least(notes.c.due_at, now),
            # One that is running goes on until then with what it knew before.
            again_at=case((notes.c.leased_until.is_not(None), now), else_=notes.c.again_at),
            published_at=None,
        )
    )


def _ask_again(connection: Connection, order_ids: Sequence[int | None], now: datetime) -> None:
    """Orders that still live may be asked for at once, from a fresh count of refusals.

    A refused one stays refused; its reason says that the leg may have another order, if the
    source still wants one.
    """
    live = mirror_orders.c.state.in_([str(state) for state in LIVE])
    these = mirror_orders.c.id.in_([order_id for order_id in order_ids if order_id is not None])
    refused = mirror_orders.c.state == str(State.REFUSED)
    connection.execute(update(mirror_orders).where(these, refused).values(why=str(Reason.REQUEUED)))
    connection.execute(
        update(mirror_orders)
        .where(these, live)
        .values(refusals=0, due_at=func.least(mirror_orders.c.due_at, now))
    )


def _write_down(
    connection: Connection,
    ids: Sequence[int],
    action: str,
    actor: str,
    now: datetime,
    **detail: str,
) -> None:
    rows = [
        {"at": now, "actor": actor, "action": action, "subject": f"dead_letter/{i}"}
        | {"detail": detail}
        for i in ids
    ]
    if rows:
        connection.execute(insert(audit_log), rows)
