"""Everything this program needs from the outside, one Protocol each.

Errors first, because they are what a caller must know. A read that fails says nothing about the
world: the pipeline then changes nothing. An act that fails says one of three things, and those
are values (`recomma.domain.venue`), not exceptions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from recomma.domain.bots import SourceBot
from recomma.domain.entries import Skip
from recomma.domain.lifecycle import Event
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import Note
from recomma.domain.orders import Holding, MirrorOrder, NewOrder, Standing, Terms
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Reading, SourceDeal, Strategy
from recomma.domain.venue import (
    Answer,
    Fill,
    Market,
    OpenOrder,
    OrderRecord,
    OrderRequest,
    SignedRequest,
)
from recomma.domain.wanted import Closing, Wanted, WantedExit

Clock = Callable[[], datetime]
"""The time that due times, ages and nonces are measured in; simulated in a rehearsal."""

Jitter = Callable[[], float]
"""A number from 0 to 1, so that many that failed together do not come back together."""


class OutsideError(Exception):
    """Something outside did not do what we asked. The message is fit for an operator."""


class Unreadable(OutsideError):
    """A read failed: nothing is known, and nothing may be concluded.

    `until` is when to come back, if the other side said so; else `wait_seconds`, if it is known how
    long everybody must pause. Waiting spends no attempt.
    """

    def __init__(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        super().__init__(why)
        self.until = until
        self.wait_seconds = wait_seconds


class NotThere(OutsideError):
    """The other side says, in a well-formed answer, that it has no such thing."""


class NotAllowed(OutsideError):
    """Refused for who we are or what we may: no retry mends it, a person must."""


class FenceLost(Exception):
    """Somebody else has taken over this subject since we started. Nothing was written."""


# ---------------------------------------------------------------- 3Commas


@dataclass(frozen=True)
class Observed:
    """A reading and the payloads it was made from, kept for the observation log."""

    reading: Reading
    raw: Mapping[str, object]


class Source(Protocol):
    """One 3Commas account, read only. Raises Unreadable, NotThere, NotAllowed."""

    def bots(self) -> Sequence[SourceBot]: ...
    def active_deals(self) -> Sequence[SourceDeal]: ...
    def observe(self, deal_id: int, at: datetime) -> Observed: ...


# ---------------------------------------------------------------- Hyperliquid


class Venue(Protocol):
    """One Hyperliquid account and its signer.

    Reads raise Unreadable. `send` raises nothing: what became of the request is its answer.
    """

    @property
    def name(self) -> str: ...
    @property
    def signer(self) -> str: ...
    def markets(self) -> Sequence[Market]: ...
    def mids(self) -> Mapping[str, Price]: ...
    def open_orders(self) -> Sequence[OpenOrder]: ...
    def fills_since(self, since: datetime) -> Sequence[Fill]: ...
    def order_record(self, cloid: str) -> OrderRecord | None: ...
    def sign_orders(
        self, requests: Sequence[OrderRequest], *, nonce: int, expires_after: int
    ) -> SignedRequest: ...
    def sign_cancels(
        self, cancels: Sequence[tuple[int, str]], *, nonce: int, expires_after: int
    ) -> SignedRequest: ...
    def sign_leverage(
        self, asset: int, leverage: int, *, nonce: int, expires_after: int
    ) -> SignedRequest: ...
    def send(self, body: bytes, *, count: int) -> Answer:
        """POST the signed bytes. Sending the same bytes again is safe (hyperliquid.md 6)."""


# ---------------------------------------------------------------- the ledger


@dataclass(frozen=True)
class Claim:
    """A note in hand. Writes made under it carry the fence; a later claim makes them fail."""

    note: Note
    fence: int
    marks: int  # How often the note had been left when it was claimed.
    attempts: int  # Failed runs in a row.


@dataclass(frozen=True)
class DeadLetter:
    """What a person must look at: a note, why it died, and what was being done."""

    note: Note
    reason: Reason
    why: str
    order_id: int | None = None
    traceback: str = ""


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
    standing: Standing | None  # None: never looked at here.
    standing_why: Reason | None
    market: Market | None
    markets_known: bool  # False: the venue's universe has not been read yet.
    orders: tuple[MirrorOrder, ...]
    skipped: frozenset[Leg]
    holding: Holding
    taken: Mapping[Leg, Size]  # Filled per take-profit step.
    strangers: bool  # Another deal has a resting reduce-only order on this coin here.


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
    def quiet_readings(self) -> int:
        """How many readings in a row have shown nothing new."""

    def here(self, venue: str) -> DealHere:
        """Return the deal on `venue` as it stands now, this transaction's writes included."""

    def venues(self) -> Sequence[str]: ...
    def observe(self, observed: Observed, wanted: Wanted) -> bool:
        """Store a reading; return whether it differs from the one before."""

    def forget_exits(self) -> None:
        """The source's exits were taken away on purpose."""

    def place(self, venue: str, order: NewOrder, *, due_at: datetime) -> int:
        """Store a PLANNED order as the next generation of its leg; return its id."""

    def skip(self, venue: str, skip: Skip) -> None: ...
    def stand(self, venue: str, standing: Standing, why: Reason | None) -> None: ...
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
    def leave(self, note: Note, due_at: datetime) -> None: ...


