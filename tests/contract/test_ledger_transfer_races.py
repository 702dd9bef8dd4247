"""Coins that move while others trade: nobody waits in a circle, and no coin is lost."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from recomma.adapters.postgres.tables import positions, transfers
from recomma.domain.money import Side, Size
from recomma.domain.reasons import Reason
from tests.contract.ledger_world import COIN, VENUE, LedgerWorld

DEALS = (7, 8, 9)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    """Three deals of 40 coins each."""
    for tid, deal_id in enumerate(DEALS, start=1):
        ledgers.see(deal_id)
        order_id = ledgers.place(deal_id=deal_id)
        _, (cloid,) = ledgers.ask(order_id)
        ledgers.ledger.book_fills(VENUE, [ledgers.fill(oid=tid, tid=tid, cloid=cloid)], ledgers.now)
    return ledgers


def held(world: LedgerWorld) -> Decimal:
    return sum((world.here(d).holding.left(Side.BUY) for d in DEALS), Decimal(0))


def test_coins_that_many_hand_over_at_once_add_up(world: LedgerWorld) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    pairs = [dice.sample(DEALS, 2) for _ in range(24)]

    def hand_over(pair: list[int]) -> None:
        giver, taker = pair
        with world.ledger.deal(giver, None) as book:
            book.hold_coin(VENUE, COIN)
            if book.here(VENUE).holding.left(Side.BUY):
                book.hand_over(VENUE, COIN, taker, Size(Decimal(1)), Reason.MERGED)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(hand_over, pairs))

    with world.engine.connect() as connection:
        moved = connection.execute(select(func.sum(positions.c.moved))).scalar_one()
        count = connection.execute(select(func.count()).select_from(transfers)).scalar_one()
    assert held(world) == 120
    assert (moved, count) == (0, 24)


def test_two_deals_never_plan_exits_of_one_coin_at_the_same_time(world: LedgerWorld) -> None:
    """Also where the coin was never held before, and its row is made by both at once."""
    ended: list[int] = []

    def wait_for_the_coin() -> None:
        with world.ledger.deal(8, None) as book:
            book.hold_coin(VENUE, COIN)
            ended.append(8)

    with ThreadPoolExecutor(1) as pool:
        with world.ledger.deal(7, None) as book:
            book.hold_coin(VENUE, COIN)
            waiting = pool.submit(wait_for_the_coin)
            _until_somebody_waits(world)
            ended.append(7)
        waiting.result()

    assert ended == [7, 8]


def _until_somebody_waits(world: LedgerWorld) -> None:
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with world.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.exec_driver_sql(blocked).scalar_one():
            pass


def test_holding_a_coin_keeps_nobody_from_another_one(world: LedgerWorld) -> None:
    with world.ledger.deal(7, None) as one:
        one.hold_coin(VENUE, COIN)
        with world.ledger.deal(8, None) as other:
            other.hold_coin(VENUE, "OTHER")


def test_what_was_moved_is_never_changed_or_taken_back(world: LedgerWorld) -> None:
    with world.ledger.deal(7, None) as book:
        book.hand_over(VENUE, COIN, 8, Size(Decimal(1)), Reason.MERGED)

    for statement in ("UPDATE transfers SET size = 2", "DELETE FROM transfers"):
        with world.engine.connect() as connection, pytest.raises(DBAPIError, match="transfers"):
            connection.exec_driver_sql(statement)
