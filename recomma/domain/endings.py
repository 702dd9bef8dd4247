"""How a deal ends at the source: it closes its position, or lets go of it.

Grouped by `finished?` and by what was sold, not by the name of the status alone: the list of names
is not complete (threecommas.md 6.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from recomma.domain.money import Side
from recomma.domain.reasons import Reason
from recomma.domain.source import Reading, Role, RowStatus, SourceLeg, SourceLegs
from recomma.domain.take_profit_steps import WHOLE

# The statuses of threecommas.md 6.2.
OPENING: Final = {"created", "base_order_placed"}
RUNNING: Final = {
    "bought",
    "bought_safety_pending",
    "bought_take_profit_pending",
    "ttp_activated",
    "ttp_order_placed",
    "close_strategy_activated",
}
STOPPING: Final = {"stop_loss_pending", "stop_loss_order_placed", "stop_loss_finished"}
PANICKING: Final = {"panic_sell_pending", "panic_sell_order_placed", "panic_sold"}
LIQUIDATED: Final = {"liquidated", "settled"}
COMPLETED: Final = "completed"
ALIVE: Final = {RowStatus.ACTIVE, RowStatus.FILLED}


class Release(StrEnum):
    """How the source let go of coins that stay with the user (threecommas.md 6.2)."""

    CANCELLED = "cancelled"  # Also a deal converted to a smart trade: it ends the same way.
    SWITCHED = "switched"
    FAILED = "failed"
    UNKNOWN = "unknown"  # Finished in a way that nobody knows, and its coins were not sold.


RELEASED: Final = {
    "cancel_pending": Release.CANCELLED,
    "cancelled": Release.CANCELLED,
    "switched": Release.SWITCHED,
    "switched_take_profit": Release.SWITCHED,
    "failed": Release.FAILED,
}
KNOWN: Final = {
    *(*OPENING, *RUNNING, *STOPPING, *PANICKING, *LIQUIDATED, *RELEASED),
    COMPLETED,
}


@dataclass(frozen=True)
class Closing:
    """The source closes or closed the position at market; ours follows."""

    reason: Reason
    at: datetime  # When the source did; grace counts from here.
    at_once: bool


def ending(reading: Reading, legs: SourceLegs) -> tuple[Closing | None, Release | None]:
    """Say how the source closes or closed its position, or that it let go of it."""
    deal = reading.deal
    at = deal.closed_at or deal.updated_at
    if deal.status in PANICKING:
        return Closing(Reason.SOURCE_PANIC_SOLD, at, at_once=True), None
    if deal.finished and deal.status == COMPLETED:
        return _took_profit(legs, at), None
    stops = [leg.placed_at for leg in legs.stops if leg.market and leg.status in ALIVE]
    if deal.status in STOPPING or stops:
        return Closing(Reason.SOURCE_STOPPED, min(stops, default=at), at_once=True), None
    if deal.status in LIQUIDATED:
        return Closing(Reason.SOURCE_LIQUIDATED, at, at_once=True), None
    release = RELEASED.get(deal.status)
    if not deal.finished:
        return None, release
    if _entered_nothing(reading, legs):
        # There is nothing to let go of; what we hold nevertheless has nobody to follow.
        return Closing(Reason.SOURCE_ENDED, at, at_once=True), None
    if _sold_everything(legs):
        return _took_profit(legs, at), None
    return None, release or Release.UNKNOWN


def _took_profit(legs: SourceLegs, at: datetime) -> Closing:
    """Give ours time to fill where the source's rested too. Trailing and conditions close at
    market: no exit of ours rests then that could fill."""
    sold = [leg for leg in (*legs.take_profits, *legs.stops) if leg.filled_at]
    last = max(sold, key=lambda leg: leg.filled_at or at, default=None)
    return Closing(Reason.SOURCE_TOOK_PROFIT, at, at_once=last is not None and last.market)


def _filled_size(legs: Iterable[SourceLeg]) -> Decimal:
    return sum((leg.size for leg in legs if leg.status is RowStatus.FILLED), Decimal(0))


def _entered_nothing(reading: Reading, legs: SourceLegs) -> bool:
    """Say whether rows and totals agree that the source never had a position.

    The totals are null before any fill; of a short deal `sold` is the entry (threecommas.md 6.1).
    """
    deal = reading.deal
    total = deal.bought_amount if deal.strategy.entry_side is Side.BUY else deal.sold_amount
    strange = any(
        row.role is Role.UNKNOWN or row.status is RowStatus.UNKNOWN for row in reading.orders
    )
    touched = any(row.remaining < row.quantity for row in reading.orders)
    return not (total or strange or touched or _filled_size(legs.entries))


def _sold_everything(legs: SourceLegs) -> bool:
    entered = _filled_size(legs.entries)
    left = _filled_size((*legs.take_profits, *legs.stops))
    return entered > 0 and left >= entered * WHOLE
