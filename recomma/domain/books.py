"""A deal with all that is known of it, for reports to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from recomma.domain.mirrored import Mirrored
from recomma.domain.money import Side
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg


@dataclass(frozen=True)
class Skipped:
    """A wanted order that was deliberately not mirrored."""

    leg: Leg
    side: Side
    wanted_price: Decimal | None  # None: the source showed no order, the whole deal is skipped.
    wanted_size: Decimal | None
    reason: Reason


@dataclass(frozen=True)
class DealBooks:
    """`mirrored` has one entry for each venue of the deal's bot."""

    deal_id: int
    bot_id: int
    pair: str
    status: str
    mirrored: tuple[Mirrored, ...]
    skips: Mapping[str, tuple[Skipped, ...]]  # By venue.
    cloids: Mapping[int, tuple[str, ...]]  # By order, in the order in which they were asked.
