"""What a person is about to stop, close or cancel, and what of ours that touches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg
from recomma.domain.stops import Level, Scope


@dataclass(frozen=True)
class NewStop:
    """A stop as it is asked for."""

    level: Level
    scope: Scope
    why: str = ""
    reason: Reason = Reason.STOPPED
    until: datetime | None = None
    cancel_entries: bool = False

    @property
    def takes_entries_away(self) -> bool:
        return self.cancel_entries or self.level is Level.CLOSE_ALL

    @property
    def for_good(self) -> bool:
        """A person's word about one deal, which no `resume` of something wider takes back."""
        return self.reason is not Reason.STOPPED


@dataclass(frozen=True)
class OrderThere:
    """A live order of ours."""

    id: int
    deal_id: int
    venue: str
    leg: Leg
    coin: str
    side: Side
    size: Size
    price: Price
    state: State
    reduce_only: bool
    going: bool  # Its cancel is already wanted.


@dataclass(frozen=True)
class PositionThere:
    """What a deal holds; `side` is that of its entries: a buy holds a long position."""

    deal_id: int
    venue: str
    coin: str
    side: Side
    left: Size


@dataclass(frozen=True)
class Touched:
    """Everything of ours within a scope; `deals` are those that still run there."""

    orders: Sequence[OrderThere]
    positions: Sequence[PositionThere]
    deals: Sequence[tuple[int, str]]

    def taken_away_by(self, new: NewStop) -> Sequence[OrderThere]:
        """Return the entries that a stop cancels. A planned one of a stop that may be lifted
        stays: the stop itself keeps it from being asked for."""
        if not new.takes_entries_away:
            return ()
        return [
            order
            for order in self.orders
            if not order.reduce_only
            and not order.going
            and (new.for_good or order.state is not State.PLANNED)
        ]

    def closed_by(self, new: NewStop) -> Sequence[PositionThere]:
        return self.positions if new.level is Level.CLOSE_ALL else ()

    def left_by(self, new: NewStop) -> "Touched":
        """Return what a stop that is in force has still to cancel and to close.

        A planned order is not on the venue, and the stop keeps it from being asked for. A close is
        over when the exits are gone, too.
        """
        closes = new.level is Level.CLOSE_ALL
        orders = [
            order
            for order in self.orders
            if new.takes_entries_away
            and order.state is not State.PLANNED
            and (closes or not order.reduce_only)
        ]
        positions = self.closed_by(new)
        concerned = {
            *((order.deal_id, order.venue) for order in orders),
            *((position.deal_id, position.venue) for position in positions),
        }
        return Touched(orders, positions, sorted(concerned))

    def only(self, order_id: int) -> "Touched":
        """Return one order, where it is still alive."""
        orders = [order for order in self.orders if order.id == order_id]
        return Touched(orders, (), [(order.deal_id, order.venue) for order in orders])
