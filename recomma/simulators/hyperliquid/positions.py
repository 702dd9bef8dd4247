"""One net position per coin and account (hyperliquid.md 15, 16)."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side

ZERO: Final = Decimal(0)
MICRODOLLAR: Final = Decimal("0.000001")


@dataclass(frozen=True)
class Change:
    """What a fill did to a position, in the words of a fill row (11)."""

    start: Decimal
    direction: str
    closed_pnl: Decimal
    opened: Decimal
    closed: Decimal


@dataclass
class FundingPaid:
    """What one coin's position has paid (below zero: received) in dollars, `cumFunding`."""

    all_time: Decimal = ZERO
    since_open: Decimal = ZERO
    since_change: Decimal = ZERO

    def pay(self, dollars: Decimal) -> None:
        self.all_time += dollars
        self.since_open += dollars
        self.since_change += dollars

    def position_changed(self, *, was_flat: bool) -> None:
        self.since_change = ZERO
        if was_flat:
            self.since_open = ZERO


@dataclass
class Position:
    size: Decimal = ZERO  # Signed: below zero is short.
    entry_price: Decimal = ZERO
    stake: Decimal = ZERO  # What an isolated position has set aside from the account's cash.
    funding: FundingPaid = field(default_factory=FundingPaid)

    @property
    def closing_side(self) -> Side | None:
        """The side of orders that make it smaller; None when there is no position."""
        if not self.size:
            return None
        return Side.SELL if self.size > 0 else Side.BUY

    def profit_at(self, price: Decimal) -> Decimal:
        return self.size * (price - self.entry_price)

    def opened_by(self, side: Side, size: Decimal) -> Decimal:
        """Return how much of an order would open instead of close."""
        if side is self.closing_side:
            return max(ZERO, size - abs(self.size))
        return size

    def fill(self, side: Side, size: Decimal, price: Decimal) -> Change:
        """Apply a fill: the entry price is weighted on increases and stays on reductions."""
        start, opened = self.size, self.opened_by(side, size)
        closed = size - opened
        pnl = closed * (price - self.entry_price) * (1 if start > 0 else -1)
        pnl = pnl.quantize(MICRODOLLAR)  # So that the rows of an account add up to its cash.
        if opened:
            kept = ZERO if closed else abs(start)
            self.entry_price = (kept * self.entry_price + opened * price) / (kept + opened)
        self.size += side.sign * size
        self.funding.position_changed(was_flat=not start or (closed > 0 and opened > 0))
        return Change(start, _direction(start, self.size, closed), pnl, opened, closed)


def _direction(start: Decimal, end: Decimal, closed: Decimal) -> str:
    if start and end and (start > 0) is not (end > 0):
        return "Long > Short" if start > 0 else "Short > Long"
    if closed:
        return "Close Long" if start > 0 else "Close Short"
    return "Open Long" if end > 0 else "Open Short"
