"""Exits that cannot go out now wait, visibly, and are tried again for ever."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import LONG, Way, both_ways, flat
from tests.pipeline.world import ADDRESS, DEAL, VENUE, World

REFUSALS: dict[str, dict[str, Any]] = {
    "halted": {"kind": "trading_halted"},
    "post-only": {"kind": "post_only_phase"},
    "unknown": {"kind": "refuse", "rate": 1, "text": "The moon is in the wrong house."},
}


def before_its_exit(way: Way) -> World:
    """A deal that has entered and whose source shows no exit yet."""
    world = World()
    world.open_deal(strategy=way.name)
    world.tell(story.base_placing(), story.base_executed())
    world.wait(6)
    return world


def asked_at(world: World) -> list[Any]:
    asked = [h for h in world.ledger.rows.history if h.event == "asked"]
    mine = {order.id for order in world.orders("take_profit/1")}
    return [line.at for line in asked if line.order_id in mine]


@both_ways
@pytest.mark.parametrize("what", REFUSALS)
def test_an_exit_that_is_refused_is_asked_again_within_half_a_minute_for_ever(
    way: Way, what: str
) -> None:
    world = before_its_exit(way)
    world.faults(REFUSALS[what])
    world.tell(story.target_placing(way.at("0.02")))
    world.wait(600)
    times = asked_at(world)
    pauses = [later - sooner for sooner, later in pairwise(times)]
    assert len(pauses) > 15
    assert max(pauses) <= timedelta(seconds=31)
    assert world.unexplained() == []
    why = [h.text for h in world.ledger.rows.history if h.event == "turned_away"]
    assert all(why)

    world.faults()
    world.wait(35)

    assert world.resting() == [way.exit("0.02")]


@both_ways
def test_the_exit_of_a_delisted_coin_stays_and_still_moves(way: Way) -> None:
    world = way.world()
    markets = world.ledger.rows.markets[VENUE]
    delisted = [replace(market, delisted=market.coin == "DOGE") for market in markets.values()]
    world.ledger.store_markets(VENUE, delisted, world.now)

    world.tell(story.target_cancelled(way.at("0.02")), story.target_placing(way.at("0.03")))
    world.wait(90)

    assert world.resting() == [way.exit("0.03")]


def test_how_long_a_position_stands_naked_is_told_and_ends() -> None:
    world = World()
    LONG.enter(world)
    assert set(world.metrics.naked_seconds[VENUE, DEAL]) == {0}
    world.faults({"kind": "post_only_phase"})
    (oid,) = [o["oid"] for o in world.at_the_venue() if o["status"] == "open"]
    world.at_venue("act", {"address": ADDRESS, "cancel": oid})
    world.wait(60)
    assert 45 < world.metrics.naked_seconds[VENUE, DEAL][-1] <= 61
    assert world.ledger.rows.naked != {}

    world.faults()
    world.wait(40)

    assert world.metrics.naked_seconds[VENUE, DEAL][-1] == 0
    assert world.ledger.rows.naked == {}


def test_a_position_without_an_exit_at_the_source_is_not_called_naked() -> None:
    world = before_its_exit(LONG)

    world.wait(120)

    assert set(world.metrics.naked_seconds[VENUE, DEAL]) == {0}
    assert {found.reason for found in world.differences()} == {Reason.NO_EXIT_AT_SOURCE}


def test_the_first_exit_goes_out_in_the_run_that_saw_the_fill() -> None:
    world = World()
    LONG.enter(world)

    filled = max(h.at for h in world.ledger.rows.history if h.event == "filled")
    rested = max(h.at for h in world.ledger.rows.history if h.event == "rested")

    assert rested == filled


@both_ways
def test_a_position_that_is_gone_outside_ends_the_deal_here(way: Way) -> None:
    world = way.world()
    world.wait(10)
    side = "sell" if way.sign > 0 else "buy"
    world.act(side, "100")
    for _ in range(3):
        world.survey()
        world.wait(15)

    assert flat(world)
    assert world.ledger.rows.standings[DEAL, VENUE] == (
        Standing.CLOSED_HERE,
        Reason.REDUCED_ELSEWHERE,
    )
    assert world.ledger.mirrored(DEAL, VENUE).holding.moved == Decimal(-100)
