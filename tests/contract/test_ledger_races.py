"""What many do at once to a ledger comes out as if they had done it one after the other."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import Engine, event, func, select, text

from recomma.adapters.postgres.tables import notes, order_history, positions
from recomma.domain.lifecycle import Event
from recomma.domain.notes import plan
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from recomma.ports import Consequence, DeadLetter, Ruling
from tests.contract.ledger_world import (
    ACCOUNT,
    DEAL,
    DEAL_SHOWN,
    LEASE,
    OTHER_VENUE,
    PLAN,
    RECONCILE,
    VENUE,
    LedgerWorld,
    at,
    new_order,
)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


@pytest.fixture
def dice() -> random.Random:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


def at_once(acts: Sequence[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(act) for act in acts]:
            future.result()


def seqs(world: LedgerWorld, order_id: int) -> list[int]:
    of_order = select(order_history.c.seq).where(order_history.c.order_id == order_id)
    with world.engine.connect() as connection:
        return list(connection.execute(of_order.order_by(order_history.c.seq)).scalars())


def test_history_has_no_gaps_with_many_writers(world: LedgerWorld) -> None:
    """A deal's book and a signer's write about the same orders at the same time."""
    orders = [world.rest(new_order(Leg(Role.SAFETY, str(k))), oid=k) for k in range(1, 5)]

    def look() -> None:
        for order_id in orders:
            with world.ledger.deal(DEAL, None) as book:
                book.record(order_id, Event.RESTED)
                book.leave(PLAN, world.now)

    def answer() -> None:
        for _ in range(4):
            with world.ledger.signer(VENUE, None) as book:
                batch = book.store_other(world.signed(book.next_nonce(world.now)), "noop")
                told = [Consequence(order_id, Event.RESTED) for order_id in reversed(orders)]
                book.answered(batch.id, "ok", told)
                book.leave(RECONCILE, world.now)

    at_once([look, answer, look, answer, look, answer])

    for order_id in orders:
        assert seqs(world, order_id) == list(range(1, 3 + 3 * (1 + 4) + 1))


def test_of_two_people_who_requeue_one_letter_only_one_does(world: LedgerWorld) -> None:
    letter = DeadLetter(PLAN, Reason.ATTEMPTS_SPENT, "spent")
    world.ledger.rule(world.take(PLAN), Ruling(done=False, failed="e", letter=letter))
    (kept,) = world.letters.list()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda who: world.letters.requeue([kept.id], actor=who), "ab"))

    assert sorted(map(len, done)) == [0, 1]
    claim = world.ledger.claim(PLAN, world.now, LEASE)
    assert claim is not None and claim.attempts == 0


def test_one_fill_booked_by_many_at_once_counts_once(world: LedgerWorld) -> None:
    order_id = world.rest()
    fills = [world.fill(size="1", tid=tid) for tid in range(1, 21)]

    def book() -> None:
        world.ledger.book_fills(VENUE, fills, world.now)

    at_once([book] * 6)

    assert world.order(order_id).filled == 20
    with world.engine.connect() as connection:
        bought = connection.execute(select(positions.c.bought)).scalar_one()
    assert bought == 20


def test_positions_are_the_sum_of_fills_in_any_order(
    world: LedgerWorld, dice: random.Random
) -> None:
    order_id = world.rest()
    fills = [
        world.fill(size=str(Decimal(dice.randint(1, 900)) / 100), tid=tid) for tid in range(40)
    ]
    pages = [dice.sample(fills, dice.randint(1, 40)) for _ in range(8)] + [fills]

    at_once([partial(world.ledger.book_fills, VENUE, page, world.now) for page in pages])

    total = sum(fill.size for fill in fills)
    assert world.order(order_id).filled == total
    assert world.here().holding.bought == total


def test_nonces_given_to_many_at_once_are_all_different(world: LedgerWorld) -> None:
    given: list[int] = []

    def take(venue: str) -> None:
        for _ in range(10):
            with world.ledger.signer(venue, None) as book:
                given.append(book.next_nonce(world.now))

    at_once([partial(take, venue) for venue in (VENUE, OTHER_VENUE) * 3])

    assert len(set(given)) == len(given) == 60


def test_two_venues_asking_for_one_leg_at_once_make_different_cloids(world: LedgerWorld) -> None:
    world.place()
    world.place(venue=OTHER_VENUE)
    numbers: list[int] = []

    def ask(venue: str) -> None:
        with world.ledger.signer(venue, None) as book:
            (order,) = book.due(world.now)
            numbers.append(book.attempts_before(order))
            signed = world.signed(book.next_nonce(world.now))
            book.store_orders(signed, [(order.id, world.cloid())])

    at_once([partial(ask, venue) for venue in (VENUE, OTHER_VENUE)])

    assert sorted(numbers) == [0, 1]


class Busy:
    """A worker that does what workers do to a ledger, in any order."""

    def __init__(self, world: LedgerWorld, deals: Sequence[int], seed: int) -> None:
        self._world = world
        self._deals = deals
        self._dice = random.Random(seed)

    def __call__(self) -> None:
        for _ in range(12):
            self._dice.choice((self.run, self.plan, self.submit, self.book))()

    def run(self) -> None:
        note, ledger = plan(self._dice.choice(self._deals)), self._world.ledger
        ledger.leave(note, self._world.now)
        claimed = ledger.claim(note, self._world.now, LEASE)
        if claimed:
            ledger.rule(claimed, Ruling(done=True))

    def plan(self) -> None:
        with self._world.ledger.deal(self._dice.choice(self._deals), None) as deal:
            for order in deal.here(VENUE).orders:
                deal.reterm(order.id, order.terms, due_at=self._world.now)
            for deal_id in self._dice.sample(self._deals, len(self._deals)):
                deal.leave(plan(deal_id), self._world.now)

    def submit(self) -> None:
        with self._world.ledger.signer(VENUE, None) as signer:
            for order in signer.due(self._world.now):
                signer.leave(plan(order.deal_id), self._world.now)
            signer.committed()
            signer.defer("DOGE", Reason.STOPPED, self._world.now)

    def book(self) -> None:
        oid, tid = self._dice.randint(1, 50), self._dice.randint(1, 50)
        fill = self._world.fill(oid=oid, size="1", tid=tid)
        self._world.ledger.book_fills(VENUE, [fill], self._world.now)


def test_books_and_claims_in_any_mix_never_wait_in_a_circle(
    world: LedgerWorld, dice: random.Random
) -> None:
    world.see(8, 9)
    deals = (DEAL, 8, 9)
    for deal_id in deals:
        for k in dice.sample(range(1, 100), 3):
            world.place(new_order(Leg(Role.SAFETY, str(k))), deal_id=deal_id)

    at_once([Busy(world, deals, dice.randrange(2**32)) for _ in range(6)])

    with world.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(notes)).scalar_one() == 3


def wait_until_blocked(engine: Engine, work: "Future[None]") -> None:
    """Return when `work` waits for a lock, or has found none to wait for."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not work.done() and not connection.exec_driver_sql(blocked).scalar_one():
            time.sleep(0.005)


