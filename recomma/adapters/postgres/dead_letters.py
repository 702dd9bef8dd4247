"""Dead letters: what a person must look at, and what a person can do with one.

A letter is written in the transaction that lets its note die, so that nothing is ever in neither
place; requeueing is the mirror of that, and of two people only one can do it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Unpack

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

from recomma.adapters.postgres import burying
from recomma.adapters.postgres.burying import History, bury
from recomma.adapters.postgres.engine import NOTES_CHANNEL
from recomma.adapters.postgres.letter_rows import (
    OPEN,
    QUEUE,
    Letter,
    fitting,
    from_all,
    letter_of,
    letters,
)
from recomma.adapters.postgres.notes import Leaves
from recomma.adapters.postgres.tables import (
    accounts,
    audit_log,
    dead_letters,
    deals,
    mirror_orders,
    notes,
    venues,
)
from recomma.adapters.postgres.values import AnyRow
from recomma.domain.letters import Match
from recomma.domain.lifecycle import LIVE, State
from recomma.domain.messages import BadMessage, UnknownArguments, note_of
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason
from recomma.ports import Clock, NotThere

__all__ = ["DeadLetterStore", "History", "Letter", "bury"]


class DeadLetterStore:
    """What a person sees of the dead letters, and does with them."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def keep(self, message: BadMessage, said_version: object = None) -> None:
        """Write a letter about a message that no step can read; the same once more counts it up.

        `said_version` is what the message says of its own. When this returns, the message may be
        taken off its queue.
        """
        with self._engine.begin() as connection:
            code = version("recomma")
            burying.keep(connection, message, said_version, self._clock(), code)
            _wake(connection)

    def list(self, **match: Unpack[Match]) -> Sequence[Letter]:
        """Return the open letters that fit, the newest first."""
        query = letters().where(fitting(match))
        newest_first = query.order_by(dead_letters.c.died_at.desc(), dead_letters.c.id.desc())
        with self._engine.connect() as connection:
            return tuple(letter_of(row) for row in connection.execute(newest_first))

    def show(self, letter_id: int) -> Letter:
        """Return a letter, open or not. Raises NotThere."""
        with self._engine.connect() as connection:
            row = connection.execute(letters().where(dead_letters.c.id == letter_id)).first()
        if row is None:
            raise NotThere(f"there is no dead letter {letter_id}")
        return letter_of(row)

    def requeue(
        self, ids: Sequence[int] | None, *, actor: str, **match: Unpack[Match]
    ) -> Sequence[int]:
        """Have what these letters are about looked at again; return which letters were closed.

        `ids` None: all open ones that fit `match`. The step runs afresh on what is so today.
        Left out is a letter that somebody else has just acted on, and one about a message that
        this version cannot read either. Raises NotThere for an id that never was a letter's, and
        then none is requeued.
        """
        with self._engine.begin() as connection:
            _must_exist(connection, ids or ())
            which = _chosen(connection, ids, match)
            now = self._clock()
            _lock_subjects(connection, which)
            unreadable = _leave_what_messages_say(connection, which, now)
            which = and_(which, dead_letters.c.id.not_in(unreadable))
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
            which = and_(OPEN, dead_letters.c.id == letter_id)
            now = self._clock()
            acted = _act(connection, which, "discarded", actor, now, remark=why)
            if not acted:
                raise NotThere(f"there is no open dead letter {letter_id}")
            _write_down(connection, [letter_id], "discard", actor, now, why=why)
            _wake(connection)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Count the open letters by queue and reason."""
        query = from_all(select(QUEUE, dead_letters.c.reason, func.count())).where(OPEN)
        grouped = query.group_by(QUEUE, dead_letters.c.reason)
        with self._engine.connect() as connection:
            return {(queue, reason): n for queue, reason, n in connection.execute(grouped)}

    def open_ids(self) -> Sequence[int]:
        return self._ids(select(dead_letters.c.id).where(OPEN))

    def unparked(self, limit: int) -> Sequence[int]:
        """Return open letters that the broker's queue does not show yet."""
        new = and_(OPEN, dead_letters.c.parked_at.is_(None))
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


def _must_exist(connection: Connection, ids: Sequence[int]) -> None:
    there = connection.execute(select(dead_letters.c.id).where(dead_letters.c.id.in_(ids)))
    missing = set(ids) - set(there.scalars())
    if missing:
        raise NotThere(f"there is no dead letter {min(missing)}")


def _chosen(connection: Connection, ids: Sequence[int] | None, match: Match) -> ColumnElement[bool]:
    """Return the letters as a condition of their table alone: nothing else can be updated by."""
    if ids is not None:
        return and_(OPEN, dead_letters.c.id.in_(ids))
    fit = from_all(select(dead_letters.c.id)).where(fitting(match))
    return and_(OPEN, dead_letters.c.id.in_(connection.execute(fit).scalars().all()))


def _leave_what_messages_say(
    connection: Connection, which: ColumnElement[bool], now: datetime
) -> Sequence[int]:
    """Leave the notes that messages are about; return the letters of those that name none.

    Never the message itself: the step looks at what is so today, and its note says where.
    """
    letter = dead_letters.c
    rows = connection.execute(
        select(letter.id, letter.task, letter.arguments).where(which, letter.note_id.is_(None))
    )
    leaves, unreadable = Leaves(), []
    for row in rows.all():
        try:
            note = note_of(row.task, row.arguments)
        except UnknownArguments:
            unreadable.append(row.id)
            continue
        if _is_known(connection, note):
            leaves.add(note, now)
        else:
            unreadable.append(row.id)
    leaves.write(connection)
    return unreadable


def _is_known(connection: Connection, note: Note) -> bool:
    """Say whether the ledger has what the note is about."""
    keys = (
        (deals.c.id, note.deal_id),
        (venues.c.name, note.venue),
        (accounts.c.name, note.account),
    )
    return all(
        connection.execute(select(column).where(column == key)).first()
        for column, key in keys
        if key
    )


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


def _revive(connection: Connection, note_ids: Sequence[int | None], now: datetime) -> None:
    connection.execute(
        update(notes)
        .where(notes.c.id.in_([each for each in note_ids if each is not None]))
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
