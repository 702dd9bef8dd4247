"""A deal with all that is known of it, for reports to read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from recomma.domain.mirrored import Mirrored
from recomma.domain.money import Side
from recomma.domain.naked import Track
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Strategy
from recomma.domain.trades import NO_TRADES, Trades


@dataclass(frozen=True)
class Skipped:
    """A wanted order that was deliberately not mirrored."""

    leg: Leg
    side: Side
    wanted_price: Decimal | None  # None: the source showed no order, the whole deal is skipped.
    wanted_size: Decimal | None
    reason: Reason


@dataclass(frozen=True)
class Past:
    """What happened to a deal's position on one venue, and what it came to."""

    track: Track = field(default_factory=Track)
    trades: Trades = NO_TRADES


NO_PAST = Past()


@dataclass(frozen=True)
class DealBooks:
    """`mirrored` has one entry for each venue of the deal's bot, and for those it stands on."""

    deal_id: int
    bot_id: int
    pair: str
    status: str
    mirrored: tuple[Mirrored, ...]
    skips: Mapping[str, tuple[Skipped, ...]]  # By venue.
    cloids: Mapping[int, tuple[str, ...]]  # By order, in the order in which they were asked.
    pasts: Mapping[str, Past] = field(default_factory=dict)  # By venue.
    strategy: Strategy = Strategy.LONG
    finished: bool = False
    # What the source gained, in quote currency; None before its end.
    source_profit: Decimal | None = None
    unknown: tuple[str, ...] = ()  # What the source said that nobody here understands.
    read_at: datetime | None = None  # When all this was true, by the program's clock.

    def past(self, venue: str) -> Past:
        return self.pasts.get(venue, NO_PAST)
