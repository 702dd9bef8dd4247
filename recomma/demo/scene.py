"""What both sides show at one moment: 3Commas' deals, the venue's book, and the ledger between.

The sides are asked through their control APIs, not through the pipeline, so that the demo shows
what happened and not what the pipeline believes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from recomma.domain.books import DealBooks
from recomma.domain.bot_events import parse_event
from recomma.domain.cloid import decode
from recomma.domain.money import Price, Side, Size
from recomma.domain.source import BotEvent, Leg, Role
from recomma.stage.control import Control

SIDES: Final = {"B": Side.BUY, "A": Side.SELL}


@dataclass(frozen=True)
class SourceSays:
    """A deal on 3Commas. `events` are sorted by time."""

    deal_id: int
    status: str
    events: tuple[BotEvent, ...]


@dataclass(frozen=True)
class VenueFill:
    at: datetime
    size: Size
    price: Price


@dataclass(frozen=True)
class VenueOrder:
    """An order of ours on the venue, by its own account."""

    deal_id: int
    leg: Leg
    coin: str
    side: Side
    price: Price
    size: Size
    filled: Size
    crosses: bool  # Never rests: what does not fill at once is dropped.
    status: str
    history: tuple[tuple[datetime, str], ...]
    fills: tuple[VenueFill, ...]

    @property
    def is_exit(self) -> bool:
        return self.leg.role in (Role.TAKE_PROFIT, Role.STOP)

    @property
    def rests(self) -> bool:
        return self.status == "open"


@dataclass(frozen=True)
class Scene:
    at: datetime
    source: Mapping[int, SourceSays]
    orders: Sequence[VenueOrder]
    foreign: int  # Orders on the venue whose cloid is not one of ours.
    positions: Mapping[str, Size]  # By coin; negative for a short.
    books: Mapping[int, DealBooks]
    dead_letters: tuple[str, ...]  # One sentence each.

    def orders_of(self, deal_id: int) -> Sequence[VenueOrder]:
        return [order for order in self.orders if order.deal_id == deal_id]


@dataclass(frozen=True)
class Ledger:
    """What the demo reads of the ledger."""

    deals: Callable[[], Sequence[DealBooks]]
    dead_letters: Callable[[], Sequence[str]]


class Observer:
    """Looks at both sides and at the ledger. Raises ControlFailed."""

    def __init__(self, source: Control, venue: Control, account: str, ledger: Ledger) -> None:
        self._source = source
        self._venue = venue
        self._account = account
        self._ledger = ledger

    def look(self) -> Scene:
        shown = self._source.get("state")
        told = self._venue.get("state")["accounts"][self._account]
        orders = [_order(row, told["fills"]) for row in told["orders"]]
        return Scene(
            at=datetime.now(UTC),
            source={deal["id"]: _source(deal) for deal in shown["deals"]},
            orders=[order for order in orders if order],
            foreign=sum(order is None for order in orders),
            positions={row["coin"]: Size(Decimal(row["szi"])) for row in told["positions"]},
            books={deal.deal_id: deal for deal in self._ledger.deals()},
            dead_letters=tuple(self._ledger.dead_letters()),
        )


def _source(deal: Mapping[str, Any]) -> SourceSays:
    events = [
        parse_event(event["message"], datetime.fromisoformat(event["created_at"]))
        for event in deal["bot_events"]
    ]
    in_time = tuple(sorted(events, key=lambda event: event.at))
    return SourceSays(deal["id"], deal["status"], in_time)


def _order(row: Mapping[str, Any], fills: Sequence[Mapping[str, Any]]) -> VenueOrder | None:
    told = decode(str(row["cloid"] or ""))
    if told is None:
        return None
    return VenueOrder(
        deal_id=told.deal_id,
        leg=told.leg,
        coin=row["coin"],
        side=SIDES[row["side"]],
        price=Price(Decimal(row["limitPx"])),
        size=Size(Decimal(row["origSz"])),
        filled=Size(Decimal(row["filledSz"])),
        crosses=row["tif"] == "Ioc",
        status=row["status"],
        history=tuple((_time(step["time"]), step["status"]) for step in row["history"]),
        fills=tuple(
            VenueFill(_time(fill["time"]), Size(Decimal(fill["sz"])), Price(Decimal(fill["px"])))
            for fill in fills
            if fill["oid"] == row["oid"]
        ),
    )


def _time(milliseconds: int) -> datetime:
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
