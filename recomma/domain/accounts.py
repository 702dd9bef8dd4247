"""A venue's account beside our deals: what is on it that is not ours."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from recomma.domain.money import Side
from recomma.domain.reasons import Reason
from recomma.domain.timeline import BookedFill


@dataclass(frozen=True)
class OrderOfOthers:
    """An order on the account that no row of ours accounts for; listed, never touched."""

    venue: str
    oid: int
    coin: str
    side: Side
    price: Decimal
    size: Decimal
    reduce_only: bool
    cloid: str | None
    first_seen_at: datetime
    reason: Reason
    names_deal: int | None  # Its cloid speaks of this deal.


@dataclass(frozen=True)
class PositionBeside:
    """A net position that is not the sum of our deals' (sizes are signed)."""

    venue: str
    coin: str
    held: Decimal
    ours: Decimal
    short_since: datetime | None  # Since when less is held than ours, if it is less.
    read_at: datetime

    @property
    def beyond(self) -> Decimal:
        """What is not ours; of the other sign than `ours` where some of ours is missing."""
        return self.held - self.ours

    @property
    def reason(self) -> Reason:
        return Reason.REDUCED_ELSEWHERE if self.short_since else Reason.FOREIGN


@dataclass(frozen=True)
class Trouble:
    """Why nothing new can be traded on a venue."""

    venue: str
    text: str
    reason: Reason | None


@dataclass(frozen=True)
class Beside:
    """Everything on the venues' accounts that our deals do not account for."""

    orders: tuple[OrderOfOthers, ...] = ()
    positions: tuple[PositionBeside, ...] = ()
    fills: tuple[BookedFill, ...] = ()
    troubles: tuple[Trouble, ...] = ()
