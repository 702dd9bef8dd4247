"""The order rows of a deal, derived from its events (threecommas.md 7 and 9.5).

Events are the only dated record of a deal, so turning it back in time means hiding the later ones
and deriving the rows again. A row is amended in place, as 3Commas does with its take profits.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from recomma.domain.money import Side
from recomma.simulators.threecommas.spelling import ZERO, Json, decimal_text, ratio, time_text


class RowKind(StrEnum):
    """`deal_order_type`, as 3Commas spells it."""

    BASE = "Base"
    SAFETY = "Safety"
    MANUAL = "Manual Safety"
    TAKE_PROFIT = "Take Profit"
    STOP = "Stop Loss"
    CLOSED = "Closed at Market Price"


class RowState(StrEnum):
    """`status_string`."""

    ACTIVE = "Active"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"  # It could not be placed: quantity 0.


@dataclass
class Row:
    """One row of `market_orders` while it is being derived.

    `kind`, `number` and `repeat` name the row within its deal and stay the same for ever: the
    order id hangs on them. `rate` is the limit price, 0 for exits at market.
    """

    kind: RowKind
    number: int  # k of a safety order, else a count from 1.
    repeat: int  # How many rows had this kind and number before: a safety order placed anew.
    side: Side
    quantity: Decimal
    rate: Decimal
    created_at: datetime
    updated_at: datetime
    state: RowState = RowState.ACTIVE
    average_price: Decimal = ZERO
    total: Decimal = ZERO
    part: Decimal = ZERO  # What has filled of an active row; nobody has seen one.
    part_price: Decimal = ZERO

    @property
    def leg(self) -> tuple[RowKind, int, int]:
        return (self.kind, self.number, self.repeat)

    @property
    def is_active(self) -> bool:
        return self.state is RowState.ACTIVE

    def amend(self, quantity: Decimal, rate: Decimal, at: datetime) -> None:
        """Place the row again with another price and amount; its id and birth stay."""
        self.state = RowState.ACTIVE
        self.quantity, self.rate, self.updated_at = quantity, rate, at

    def fill(self, quantity: Decimal, total: Decimal, price: Decimal | None, at: datetime) -> None:
        """Fill the row as a whole; without a price it is what was paid by what was got (8.4)."""
        self.state = RowState.FILLED
        self.quantity, self.total, self.updated_at = quantity, total, at
        self.part = ZERO
        self.average_price = ratio(total, quantity) if price is None else price

    def cancel(self, at: datetime) -> None:
        self.state, self.updated_at = RowState.CANCELLED, at

    def fail(self, at: datetime) -> None:
        """Turn the row into one that never reached the exchange."""
        self.state, self.quantity, self.updated_at = RowState.INACTIVE, ZERO, at

    def as_json(self, order_id: str, *, part_shown: bool = True) -> Json:
        """Return the twelve fields of threecommas.md 7; none is ever null.

        `part_shown`: whether `total` and `average_price` move while a row is partially filled.
        """
        filled = self.state is RowState.FILLED
        total, average = self.total, self.average_price
        if self.part and part_shown:
            total, average = self.part * self.part_price, self.part_price
        return {
            "order_id": order_id,
            "order_type": self.side.value.upper(),
            "deal_order_type": self.kind.value,
            "cancellable": self.is_active,
            "status_string": self.state.value,
            "created_at": time_text(self.created_at),
            "updated_at": time_text(self.updated_at),
            "quantity": decimal_text(self.quantity),
            "quantity_remaining": decimal_text(ZERO if filled else self.quantity - self.part),
            "total": decimal_text(total),
            "rate": decimal_text(self.rate),
            "average_price": decimal_text(average),
        }