@dataclass(frozen=True)
class StoredBatch:
    """A signed request in the ledger whose answer is not known."""

    id: int
    body: bytes
    count: int
    nonce: int
    expires_at: datetime
    sent: int  # How often it was sent already.


@dataclass(frozen=True)
class Consequence:
    """What an answer means for one order.

    `event` None: nothing is certain yet, reconcile will tell. `due_at`, if given, is when the order
    (or its cancel) may be asked again.
    """

    order_id: int
    event: Event | None
    why: Reason | None = None
    text: str = ""  # The venue's own words, kept for the timeline.
    oid: int | None = None
    executed: Size | None = None
    due_at: datetime | None = None
    refused: bool = False  # Counts towards `refusals_max`.
    letter: DeadLetter | None = None


class SignerBook(Protocol):
    """One venue's signer, locked for writing."""

    @property
    def venue(self) -> VenueTerms: ...
    def due(self, now: datetime) -> Sequence[MirrorOrder]:
        """Return what is to be asked now, locked: planned orders, and resting ones whose cancel
        is wanted and not under way; both only when their `due_at` has come."""

    def next_due_at(self) -> datetime | None: ...
    def markets(self) -> Mapping[str, Market]: ...
    def policy_of(self, bot_id: int) -> Policy: ...
    def leverage_known(self, coin: str) -> bool: ...
    def leverage_set(self, coin: str, leverage: int) -> None: ...
    def defer(self, coin: str, until: datetime) -> None:
        """Have this coin's planned entries wait."""

    def next_nonce(self, now: datetime) -> int:
        """Return max(now in ms, last + 1) and store it: a restart never goes back."""

    def attempts_before(self, order: MirrorOrder) -> int:
        """Return how many attempts its (deal, leg, venue) has had: the next cloid's number."""

    def store_orders(self, signed: SignedRequest, cloids: Sequence[tuple[int, str]]) -> StoredBatch:
        """Store the attempts, in batch order, before they are sent; each order is ASKED."""

    def store_cancels(self, signed: SignedRequest, order_ids: Sequence[int]) -> StoredBatch: ...
    def store_other(self, signed: SignedRequest, kind: str) -> StoredBatch: ...
    def unanswered(self, now: datetime) -> Sequence[StoredBatch]:
        """Return stored, unexpired order batches without an answer, oldest first."""

    def orders_of(self, batch_id: int) -> Sequence[MirrorOrder]:
        """Return a batch's orders in batch order, locked."""

    def sent(self, batch_id: int) -> None: ...
    def answered(self, batch_id: int, answer: str, consequences: Sequence[Consequence]) -> None:
        """Store the answer and what it means for each order."""

    def skip(self, order_id: int, why: Reason) -> None: ...
    def give_up(self, order_id: int, why: Reason) -> None:
        """End a PLANNED order that is no longer worth asking for."""

    def leave(self, note: Note, due_at: datetime) -> None: ...


