"""A clock that is wrong: entries wait, exits go on, and nothing is asked for twice."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import VENUE, World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]
EXIT_AT_23 = [("A", Decimal("0.23"), Decimal(100), True)]
MINUTES = [-300, -60, 60, 300]


def jump(world: World, seconds: int, *faults: dict[str, Any]) -> None:
    """Let our clock jump ahead while the venue's goes on as before; below 0 it is the venue's that
    jumps, because no world can go back."""
    world.now += timedelta(seconds=max(seconds, 0))
    world.faults({"kind": "clock_skew", "seconds": str(-seconds)}, *faults)
    world._set_clock()


def set_right(world: World, seconds: int) -> None:
    """Undo a jump."""
    world.now -= timedelta(seconds=max(seconds, 0))
    world._watched_at = min(world._watched_at, world.now)
    world.faults()
    world._set_clock()


@pytest.mark.parametrize("seconds", MINUTES)
def test_entries_wait_while_the_clock_is_off_and_go_on_by_themselves(seconds: int) -> None:
    world = World()
    jump(world, seconds)
    buy(world)
    world.wait(35)

    held = world.order("base")
    assert (held.state, held.waits_why) == (State.PLANNED, Reason.CLOCK_OFF)
    account = world.ledger.rows.surveyed[VENUE]
    assert "set it by NTP" in account.trouble
    assert account.clock_ahead == timedelta(seconds=seconds)
    assert world.unexplained() == []

    set_right(world, seconds)
    world.survey()
    world.wait(5)

    assert world.position() == 100
    assert world.ledger.rows.surveyed[VENUE].clock_ahead == timedelta(0)


@pytest.mark.parametrize("seconds", [-4, 4])
def test_a_clock_that_is_off_by_moments_holds_nothing_up(seconds: int) -> None:
    world = World()
    jump(world, seconds)

    buy(world)

    assert world.position() == 100


@pytest.mark.parametrize("seconds", MINUTES)
def test_exits_go_on_while_the_clock_is_off(seconds: int) -> None:
    world = bought_world()
    jump(world, seconds)
    world.survey()

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(60)

    assert world.resting() == EXIT_AT_23
    # They are signed for the venue's time, not for ours.
    assert "expired" not in str(world.at_venue("log"))


def test_a_refusal_as_expired_asks_how_far_the_clock_is_off() -> None:
    world = bought_world()
    jump(world, -60)

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(30)

    assert world.resting() == EXIT_AT_23
    assert world.ledger.rows.surveyed[VENUE].clock_ahead == timedelta(seconds=-60)


def lands_late(world: World, ahead: int) -> None:
    """Whatever is asked for in the next half minute lands 45 s late, without an answer; our clock
    jumps ahead in the moment before."""
    until = world.now + timedelta(seconds=ahead + 30)
    late = {"kind": "late_commit", "seconds": 45, "request_type": "order"}
    jump(world, ahead, late | {"until": until.isoformat()})


def test_a_request_is_not_given_up_while_the_venue_can_still_carry_it_out() -> None:
    """By our clock, a minute ahead, it has expired long before it lands."""
    world = World()
    world.survey()
    lands_late(world, 60)

    buy(world)
    world.wait(40)
    assert world.order("base").state is State.IN_DOUBT
    world.wait(100)

    assert world.position() == 100
    assert world.order("base").attempts == 1
    assert world.unexplained() == []


def test_an_exit_is_not_given_up_while_the_venue_can_still_carry_it_out() -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed())
    world.wait(1)
    lands_late(world, 60)

    world.tell(story.target_placing("0.22"))
    world.wait(140)

    assert world.resting() == EXIT_AT_22
    assert [order.attempts for order in world.orders("take_profit/1")] == [1]


def test_after_a_clock_that_was_ahead_what_waits_is_looked_at_at_once() -> None:
    """Every time that was written meanwhile lies five minutes in the future."""
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(5)
    jump(world, 300)
    world.wait(4)
    set_right(world, 300)

    world.price("0.19")
    world.wait(8)

    assert world.position() == 200
    assert sum(size for *_, size, reduces in world.resting() if reduces) == 200
