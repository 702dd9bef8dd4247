"""The orders of a running deal, and what they entered and left (threecommas.md 7)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.simulators.threecommas.engine.settings import Settings
from recomma.simulators.threecommas.progress import Amounts
from recomma.simulators.threecommas.rows import Row, RowKind
from recomma.simulators.threecommas.spelling import ZERO

ENTRIES: Final = frozenset({RowKind.BASE, RowKind.SAFETY, RowKind.MANUAL})


@dataclass(eq=False)
class Order:
    """One row with what only the exchange knows of it."""

    row: Row
    order_id: str
    market: bool
    resting: bool = False  # The market has been looked at since it was placed.
    filling: bool = False  # The market has reached it: no cancellation comes in time.
    target: int = -1  # Which take-profit target it stands for, from 0; -1: none.

    @property
    def is_entry(self) -> bool:
        return self.row.kind in ENTRIES

    @property
    def leg(self) -> str:
        """Return the order's name in scripts: `base`, `safety/3`, `take_profit/1`."""
        name = _NAMES[self.row.kind]
        return name if self.row.kind is RowKind.BASE else f"{name}/{self.row.number}"

    @property
    def left(self) -> Decimal:
        return self.row.quantity - self.row.part


class Book:
    """Keeps every order of one deal; a row is never taken away."""

    def __init__(self, deal_id: int, settings: Settings) -> None:
        self.orders: list[Order] = []
        self.amounts = Amounts()
        self.base_volume = ZERO
        self._deal_id = deal_id
        self._settings = settings
        self._lot = Amounts()  # What was entered since the deal was flat, for the next target.

    @property
    def position(self) -> Decimal:
        return self.amounts.position

    @property
    def lot(self) -> Amounts:
        return self._lot

    def place(
        self, kind: RowKind, *, quantity: Decimal, rate: Decimal, at: datetime, number: int = 0
    ) -> Order:
        """Add a row. `rate` 0 is an exit at market; `number` 0 counts on."""
        number = number or 1 + len(self.of(kind))
        side = self._settings.side if kind in ENTRIES else self._settings.side.opposite
        repeat = sum(order.row.number == number for order in self.of(kind))
        row = Row(kind, number, repeat, side, quantity, rate, created_at=at, updated_at=at)
        order_id = f"{self._deal_id}{len(self.orders) + 1:03d}"
        order = Order(row, order_id, market=not rate)
        self.orders.append(order)
        return order

    def of(self, *kinds: RowKind) -> list[Order]:
        return [order for order in self.orders if order.row.kind in kinds]

    def active(self, *kinds: RowKind) -> list[Order]:
        return [order for order in self.of(*kinds) if order.row.is_active]

    def numbered(self, order_id: str) -> Order | None:
        return next((order for order in self.orders if order.order_id == order_id), None)

    def fill(self, order: Order, price: Decimal, at: datetime) -> None:
        """Fill all that is left of an order at `price`, which knows nothing of the fee yet."""
        row = order.row
        self._count(order, order.left, price)
        shown = self._with_fee(price, row.side)
        average = shown if self._settings.terms.fee_in_price else price
        row.fill(row.quantity, row.quantity * shown, average, at)

    def fill_part(self, order: Order, share: Decimal, price: Decimal, at: datetime) -> bool:
        """Fill a part; return False if the part would be nothing or all of it."""
        part = self._settings.terms.amount(order.row.quantity * share, up=False)
        if not ZERO < part < order.row.quantity:
            return False
        self._count(order, part, price)
        order.row.part, order.row.updated_at = part, at
        order.row.part_price = self._with_fee(price, order.row.side)
        return True

    def close_unseen(self, price: Decimal) -> None:
        """Take the whole position away at `price` without a row: a liquidation."""
        closed = self.position
        self.amounts = self.amounts.plus(Amounts(exit=closed, exit_quote=closed * price))
        self._lot = Amounts()

    def _count(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        quote = quantity * self._with_fee(price, order.row.side)
        if order.is_entry:
            change = Amounts(entry=quantity, entry_quote=quote)
        else:
            change = Amounts(exit=quantity, exit_quote=quote)
        if order.row.kind is RowKind.BASE:
            self.base_volume += quote
        self.amounts = self.amounts.plus(change)
        self._lot = self._lot.plus(change) if self.position > ZERO else Amounts()

    def _with_fee(self, price: Decimal, side: Side) -> Decimal:
        return price * (1 + side.sign * self._settings.terms.fee)


_NAMES: Final = {
    RowKind.BASE: "base",
    RowKind.SAFETY: "safety",
    RowKind.MANUAL: "manual",
    RowKind.TAKE_PROFIT: "take_profit",
    RowKind.STOP: "stop",
    RowKind.CLOSED: "closed",
}
