"""Exits of one coin are planned one after the other: two deals share one position there."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.contract.ledger_world import COIN, VENUE, LedgerWorld

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
