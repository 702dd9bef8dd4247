"""What every ledger promises about deals that were running before they were first seen."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from recomma.domain.first_sight import JUST_OPENED
from recomma.domain.money import Price, Side, Size
from recomma.domain.reasons import Reason
from recomma.domain.venue import AccountState, AddressBudget, OpenOrder
from recomma.ports import ForeignOrder, RolesRead, Surveyed
from tests.contract.ledger_world import (
    ACCOUNT,
    COIN,
    DEAL,
    DEAL_SHOWN,
    OTHER_VENUE,
    START,
    VENUE,
    LedgerWorld,
    at,
    bot,
)

YOUNG, OLD, OLDER = DEAL, DEAL + 1, DEAL + 2
SEEN = START + timedelta(days=3)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    """Three deals that were seen first at one time: the youngest has just opened."""
    ledgers.now = SEEN
    opened = {
        YOUNG: SEEN - JUST_OPENED,
        OLD: SEEN - JUST_OPENED - timedelta(seconds=1),
        OLDER: SEEN - timedelta(hours=5),
    }
    with ledgers.ledger.account(ACCOUNT, None) as book:
        book.bots_seen([bot()], SEEN)
        book.seen([replace(DEAL_SHOWN, id=i, created_at=t) for i, t in opened.items()], SEEN)
    return ledgers


def stranger(names_deal: int | None) -> ForeignOrder:
    order = OpenOrder(
        coin=COIN,
        oid=900,
        cloid=None,
        side=Side.SELL,
        price=Price(Decimal("0.3")),
        size=Size(Decimal(50)),
        original_size=Size(Decimal(50)),
        reduce_only=False,
        trigger_price=None,
        at=SEEN,
    )
    return ForeignOrder(order, Reason.FOREIGN, names_deal)


def survey(world: LedgerWorld, when: datetime, *foreign: ForeignOrder) -> None:
    found = Surveyed(
        state=AccountState((), Decimal(1), Decimal(1), when),
        budget=AddressBudget(1, 1000),
        roles=RolesRead(when, ""),
        foreign=foreign,
        coins={},
        short={},
    )
    with world.ledger.survey(VENUE) as book:
        book.store(found, when)


def needed_since(world: LedgerWorld, venue: str = VENUE) -> Mapping[int, datetime]:
    with world.ledger.signer(venue, None) as book:
        return book.survey_needed_since({YOUNG, OLD, OLDER, 999})


def oldest(world: LedgerWorld, venue: str = VENUE) -> datetime | None:
    with world.ledger.survey(venue) as book:
        return book.oldest_found_running()


def test_deals_that_were_running_need_a_survey_since_they_were_seen(world: LedgerWorld) -> None:
    assert needed_since(world) == {OLD: SEEN, OLDER: SEEN}
    assert needed_since(world, OTHER_VENUE) == {OLD: SEEN, OLDER: SEEN}


def test_so_does_one_that_a_foreign_order_of_the_venue_names(world: LedgerWorld) -> None:
    survey(world, SEEN - timedelta(seconds=5), stranger(YOUNG))

    assert needed_since(world) == {YOUNG: SEEN, OLD: SEEN, OLDER: SEEN}
    assert needed_since(world, OTHER_VENUE) == {OLD: SEEN, OLDER: SEEN}


def test_it_needs_the_same_survey_however_often_it_is_seen(world: LedgerWorld) -> None:
    with world.ledger.account(ACCOUNT, None) as book:
        book.seen([replace(DEAL_SHOWN, id=OLD)], SEEN + timedelta(hours=1))

    assert needed_since(world)[OLD] == SEEN


def test_fills_are_needed_since_the_oldest_of_them_opened(world: LedgerWorld) -> None:
    assert oldest(world) == SEEN - timedelta(hours=5)
    assert oldest(world, OTHER_VENUE) == SEEN - timedelta(hours=5)


def test_after_a_survey_no_older_fills_are_needed(world: LedgerWorld) -> None:
    survey(world, SEEN - timedelta(seconds=1))
    before = oldest(world)
    survey(world, SEEN + timedelta(seconds=1))

    assert before == SEEN - timedelta(hours=5)
    assert oldest(world) is None
    assert oldest(world, OTHER_VENUE) is not None


def test_of_a_deal_that_has_ended_no_fills_are_needed(world: LedgerWorld) -> None:
    for deal_id in (OLD, OLDER):
        world.read(deal=replace(DEAL_SHOWN, id=deal_id, finished=True, status="completed"))

    assert oldest(world) is None


def test_where_no_deal_was_found_running_nothing_is_needed(ledgers: LedgerWorld) -> None:
    ledgers.see()

    assert needed_since(ledgers) == {}
    assert oldest(ledgers) is None
    assert ledgers.now == at(0)


# Those that wait for it.


@pytest.mark.parametrize("why", [Reason.NOT_SURVEYED, Reason.CLOCK_OFF])
def test_a_survey_sees_whether_entries_of_its_venue_wait_for_it(
    world: LedgerWorld, why: Reason
) -> None:
    order_id = world.place(deal_id=OLD)
    with world.ledger.signer(VENUE, None) as book:
        book.wait(order_id, why, SEEN)

    with world.ledger.survey(VENUE) as book:
        here = book.entries_wait()
    with world.ledger.survey(OTHER_VENUE) as book:
        there = book.entries_wait()

    assert (here, there) == (True, False)


def test_what_waits_for_something_else_waits_for_no_survey(world: LedgerWorld) -> None:
    order_id = world.place(deal_id=OLD)
    with world.ledger.signer(VENUE, None) as book:
        book.wait(order_id, Reason.STOPPED, SEEN)

    with world.ledger.survey(VENUE) as book:
        assert not book.entries_wait()
