"""What every ledger tells a survey of a second installation that asks in our own words."""

import pytest

from recomma.domain.reasons import Reason
from recomma.domain.stops import Scope
from recomma.ports import ForeignOrder
from tests.contract.ledger_world import (
    BASE,
    COIN,
    DEAL,
    OTHER_VENUE,
    VENUE,
    LedgerWorld,
    at,
    new_order,
)
from tests.contract.test_ledger_surveys import an_order, surveyed


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see(DEAL)
    return ledgers


def test_an_order_with_our_cloid_and_another_number_is_a_stranger(world: LedgerWorld) -> None:
    order_id = world.rest(oid=77)
    cloid = world.order(order_id).cloid
    listed = [an_order(77, cloid), an_order(78, cloid)]

    with world.ledger.survey(VENUE) as book:
        assert [order.oid for order in book.strangers(listed)] == [78]


def test_an_order_whose_answer_is_not_known_is_no_stranger(world: LedgerWorld) -> None:
    order_id = world.place()
    world.ask(order_id)

    with world.ledger.survey(VENUE) as book:
        assert book.strangers([an_order(77, world.order(order_id).cloid)]) == []


def test_an_order_with_more_fills_than_it_asked_for_is_told(world: LedgerWorld) -> None:
    world.rest(new_order(BASE), oid=77)  # Of 100.
    world.ledger.book_fills(VENUE, [world.fill(oid=77, size="100", tid=1)], world.now)
    with world.ledger.survey(VENUE) as book:
        before = book.overfilled(at(-1))

    world.ledger.book_fills(VENUE, [world.fill(oid=77, size="1", tid=2)], world.now)

    with world.ledger.survey(VENUE) as book:
        assert not before
        assert book.overfilled(at(-1)) == {DEAL}
        assert book.overfilled(at(3600)) == frozenset()


def test_a_stop_says_that_our_tag_is_shared(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        before = book.tag_is_shared()
        book.forbid(COIN, Reason.REDUCED_ELSEWHERE, "somebody sold")
        book.forbid(None, Reason.OTHER_INSTALLATION, "a copy")
        book.forbid(None, Reason.OTHER_INSTALLATION, "a copy, said twice")

    with world.ledger.survey(VENUE) as book:
        assert (before, book.tag_is_shared()) == (False, True)
    with world.ledger.survey(OTHER_VENUE) as book:
        assert not book.tag_is_shared()
    with world.ledger.signer(VENUE, None) as signer:
        everywhere = [stop for stop in signer.stops() if stop.scope == Scope(venue=VENUE)]
        assert [stop.reason for stop in everywhere] == [Reason.OTHER_INSTALLATION]


def test_what_was_listed_and_when_is_remembered(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        before = book.watched_at(), book.listed_before()
        book.store(surveyed(ForeignOrder(an_order(5), Reason.FOREIGN)), at(60))
    with world.ledger.survey(VENUE) as book:
        book.store(surveyed(), at(90))

    with world.ledger.survey(VENUE) as book:
        after = book.watched_at(), book.listed_before()
    assert (before, after) == ((None, frozenset()), (at(90), frozenset({5})))
