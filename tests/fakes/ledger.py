"""The system of record in memory. It passes the contract suite of recomma.ports.Ledger."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import RLock

from recomma.domain.bots import SourceBot
from recomma.domain.mirrored import Mirrored
from recomma.domain.notes import Note, Queue, reconcile
from recomma.domain.policy import Policy, PolicyOf
from recomma.domain.readiness import hurried_lately
from recomma.domain.source import SourceDeal
from recomma.domain.venue import Fill, Market
from recomma.ports import Claim, Clock, FenceLost, NotThere, Ruling, VenueTerms
from tests.fakes.deal_book import FakeDealBook
from tests.fakes.mirrored import FakeMirror
from tests.fakes.notes import FakeNotes
from tests.fakes.orders import FakeOrders
from tests.fakes.rows import DealRow, Rows, VenueRow
from tests.fakes.signer_book import FakeSignerBook
from tests.fakes.surveys import FakeSurveyBook


class FakeAccountBook:
    def __init__(self, account: str, rows: Rows, notes: FakeNotes) -> None:
        self._account = account
        self._rows = rows
        self._notes = notes

    def known(self) -> Mapping[int, SourceDeal]:
        mine = {i: d for i, d in self._rows.deals.items() if d.account == self._account}
        return {deal_id: row.listed for deal_id, row in mine.items() if row.active}

    def read_at(self) -> datetime | None:
        return self._rows.accounts_read_at.get(self._account)

    def seen(self, deals: Sequence[SourceDeal], at: datetime) -> frozenset[int]:
        new = frozenset(deal.id for deal in deals) - self._rows.deals.keys()
        for deal in deals:
            row = self._rows.deals.get(deal.id)
            if row is None:
                self._rows.deals[deal.id] = DealRow(self._account, deal, True, at)
            else:
                self._rows.deals[deal.id] = replace(row, listed=deal, active=not row.finished)
        self._rows.accounts_read_at[self._account] = at
        return new

    def bots_seen(self, bots: Sequence[SourceBot], at: datetime) -> None:
        paired = {bot_id for bot_id, _ in self._rows.pairs}
        for bot in bots:
            new = bot.id not in self._rows.bots
            self._rows.bots[bot.id] = bot
            for venue in self._rows.venues.values():
                if venue.all_bots_since and new and bot.id not in paired:
                    self._rows.pairs[bot.id, venue.terms.name] = venue.all_bots_since

    def bots_known(self) -> frozenset[int]:
        return frozenset(self._rows.bots)

    def venues_of(self, bot_ids: Collection[int]) -> Sequence[str]:
        return sorted({venue for bot_id, venue in self._rows.pairs if bot_id in bot_ids})

    def leave(self, note: Note, due_at: datetime) -> None:
        self._notes.leave(note, due_at)


class FakeLedger:
    """Transactions are serial; one that raises leaves nothing behind.

    `rows` is for assertions. A sibling shares them, as another process shares the database.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        policy: Policy | None = None,
        policy_of: PolicyOf | None = None,
        look_cadence: bool = True,
        sibling: "FakeLedger | None" = None,
    ) -> None:
        self.rows: Rows = sibling.rows if sibling else Rows()
        self._lock: AbstractContextManager[bool] = sibling._lock if sibling else RLock()
        self._clock = clock
        one = policy or Policy()
        self._policy_of: PolicyOf = policy_of or (lambda _bot_id, _venue: one)
        self._notes = FakeNotes(self.rows, clock, look_cadence)
        self._orders = FakeOrders(self.rows, clock)
        self._hurried_at: datetime | None = None

    def configure(
        self, terms: VenueTerms, signer: str, bots: Sequence[int] | None, at: datetime
    ) -> None:
        """Store a venue; `bots` None pairs it with every bot that is ever seen."""
        self.rows.venues[terms.name] = VenueRow(terms, signer.lower(), at if bots is None else None)
        for bot_id in bots or ():
            self.rows.pairs.setdefault((bot_id, terms.name), at)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            before = self.rows.snapshot()
            try:
                yield
            except BaseException:
                self.rows.restore(before)
                raise

    # Notes.

    def leave(self, note: Note, due_at: datetime) -> None:
        with self._transaction():
            self._notes.leave(note, due_at)

    def tick(self, note: Note, now: datetime) -> None:
        with self._transaction():
            self._notes.tick(note, now)

    def claim(self, note: Note, now: datetime, lease: timedelta) -> Claim | None:
        with self._transaction():
            return self._notes.claim(note, now, lease)

    def rule(self, claim: Claim, ruling: Ruling) -> None:
        with self._transaction():
            self._notes.rule(claim, ruling, self._clock())

    def mark(self, note: Note) -> None:
        with self._transaction():
            self._notes.mark(note)

    def take_unpublished(
        self, now: datetime, limit: int, without: Collection[Queue] = ()
    ) -> Sequence[Note]:
        with self._transaction():
            return self._notes.take_unpublished(now, limit, without)

    def forget_publication(self, older_than: timedelta) -> int:
        with self._transaction():
            return self._notes.forget_publication(self._clock(), older_than)

    def hurry_after(self, now: datetime) -> int:
        if hurried_lately(self._hurried_at, now):
            return 0
        with self._transaction():
            hurried = self._notes.hurry_after(now)
        self._hurried_at = now if hurried else self._hurried_at
        return hurried

    def next_due_at(self) -> datetime | None:
        return self._notes.next_due_at()

    def wake(self) -> None:
        """There is no relay in here."""

    # Books.

    @contextmanager
    def account(self, account: str, fence: int | None) -> Iterator[FakeAccountBook]:
        with self._transaction():
            self._check(f"account/{account}", fence)
            yield FakeAccountBook(account, self.rows, self._notes)

    @contextmanager
    def deal(self, deal_id: int, fence: int | None) -> Iterator[FakeDealBook]:
        with self._transaction():
            if deal_id not in self.rows.deals:
                raise NotThere(f"the ledger has no deal {deal_id}")
            self._check(f"deal/{deal_id}", fence)
            yield FakeDealBook(deal_id, self.rows, self._orders, self._notes, self._policy_of)

    @contextmanager
    def signer(self, venue: str, fence: int | None) -> Iterator[FakeSignerBook]:
        with self._transaction():
            if venue not in self.rows.venues:
                raise NotThere(f"the ledger has no venue {venue}")
            self._check(f"venue/{venue}", fence)
            yield FakeSignerBook(venue, self.rows, self._orders, self._notes, self._policy_of)

    @contextmanager
    def survey(self, venue: str) -> Iterator[FakeSurveyBook]:
        with self._transaction():
            if venue not in self.rows.venues:
                raise NotThere(f"the ledger has no venue {venue}")
            yield FakeSurveyBook(venue, self.rows, self._orders, self._notes)

    def _check(self, subject: str, fence: int | None) -> None:
        current = self.rows.fences.get(subject, 0)
        if fence is not None and fence != current:
            raise FenceLost(f"{subject}: fence {fence}, now {current}")

    # Facts.

    def account_of(self, deal_id: int) -> str:
        if deal_id not in self.rows.deals:
            raise NotThere(f"the ledger has no deal {deal_id}")
        return self.rows.deals[deal_id].account

    def fills_read_to(self, venue: str) -> datetime | None:
        oldest = min((row.first_seen_at for row in self.rows.deals.values()), default=None)
        return self.rows.venues[venue].fills_read_to or oldest

    def book_fills(self, venue: str, fills: Iterable[Fill], now: datetime) -> frozenset[int]:
        with self._transaction():
            deals = self._orders.book(venue, list(fills))
            for deal_id in deals:
                self._notes.leave(reconcile(deal_id, venue), now)
            return deals

    def store_markets(self, venue: str, markets: Sequence[Market], at: datetime) -> None:
        if not markets:
            return  # An empty universe is a failed read, not the end of all markets.
        with self._transaction():
            listed = {market.coin: market for market in markets}
            known = self.rows.markets.get(venue, {})
            gone = {c: replace(m, delisted=True) for c, m in known.items() if c not in listed}
            self.rows.markets[venue] = {**gone, **listed}

    def venues(self) -> Sequence[VenueTerms]:
        return [row.terms for _, row in sorted(self.rows.venues.items())]

    # For assertions.

    def mirrored(self, deal_id: int, venue: str) -> Mirrored:
        """Return everything that the comparison with the source needs."""
        mirror = FakeMirror(self.rows, self._orders, self._policy_of)
        return mirror.at(deal_id, venue, self._clock())
