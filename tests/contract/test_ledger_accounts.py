"""What every ledger promises about accounts, their deals and bots, and about fills."""

from dataclasses import replace

import pytest

from recomma.domain.notes import watch
from recomma.ports import FenceLost, NotThere
from tests.contract.ledger_world import (
    ACCOUNT,
    BOT,
    DEAL,
    DEAL_SHOWN,
    OTHER_VENUE,
    OVER,
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


def test_only_deals_that_no_list_has_shown_before_are_new(world: LedgerWorld) -> None:
    world.read(deal=replace(DEAL_SHOWN, finished=True, status="completed"))
    changed = replace(DEAL_SHOWN, completed_safety_orders=1)

    with world.ledger.account(ACCOUNT, None) as book:
        first = book.seen([changed, replace(DEAL_SHOWN, id=8)], at(5))
        second = book.seen([changed, replace(DEAL_SHOWN, id=8)], at(6))

    assert (first, second) == (frozenset({8}), frozenset())


def test_more_deals_than_one_page_are_all_seen(world: LedgerWorld) -> None:
    world.see(*range(1000, 1120))

    with world.ledger.account(ACCOUNT, None) as book:
        assert len(book.known()) == 121


def test_a_new_bot_is_paired_with_every_venue_for_all(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        assert list(book.venues()) == [VENUE, OTHER_VENUE]
        assert book.here(VENUE).enabled_at == at(0)


def test_an_account_knows_where_its_bots_are_mirrored(world: LedgerWorld) -> None:
    with world.ledger.account(ACCOUNT, None) as book:
        here, nowhere = book.venues_of({BOT, BOT + 1}), book.venues_of({BOT + 1})

    assert (list(here), list(nowhere)) == ([VENUE, OTHER_VENUE], [])


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


def test_a_venue_for_all_was_enabled_for_a_bot_before_it_was_known(ledgers: LedgerWorld) -> None:
    ledgers.now = at(7)

    ledgers.see()

    assert ledgers.here().enabled_at == at(0)


def test_a_deal_names_its_account(world: LedgerWorld) -> None:
    assert world.ledger.account_of(DEAL) == ACCOUNT
    with pytest.raises(NotThere):
        world.ledger.account_of(999)


def test_venues_are_known_with_their_terms(world: LedgerWorld) -> None:
    assert [(v.name, v.live) for v in world.ledger.venues()] == [(VENUE, True), (OTHER_VENUE, True)]
