"""What the venue keeps per account: orders, records, fills, positions, leverage."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid.orders import Order, Record
from recomma.simulators.hyperliquid.positions import Position
from recomma.simulators.hyperliquid.universe import Coin

DEFAULT_LEVERAGE: Final = 20
INFINITY: Final = Decimal("Infinity")


@dataclass(frozen=True)
class Fill:
    """One row of `userFills` (11). `start` and `closed_pnl` are of the position."""

    order: Order
    price: Decimal
    size: Decimal
    at_ms: int
    start: Decimal
    direction: str
    closed_pnl: Decimal
    crossed: bool
    fee: Decimal
    tid: int
    hash: str
    liquidation: "Liquidation | None" = None


@dataclass(frozen=True)
class Liquidation:
    """Why the venue closed a position (16)."""

    user: str
    mark: Decimal
    method: str  # "market", or "backstop" where the account was worth too little for that.


@dataclass(frozen=True)
class Liquidated:
    """One liquidation of an account, as `userEvents` tells it."""

    at_ms: int
    lid: int
    notional: Decimal
    value: Decimal


@dataclass(frozen=True)
class FundingRow:
    """One hourly payment (`userFunding`). `dollars` is what the account gained."""

    at_ms: int
    coin: str
    dollars: Decimal
    size: Decimal
    rate: Decimal
    hash: str


@dataclass(frozen=True)
class Leverage:
    value: int
    cross: bool = True


@dataclass(frozen=True)
class Band:
    """The prices between which none of some open orders is reached."""

    low: Decimal
    high: Decimal

    @classmethod
    def of(cls, orders: list[Order]) -> "Band":
        below = [order.reached_at for order in orders if order.waits_below]
        above = [order.reached_at for order in orders if not order.waits_below]
        return cls(max(below, default=-INFINITY), min(above, default=INFINITY))

    def holds(self, price: Decimal) -> bool:
        return self.low < price < self.high


@dataclass(frozen=True)
class Bands:
    """The book reaches limits, the mark reaches triggers; either may lie apart."""

    limits: Band
    triggers: Band

    @classmethod
    def of(cls, orders: list[Order]) -> "Bands":
        limits = [order for order in orders if not order.awaits_trigger]
        triggers = [o for o in orders if o.awaits_trigger and not o.waits_for_fill]
        return cls(Band.of(limits), Band.of(triggers))


@dataclass
class Account:
    address: str
    cash: Decimal = Decimal(0)  # Deposits, realised profit and fees; not the open positions.
    master: str | None = None  # Set for a sub-account.
    volume: Decimal = Decimal(0)
    orders: list[Order] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    updates: list[Record] = field(default_factory=list)  # What `orderUpdates` tells.
    fills: list[Fill] = field(default_factory=list)
    fundings: list[FundingRow] = field(default_factory=list)
    liquidations: list[Liquidated] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=lambda: defaultdict(Position))
    leverages: dict[str, Leverage] = field(default_factory=dict)
    _open: dict[str, dict[int, Order]] = field(default_factory=lambda: defaultdict(dict))
    _bands: dict[str, Bands] = field(default_factory=dict)
    _by_oid: dict[int, int] = field(default_factory=dict)  # oid to place in `orders`.
    _by_cloid: dict[str, list[Order]] = field(default_factory=lambda: defaultdict(list))

    def add(self, order: Order) -> None:
        self._by_oid[order.oid] = len(self.orders)
        self.orders.append(order)
        if order.request.cloid is not None:
            self._by_cloid[order.request.cloid].append(order)

    def record(self, order: Order, status: str, at_ms: int) -> None:
        record = Record(order, status, order.remaining, at_ms)
        order.records.append(record)
        self.records.append(record)
        self.updates.append(record)

    def tell(self, order: Order, at_ms: int) -> None:
        """Have the streams tell an order that has filled partly; it makes no record."""
        self.updates.append(Record(order, "open", order.remaining, at_ms))

    def rest(self, order: Order) -> None:
        self._open[order.coin.name][order.oid] = order
        self._bands.pop(order.coin.name, None)

    def close(self, order: Order, status: str, at_ms: int) -> None:
        """End an order: it leaves the book, and its last record says how."""
        self._open[order.coin.name].pop(order.oid, None)
        self._bands.pop(order.coin.name, None)
        self.record(order, status, at_ms)
        self._tell_family(order, status, at_ms)

    def _tell_family(self, order: Order, status: str, at_ms: int) -> None:
        """Wake or end the exits that were placed together with an order (8)."""
        wakes = status == "filled" or (status == "marginCanceled" and order.filled)
        for child in order.children:
            if not self.is_open(child):
                continue
            if wakes:
                child.waits_for_fill = False
                self.rest(child)
            else:
                self.close(child, "canceled", at_ms)
        if status == "filled":
            for sibling in order.siblings:
                if self.is_open(sibling):
                    self.close(sibling, "siblingFilledCanceled", at_ms)

    def is_open(self, order: Order) -> bool:
        return order.oid in self._open[order.coin.name]

    def open_on(self, coin: str) -> list[Order]:
        """Return the open orders of one coin, oldest first."""
        resting = self._open.get(coin)
        return list(resting.values()) if resting else []

    def is_reached(self, coin: str, price: Decimal, mark: Decimal) -> bool:
        """Tell whether the price reaches any limit, or the mark any trigger.

        The answer is remembered between changes: a path of thousands of points passes orders
        that it does not touch without looking at each of them.
        """
        bands = self._bands.get(coin)
        if bands is None:
            bands = self._bands[coin] = Bands.of(self.open_on(coin))
        return not (bands.limits.holds(price) and bands.triggers.holds(mark))

    @property
    def open_count(self) -> int:
        return sum(len(orders) for orders in self._open.values())

    def open_orders(self) -> list[Order]:
        """Return all open orders, newest first, as the venue lists them."""
        found = [order for orders in self._open.values() for order in orders.values()]
        return sorted(found, key=lambda order: -order.oid)

    def resting_exits(self, coin: str) -> list[Order]:
        """Return the reduce-only limit orders on the book of one coin, oldest first."""
        return [o for o in self.open_on(coin) if o.request.reduce_only and o.on_book]

    def by_oid(self, oid: int) -> Order | None:
        place = self._by_oid.get(oid)
        return None if place is None else self.orders[place]

    def by_cloid(self, cloid: str) -> list[Order]:
        return self._by_cloid.get(cloid, [])

    def remembers(self, order: Order, kept: int) -> bool:
        """Tell whether the order is among the newest `kept`, or open (10)."""
        newer = len(self.orders) - self._by_oid[order.oid]
        return newer <= kept or self.is_open(order)

    def leverage_on(self, coin: Coin) -> Leverage:
        default = Leverage(min(DEFAULT_LEVERAGE, coin.max_leverage), not coin.only_isolated)
        return self.leverages.get(coin.name, default)

    def closes_whole(self, coin: str, side: Side, size: Decimal, reduce_only: bool) -> bool:
        """Tell whether an order closes the whole position, which frees it from the minimum."""
        position = self.positions[coin]
        if side is not position.closing_side:
            return False
        held = abs(position.size)
        return size == held or (reduce_only and size > held)
