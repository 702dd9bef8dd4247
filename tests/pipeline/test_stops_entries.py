"""Stop levels hold entries back, and exits only when all is frozen (design.md, section 9)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope
from tests.pipeline import story
from tests.pipeline.stopping import forbid, lift
from tests.pipeline.world import BOT, DEAL, VENUE, World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]
SAFETY_AT_19 = ("B", Decimal("0.19"), Decimal(100), False)


def planned_world() -> World:
    """A world whose base is planned and not asked for, because the venue takes no requests."""
    world = World()
    world.faults({"kind": "http_429", "rate": 1, "path": "/exchange"})
    buy(world)
    assert world.order("base").waits_why is Reason.VENUE_UNREADABLE
    return world


@pytest.mark.parametrize("level", [Level.NO_NEW_DEALS, Level.NO_ENTRIES, Level.FROZEN])
def test_a_base_waits_for_the_stop_and_goes_out_when_it_is_lifted(level: Level) -> None:
    world = planned_world()
    number = forbid(world, level)
    world.at_venue("faults", [])
    world.wait(20)
    held = world.order("base")

    lift(world, number)
    world.wait(40)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.STOPPED)
    assert world.position() == 100
    assert world.order("base").waits_why is None
    assert world.unexplained() == []


def test_a_base_that_a_stop_held_for_too_long_is_skipped_for_the_stop() -> None:
    world = planned_world()
    forbid(world, Level.NO_NEW_DEALS)
    world.at_venue("faults", [])

    world.wait(180)

    assert world.at_the_venue() == []
    assert world.skips()["base"] is Reason.STOPPED
    assert world.ledger.mirrored(DEAL, VENUE).standing_why is Reason.STOPPED
    assert world.unexplained() == []


def test_a_deal_that_is_first_seen_under_a_stop_is_not_mirrored() -> None:
    world = World()
    forbid(world, Level.NO_NEW_DEALS)
    buy(world)

    world.wait(30)

    assert world.actions() == []
    assert world.skips()["base"] is Reason.STOPPED


def test_no_new_deals_lets_running_deals_average() -> None:
    world = bought_world()
    forbid(world, Level.NO_NEW_DEALS)
    world.tell(story.safety_placing(1, "0.19"))
    buy(world, DEAL + 1, bot_id=BOT + 1)

    world.wait(30)

    assert SAFETY_AT_19 in world.resting()
    assert world.position() == 100


def test_no_entries_holds_averaging_and_lets_exits_move() -> None:
    world = bought_world()
    forbid(world, Level.NO_ENTRIES)
    world.tell(story.safety_placing(1, "0.19"))
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))

    world.wait(90)

    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]
    assert world.order("safety/1").waits_why is Reason.STOPPED
    assert world.unexplained() == []


def test_a_stop_with_an_end_ends_by_itself() -> None:
    world = bought_world()
    forbid(world, Level.NO_ENTRIES, until=world.now + timedelta(seconds=40))
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(35)
    before = world.resting()

    world.wait(10)

    assert before == EXIT_AT_22
    assert SAFETY_AT_19 in world.resting()


@pytest.mark.parametrize(
    "scope",
    [Scope(venue="other"), Scope(bot_id=BOT + 1), Scope(coin="BTC"), Scope(deal_id=DEAL + 1)],
)
def test_a_stop_for_something_else_changes_nothing(scope: Scope) -> None:
    world = World()
    forbid(world, Level.NO_ENTRIES, scope)
    buy(world)

    assert world.position() == 100


def test_a_stop_for_one_bot_holds_its_deals_alone() -> None:
    world = bought_world()
    buy(world, DEAL + 1, bot_id=BOT + 1)
    world.wait(10)
    forbid(world, Level.NO_ENTRIES, Scope(bot_id=BOT))
    for deal_id in (DEAL, DEAL + 1):
        world.tell(story.safety_placing(1, "0.19"), deal_id=deal_id)

    world.wait(70)

    assert world.order("safety/1").waits_why is Reason.STOPPED
    assert world.order("safety/1", DEAL + 1).state is State.RESTING


def test_what_is_frozen_gets_its_cancels_and_nothing_else() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(30)
    forbid(world, Level.FROZEN)
    orders_before = len(world.actions())

    world.tell(story.safety_cancelled(1, "0.19"), story.safety_placing(2, "0.18"))
    world.wait(60)

    assert world.resting() == EXIT_AT_22
    assert len(world.actions()) == orders_before
    assert world.order("safety/1").why is Reason.SOURCE_CANCELLED


def test_the_same_bytes_are_not_sent_again_into_a_stop() -> None:
    world = bought_world()
    world.faults({"kind": "request_lost", "rate": 1, "request_type": "order"})
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(6)
    lost = world.order("safety/1").state
    forbid(world, Level.NO_ENTRIES)
    world.at_venue("faults", [])

    world.wait(60)

    assert lost is State.IN_DOUBT
    assert world.resting() == EXIT_AT_22
    order = world.order("safety/1")
    assert (order.state, order.waits_why) == (State.PLANNED, Reason.STOPPED)


def test_a_position_that_fills_under_no_entries_still_gets_its_exit() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(30)
    forbid(world, Level.NO_ENTRIES)
    world.price("0.19")

    world.wait(30)

    assert world.position() == 200
    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]


def test_in_a_dry_run_nothing_is_sent_under_a_stop_either() -> None:
    world = World(live=False)
    forbid(world, Level.NO_ENTRIES)
    buy(world)

    world.wait(40)

    assert world.skips()["base"] is Reason.STOPPED
    assert world.actions() == []
