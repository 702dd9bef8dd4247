"""What every ledger promises about a clock that was ahead and went back (Ledger.hurry_after)."""

from datetime import timedelta

import pytest

from recomma.domain.reasons import Reason
from recomma.ports import Ruling
from tests.contract.ledger_world import (
    DEAL,
    LEASE,
    PLAN,
    RECONCILE,
    SUBMIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
)

FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


def ended_in_the_future(world: LedgerWorld) -> None:
    """Have the deal looked at by a clock that is five minutes ahead."""
    world.now += FIVE_MINUTES
    claim = world.take(RECONCILE)
    world.ledger.rule(claim, Ruling(done=True, look_at=world.now + timedelta(seconds=3)))


def test_after_a_clock_went_back_what_waits_for_its_time_is_due_at_once(world: LedgerWorld) -> None:
    order_id = world.place(new_order())
    start = world.now
    ended_in_the_future(world)
    world.ledger.leave(SUBMIT, world.now)
    with world.ledger.signer(VENUE, None) as book:
        book.wait(order_id, Reason.STOPPED, world.now)

    world.now = start + timedelta(seconds=1)
    hurried = world.ledger.hurry_after(world.now)

    assert hurried
    assert world.ledger.claim(RECONCILE, world.now, LEASE) is not None
    assert world.ledger.claim(SUBMIT, world.now, LEASE) is not None
    assert world.due() == [order_id]


def test_a_cancel_that_waits_for_a_time_of_such_a_clock_is_asked_for_at_once(
    world: LedgerWorld,
) -> None:
    """Until then its exit stays, and no other takes its place."""
    start = world.now
    order_id = world.rest()
    ended_in_the_future(world)
    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(order_id, Reason.EXIT_REPLACED)
    world.now = start + timedelta(seconds=1)
    assert world.due() == []

    world.ledger.hurry_after(world.now)

    assert world.due() == [order_id]


def test_what_waits_is_hurried_once(world: LedgerWorld) -> None:
    start = world.now
    ended_in_the_future(world)
    world.now = start + timedelta(seconds=1)
    world.ledger.hurry_after(world.now)
    world.ledger.leave(PLAN, at(60))

    assert world.ledger.hurry_after(world.now) == 0
    assert world.ledger.claim(PLAN, world.now, LEASE) is None


def test_between_two_machines_whose_clocks_differ_nothing_is_hurried_again_and_again(
    world: LedgerWorld,
) -> None:
    """The other one is five minutes ahead, and goes on ending notes."""
    hurried_at = []
    for second in range(90):
        world.now = at(second)
        ended_in_the_future(world)
        world.now = at(second)
        if world.ledger.hurry_after(world.now):
            hurried_at.append(second)

    assert hurried_at == [0, 30, 60]


def test_a_clock_that_goes_back_again_at_once_is_noticed_again(world: LedgerWorld) -> None:
    world.now = at(600)
    ended_in_the_future(world)
    world.now = at(600)
    first = world.ledger.hurry_after(world.now)

    world.now = at(1)

    assert (first, world.ledger.hurry_after(world.now)) == (1, 1)


def test_while_the_clock_goes_on_nothing_is_hurried(world: LedgerWorld) -> None:
    claim = world.take(RECONCILE)
    world.ledger.rule(claim, Ruling(done=True, look_at=at(600)))

    assert world.ledger.hurry_after(world.now) == 0
    assert world.ledger.claim(RECONCILE, world.now, LEASE) is None
