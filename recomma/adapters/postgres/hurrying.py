"""What waits for a time of a clock that was ahead is looked at now. See Ledger.hurry_after."""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    Case,
    Column,
    Connection,
    Table,
    and_,
    case,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from recomma.adapters.postgres.tables import mirror_orders, notes
from recomma.domain.lifecycle import State
from recomma.domain.readiness import CLOCK_TOLERANCE

_ASKED_WHEN_DUE: Final = (State.PLANNED, State.RESTING)  # To be placed, or to be cancelled.
_ALIVE: Final = ~notes.c.dead


def hurry_after(connection: Connection, now: datetime) -> int:
    """Orders first, then notes, as everywhere; what somebody holds is in hand already."""
    later = now + CLOCK_TOLERANCE
    waits = or_(notes.c.due_at > later, notes.c.look_at > later)
    # By the indexes of what is to be published: most notes of the table have ended long ago.
    unpublished = notes.c.published_at.is_(None)
    late = notes.c.finished_at > later
    went_back = select(literal(1)).where(_ALIVE, unpublished, waits, late).exists()
    if not connection.execute(select(went_back)).scalar_one():
        return 0
    asked_for = mirror_orders.c.state.in_([str(state) for state in _ASKED_WHEN_DUE])
    early = and_(asked_for, mirror_orders.c.due_at > now)
    connection.execute(update(mirror_orders).where(_free(mirror_orders, early)).values(due_at=now))
    hurried = connection.execute(
        update(notes)
        .where(_free(notes, and_(_ALIVE, or_(notes.c.due_at > now, notes.c.look_at > now))))
        .values(
            due_at=_not_after(now, notes.c.due_at),
            look_at=_not_after(now, notes.c.look_at),
            finished_at=_not_after(now, notes.c.finished_at),
            # A message that came too early found it not due and is gone.
            published_at=null(),
        )
    )
    return hurried.rowcount


def _not_after(now: datetime, column: "Column[datetime]") -> Case[datetime]:
    return case((column > now, now), else_=column)


def _free(table: Table, which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows that nobody has locked: who waits for several in another order would never end."""
    free = select(table.c.id).where(which).with_for_update(skip_locked=True, key_share=True)
    return table.c.id.in_(free)