class AccountBook(Protocol):
    """What one 3Commas account has, locked for writing."""

    def known(self) -> Mapping[int, SourceDeal]:
        """Return the deals last seen active, by id."""

    def read_at(self) -> datetime | None: ...
    def seen(self, deals: Sequence[SourceDeal], at: datetime) -> None:
        """Store what the list shows now; a new deal gets its row and `first_seen_at`."""

    def bots_seen(self, bots: Sequence[SourceBot], at: datetime) -> None:
        """Store the bots; a bot without venues of its own is paired with every venue for all."""

    def bots_known(self) -> frozenset[int]: ...
    def leave(self, note: Note, due_at: datetime) -> None: ...


@dataclass(frozen=True)
class Ruling:
    """What `run` has decided about a claimed note."""

    done: bool  # Its work is finished, unless it was left again meanwhile.
    due_at: datetime | None = None
    look_at: datetime | None = None
    failed: str = ""  # The error of a run that could not say; counts as an attempt.
    summary: str = ""
    letter: DeadLetter | None = None


class Ledger(Protocol):
    """The system of record. Each `with` block is one transaction; FenceLost writes nothing."""

    # Notes.
    def leave(self, note: Note, due_at: datetime) -> None: ...
    def claim(self, note: Note, now: datetime, lease: timedelta) -> Claim | None:
        """Take a due note that nobody holds, or return None. Counts up its subject's fence."""

    def rule(self, claim: Claim, ruling: Ruling) -> None:
        """Store the verdict; with a letter, the note and its dead letter change together."""

    def mark(self, note: Note) -> None:
        """Have a note published again that could not be worked on because its subject is busy."""

    def take_unpublished(self, now: datetime, limit: int) -> Sequence[Note]:
        """Return due notes that are to be published, and count them as published."""

    def forget_publication(self, older_than: timedelta) -> int:
        """Have due notes published again that nobody picked up; return how many."""

    def wake(self) -> None:
        """Tell the relay that there is something to publish (NOTIFY recomma_notes)."""

    # Books.
    def account(self, account: str, fence: int | None) -> AbstractContextManager[AccountBook]: ...
    def deal(self, deal_id: int, fence: int | None) -> AbstractContextManager[DealBook]: ...
    def signer(self, venue: str, fence: int | None) -> AbstractContextManager[SignerBook]: ...

    # Facts that need no deal's lock.
    def account_of(self, deal_id: int) -> str:
        """Return the 3Commas account that a deal belongs to."""

    def fills_read_to(self, venue: str) -> datetime | None: ...
    def book_fills(self, venue: str, fills: Iterable[Fill], now: datetime) -> frozenset[int]:
        """Book each fill once, attribute it by cloid or oid, move the cursor, leave a note for
        every deal that a new one belongs to; return those deals."""

    def store_markets(self, venue: str, markets: Sequence[Market], at: datetime) -> None: ...
    def venues(self) -> Sequence[VenueTerms]: ...


class Locks(Protocol):
    """Saves work, never correctness: the fence keeps the promise (design.md, section 6)."""

    def hold(self, subject: str) -> AbstractContextManager[bool]:
        """Hold the lock, renewed, while inside; yields False if another holds it.

        An unreachable lock store yields True: being slower is the most that may cost."""


class Publisher(Protocol):
    """Puts notes on their queues. A note that cannot be published stays for the relay."""

    def publish(self, notes: Sequence[Note]) -> None: ...


class Metrics(Protocol):
    def running(self, note: Note) -> AbstractContextManager[None]:
        """Measure how long a claimed note takes."""

    def ended(self, note: Note, how: str) -> None:
        """Count a run: `done`, `later`, `failed` or `dead`."""
