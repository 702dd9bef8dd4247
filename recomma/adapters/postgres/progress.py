"""Is everything done that is due, and when is the next thing due: for those who wait for it."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Final

import psycopg
from sqlalchemy import Engine, exists, func, or_, select, text

from recomma.adapters.postgres import tables as t
from recomma.domain.lifecycle import LIVE

UNSETTLED: Final = (
    "SELECT EXISTS (SELECT FROM notes WHERE NOT dead AND due_at <= %(now)s)"
    " OR EXISTS (SELECT FROM notes WHERE leased_until IS NOT NULL)"
)
# Claimed by nobody, although it is due: looks of a cadence wait for no one.
WAITS: Final = text(
    "SELECT EXISTS (SELECT FROM notes WHERE queue = ANY(:queues) AND NOT dead AND due_at <= :now"
    " AND (leased_until IS NULL OR leased_until < clock_timestamp()))"
)


class Progress:
    """Reads notes and nothing else. Looks that only a cadence asks for do not count."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @cached_property
    def _watching(self) -> psycopg.Connection:
        # Asked hundreds of times a second: a connection of its own, and no transaction around it.
        dsn = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(dsn, autocommit=True)

    def unsettled(self, now: datetime) -> bool:
        """Say whether a note is due at `now` or in somebody's hands."""
        row = self._watching.execute(UNSETTLED, {"now": now}, prepare=True).fetchone()
        return bool(row and row[0])

    def waits(self, queues: Sequence[str], now: datetime) -> bool:
        """Say whether work of these queues is due at `now` and in nobody's hands."""
        with self._engine.connect() as connection:
            asked = connection.execute(WAITS, {"queues": list(queues), "now": now})
            return bool(asked.scalar_one())

    def next_due_at(self) -> datetime | None:
        query = select(func.min(t.notes.c.due_at)).where(~t.notes.c.dead)
        with self._engine.connect() as connection:
            due_at: datetime | None = connection.execute(query).scalar_one()
        return due_at

    def deals(self) -> frozenset[int]:
        """Return the deals that have been seen."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(select(t.deals.c.id)).scalars())

    def alive(self, bot_id: int) -> Sequence[tuple[int, str]]:
        """Return the (deal, venue)s of a bot that have a live order or a position."""
        order = exists().where(
            t.mirror_orders.c.deal_id == t.standings.c.deal_id,
            t.mirror_orders.c.venue == t.standings.c.venue,
            t.mirror_orders.c.state.in_([str(state) for state in LIVE]),
        )
        position = exists().where(
            t.positions.c.deal_id == t.standings.c.deal_id,
            t.positions.c.venue == t.standings.c.venue,
            t.positions.c.bought != t.positions.c.sold,
        )
        query = (
            select(t.standings.c.deal_id, t.standings.c.venue)
            .join(t.deals, t.deals.c.id == t.standings.c.deal_id)
            .where(t.deals.c.bot_id == bot_id, or_(order, position))
            .order_by(t.standings.c.deal_id, t.standings.c.venue)
        )
        with self._engine.connect() as connection:
            return [(row.deal_id, row.venue) for row in connection.execute(query)]
