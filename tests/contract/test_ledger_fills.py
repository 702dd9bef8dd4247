"""What every ledger promises about fills, the only truth about quantity."""

from dataclasses import replace
from datetime import timedelta

import pytest

from recomma.domain.lifecycle import Event
from recomma.domain.money import Side
from recomma.domain.orders import NOTHING_HELD
from tests.contract.ledger_world import (
    DEAL,
    LEASE,
    OTHER_VENUE,
    RECONCILE,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


def test_only_fills_say_how_much_was_filled(world: LedgerWorld) -> None:
    order_id = world.rest()
    world.ledger.book_fills(VENUE, [world.fill(size="40"), world.fill(size="25", tid=2)], at(1))

    here = world.here()

    assert world.order(order_id).filled == 65
    assert here.holding.bought == 65
    assert here.holding.sold == 0
    assert here.holding.last_fill_at == world.now


def test_what_a_step_has_sold_counts_over_all_its_orders(world: LedgerWorld) -> None:
    old = world.rest(new_order(TAKE_PROFIT), oid=1)
    new = world.rest(new_order(TAKE_PROFIT), oid=2)

    fills = [world.fill(oid=1, size="10"), world.fill(oid=2, size="20")]
    world.ledger.book_fills(VENUE, [replace(f, side=Side.SELL) for f in fills], at(1))

    assert world.here().taken == {TAKE_PROFIT: 30}
    assert old != new


def test_what_is_sought_knows_what_was_filled_by_this_attempt_alone(world: LedgerWorld) -> None:
    order_id = world.place()
    _, (first,) = world.ask(order_id)
    world.ledger.book_fills(VENUE, [world.fill(oid=1, size="30", cloid=first)], world.now)
    with world.ledger.deal(DEAL, None) as book:
        book.record(order_id, Event.ENDED_PARTLY, due_at=world.now)
    _, (second,) = world.ask(order_id)
    world.ledger.book_fills(VENUE, [world.fill(oid=2, size="5", cloid=second)], world.now)

    with world.ledger.deal(DEAL, None) as book:
        (sought,) = book.sought(VENUE)

    assert (sought.cloid, sought.executed) == (second, None)
    assert sought.filled == 5
    assert sought.expires_at == world.now + timedelta(seconds=15)
    assert world.order(order_id).filled == 35


def test_an_order_out_of_doubt_is_sought_no_longer(world: LedgerWorld) -> None:
    order_id = world.place()
    world.ask(order_id)
    with world.ledger.deal(DEAL, None) as book:
        before = book.sought(VENUE)
        book.record(order_id, Event.RESTED, oid=9)
        after = book.sought(VENUE)

    assert ([s.order_id for s in before], list(after)) == ([order_id], [])


def test_a_fill_booked_twice_counts_once(world: LedgerWorld) -> None:
    order_id = world.rest()
    fill = world.fill()

    first = world.ledger.book_fills(VENUE, [fill], world.now)
    second = world.ledger.book_fills(VENUE, [fill, fill], world.now)

    assert (first, second) == (frozenset({DEAL}), frozenset())
    assert world.order(order_id).filled == 40


def test_a_second_execution_of_the_same_pair_of_orders_counts(world: LedgerWorld) -> None:
    order_id = world.rest()
    fill = world.fill()

    world.ledger.book_fills(VENUE, [fill, replace(fill, at=at(1))], world.now)

    assert world.order(order_id).filled == 80


def test_a_fill_is_ours_by_the_cloid_of_any_attempt(world: LedgerWorld) -> None:
    order_id = world.place()
    _, (first,) = world.ask(order_id)
    with world.ledger.deal(DEAL, None) as book:
        book.record(order_id, Event.NEVER_ARRIVED, due_at=world.now)
    world.ask(order_id)

    deals = world.ledger.book_fills(VENUE, [world.fill(oid=1, cloid=first)], world.now)

    assert deals == {DEAL}
    assert world.order(order_id).filled == 40


def test_a_foreign_fill_is_booked_and_belongs_to_nobody(world: LedgerWorld) -> None:
    world.rest(oid=77)

    deals = world.ledger.book_fills(VENUE, [world.fill(oid=5, cloid="0xdead")], world.now)

    assert deals == frozenset()
    assert world.here().holding == NOTHING_HELD


def test_a_fill_that_came_before_its_oid_was_known_becomes_ours(world: LedgerWorld) -> None:
    order_id = world.place()
    world.ask(order_id)
    world.ledger.book_fills(VENUE, [world.fill(oid=77)], world.now)
    with world.ledger.deal(DEAL, None) as book:
        book.record(order_id, Event.RESTED, oid=77)

    assert world.order(order_id).filled == 40
    assert world.here().holding.bought == 40


def test_the_same_oid_on_another_venue_is_not_ours(world: LedgerWorld) -> None:
    world.rest(oid=77)

    assert world.ledger.book_fills(OTHER_VENUE, [world.fill(oid=77)], world.now) == frozenset()


def test_a_new_fill_has_its_deal_looked_at(world: LedgerWorld) -> None:
    world.rest()

    world.ledger.book_fills(VENUE, [world.fill()], at(3))

    assert world.ledger.claim(RECONCILE, at(3), LEASE) is not None


def test_fills_are_read_since_the_oldest_deal_and_then_forward_only(
    ledgers: LedgerWorld,
) -> None:
    nothing = ledgers.ledger.fills_read_to(VENUE)
    ledgers.see()
    since_first_deal = ledgers.ledger.fills_read_to(VENUE)
    for seconds in (9, 4):
        ledgers.ledger.book_fills(VENUE, [replace(ledgers.fill(), at=at(seconds))], at(10))
    ledgers.ledger.book_fills(VENUE, [], at(20))

    assert (nothing, since_first_deal) == (None, at(0))
    assert ledgers.ledger.fills_read_to(VENUE) == at(9)
