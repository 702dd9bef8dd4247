"""What a deal has on its venues: its orders, locked, and what its fills add up to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, select

from recomma.adapters.postgres.orders import Orders
from recomma.adapters.postgres.tables import fills, mirror_orders, positions
from recomma.adapters.postgres.values import AnyRow, order_of
from recomma.domain.money import NO_SIZE, Side, Size
from recomma.domain.orders import NOTHING_HELD, Holding, MirrorOrder
from recomma.domain.source import Leg, Role

BOTH: Final = (Side.BUY, Side.SELL)


@dataclass(frozen=True)
class Held:
    """A deal on one venue."""

    orders: tuple[MirrorOrder, ...] = ()
    holding: Holding = NOTHING_HELD
    naked_since: datetime | None = None

    @property
    def taken(self) -> Mapping[Leg, Size]:
        """Filled per take-profit step."""
        sums: dict[Leg, Size] = {}
        for order in self.orders:
            if order.leg.role is Role.TAKE_PROFIT and order.filled:
                sums[order.leg] = Size(sums.get(order.leg, NO_SIZE) + order.filled)
        return sums


def held_by(connection: Connection, orders: Orders, deal_id: int) -> dict[str, Held]:
    """Lock all orders of the deal and return what it has, by venue, in two statements.

    All venues at once, because a second locking of orders could wait for a signer that waits for
    the first. One statement reads all fills, so that orders and position agree with each other.
    """
    rows = orders.lock(mirror_orders.c.deal_id == deal_id)
    sums = connection.execute(_sums(deal_id)).all()
    filled: dict[int, Size] = {}
    for row in sums:
        before = filled.get(row.mirror_order_id, NO_SIZE)
        filled[row.mirror_order_id] = Size(before + row.size)
    by_venue: dict[str, list[MirrorOrder]] = defaultdict(list)
    for row in rows:
        by_venue[row.venue].append(order_of(row, filled.get(row.id, NO_SIZE)))
    return {
        venue: _held(by_venue[venue], [s for s in sums if s.venue == venue])
        for venue in by_venue.keys() | {row.venue for row in sums}
    }


def _sums(deal_id: int) -> Select[Any]:
    here = and_(positions.c.deal_id == fills.c.deal_id, positions.c.venue == fills.c.venue)
    of_position = (positions.c.moved, positions.c.naked_since)
    return (
        select(
            fills.c.venue,
            fills.c.mirror_order_id,
            fills.c.side,
            func.sum(fills.c.size).label("size"),
            func.sum(fills.c.size * fills.c.price).label("usd"),
            func.max(fills.c.at).label("at"),
            *of_position,
        )
        .join(positions, here)
        .where(fills.c.deal_id == deal_id)
        .group_by(fills.c.venue, fills.c.mirror_order_id, fills.c.side, *of_position)
    )


def _held(orders: Sequence[MirrorOrder], sums: Sequence[AnyRow]) -> Held:
    """Only what has filled can be moved or naked: a deal without fills has no position's row."""
    if not sums:
        return Held(tuple(orders))
    sides = {side: [s for s in sums if s.side == side] for side in Side}
    bought, sold = (Size(sum((s.size for s in sides[side]), NO_SIZE)) for side in BOTH)
    bought_usd, sold_usd = (sum((s.usd for s in sides[side]), Decimal(0)) for side in BOTH)
    at, moved = max(s.at for s in sums), sums[0].moved
    holding = Holding(bought, sold, at, moved, bought_usd, sold_usd)
    return Held(tuple(orders), holding, sums[0].naked_since)
