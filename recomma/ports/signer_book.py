"""A venue's signer in the ledger, locked for writing: what is asked and what was answered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recomma.domain.commitments import Commitments, SurveyedAccount
from recomma.domain.gates import Leverage
from recomma.domain.lifecycle import Event
from recomma.domain.money import Size
from recomma.domain.notes import Note
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Stop
from recomma.domain.venue import Market, SignedRequest
from recomma.ports.deal_book import VenueTerms


@dataclass(frozen=True)
class DeadLetter:
    """What a person must look at: a note, why it died, and what was being done."""

    note: Note
    reason: Reason
    why: str
    order_id: int | None = None
    traceback: str = ""


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
    def due(self, now: datetime, *, waiting_for: Collection[Reason] = ()) -> Sequence[MirrorOrder]:
        """Return what is to be asked now, locked: planned orders, and resting ones whose cancel
        is wanted and not under way; both only when their `due_at` has come. Planned orders that
        wait for one of `waiting_for` come with them, due or not."""

    def next_due_at(self) -> datetime | None: ...
    def markets(self) -> Mapping[str, Market]: ...
    def policy_of(self, bot_id: int) -> Policy: ...
    def stops(self) -> Sequence[Stop]:
        """Return the stops that hold now for anything on this venue."""

    def committed(self) -> Commitments:
        """Return what our positions and live orders add up to, this transaction's included."""

    def account(self) -> SurveyedAccount | None:
        """Return what the last survey read of the account; None before the first."""

    def source_read_at(self, deal_ids: Collection[int]) -> Mapping[int, datetime]:
        """Return when the 3Commas account of each deal was last read; none that never was."""

    def survey_needed_since(self, deal_ids: Collection[int]) -> Mapping[int, datetime]:
        """Return when each deal was first seen that the venue must have been surveyed after: it was
        running by then, or an order there that is not ours names it. Before, a survey has taken
        another installation's orders for somebody's, and could not adopt ours."""

    def looks_wait_since(self, now: datetime) -> datetime | None:
        """Return since when a look at a deal on this venue has been due that nobody has taken,
        the longest; None if none is due. Looks of a cadence alone do not count."""

    def wait(self, order_id: int, why: Reason, until: datetime) -> None:
        """Have a PLANNED order wait; the reason stands beside it until it is asked for."""

    def budget_spent(self) -> None:
        """The venue lets next to nothing through: entries wait until a survey says otherwise."""

    def leverage_of(self, coin: str) -> Leverage | None:
        """Return the confirmed leverage and margin mode of a coin."""

    def leverage_set(self, coin: str, leverage: Leverage) -> None: ...
    def defer(self, coin: str, why: Reason, until: datetime) -> None:
        """Have this coin's planned entries wait, as `wait` does."""

    def next_nonce(self, now: datetime) -> int:
        """Return max(now in ms, last + 1) and store it: a restart never goes back.

        `last` is the highest that the venue would take at `now` (`readiness.NONCE_AHEAD_MAX`). What
        a clock far ahead has used above it was refused, and would stop exits until that time.
        """

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
    def fence(self, batch_id: int) -> None:
        """Have nobody send this batch again: `unanswered` does not return it any more."""

    def answered(self, batch_id: int, answer: str, consequences: Sequence[Consequence]) -> None:
        """Store the answer and what it means for each order."""

    def skip(self, order_id: int, why: Reason) -> None: ...
    def give_up(self, order_id: int, why: Reason) -> None:
        """End a PLANNED order that is no longer worth asking for."""

    def leave(self, note: Note, due_at: datetime) -> None: ...
