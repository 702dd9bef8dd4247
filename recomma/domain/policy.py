"""The knobs of mirroring, with their defaults (design.md, section 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum


class OnFirstSight(StrEnum):
    """What to do with a deal that was running before it was seen here."""

    IGNORE = "ignore"
    LADDER = "ladder"  # Place what is still open at the source.
    CATCH_UP = "catch_up"  # Also enter the position that the source has now.


class OnMissedEntry(StrEnum):
    """What to do with a deal whose base was not entered here."""

    SKIP = "skip"
    LADDER = "ladder"  # Mirror its averaging orders all the same.


class OnSourceExit(StrEnum):
    CLOSE = "close"
    KEEP_EXIT = "keep_exit"


class OnSourceRelease(StrEnum):
    """What to do when the source lets go of its coins: cancelled, switched, converted."""

    KEEP_EXIT = "keep_exit"
    CLOSE = "close"
    ABANDON = "abandon"  # Our exits go; the position is the user's.


class OnBlind(StrEnum):
    """What to do with resting entries while 3Commas cannot be read."""

    KEEP = "keep"
    CANCEL_ENTRIES = "cancel_entries"  # Placed again when it can be read.


class OnStop(StrEnum):
    """How the source's stop price is followed."""

    FOLLOW = "follow"  # Close when the source stops.
    VENUE_TRIGGER = "venue_trigger"  # A stop order rests on the venue.


class BelowMinimum(StrEnum):
    SKIP = "skip"
    RAISE = "raise"  # To the smallest order that the venue takes.


class MarginMode(StrEnum):
    CROSS = "cross"
    ISOLATED = "isolated"


@dataclass(frozen=True)
class Limits:
    """What entries may add up to, in USD of notional. None: no limit. Exits know no limits."""

    order_usd: Decimal | None = None
    deal_usd: Decimal | None = None
    coin_usd: Decimal | None = None
    venue_usd: Decimal | None = None
    total_usd: Decimal | None = None  # Over all venues.
    distance: Decimal | None = None  # Of an entry's price from the mid, as a share of it.
    open_orders: int | None = None  # On one venue, exits too.


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Policy:
    """What a (bot, venue) pair does where the source leaves a choice."""

    multiplier: Decimal = Decimal(1)
    on_first_sight: OnFirstSight = OnFirstSight.IGNORE
    without_base: OnMissedEntry = OnMissedEntry.SKIP
    on_source_exit: OnSourceExit = OnSourceExit.CLOSE
    on_source_release: OnSourceRelease = OnSourceRelease.KEEP_EXIT
    on_stop: OnStop = OnStop.FOLLOW
    below_minimum: BelowMinimum = BelowMinimum.SKIP
    disaster_stop: Decimal | None = None  # How far from the average entry a last stop rests.
    leverage: int = 1
    margin_mode: MarginMode = MarginMode.CROSS
    margin_buffer: Decimal = Decimal("0.1")  # Of a ladder, kept free beside it.
    limits: Limits = NO_LIMITS
    denied: bool = False  # By a list of bots: nothing new is entered.
    coins: frozenset[str] | None = None  # None: every coin.
    denied_coins: frozenset[str] = frozenset()
    blind_after: timedelta = timedelta(minutes=5)  # 3Commas unread for longer: no entries.
    on_blind: OnBlind = OnBlind.KEEP
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
    # End the doubt about an order that nobody wants any more by using its nonce up. The venue
    # documents that, and nobody has measured it (hyperliquid.md 6).
    fence_by_noop: bool = False

    def allows(self, coin: str) -> bool:
        """Say whether the lists of bots and coins let anything new be entered on `coin`."""
        listed = self.coins is None or coin in self.coins
        return listed and coin not in self.denied_coins and not self.denied


PolicyOf = Callable[[int, str], Policy]
"""Return the policy of a bot on a venue."""


def default_policy(_bot_id: int, _venue: str) -> Policy:
    return Policy()


MINIMUM_NOTIONAL = Decimal(10)
"""The smallest order in USD, except one that closes the whole position (hyperliquid.md 2.4)."""
