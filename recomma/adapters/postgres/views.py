"""What a person reads about one deal beyond the comparison in books.py: its timelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine, select

from recomma.adapters.postgres.tables import (
    mirror_orders,
    observations,
    order_history,
    wanted_orders,
)
from recomma.adapters.postgres.values import AnyRow, reason_of
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, RowStatus


@dataclass(frozen=True)
class Happening:
    """One line of an order's history: what, when, why, by which rule and which settings."""

    order_id: int
    venue: str
    leg: Leg
    seq: int
    at: datetime
    event: str
    state_from: State | None
    state_to: State
    why: Reason | None
    text: str
    rule: str
    settings_version: int


@dataclass(frozen=True)
class WantedRevision:
    """What the source wanted of a leg from `first_seen_at` on; `price` None: at market."""

    leg: Leg
    revision: int
    side: Side
    price: Price | None
    size: Size
    ratio: Decimal | None
    status: RowStatus
    filled_at: datetime | None
    fill_price: Price | None
    first_seen_at: datetime
    last_seen_at: datetime


class Timelines:
    """Read-only; each call is one statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def history(self, deal_id: int, order_id: int | None = None) -> Sequence[Happening]:
        """Return what happened to a deal's orders, or to one of them, in the order of time."""
        query = (
            select(order_history, mirror_orders.c.venue, mirror_orders.c.leg)
            .join(mirror_orders, mirror_orders.c.id == order_history.c.order_id)
            .where(mirror_orders.c.deal_id == deal_id)
            .order_by(order_history.c.at, order_history.c.order_id, order_history.c.seq)
        )
        if order_id is not None:
            query = query.where(mirror_orders.c.id == order_id)
        with self._engine.connect() as connection:
            return tuple(_happening(row) for row in connection.execute(query))

    def wanted(self, deal_id: int) -> Sequence[WantedRevision]:
        """Return every revision of what the source wanted, by leg."""
        query = (
            select(wanted_orders)
            .where(wanted_orders.c.deal_id == deal_id)
            .order_by(wanted_orders.c.leg, wanted_orders.c.revision)
        )
        with self._engine.connect() as connection:
            return tuple(_revision(row) for row in connection.execute(query))

    def readings(self, deal_id: int) -> Sequence[tuple[datetime, str, object]]:
        """Return the observation log: when, `list` or `detail`, and the payload."""
        query = (
            select(observations.c.at, observations.c.kind, observations.c.payload)
            .where(observations.c.deal_id == deal_id)
            .order_by(observations.c.id)
        )
        with self._engine.connect() as connection:
            return tuple((row.at, row.kind, row.payload) for row in connection.execute(query))


def _happening(row: AnyRow) -> Happening:
    return Happening(
        order_id=row.order_id,
        venue=row.venue,
        leg=Leg.parse(row.leg),
        seq=row.seq,
        at=row.at,
        event=row.event,
        state_from=State(row.state_from) if row.state_from else None,
        state_to=State(row.state_to),
        why=reason_of(row.why),
        text=row.text,
        rule=row.rule,
        settings_version=row.settings_version,
    )


def _revision(row: AnyRow) -> WantedRevision:
    return WantedRevision(
        leg=Leg.parse(row.leg),
        revision=row.revision,
        side=Side(row.side),
        price=None if row.price is None else Price(row.price),
        size=Size(row.size),
        ratio=row.ratio,
        status=RowStatus(row.status),
        filled_at=row.source_filled_at,
        fill_price=None if row.source_fill_price is None else Price(row.source_fill_price),
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
    )
