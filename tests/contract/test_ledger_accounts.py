"""What every ledger promises about accounts, their deals and bots, and about fills."""

from dataclasses import replace

import pytest

from recomma.domain.lifecycle import Event
from recomma.domain.notes import watch
from recomma.domain.orders import NOTHING_HELD
from recomma.ports import FenceLost, NotThere
from tests.contract.ledger_world import (
    ACCOUNT,
    BOT,
    DEAL,
    DEAL_SHOWN,
    LEASE,
    OTHER_VENUE,
    OVER,
    RECONCILE,
    VENUE,
    LedgerWorld,
    at,
    bot,
)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


def test_a_stale_fence_stores_no_deals(ledgers: LedgerWorld) -> None:
    claim = ledgers.take(watch(ACCOUNT), OVER)
    ledgers.take(watch(ACCOUNT))

    with pytest.raises(FenceLost), ledgers.ledger.account(ACCOUNT, claim.fence) as book:
        book.seen([DEAL_SHOWN], ledgers.now)

    with ledgers.ledger.account(ACCOUNT, None) as book:
        assert book.known() == {}


def test_an_account_that_was_never_read_knows_nothing(ledgers: LedgerWorld) -> None:
    with ledgers.ledger.account(ACCOUNT, None) as book:
        assert (book.known(), book.read_at(), book.bots_known()) == ({}, None, frozenset())


def test_a_deal_is_known_exactly_as_the_list_showed_it(world: LedgerWorld) -> None:
    with world.ledger.account(ACCOUNT, None) as book:
        assert book.known() == {DEAL: DEAL_SHOWN}
        assert book.read_at() == world.now


def test_a_deal_keeps_the_time_it_was_first_seen(world: LedgerWorld) -> None:
    changed = replace(DEAL_SHOWN, completed_safety_orders=1)
    with world.ledger.account(ACCOUNT, None) as book:
        book.seen([changed], at(60))

    with world.ledger.account(ACCOUNT, None) as book:
        assert book.known() == {DEAL: changed}
    with world.ledger.deal(DEAL, None) as deal:
        assert deal.first_seen_at == at(0)


def test_a_deal_that_left_the_list_is_known_until_its_end_is_read(world: LedgerWorld) -> None:
    with world.ledger.account(ACCOUNT, None) as book:
        book.seen([], at(5))
    with world.ledger.account(ACCOUNT, None) as book:
        before = set(book.known())

    world.read(deal=replace(DEAL_SHOWN, finished=True, status="completed"))

    with world.ledger.account(ACCOUNT, None) as book:
        assert (before, set(book.known())) == ({DEAL}, set())


def test_an_old_list_does_not_bring_a_finished_deal_back(world: LedgerWorld) -> None:
    world.read(deal=replace(DEAL_SHOWN, finished=True, status="completed"))

    with world.ledger.account(ACCOUNT, None) as book:
        book.seen([DEAL_SHOWN, replace(DEAL_SHOWN, id=8)], at(5))

    with world.ledger.account(ACCOUNT, None) as book:
        assert set(book.known()) == {8}


def test_more_deals_than_one_page_are_all_seen(world: LedgerWorld) -> None:
    world.see(*range(1000, 1120))

    with world.ledger.account(ACCOUNT, None) as book:
        assert len(book.known()) == 121


def test_a_new_bot_is_paired_with_every_venue_for_all(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        assert list(book.venues()) == [VENUE, OTHER_VENUE]
        assert book.here(VENUE).enabled_at == at(0)


def test_a_bot_that_is_seen_again_keeps_the_time_of_its_pair(world: LedgerWorld) -> None:
    with world.ledger.account(ACCOUNT, None) as book:
        book.bots_seen([bot()], at(100))

    assert world.here().enabled_at == at(0)


def test_a_bot_that_only_a_deal_has_named_is_not_known(ledgers: LedgerWorld) -> None:
    with ledgers.ledger.account(ACCOUNT, None) as book:
        book.seen([DEAL_SHOWN], ledgers.now)
        only_named = book.bots_known()
        book.bots_seen([bot()], at(7))

    with ledgers.ledger.account(ACCOUNT, None) as book:
        assert (only_named, book.bots_known()) == (frozenset(), frozenset({BOT}))
    assert ledgers.here().enabled_at == at(7)


def test_a_deal_names_its_account(world: LedgerWorld) -> None:
    assert world.ledger.account_of(DEAL) == ACCOUNT
    with pytest.raises(NotThere):
        world.ledger.account_of(999)


def test_venues_are_known_with_their_terms(world: LedgerWorld) -> None:
    assert [(v.name, v.live) for v in world.ledger.venues()] == [(VENUE, True), (OTHER_VENUE, True)]


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
