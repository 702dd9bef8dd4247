"""What a survey of a venue compares, and what it may write."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from recomma.domain.commitments import SurveyedAccount
from recomma.domain.money import Size
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason
from recomma.domain.shared_account import CoinHeld, Share, Shortfall
from recomma.domain.venue import AccountState, AddressBudget, Fill, Market, OpenOrder
from recomma.ports.deal_book import VenueTerms


@dataclass(frozen=True)
class ForeignOrder:
    """An open order that no attempt of ours has asked for.

    `names_deal` is the deal that its cloid names, where a Recomma made it.
    """

    order: OpenOrder
    reason: Reason  # FOREIGN, or OTHER_INSTALLATION.
    names_deal: int | None = None


@dataclass(frozen=True)
class RolesRead:
    """What the venue last said of our addresses; `trouble` is empty if they are as they should."""

    at: datetime
    trouble: str


@dataclass(frozen=True)
class Surveyed:
    """What a survey found, to be stored as it is.

    `trouble` is why nothing may be entered there, in a sentence, and `trouble_why` its reason;
    empty and None where nothing is wrong. `clock_ahead` is how far our clock is ahead of the
    venue's.
    """

    state: AccountState
    budget: AddressBudget
    roles: RolesRead
    foreign: Sequence[ForeignOrder]
    coins: Mapping[str, CoinHeld]
    short: Mapping[str, Shortfall]  # What the next survey may confirm, by coin.
    trouble: str = ""
    trouble_why: Reason | None = None
    clock_ahead: timedelta = timedelta(0)


class SurveyBook(Protocol):
    """One venue's survey; everything written commits together. It needs no fence: what it writes
    is either what was read, or moved under the coin's own lock."""

    @property
    def venue(self) -> VenueTerms: ...
    @property
    def signer(self) -> str:
        """The address of the agent that signs here, in lower case."""

    def watched_at(self) -> datetime | None:
        """Return when the account was surveyed last; None before the first time."""

    def tag_is_shared(self) -> bool:
        """Say whether a stop holds here because another installation uses our tag."""

    def listed_before(self) -> frozenset[int]:
        """Return the oids of all foreign orders that surveys have listed here."""

    def account(self) -> SurveyedAccount | None:
        """Return what the last survey stored; None before the first."""

    def entries_wait(self) -> bool:
        """Say whether planned orders wait for a survey, or for a clock that is right."""

    def oldest_found_running(self) -> datetime | None:
        """Return when the oldest deal here opened of those that were running before they were first
        seen, and were first seen since the last survey; None if there is none."""

    def roles(self) -> RolesRead | None:
        """Return the last look at the roles of our addresses; None before the first."""

    def shares(self) -> Sequence[Share]:
        """Return every deal's open position here, released ones too."""

    def exits_at_rest(self) -> Mapping[str, frozenset[str]]:
        """Return the cloids of our exits that rest here as far as the ledger knows, by coin."""

    def at_rest(self) -> frozenset[str]:
        """Return the cloids of all our orders that rest here as far as the ledger knows."""

    def strangers(self, orders: Iterable[OpenOrder]) -> Sequence[OpenOrder]:
        """Return the orders that no attempt of ours has asked for, by cloid and by oid.

        An attempt is stored before it is sent: whatever was open when `orders` was read is known.
        One with a cloid of ours and another oid than our order got is a stranger, too: a copy of
        this ledger asks in the same words.
        """

    def overfilled(self, since: datetime) -> frozenset[int]:
        """Return deals of which an order has more fills than it asked for, the last after `since`:
        somebody else has asked in the same words."""

    def unclaimed(self) -> Sequence[Fill]:
        """Return fills under our tag that belong to no order of the ledger."""

    def foreign_fills(self, since: datetime) -> Sequence[Fill]:
        """Return fills that are not ours, oldest first: coin, side, size, and when."""

    def deals_among(self, deal_ids: Collection[int]) -> frozenset[int]:
        """Return which of these deals the ledger knows."""

    def markets(self) -> Mapping[str, Market]: ...
    def short(self) -> Mapping[str, Shortfall]:
        """Return which coins fell short at the survey before, and since when."""

    def hold_coin(self, coin: str) -> None:
        """Keep every deal from moving or exiting this coin until this transaction ends."""

    def store(self, surveyed: Surveyed, at: datetime) -> None: ...
    def lose(self, deal_id: int, coin: str, size: Size, why: Reason) -> None:
        """Take coins off a deal's position that the account does not hold any more."""

    def forbid(self, coin: str | None, why: Reason, text: str) -> None:
        """Set the stop `no_entries` on this coin here, unless one of that reason holds already.

        None: on all coins.
        """

    def leave(self, note: Note, due_at: datetime) -> None: ...
