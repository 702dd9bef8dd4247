"""Stop orders that rest on the venue (policies `stop` and `disaster_stop`)."""

from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing
from recomma.domain.policy import OnStop, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import LONG, Way, both_ways, flat
from tests.pipeline.world import BOT, DEAL, VENUE, World

OTHER = DEAL + 1
TRIGGER = Policy(on_stop=OnStop.VENUE_TRIGGER)
DISASTER = Policy(disaster_stop=Decimal("0.3"))
BOTH = Policy(on_stop=OnStop.VENUE_TRIGGER, disaster_stop=Decimal("0.3"))
STOP_LOSS: dict[str, Any] = {"stop_loss_percentage": "10.0"}


def stopped_world(way: Way, policy: Policy = TRIGGER) -> World:
    """A deal of 100 DOGE that the source stops 10 % below its base, at 0.18 (or 0.22)."""
    world = World(policy=policy)
    way.enter(world, **STOP_LOSS)
    world.wait(30)
    return world


def sleeping(world: World) -> list[tuple[Decimal, Decimal]]:
    """Return trigger price and size of the stops that rest on the venue."""
    return sorted(
        (Decimal(o["triggerPx"]), Decimal(o["sz"]))
        for o in world.at_the_venue()
        if o["status"] == "open" and o["isTrigger"]
    )


@both_ways
def test_a_stop_rests_on_the_venue_beside_the_take_profit(way: Way) -> None:
    world = stopped_world(way)

    assert sleeping(world) == [(way.price("-0.02"), Decimal(100))]
    assert way.exit("0.02") in world.resting()
    assert world.order("stop/trigger").state is State.RESTING
    assert world.order("stop/trigger").oid is not None
    assert world.unexplained() == []


@pytest.mark.parametrize("status", ["waiting", "resting"])
def test_whatever_the_venue_answers_to_a_stop_it_is_asked_for_once(status: str) -> None:
    world = World(policy=TRIGGER)
    world.at_venue("switches", {"trigger_status": status})
    LONG.enter(world, **STOP_LOSS)

    world.wait(60)

    assert len(world.orders("stop/trigger")) == 1
    assert world.order("stop/trigger").attempts == 1


def test_by_default_no_stop_rests_on_the_venue() -> None:
    world = stopped_world(LONG, Policy())

    assert sleeping(world) == []


@both_ways
def test_a_stop_that_fires_closes_the_deal_here(way: Way) -> None:
    world = stopped_world(way)

    world.price(way.at("-0.021"))
    world.wait(10)

    assert flat(world)
    assert world.ledger.rows.standings[DEAL, VENUE] == (
        Standing.CLOSED_HERE,
        Reason.STOP_TRIGGERED,
    )
    assert world.unexplained() == []


@both_ways
def test_a_stop_that_fires_only_in_part_is_closed_to_the_end(way: Way) -> None:
    world = stopped_world(way)
    world.at_venue("depth", {"DOGE": {"asks": "40", "bids": "40"}})
    world.price(way.at("-0.021"))
    world.wait(1)

    world.at_venue("depth", {"DOGE": None})
    world.price(way.at("-0.01"))
    world.wait(30)

    assert flat(world)
    assert world.ledger.rows.standings[DEAL, VENUE] == (
        Standing.CLOSED_HERE,
        Reason.STOP_TRIGGERED,
    )


@both_ways
def test_the_stop_grows_with_the_position_and_is_never_missing(way: Way) -> None:
    world = stopped_world(way)
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(70)
    world.price(way.at("-0.01"))

    world.wait(30)

    (stop,) = [o for o in world.orders("stop/trigger") if o.live]
    assert stop.remaining == 200
    assert [size for _, size in sleeping(world)] == [200]
    assert world.orders("stop/trigger")[0].why is Reason.STOP_REPLACED
    assert world.unexplained() == []


