"""The system of record: notes, books, and facts that need no lock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from recomma.domain.bots import SourceBot
from recomma.domain.notes import Note, Queue
from recomma.domain.reasons import Reason
from recomma.domain.source import SourceDeal
from recomma.domain.venue import Fill, Market
from recomma.ports.deal_book import DealBook, VenueTerms
from recomma.ports.signer_book import DeadLetter, SignerBook
from recomma.ports.surveys import SurveyBook


@dataclass(frozen=True)
class Claim:
    """A note in hand. Writes made under it carry the fence; a later claim makes them fail."""

    note: Note
    fence: int
    marks: int  # How often the note had been left when it was claimed.
    attempts: int  # Failed runs in a row.
    deaths: int = 0  # Workers in a row that died with it.


class AccountBook(Protocol):
    """What one 3Commas account has, locked for writing."""

    def known(self) -> Mapping[int, SourceDeal]:
        """Return the deals last seen active, by id."""

    def read_at(self) -> datetime | None: ...
    def seen(self, deals: Sequence[SourceDeal], at: datetime) -> frozenset[int]:
        """Store what the list shows now; a new deal gets its row and `first_seen_at`. Return the
        new ones.

        A survey comes before this transaction and does not know them, or after it and does.
        """

    def bots_seen(self, bots: Sequence[SourceBot], at: datetime) -> None:
        """Store the bots; a bot without venues of its own is paired with every venue for all."""

    def bots_known(self) -> frozenset[int]: ...
    def venues_of(self, bot_ids: Collection[int]) -> Sequence[str]:
        """Return the venues that any of these bots is mirrored on."""

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
    mended: Reason | None = None  # Open letters of the note with this reason are closed.


class Ledger(Protocol):
    """The system of record. Each `with` block is one transaction; FenceLost writes nothing."""

    # Notes.
    def leave(self, note: Note, due_at: datetime) -> None: ...
    def tick(self, note: Note, now: datetime) -> None:
        """Leave a note of the schedule's, unless it already waits for a time of its own."""

    def claim(self, note: Note, now: datetime, lease: timedelta) -> Claim | None:
        """Take a due note that nobody holds, or return None. Counts up its subject's fence.

        A lease that has run out is counted: its worker died, perhaps of it.
        """

    def rule(self, claim: Claim, ruling: Ruling) -> None:
        """Store the verdict; with a letter, the note and its dead letter change together."""

    def mark(self, note: Note) -> None:
        """Have a note published again that could not be worked on because its subject is busy."""

    def take_unpublished(
        self, now: datetime, limit: int, without: Collection[Queue] = ()
    ) -> Sequence[Note]:
        """Return due notes that are to be published, and count them as published.

        Those of the queues `without` are left for later.
        """

    def forget_publication(self, older_than: timedelta) -> int:
        """Have due notes published again that nobody picked up; return how many."""

    def hurry_after(self, now: datetime) -> int:
        """Have everything looked at now that waits for a time of a clock that was ahead.

        That a clock was ahead and went back shows in notes that ended later than `now`. What waits
        is looked at too soon at worst, which changes nothing. So do notes that another machine has
        ended, whose clock is ahead: therefore at most once in `HURRY_PAUSE` for each process.
        Return how many notes.
        """

    def wake(self) -> None:
        """Tell the relay that there is something to publish (NOTIFY recomma_notes)."""

    # Books.
    def account(self, account: str, fence: int | None) -> AbstractContextManager[AccountBook]: ...
    def deal(self, deal_id: int, fence: int | None) -> AbstractContextManager[DealBook]: ...
    def signer(self, venue: str, fence: int | None) -> AbstractContextManager[SignerBook]: ...

    def survey(self, venue: str) -> AbstractContextManager[SurveyBook]: ...

    # Facts that need no deal's lock.
    def account_of(self, deal_id: int) -> str:
        """Return the 3Commas account that a deal belongs to."""

    def fills_read_to(self, venue: str) -> datetime | None: ...
    def book_fills(self, venue: str, fills: Iterable[Fill], now: datetime) -> frozenset[int]:
        """Book each fill once, attribute it by cloid or oid, move the cursor, leave a note for
        every deal that a new one belongs to; return those deals."""

    def store_markets(self, venue: str, markets: Sequence[Market], at: datetime) -> None: ...
    def venues(self) -> Sequence[VenueTerms]: ...
