"""The knobs of mirroring, with their defaults (design.md, section 9)."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum


class OnFirstSight(StrEnum):
    IGNORE = "ignore"


class OnSourceExit(StrEnum):
    CLOSE = "close"
    KEEP_EXIT = "keep_exit"


@dataclass(frozen=True)
class Policy:
    """What a (bot, venue) pair does where the source leaves a choice."""

    multiplier: Decimal = Decimal(1)
    on_source_exit: OnSourceExit = OnSourceExit.CLOSE
    leverage: int = 1
    entry_max_age: timedelta = timedelta(seconds=120)  # A later market entry is a different trade.
    entry_cap: Decimal = Decimal(
        "0.005"
    )  # A market entry may cost this much more than the source's.
    exit_grace: timedelta = timedelta(seconds=20)  # Our resting take-profit gets this long to fill.
    # How far from the mid a closing order may fill, wider with each attempt; then it rests.
    close_caps: tuple[Decimal, ...] = (
        Decimal("0.005"),
        Decimal("0.01"),
        Decimal("0.02"),
        Decimal("0.05"),
    )
    exit_removal_after: timedelta = timedelta(seconds=20)  # Two readings apart: a confirmed edit.
    resize_after: timedelta = timedelta(seconds=2)  # Small gaps wait for the burst of fills to end.
    # Market orders are valued by the venue at the price they meet, which may be below our limit.
    market_minimum_margin: Decimal = Decimal("1.05")
    refusals_max: int = 5


MINIMUM_NOTIONAL = Decimal(10)
"""The smallest order in USD, except one that closes the whole position (hyperliquid.md 2.4)."""
