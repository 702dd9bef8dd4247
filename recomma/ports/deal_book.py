"""A deal in the ledger, locked for writing, and what stands in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recomma.domain.adoption import FoundOrder
from recomma.domain.entries import Skip
from recomma.domain.lifecycle import Event
from recomma.domain.looks import Looks
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import Note
from recomma.domain.orders import Holding, MirrorOrder, Mode, NewOrder, Standing, Terms
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.sharing import Neighbour
from recomma.domain.source import Leg, Strategy
from recomma.domain.stops import Stop
from recomma.domain.venue import Market
from recomma.domain.wanted import Closing, Wanted, WantedExit
from recomma.ports.exchanges import Observed


@dataclass(frozen=True)
class VenueTerms:
    """What is configured for one venue."""

    name: str
    account: str  # The master's address; it holds the position unless there is a sub-account.
    sub_account: str | None
    live: bool  # False: everything happens but the send.
    tag: int  # Which installation signs its cloids (design.md, 7.1).


@dataclass(frozen=True)
class DealHere:
    """A deal on one venue, loaded under its row lock."""

    venue: VenueTerms
    policy: Policy
    enabled_at: datetime  # When its (bot, venue) pair was enabled.
    paired: bool  # False: the bot was taken off this venue; what is held here keeps its exits.
    standing: Standing | None  # None: never looked at here.
    standing_why: Reason | None
    market: Market | None
    markets_known: bool  # False: the venue's universe has not been read yet.
    orders: tuple[MirrorOrder, ...]
    skipped: frozenset[Leg]
    holding: Holding
    taken: Mapping[Leg, Size]  # Filled per take-profit step.
    strangers: bool  # Another deal has a resting reduce-only order on this coin here.
    mode: Mode = Mode.WHOLE
    unit: int = 1  # How many of the source's coins one coin here is (kPEPE: 1000).
    stop: Stop | None = None  # The strictest stop that holds for this deal here now.
    neighbours: tuple[Neighbour, ...] = ()  # Other deals with something on this coin here.
    naked_since: datetime | None = None  # Since when the position lacks exits of its size.


@dataclass(frozen=True)
class Sought:
    """An attempt whose outcome is not known."""

    order_id: int
    cloid: str
    asked_at: datetime
    expires_at: datetime
    executed: Size | None  # The venue said that this much executed; its fills may not be here yet.
    filled: Size  # What has been booked for this attempt alone.


class DealBook(Protocol):
    """One deal, locked for writing. Everything written commits together, or nothing does."""

    @property
    def deal_id(self) -> int: ...
    @property
    def bot_id(self) -> int: ...
    @property
    def pair(self) -> str: ...
    @property
    def strategy(self) -> Strategy: ...
    @property
    def side(self) -> Side:
        """Of the entries."""

    @property
    def created_at(self) -> datetime:
        """When the source opened it."""

    @property
    def first_seen_at(self) -> datetime: ...
    @property
    def exits(self) -> tuple[WantedExit, ...]:
        """The last exits that the source showed."""

    @property
    def exits_missing_since(self) -> datetime | None:
        """When a reading of the running deal first showed no exit where there had been one."""

    @property
    def closing(self) -> Closing | None: ...
    @property
    def finished(self) -> bool: ...
    @property
    def released(self) -> bool:
        """The source let go of its coins: they stay with the user."""

    @property
    def stop_price(self) -> Price | None:
        """The source's stop price, where it shows one."""

    @property
    def steps_closing(self) -> frozenset[Leg]:
        """Take-profit steps that the source closes at market, each by itself."""

    @property
    def changed_at(self) -> datetime | None:
        """When a reading last showed something new; None before the first."""

    @property
    def source_read_at(self) -> datetime | None:
        """When its 3Commas account was last read; None: never."""

    def here(self, venue: str) -> DealHere:
        """Return the deal on `venue` as it stands now, this transaction's writes included."""

    def orders(self, venue: str) -> Sequence[MirrorOrder]:
        """Return the deal's orders on `venue`, as `here` does, without the rest."""

    def venues(self) -> Sequence[str]: ...
    def observe(self, observed: Observed, wanted: Wanted) -> bool:
        """Store a reading; return whether it differs from the one before."""

    def forget_exits(self) -> None:
        """The source's exits were taken away on purpose."""

    def place(self, venue: str, order: NewOrder, *, due_at: datetime) -> int:
        """Store a PLANNED order as the next generation of its leg; return its id."""

    def skip(self, venue: str, skip: Skip) -> None: ...
    def stand(
        self,
        venue: str,
        standing: Standing,
        why: Reason | None,
        *,
        mode: Mode | None = None,
    ) -> None:
        """Store how the deal stands. `mode` is given at first sight; the multiplier in force then
        and the settings version are stored with it, and stay."""

    def claim(self, venue: str, coin: str) -> bool:
        """Claim the coin for this deal's side, or return False: the other side has it.

        A claim that no live order and no position of ours stands behind is taken over."""

    def hold_coins(self) -> None:
        """Hold the coin on every venue of the deal. To be called before its orders are looked at:
        coins are locked before orders, and a claim locks the coin."""

    def hold_coin(self, venue: str, coin: str) -> None:
        """Keep every other deal from planning exits on this coin until this transaction ends."""

    def hand_over(self, venue: str, coin: str, to_deal: int, size: Size, why: Reason) -> None:
        """Move coins of this deal's position to another deal's; both are looked at again."""

    def moved_why(self, venue: str) -> Reason | None:
        """Return why coins last left this deal's position without a fill; None if none did."""

    def set_naked(self, venue: str, since: datetime | None) -> None:
        """Remember since when the position lacks exits of its size; None: it has them."""

    def legs(self) -> frozenset[Leg]:
        """Return every leg that the source ever showed."""

    def adopt(self, order_id: int, found: FoundOrder, *, attempts: int) -> None:
        """Tell a PLANNED order that the venue had it all along: its cloid, its oid, its fills.

        `attempts` is what it counts from now on, so that no later cloid of its leg is used twice.
        """

    def withdraw(self, order_id: int, why: Reason) -> None:
        """Drop the order if the venue was not asked yet, else have it cancelled."""

    def record(
        self,
        order_id: int,
        event: Event,
        *,
        why: Reason | None = None,
        oid: int | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Take one step of the order's life; write its history. Raises ImpossibleStep."""

    def reterm(self, order_id: int, terms: Terms, *, due_at: datetime) -> None:
        """Give a PLANNED order other terms for its next attempt."""

    def sought(self, venue: str) -> Sequence[Sought]: ...
    def looks(self, venue: str, now: datetime) -> Looks:
        """Return the looks at other deals, and at this one elsewhere, that a cadence asks for
        later than `now`."""

    def leave(self, note: Note, due_at: datetime) -> None: ...