@both_ways
def test_a_stop_that_the_source_takes_away_goes_here_too(way: Way) -> None:
    world = stopped_world(way)

    world.at_source("deals", [story.deal(DEAL, world.now)])
    world.wait(120)

    assert sleeping(world) == []
    assert world.position() == way.held(100)


@both_ways
def test_the_stop_goes_when_the_take_profit_has_filled(way: Way) -> None:
    world = stopped_world(way)

    world.price(way.at("0.02"))
    world.wait(10)

    assert flat(world)
    assert world.unexplained() == []


@both_ways
def test_a_stop_that_the_market_has_passed_already_is_closed_at_once(way: Way) -> None:
    world = World(policy=TRIGGER)
    world.price("0.2")
    way.enter(world)
    world.price(way.at("-0.05"))
    world.at_source("deals", [story.deal(DEAL, world.now, strategy=way.name, **STOP_LOSS)])
    world.tell(story.base_placing(), story.base_executed(), story.target_placing(way.at("0.02")))
    world.wait(90)

    assert flat(world)
    assert world.letters() == []


# The disaster stop.


@both_ways
def test_a_disaster_stop_keeps_its_distance_from_the_average_entry(way: Way) -> None:
    world = stopped_world(way, DISASTER)

    assert sleeping(world) == [(way.price("-0.06"), Decimal(100))]
    assert world.unexplained() == []


@both_ways
def test_a_disaster_stop_moves_with_the_average(way: Way) -> None:
    world = stopped_world(way, DISASTER)
    world.tell(story.safety_placing(1, way.at("-0.02")))
    world.wait(70)
    world.price(way.at("-0.02"))

    world.wait(30)

    average = way.price("-0.01")
    assert sleeping(world) == [(average * (1 - way.sign * Decimal("0.3")), Decimal(200))]


@both_ways
def test_a_dead_installation_leaves_its_disaster_stop_behind(way: Way) -> None:
    world = stopped_world(way, DISASTER)

    world.sleep(hours=3)
    world.price(way.at("-0.061"))
    assert world.position() == 0

    world.wait(30)
    assert world.resting() == []
    assert world.ledger.rows.standings[DEAL, VENUE] == (
        Standing.CLOSED_HERE,
        Reason.STOP_TRIGGERED,
    )


def test_a_disaster_stop_stays_while_a_close_at_market_takes_its_bites() -> None:
    """It is larger than what is left meanwhile, which a reduce-only order may be."""
    world = stopped_world(LONG, DISASTER)
    world.at_venue("depth", {"DOGE": {"bids": "60", "asks": None}})
    world.tell(status="panic_sell_pending")

    world.wait(8)
    world.at_venue("depth", {"DOGE": {"bids": "0", "asks": None}})
    world.wait(30)

    assert 0 < world.position() < 100
    assert world.unexplained() == []


@both_ways
def test_alone_on_its_coin_both_stops_rest(way: Way) -> None:
    world = stopped_world(way, BOTH)

    assert {price for price, _ in sleeping(world)} == {way.price("-0.02"), way.price("-0.06")}


@both_ways
def test_beside_another_deal_only_the_stop_that_fires_first_rests(way: Way) -> None:
    world = stopped_world(way, BOTH)

    way.enter(world, OTHER, bot_id=BOT + 1, **STOP_LOSS)
    world.wait(60)

    assert sleeping(world) == [
        (way.price("-0.02"), Decimal(100)),
        (way.price("-0.02"), Decimal(100)),
    ]

    world.price(way.at("-0.021"))
    world.wait(10)
    assert flat(world)
    assert world.unexplained() == []


@both_ways
def test_a_close_beside_another_deal_takes_its_sleeping_stop_away_first(way: Way) -> None:
    world = stopped_world(way)
    way.enter(world, OTHER, bot_id=BOT + 1)
    world.wait(30)
    world.tell(status="panic_sell_pending")

    world.wait(20)

    assert world.position() == way.held(100)
    assert sleeping(world) == []
    assert world.resting() == [way.exit("0.02")]
    assert world.unexplained() == []
