"""The source lets go of its coins: policy `on_source_release` (design.md, section 9)."""

from decimal import Decimal

import pytest

from recomma.domain.notes import reconcile
from recomma.domain.orders import Standing
from recomma.domain.policy import OnSourceRelease, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import LONG, SHORT, Way, both_ways, flat
from tests.pipeline.world import BOT, DEAL, VENUE, World

OTHER = DEAL + 1


def released(way: Way, policy: OnSourceRelease, status: str = "cancelled") -> World:
    """A deal with an averaging order open and its coins let go."""
    world = way.world(policy=Policy(on_source_release=policy))
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(25)
    world.tell(status=status, finished=True)
    world.wait(90)
    return world


@both_ways
@pytest.mark.parametrize("status", ["cancelled", "switched"])
def test_the_last_exit_stays_and_the_entries_go(way: Way, status: str) -> None:
    world = released(way, OnSourceRelease.KEEP_EXIT, status)

    assert world.resting() == [way.exit("0.02")]
    assert world.position() == way.held(100)
    assert world.unexplained() == []


@both_ways
def test_the_exit_that_stays_still_ends_the_deal_here(way: Way) -> None:
    world = released(way, OnSourceRelease.KEEP_EXIT)

    world.price(way.at("0.02"))
    world.wait(10)

    assert flat(world)
    assert world.ledger.rows.standings[DEAL, VENUE] == (Standing.CLOSED_HERE, Reason.EXIT_FILLED)
    assert world.unexplained() == []


@both_ways
def test_the_exit_that_stays_is_still_resized(way: Way) -> None:
    world = way.world()
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(25)
    world.price(way.at("-0.01"))
    world.tell(status="cancelled", finished=True)

    world.wait(30)

    assert world.position() == way.held(200)
    assert world.resting() == [way.exit("0.02", 200)]


@both_ways
def test_released_coins_are_closed_where_the_policy_says_so(way: Way) -> None:
    world = released(way, OnSourceRelease.CLOSE)

    assert flat(world)
    assert world.order("stop").why is Reason.SOURCE_RELEASED
    assert world.unexplained() == []


@both_ways
def test_abandoned_coins_are_the_users_and_have_no_exit_of_ours(way: Way) -> None:
    world = released(way, OnSourceRelease.ABANDON)

    assert world.resting() == []
    assert world.position() == way.held(100)
    assert world.order("take_profit/1").why is Reason.ABANDONED
    assert {found.reason for found in world.differences()} == {Reason.ABANDONED}


def test_abandoned_coins_are_looked_at_no_more() -> None:
    world = released(LONG, OnSourceRelease.ABANDON)
    before = world.metrics.started[reconcile(DEAL, VENUE)]

    world.wait(120)

    assert world.metrics.started[reconcile(DEAL, VENUE)] == before


@pytest.mark.parametrize("policy", [OnSourceRelease.KEEP_EXIT, OnSourceRelease.ABANDON])
def test_released_coins_still_keep_deals_of_the_other_side_away(policy: OnSourceRelease) -> None:
    world = released(LONG, policy)

    SHORT.enter(world, OTHER, bot_id=BOT + 1)
    world.wait(30)

    assert world.ledger.rows.standings[OTHER, VENUE] == (Standing.SKIPPED, Reason.OPPOSITE_SIDE)
    assert world.position() == Decimal(100)