def test_a_survey_waits_for_the_deals_that_are_just_being_stored(world: LedgerWorld) -> None:
    """What it reads of the account is compared with deals: with all of them, or none of them."""
    known: list[frozenset[int]] = []

    def survey() -> None:
        with world.ledger.survey(VENUE) as book:
            known.append(book.deals_among({8}))

    with ThreadPoolExecutor(1) as pool:
        with world.ledger.account(ACCOUNT, None) as book:
            surveyed = pool.submit(survey)
            wait_until_blocked(world.engine, surveyed)
            book.seen([replace(DEAL_SHOWN, id=8)], world.now)
        surveyed.result()

    assert known == [frozenset({8})]


def count_statements(engine: Engine, act: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_reading_a_deal_costs_the_same_with_3_orders_and_with_60(world: LedgerWorld) -> None:
    def place(first: int, last: int) -> None:
        with world.ledger.deal(DEAL, None) as book:
            for k in range(first, last):
                book.place(VENUE, new_order(Leg(Role.SAFETY, str(k))), due_at=at(0))

    place(1, 4)
    world.here()  # The deal's market is looked up once in a while.
    with_3 = count_statements(world.engine, world.here)
    due_of_3 = count_statements(world.engine, world.due)
    place(4, 61)

    assert count_statements(world.engine, world.here) == with_3 <= 7
    assert count_statements(world.engine, world.due) == due_of_3 <= 6


def test_asking_for_60_orders_costs_as_many_statements_as_for_3(world: LedgerWorld) -> None:
    legs = [new_order(Leg(Role.SAFETY, str(k))) for k in range(1, 64)]
    orders = [world.place(order) for order in legs]

    few = count_statements(world.engine, lambda: world.ask(*orders[:3]))
    many = count_statements(world.engine, lambda: world.ask(*orders[3:]))

    assert few == many


def test_the_wake_up_reaches_who_listens(world: LedgerWorld) -> None:
    with world.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("LISTEN recomma_notes"))
        world.ledger.wake()

        driver = connection.connection.driver_connection
        assert driver is not None
        heard = next(driver.notifies(timeout=10, stop_after=1))

    assert heard.channel == "recomma_notes"
