"""What a deal has on its venues: its orders, locked, and what its fills add up to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from recomma.adapters.postgres.orders import Orders
from recomma.adapters.postgres.tables import fills, mirror_orders
from recomma.domain.money import NO_SIZE, Side, Size
from recomma.domain.orders import NOTHING_HELD, Holding, MirrorOrder
from recomma.domain.source import Leg, Role


@dataclass(frozen=True)
class Held:
    """A deal on one venue."""

    orders: tuple[MirrorOrder, ...] = ()
    holding: Holding = NOTHING_HELD

    @property
    def taken(self) -> Mapping[Leg, Size]:
        """Filled per take-profit step."""
        sums: dict[Leg, Size] = {}
        for order in self.orders:
            if order.leg.role is Role.TAKE_PROFIT and order.filled:
                sums[order.leg] = Size(sums.get(order.leg, NO_SIZE) + order.filled)
        return sums


def held_by(connection: Connection, orders: Orders, deal_id: int) -> dict[str, Held]:
    """Lock all orders of the deal and return what it has, by venue, in three statements.

    All venues at once, because a second locking of orders could wait for a signer that waits for
    the first.
    """
    by_venue: dict[str, list[MirrorOrder]] = defaultdict(list)
    for order in orders.locked(mirror_orders.c.deal_id == deal_id):
        by_venue[order.venue].append(order)
    holdings = _holdings(connection, deal_id)
    return {
        venue: Held(tuple(by_venue.get(venue, ())), holdings.get(venue, NOTHING_HELD))
        for venue in by_venue.keys() | holdings.keys()
    }


def _holdings(connection: Connection, deal_id: int) -> dict[str, Holding]:
    sums = connection.execute(
        select(fills.c.venue, fills.c.side, func.sum(fills.c.size), func.max(fills.c.at))
        .where(fills.c.deal_id == deal_id)
        .group_by(fills.c.venue, fills.c.side)
    )
    sizes: dict[str, dict[str, Decimal]] = defaultdict(dict)
    last: dict[str, datetime] = {}
    for venue, side, size, at in sums:
        sizes[venue][side] = size
        last[venue] = max(at, last.get(venue, at))
    return {
        venue: Holding(
            Size(by_side.get(Side.BUY, NO_SIZE)), Size(by_side.get(Side.SELL, NO_SIZE)), last[venue]
        )
        for venue, by_side in sizes.items()
    }
