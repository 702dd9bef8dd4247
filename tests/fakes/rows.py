"""What the in-memory ledger holds: the tables of design.md 8, as dicts of frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from recomma.domain.bots import SourceBot
from recomma.domain.commitments import SurveyedAccount
from recomma.domain.entries import Skip
from recomma.domain.gates import Leverage
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import SourceState
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import Note
from recomma.domain.orders import MirrorOrder, Mode, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Reading, SourceDeal
from recomma.domain.stops import Stop
from recomma.domain.venue import Fill, Market
from recomma.domain.wanted import Closing, WantedExit
from recomma.ports import ForeignOrder, StoredBatch, Surveyed, VenueTerms


class Violated(Exception):
    """A write that the database's constraints would have refused."""


@dataclass(frozen=True)
class VenueRow:
    terms: VenueTerms
    signer: str
    all_bots_since: datetime | None  # Set: every bot of the account, new ones too.
    fills_read_to: datetime | None = None


@dataclass(frozen=True)
class DealRow:
    account: str
    listed: SourceDeal
    active: bool
    first_seen_at: datetime
    finished: bool = False
    released: bool = False
    read: Reading | None = None
    exits: tuple[WantedExit, ...] = ()
    exits_missing_since: datetime | None = None
    closing: Closing | None = None
    changed_at: datetime | None = None
    stop_price: Price | None = None
    steps_closing: frozenset[Leg] = frozenset()
    legs: Mapping[Leg, SourceState] = field(default_factory=dict)  # As last seen.


@dataclass(frozen=True)
class NoteRow:
    """`leased_by` is the fence of the claim that holds it; `again_at` is for the run's end."""

    id: int
    note: Note
    due_at: datetime | None = None
    look_at: datetime | None = None
    again_at: datetime | None = None
    marks: int = 0
    attempts: int = 0
    deaths: int = 0
    errors: tuple[str, ...] = ()
    leased_until: datetime | None = None
    leased_by: int | None = None
    published_at: datetime | None = None
    summary: str = ""
    finished_at: datetime | None = None
    dead: bool = False


@dataclass(frozen=True)
class LetterRow:
    note: Note
    reason: Reason
    why: str
    order_id: int | None
    traceback: str
    attempts: tuple[str, ...]
    died_at: datetime
    times: int = 1


@dataclass(frozen=True)
class BatchRow:
    stored: StoredBatch
    venue: str
    kind: str
    answer: str | None = None
    fenced: bool = False


@dataclass(frozen=True)
class AttemptRow:
    id: int
    batch_id: int
    order_id: int
    kind: str  # `place` or `cancel`.
    cloid: str | None
    asked_at: datetime
    expires_at: datetime
    live: bool = True
    oid: int | None = None
    executed: Size | None = None


@dataclass(frozen=True)
class FillRow:
    venue: str
    fill: Fill
    order_id: int | None
    deal_id: int | None


@dataclass(frozen=True)
class HistoryRow:
    """One line of what happened to an order; only ever added."""

    order_id: int
    at: datetime
    event: str
    before: State | None
    after: State
    why: Reason | None
    text: str = ""


@dataclass(frozen=True)
class ForeignRow:
    foreign: ForeignOrder
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None


@dataclass(frozen=True)
class TransferRow:
    """Coins that went from one deal to another, or (`to_deal` None) were lost outside."""

    venue: str
    coin: str
    from_deal: int
    to_deal: int | None
    size: Size
    reason: Reason
    at: datetime


FillKey = tuple[str, str, int, int, datetime]
Here = tuple[int, str]
"""A deal on a venue."""


@dataclass
class Rows:
    """Every value is immutable, so that a shallow copy of each dict is a snapshot."""

    venues: dict[str, VenueRow] = field(default_factory=dict)
    markets: dict[str, Mapping[str, Market]] = field(default_factory=dict)
    leverages: dict[tuple[str, str], Leverage] = field(default_factory=dict)
    surveyed: dict[str, SurveyedAccount] = field(default_factory=dict)
    surveys_found: dict[str, Surveyed] = field(default_factory=dict)
    foreign: dict[tuple[str, int], ForeignRow] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)
    bots: dict[int, SourceBot] = field(default_factory=dict)
    pairs: dict[tuple[int, str], datetime] = field(default_factory=dict)
    accounts_read_at: dict[str, datetime] = field(default_factory=dict)
    deals: dict[int, DealRow] = field(default_factory=dict)
    standings: dict[Here, tuple[Standing, Reason | None]] = field(default_factory=dict)
    first_sights: dict[Here, tuple[Mode, Decimal]] = field(default_factory=dict)
    claims: dict[tuple[str, str], Side] = field(default_factory=dict)
    stops: dict[int, Stop] = field(default_factory=dict)  # Those that nobody has lifted.
    skips: dict[tuple[int, str, Leg], Skip] = field(default_factory=dict)
    orders: dict[int, MirrorOrder] = field(default_factory=dict)
    batches: dict[int, BatchRow] = field(default_factory=dict)
    attempts: dict[int, AttemptRow] = field(default_factory=dict)
    fills: dict[FillKey, FillRow] = field(default_factory=dict)
    naked: dict[Here, datetime] = field(default_factory=dict)
    history: list[HistoryRow] = field(default_factory=list)
    transfers: list[TransferRow] = field(default_factory=list)
    notes: dict[Note, NoteRow] = field(default_factory=dict)
    letters: dict[tuple[Note, Reason, int | None], LetterRow] = field(default_factory=dict)
    fences: dict[str, int] = field(default_factory=dict)

    def snapshot(self) -> "Rows":
        return Rows(**{name: rows.copy() for name, rows in vars(self).items()})

    def restore(self, snapshot: "Rows") -> None:
        vars(self).update(vars(snapshot))

    def orders_of(self, deal_id: int, venue: str) -> tuple[MirrorOrder, ...]:
        orders = self.orders.values()
        return tuple(o for o in orders if o.deal_id == deal_id and o.venue == venue)

    def source_read_at(self, deal_id: int) -> datetime | None:
        return self.accounts_read_at.get(self.deals[deal_id].account)

    def change_deal(self, deal_id: int, **changes: object) -> None:
        self.deals[deal_id] = replace(self.deals[deal_id], **changes)  # type: ignore[arg-type]
