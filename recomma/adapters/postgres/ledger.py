"""The system of record on Postgres. See recomma.ports.Ledger."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import version

from sqlalchemy import ColumnElement, Connection, Engine, Table, select, text

from recomma.adapters.postgres import fills as booking
from recomma.adapters.postgres import hurrying, notes, universe
from recomma.adapters.postgres.account_book import PostgresAccountBook
from recomma.adapters.postgres.deal_book import PostgresDealBook
from recomma.adapters.postgres.engine import NOTES_CHANNEL
from recomma.adapters.postgres.signer_book import PostgresSignerBook
from recomma.adapters.postgres.surveys import PostgresSurveyBook
from recomma.adapters.postgres.tables import accounts, deals, signers, venues
from recomma.adapters.postgres.values import AnyRow, Applied, Stamp, venue_of
from recomma.domain.notes import Note, Queue
from recomma.domain.readiness import hurried_lately
from recomma.domain.venue import Fill, Market
from recomma.ports import (
    AccountBook,
    Claim,
    Clock,
    DealBook,
    FenceLost,
    NotThere,
    Ruling,
    SignerBook,
    SurveyBook,
    VenueTerms,
)


class PostgresLedger:
    """Each method is one transaction.

    Locks are taken in one order everywhere: account, deal, venue, signer; orders by id; positions;
    notes at the end. So no two transactions wait for each other.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock,
        applied: Callable[[], Applied] = Applied,
        look_cadence: bool = True,
    ) -> None:
        """`applied` is asked in each transaction, so that new settings need no restart.

        `look_cadence` False: notes are due only where work is known to be due (rehearse).
        """
        self._engine = engine
        self._clock = clock
        self._alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._markets = universe.KnownMarkets()
        self._applied = applied
        self._look_cadence = look_cadence
        self._code_version = version("recomma")
        self._hurried_at: datetime | None = None

    def leave(self, note: Note, due_at: datetime) -> None:
        with self._engine.begin() as connection:
            notes.leave(connection, note, due_at)

    def claim(self, note: Note, now: datetime, lease: timedelta) -> Claim | None:
        with self._engine.connect() as connection:
            claim = notes.claim(connection, note, now, lease, self._look_cadence)
            if claim is not None:
                connection.commit()
            return claim

    def rule(self, claim: Claim, ruling: Ruling) -> None:
        with self._engine.begin() as connection:
            notes.rule(connection, claim, ruling, self._clock(), self._code_version)

    def mark(self, note: Note) -> None:
        with self._engine.begin() as connection:
            notes.mark(connection, note)

    def take_unpublished(
        self, now: datetime, limit: int, without: Collection[Queue] = ()
    ) -> Sequence[Note]:
        # One statement needs no transaction around it, and every step ends with this one.
        with self._alone.connect() as connection:
            return notes.take_unpublished(connection, now, limit, without, self._look_cadence)

    def forget_publication(self, older_than: timedelta) -> int:
        with self._engine.begin() as connection:
            now = self._clock()
            return notes.forget_publication(connection, now, older_than, self._look_cadence)

    def hurry_after(self, now: datetime) -> int:
        if hurried_lately(self._hurried_at, now):
            return 0
        with self._engine.begin() as connection:
            hurried = hurrying.hurry_after(connection, now)
        if hurried:
            self._hurried_at = now
        return hurried

    def tick(self, note: Note, now: datetime) -> None:
        with self._engine.begin() as connection:
            notes.tick(connection, note, now)

    def wake(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(f"NOTIFY {NOTES_CHANNEL}"))

    @contextmanager
    def account(self, account: str, fence: int | None) -> Iterator[AccountBook]:
        with self._engine.begin() as connection:
            notes.know_accounts(connection, [account])
            row = _locked(connection, accounts, accounts.c.name == account, fence)
            book = PostgresAccountBook(connection, row)
            yield book
            book.close()

    @contextmanager
    def deal(self, deal_id: int, fence: int | None) -> Iterator[DealBook]:
        """Raises NotThere for a deal that no list has shown yet."""
        with self._engine.begin() as connection:
            row = _locked(connection, deals, deals.c.id == deal_id, fence)
            applied = self._applied()
            stamped = self._stamped(applied)
            book = PostgresDealBook(connection, row, stamped, applied.policy_of, self._markets)
            yield book
            book.close()

    @contextmanager
    def signer(self, venue: str, fence: int | None) -> Iterator[SignerBook]:
        """Raises NotThere for a venue that nobody has configured."""
        with self._engine.begin() as connection:
            row = _locked(connection, venues, venues.c.name == venue, fence)
            # Venues that share a signer take turns: its nonces are counted once.
            _lock(connection, signers, signers.c.address == row.signer)
            applied = self._applied()
            stamped = self._stamped(applied)
            book = PostgresSignerBook(
                connection, row, stamped, applied.policy_of, self._code_version
            )
            yield book
            book.close()

    @contextmanager
    def survey(self, venue: str) -> Iterator[SurveyBook]:
        """Raises NotThere for a venue that nobody has configured."""
        with self._engine.begin() as connection:
            # Whoever stores new deals holds their account: this comes before, or knows them.
            shared = select(accounts.c.name).order_by(accounts.c.name)
            connection.execute(shared.with_for_update(read=True))
            row = _locked(connection, venues, venues.c.name == venue, None)
            book = PostgresSurveyBook(connection, row, self._clock())
            yield book
            book.close()

    def account_of(self, deal_id: int) -> str:
        with self._engine.connect() as connection:
            of_deal = select(deals.c.account).where(deals.c.id == deal_id)
            account: str | None = connection.execute(of_deal).scalar()
        if account is None:
            raise NotThere(f"the ledger has no deal {deal_id}")
        return account

    def fills_read_to(self, venue: str) -> datetime | None:
        with self._engine.connect() as connection:
            return booking.read_to(connection, venue)

    def book_fills(self, venue: str, fills: Iterable[Fill], now: datetime) -> frozenset[int]:
        with self._engine.begin() as connection:
            return booking.book(connection, venue, list(fills), now)

    def store_markets(self, venue: str, markets: Sequence[Market], at: datetime) -> None:
        with self._engine.begin() as connection:
            universe.store_markets(connection, venue, markets, at)
        self._markets.forget()

    def venues(self) -> Sequence[VenueTerms]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(venues).order_by(venues.c.name))
            return [venue_of(row) for row in rows]

    def _stamped(self, applied: Applied) -> Callable[[], Stamp]:
        """Return what stamps a transaction's rows: one time, one version of the settings."""
        return cache(lambda: Stamp(self._clock(), applied.version))


def _lock(connection: Connection, table: Table, key: ColumnElement[bool]) -> AnyRow | None:
    """Lock a row for writing. References to it may still be made by others meanwhile."""
    return connection.execute(select(table).where(key).with_for_update(key_share=True)).first()


def _locked(
    connection: Connection, table: Table, key: ColumnElement[bool], fence: int | None
) -> AnyRow:
    row = _lock(connection, table, key)
    if row is None:
        raise NotThere(f"the ledger has no such row in {table.name}")
    if fence is not None and row.fence != fence:
        raise FenceLost(f"{table.name}: fence {fence}, now {row.fence}")
    return row
