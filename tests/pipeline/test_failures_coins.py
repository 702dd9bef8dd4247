"""Exits of one coin are planned one after the other: two deals share one position there."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from recomma.domain.orders import NewOrder
from recomma.domain.reasons import Reason
from tests.contract.ledger_world import COIN, VENUE, LedgerWorld
from tests.fakes.deal_book import FakeDealBook
from tests.fakes.mortal_ledger import MortalLedger
from tests.pipeline import story
from tests.pipeline.world import DEAL, World, buy

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    """Two deals on a coin that was held before."""
    ledgers.see(7)
    ledgers.see(8)
    with ledgers.ledger.deal(7, None) as book:
        book.hold_coin(VENUE, COIN)
    return ledgers


def until_it_waits_or_ends(world: LedgerWorld, work: "Future[None]") -> None:
    with world.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not (work.done() or connection.exec_driver_sql(WAITING).scalar_one()):
            pass


def test_a_coin_that_was_held_before_is_held_by_one_deal_at_a_time(world: LedgerWorld) -> None:
    ended: list[int] = []

    def plan_exits() -> None:
        with world.ledger.deal(8, None) as book:
            book.hold_coin(VENUE, COIN)
            ended.append(8)

    with ThreadPoolExecutor(1) as pool:
        with world.ledger.deal(7, None) as book:
            book.hold_coin(VENUE, COIN)
            other = pool.submit(plan_exits)
            until_it_waits_or_ends(world, other)
            ended.append(7)
        other.result()

    assert ended == [7, 8]


class StrictBook(FakeDealBook):
    """A deal that may change exits only on a coin that it holds."""

    held: frozenset[tuple[str, str]] = frozenset()

    def hold_coin(self, venue: str, coin: str) -> None:
        self.held |= {(venue, coin)}

    def place(self, venue: str, order: NewOrder, *, due_at: datetime) -> int:
        assert not order.terms.reduce_only or (venue, order.coin) in self.held
        return super().place(venue, order, due_at=due_at)

    def withdraw(self, order_id: int, why: Reason) -> None:
        order = self._rows.orders[order_id]
        assert not order.is_exit or (order.venue, order.coin) in self.held
        super().withdraw(order_id, why)


class StrictLedger(MortalLedger):
    @contextmanager
    def deal(self, deal_id: int, fence: int | None) -> Iterator[FakeDealBook]:
        with self._transaction():
            self._check(f"deal/{deal_id}", fence)
            yield StrictBook(deal_id, self.rows, self._orders, self._notes, self._policy_of)


def test_no_exit_is_changed_while_its_coin_is_free_for_other_deals() -> None:
    world = World()
    world.ledger = StrictLedger(world.clock, sibling=world.ledger)
    world.tools = replace(world.tools, ledger=world.ledger)
    buy(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.price("0.19")
    world.wait(5)
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.21", "200"))
    world.wait(70)
    assert world.resting() == [("A", Decimal("0.21"), Decimal(200), True)]

    world.tell(status="panic_sell_pending", deal_id=DEAL)
    world.wait(30)

    assert world.position() == 0
    assert world.letters() == []
