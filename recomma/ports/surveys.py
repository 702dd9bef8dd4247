"""What a survey of a venue compares, and what it may write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from recomma.domain.money import Side, Size
from recomma.domain.reasons import Reason
from recomma.domain.venue import AccountState, AddressBudget, OpenOrder
from recomma.ports.deal_book import VenueTerms


@dataclass(frozen=True)
class Share:
    """What one deal holds of a coin on the venue, by its fills."""

    deal_id: int
    coin: str
    side: Side  # Of its entries: a buy holds a long position.
    left: Size
    in_doubt: bool  # An order of it may have been executed without our knowing yet.


@dataclass(frozen=True)
class Surveyed:
    """What a survey found, to be stored as it is."""

    state: AccountState
    budget: AddressBudget
    foreign: Sequence[OpenOrder]
    short_by: Mapping[str, Decimal]  # By coin: how much less than our deals' sum is held.
    trouble: str


class SurveyBook(Protocol):
    """One venue's survey; everything written commits together. It needs no fence: what it writes
    is either what was read, or moved under the coin's own lock."""

    @property
    def venue(self) -> VenueTerms: ...
    def shares(self) -> Sequence[Share]:
        """Return every deal's open position here, released ones too."""

    def ours(self) -> frozenset[str]:
        """Return the cloids of all attempts ever stored for this venue that may rest."""

    def short_by(self) -> Mapping[str, Decimal]:
        """Return by how much coins fell short at the survey before."""

    def store(self, surveyed: Surveyed, at: datetime) -> None: ...
    def lose(self, deal_id: int, coin: str, size: Size, why: Reason) -> None:
        """Take coins off a deal's position that the account does not hold any more."""

    def forbid(self, coin: str, why: Reason, text: str) -> None:
        """Set the stop `no_entries` on this coin here, unless one of that reason holds already."""
