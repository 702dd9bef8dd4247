"""A ledger with a clock in the test's hand, one account, two venues and a way to say things short.

Whoever implements `recomma.ports.Ledger` gets the same suite: it needs a world with this shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Final

from sqlalchemy import Engine

from recomma.adapters.postgres import settings_store
from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.settings_store import VenueRow
from recomma.domain.bots import SourceBot
from recomma.domain.cloid import encode
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import Note, plan, reconcile, submit
from recomma.domain.orders import MirrorOrder, NewOrder, Standing, Style, Terms, Urgency
from recomma.domain.source import (
    Leg,
    Reading,
    Role,
    RowStatus,
    SourceDeal,
    SourceOrder,
    Strategy,
)
from recomma.domain.venue import Fill, Market, SignedRequest
from recomma.domain.wanted import wanted
from recomma.ports import Claim, DealHere, Ledger, Observed, StoredBatch

ACCOUNT: Final = "main"
VENUE: Final = "here"
OTHER_VENUE: Final = "there"
SIGNER: Final = "0x" + "5" * 40
BOT: Final = 3
DEAL: Final = 7
COIN: Final = "DOGE"
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
LEASE: Final = timedelta(seconds=60)
OVER: Final = timedelta(0)  # A lease that has run out, without waiting for it.

BASE: Final = Leg(Role.BASE)
SAFETY: Final = Leg(Role.SAFETY, "1")
TAKE_PROFIT: Final = Leg(Role.TAKE_PROFIT, "1")

DEAL_SHOWN: Final = SourceDeal(
    id=DEAL,
    bot_id=BOT,
    account_id=9,
    pair="USDT_DOGE",
    strategy=Strategy.LONG,
    status="bought",
    finished=False,
    has_error=False,
    created_at=START,
    updated_at=START,
    closed_at=None,
    max_safety_orders=3,
    completed_safety_orders=0,
    take_profit_percent=None,
    take_profit_steps=(),
    trailing=False,
    stop_loss_percent=Decimal(0),
    stop_loss_price=None,
    bought_amount=Size(Decimal(100)),
    sold_amount=None,
)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def bot(bot_id: int = BOT) -> SourceBot:
    return SourceBot(bot_id, f"bot {bot_id}", 9, True, Strategy.LONG, ("USDT_DOGE",))


def row(role: Role, status: RowStatus, price: str = "0.2") -> SourceOrder:
    """Return an order row of the source over 100 coins."""
    filled = status is RowStatus.FILLED
    return SourceOrder(
        order_id=f"{role}-{price}",
        role=role,
        side=Side.SELL if role is Role.TAKE_PROFIT else Side.BUY,
        status=status,
        quantity=Size(Decimal(100)),
        remaining=Size(Decimal(0 if filled else 100)),
        rate=Price(Decimal(price)),
        average_price=Price(Decimal(price if filled else 0)),
        total=Decimal(price) * 100 if filled else Decimal(0),
        created_at=START,
        updated_at=START,
    )


def new_order(leg: Leg = BASE, size: str = "100", price: str = "0.2") -> NewOrder:
    exit_ = leg.role in (Role.TAKE_PROFIT, Role.STOP)
    side = Side.SELL if exit_ else Side.BUY
    terms = Terms(side, Price(Decimal(price)), Size(Decimal(size)), Style.REST, exit_)
    urgency = Urgency.FIRST_EXIT if exit_ else Urgency.BASE
    return NewOrder(leg, COIN, terms.price, terms.size, terms, urgency, Decimal(1))


@dataclass
class LedgerWorld:
    """`ledger` is what is tested; `others` are the same ledger as other processes hold it."""

    engine: Engine
    now: datetime = START

    def __post_init__(self) -> None:
        self.ledger: Ledger = self.another()
        self.letters = DeadLetterStore(self.engine, clock=self.clock)
        self._numbers = count(1)
        venues = [
            VenueRow(v, "0xaa", None, "testnet", SIGNER, True, None) for v in (VENUE, OTHER_VENUE)
        ]
        settings_store.apply(
            self.engine, source=ACCOUNT, venues=venues, body={}, actor="test", at=START
        )

    def clock(self) -> datetime:
        return self.now

    def another(self, *, look_cadence: bool = True) -> Ledger:
        return PostgresLedger(self.engine, clock=self.clock, look_cadence=look_cadence)

    # What the source shows.

    def see(self, *deal_ids: int, bot_id: int = BOT) -> None:
        """Have deals of a bot in the ledger, with their markets known."""
        shown = [replace(DEAL_SHOWN, id=i, bot_id=bot_id) for i in deal_ids or (DEAL,)]
        with self.ledger.account(ACCOUNT, None) as book:
            book.bots_seen([bot(bot_id)], self.now)
            book.seen(shown, self.now)
        for venue in (VENUE, OTHER_VENUE):
            self.ledger.store_markets(venue, [Market(COIN, 5, 0, 10, False)], self.now)

    def read(self, *rows: SourceOrder, deal: SourceDeal = DEAL_SHOWN) -> bool:
        """Store a reading of a deal; return whether it was news."""
        reading = Reading(deal, rows, (), self.now)
        with self.ledger.deal(deal.id, None) as book:
            return book.observe(Observed(reading, {"id": deal.id}), wanted(reading))

    # Notes.

    def take(self, note: Note, lease: timedelta = LEASE) -> Claim:
        """Leave a note for now and claim it."""
        self.ledger.leave(note, self.now)
        claim = self.ledger.claim(note, self.now, lease)
        assert claim is not None
        return claim

    # Orders.

    def place(
        self, order: NewOrder | None = None, *, deal_id: int = DEAL, venue: str = VENUE
    ) -> int:
        with self.ledger.deal(deal_id, None) as book:
            book.stand(venue, Standing.OPEN, None)
            return book.place(venue, order or new_order(), due_at=self.now)

    def here(self, deal_id: int = DEAL, venue: str = VENUE) -> DealHere:
        with self.ledger.deal(deal_id, None) as book:
            return book.here(venue)

    def order(self, order_id: int, deal_id: int = DEAL, venue: str = VENUE) -> MirrorOrder:
        return next(o for o in self.here(deal_id, venue).orders if o.id == order_id)

    def state(self, order_id: int) -> State:
        return self.order(order_id).state

    def cloid(self, deal_id: int = DEAL) -> str:
        return encode(1, deal_id, BASE, next(self._numbers))

    def ask(self, *order_ids: int, venue: str = VENUE) -> tuple[StoredBatch, list[str]]:
        """Store attempts for orders, as before sending them; return the batch and the cloids."""
        cloids = [self.cloid() for _ in order_ids]
        with self.ledger.signer(venue, None) as book:
            signed = self.signed(book.next_nonce(self.now))
            batch = book.store_orders(signed, list(zip(order_ids, cloids, strict=True)))
        return batch, cloids

    def ask_to_cancel(self, *order_ids: int) -> StoredBatch:
        with self.ledger.signer(VENUE, None) as book:
            return book.store_cancels(self.signed(book.next_nonce(self.now)), order_ids)

    def signed(self, nonce: int) -> SignedRequest:
        expires_ms = int((self.now + timedelta(seconds=15)).timestamp() * 1000)
        return SignedRequest(b"signed", nonce, expires_ms, SIGNER)

    def rest(self, order: NewOrder | None = None, oid: int = 77) -> int:
        """Have an order on the venue's book."""
        order_id = self.place(order)
        self.ask(order_id)
        with self.ledger.deal(DEAL, None) as book:
            book.record(order_id, Event.RESTED, oid=oid)
        return order_id

    def due(self, venue: str = VENUE) -> Sequence[int]:
        with self.ledger.signer(venue, None) as book:
            return [order.id for order in book.due(self.now)]

    def fill(self, oid: int = 77, size: str = "40", cloid: str | None = None, tid: int = 1) -> Fill:
        return Fill(
            coin=COIN,
            oid=oid,
            tid=tid,
            side=Side.BUY,
            price=Price(Decimal("0.2")),
            size=Size(Decimal(size)),
            fee=Decimal("-0.001"),
            at=self.now,
            cloid=cloid,
            closed_pnl=Decimal(0),
            crossed=True,
        )


PLAN: Final = plan(DEAL)
SUBMIT: Final = submit(VENUE)
RECONCILE: Final = reconcile(DEAL, VENUE)
