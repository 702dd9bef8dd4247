"""The source closes, or a person does, and ours follows (design.md, section 9)."""

from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing
from recomma.domain.policy import OnSourceExit, Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope
from tests.pipeline import story
from tests.pipeline.both_ways import Way, both_ways, flat, resume, stop
from tests.pipeline.world import BOT, DEAL, VENUE

OTHER = DEAL + 1


@both_ways
@pytest.mark.parametrize("status", ["panic_sell_pending", "stop_loss_pending"])
def test_a_pending_close_starts_ours_before_its_row_is_there(way: Way, status: str) -> None:
    world = way.world()

    world.tell(status=status)
    world.wait(6)

    assert flat(world)
    assert world.unexplained() == []


@both_ways
def test_a_close_reaches_further_with_each_try_and_rests_at_the_last_cap(way: Way) -> None:
    world = way.world()
    world.at_venue("depth", {"DOGE": {"asks": "0", "bids": "0"}})
    world.tell(status="panic_sell_pending")
    world.wait(20)
    (at_the_cap,) = [o for o in world.orders("stop") if o.live]

    assert at_the_cap.state is State.RESTING
    assert at_the_cap.terms.price == Decimal("0.2") * (1 - way.sign * Decimal("0.05"))

    world.at_venue("depth", {"DOGE": None})
    world.price(way.at("0.001"))
    world.wait(10)

    assert flat(world)
    assert world.unexplained() == []


@both_ways
def test_our_resting_take_profit_gets_its_grace_after_the_sources(way: Way) -> None:
    world = way.world()
    world.tell(story.target_executed(way.at("0.02")), story.SUMMARY)
    world.wait(15)
    assert world.resting() == [way.exit("0.02")]

    world.wait(15)

    assert flat(world)
    assert world.order("stop").why is Reason.SOURCE_TOOK_PROFIT


@both_ways
def test_with_keep_exit_a_source_that_closes_changes_nothing_here(way: Way) -> None:
    world = way.world(policy=Policy(on_source_exit=OnSourceExit.KEEP_EXIT))

    world.tell(status="panic_sell_pending")
    world.wait(120)

    assert world.resting() == [way.exit("0.02")]
    assert world.position() == way.held(100)


# A person closes.


@both_ways
def test_close_all_closes_at_once_and_takes_the_entries_away(way: Way) -> None:
    world = way.world()
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(25)

    stop(world, Level.CLOSE_ALL)
    world.wait(5)

    assert flat(world)
    assert world.order("stop").why is Reason.CLOSED_BY_PERSON
    assert world.order("safety/1").why is Reason.CLOSED_BY_PERSON
    assert world.ledger.rows.standings[DEAL, VENUE] == (
        Standing.CLOSED_HERE,
        Reason.CLOSED_BY_PERSON,
    )


@both_ways
def test_one_deal_is_closed_and_the_other_keeps_its_exit(way: Way) -> None:
    world = way.world()
    way.enter(world, OTHER, bot_id=BOT + 1)

    stop(world, Level.CLOSE_ALL, Scope(deal_id=DEAL))
    world.wait(30)

    assert world.position() == way.held(100)
    assert world.resting() == [way.exit("0.02")]
    assert world.order("take_profit/1", OTHER).generation == 1
    assert world.unexplained() == []


@both_ways
def test_a_close_that_was_begun_is_ended_though_the_stop_is_lifted(way: Way) -> None:
    world = way.world()
    world.at_venue("depth", {"DOGE": {"asks": "0", "bids": "0"}})
    stop(world, Level.CLOSE_ALL)
    world.wait(3)

    resume(world)
    world.at_venue("depth", {"DOGE": None})
    world.wait(60)

    assert flat(world)


@both_ways
def test_while_frozen_nothing_is_sent_and_what_rests_stays(way: Way) -> None:
    world = way.world()
    sent = len(world.actions())
    stop(world, Level.FROZEN)

    world.tell(story.target_cancelled(way.at("0.02")), story.target_placing(way.at("0.03")))
    world.wait(90)

    assert world.resting() == [way.exit("0.02")]
    assert len(world.actions()) == sent

    resume(world)
    world.wait(5)
    assert world.resting() == [way.exit("0.03")]


@pytest.mark.parametrize("level", [Level.NO_NEW_DEALS, Level.NO_ENTRIES])
@both_ways
def test_a_stop_of_entries_never_holds_up_an_exit(way: Way, level: Level) -> None:
    world = way.world()
    stop(world, level)

    world.tell(story.target_cancelled(way.at("0.02")), story.target_placing(way.at("0.03")))
    world.wait(90)

    assert world.resting() == [way.exit("0.03")]
    assert world.unexplained() == []


@both_ways
def test_a_late_fill_of_a_closed_deal_is_closed_as_well(way: Way) -> None:
    world = way.world()
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(25)
    world.faults({"kind": "answer_lost", "count": 3})
    world.tell(status="panic_sell_pending")
    world.price(way.at("-0.01"))

    world.wait(60)

    assert flat(world)
    assert world.unexplained() == []
