"""Orders, and the records that their changes of status leave (hyperliquid.md 7, 12)."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from recomma.domain.money import Side
from recomma.simulators.hyperliquid.universe import Coin


class Tif(StrEnum):
    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"
    FRONTEND_MARKET = "FrontendMarket"  # What the web page sends; an Ioc by another name.

    @property
    def rests(self) -> bool:
        return self in (Tif.GTC, Tif.ALO)


class Exit(StrEnum):
    TAKE_PROFIT = "tp"
    STOP = "sl"


@dataclass(frozen=True)
class Trigger:
    price: Decimal
    exit: Exit
    market: bool

    def above(self, side: Side) -> bool:
        """Tell whether it fires at or above its price, rather than at or below."""
        return (self.exit is Exit.TAKE_PROFIT) is (side is Side.SELL)

    def fires(self, side: Side, mark: Decimal) -> bool:
        return mark >= self.price if self.above(side) else mark <= self.price


@dataclass(frozen=True)
class OrderRequest:
    """One item of an `order` action, understood but not yet judged."""

    asset: int
    side: Side
    price: Decimal
    size: Decimal
    reduce_only: bool
    tif: Tif | None  # None for a trigger order.
    trigger: Trigger | None
    cloid: str | None


@dataclass(frozen=True)
class Record:
    """The order as it was when its status changed. Its size stays frozen (11)."""

    order: "Order"
    status: str
    size: Decimal
    at_ms: int


@dataclass
class Order:
    oid: int
    coin: Coin
    request: OrderRequest
    remaining: Decimal  # Shrinks by fills, and for reduce-only orders by the position.
    placed_ms: int
    position_tpsl: bool = False
    tif: Tif | None = None
    filled: Decimal = Decimal(0)
    awaits_trigger: bool = False
    waits_for_fill: bool = False  # A child, until its parent has filled completely.
    children: list["Order"] = field(default_factory=list)
    siblings: list["Order"] = field(default_factory=list)
    replaces: "Order | None" = None  # What a modify cancelled for it.
    records: list[Record] = field(default_factory=list)

    @property
    def side(self) -> Side:
        return self.request.side

    @property
    def price(self) -> Decimal:
        return self.request.price

    @property
    def last(self) -> Record:
        return self.records[-1]

    @property
    def on_book(self) -> bool:
        """Tell whether it can rest: not a trigger, nor an Ioc that is just being matched."""
        return not self.awaits_trigger and self.tif is not None and self.tif.rests

    @property
    def follows_position(self) -> bool:
        """Tell whether its size is whatever the position is when it fires (8)."""
        return self.position_tpsl and not self.request.size

    @property
    def waits_below(self) -> bool:
        """Tell whether the price has to fall to reach it: its limit, or its trigger."""
        trigger = self.request.trigger
        if self.awaits_trigger and trigger is not None:
            return not trigger.above(self.side)
        return self.side is Side.BUY

    @property
    def reached_at(self) -> Decimal:
        trigger = self.request.trigger
        return trigger.price if self.awaits_trigger and trigger is not None else self.price

    def reached_by(self, price: Decimal) -> bool:
        """Tell whether a price touches or crosses the limit."""
        return price <= self.price if self.side is Side.BUY else price >= self.price
