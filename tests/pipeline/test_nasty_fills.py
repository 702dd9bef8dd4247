"""Fills that come in bursts, in parts, too late, or twice (threecommas.md 9.3)."""

from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import Way, both_ways, flat
from tests.pipeline.plays import Play, is_settled, script
from tests.pipeline.world import DEAL, VENUE, World, bought_world

LADDER = {"max_safety_orders": 4, "take_profit": "2"}


def side_prices(way: Way, *steps: tuple[str, str]) -> list[list[str]]:
    """Return a path told as distances from 0.25 towards profit, or loss if negative."""
    return [[at, f"{Decimal('0.25') + way.sign * Decimal(gain)}"] for at, gain in steps]


@both_ways
def test_fills_in_a_burst_have_their_exit_before_the_source_has_one(way: Way) -> None:
    """For the four seconds in which the source is without an exit, ours covers every fill."""
    path = side_prices(way, ("0s", "0"), ("60s", "-0.0081"), ("3m", "0.02"))
    nasty = {"out_of_order_fills": True, "replacing": "4s"}
    play = Play(script(path, strategy=way.name, nasty=nasty, **LADDER))
    play.run(62, every=2)

    assert abs(play.world.position()) == play.entered_at_source()
    assert [size for _, size in play.exits()] == [play.entered_at_source()]
    assert not any(row["status_string"] == "Active" for row in play.rows("Take Profit"))

    play.run(200)
    assert play.world.position() == 0
    assert is_settled(play.world)


def test_one_replacement_that_covers_a_fill_to_come_is_sized_by_our_own_fills() -> None:
    """7 of 595 recorded placements counted a fill whose own event came later."""
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"), story.safety_placing(2, "0.18"))
    world.wait(25)
    world.price("0.19")
    world.wait(1)
    world.tell(story.safety_executed(1, "0.19"), story.target_cancelled("0.22"))
    world.tell(story.target_placing("0.205", "300"))  # Safety 2 is counted in already.
    world.wait(5)
    assert [order for order in world.resting() if order[3]] == [
        ("A", Decimal("0.205"), Decimal(200), True)
    ]

    world.price("0.18")
    world.tell(story.safety_executed(2, "0.18"))
    world.wait(5)

    assert world.resting() == [("A", Decimal("0.205"), Decimal(300), True)]
    assert world.unexplained() == []


@both_ways
def test_twins_45_ms_apart_are_two_legs_though_the_second_fills_first(way: Way) -> None:
    """Signal averaging: market orders that appear from nowhere (deal 2376405906)."""
    path = side_prices(way, ("0s", "0"), ("60s", "-0.005"), ("4m", "0.02"))
    twins = {"at": "70s", "do": "averaging_signal", "count": 2}
    play = Play(
        script(
            path,
            twins,
            strategy=way.name,
            averaging_by_signal=True,
            nasty={"out_of_order_fills": True},
            **LADDER,
        )
    )
    play.run(100)

    filled = play.legs_filled()
    assert set(filled) == {"base", "safety/1", "safety/2"}
    assert [size for _, size in play.exits()] == [play.entered_at_source()]

    play.run(200)
    assert play.world.position() == 0
    assert is_settled(play.world)


@both_ways
def test_a_take_profit_that_fills_again_sells_here_what_was_bought_here(way: Way) -> None:
    """An averaging order fills while it is cancelled, and the source places another target.

    Here the market never reached the first target: all that was bought is sold at the second.
    """
    world = way.world()
    world.tell(story.safety_placing(1, way.at("-0.01")), story.safety_placing(2, way.at("-0.02")))
    world.wait(25)
    world.tell(story.target_executed(way.at("0.02")))
    world.price(way.at("-0.01"))
    world.tell(
        story.safety_executed(1, way.at("-0.01")),
        story.safety_cancelled(2, way.at("-0.02")),
        story.target_placing(way.at("0.01")),
    )
    world.wait(70)
    assert world.resting() == [way.exit("0.01", 200)]

    world.price(way.at("0.01"))
    world.wait(5)
    world.tell(story.target_executed(way.at("0.01")), story.SUMMARY)
    world.wait(60)

    assert flat(world)
    exits = [order for order in world.orders() if order.is_exit]
    assert sum((order.filled for order in exits), Decimal(0)) == 200
    assert is_settled(world)


@pytest.mark.parametrize("row", ["new_row", "same_row"])
def test_fills_after_a_take_profit_that_ours_did_not_reach_end_in_one_close(row: str) -> None:
    """The whole repetition takes a second there (deal 2375569004)."""
    path = [["0s", "0.25"], ["2m", "0.256"]]
    here = [["0s", "0.25"], ["2m", "0.2545"]]
    nasty, switches = {"cancel_fills": [1, 2]}, {"repeated_take_profit": row}
    play = Play(script(path, nasty=nasty, switches=switches, **LADDER), here=here)

    play.run(240, every=5)

    assert play.at_source()["status"] == "completed"
    assert play.legs_filled() == {"base": Decimal(200), "stop": Decimal(200)}
    assert play.world.order("stop", play.deal).why is Reason.SOURCE_TOOK_PROFIT
    assert is_settled(play.world)


@pytest.mark.parametrize("row", ["new_row", "same_row"])
def test_a_take_profit_that_fills_again_after_ours_has_closed_the_deal_is_not_followed(
    row: str,
) -> None:
    path = [["0s", "0.25"], ["2m", "0.256"], ["10m", "0.253"], ["14m", "0.257"]]
    switches = {"repeated_take_profit": row}
    play = Play(script(path, nasty={"cancel_fills": [1, 2]}, switches=switches, **LADDER))

    play.run(840 + 60)

    standing = play.world.ledger.rows.standings[play.deal, VENUE]
    assert standing == (Standing.CLOSED_HERE, Reason.EXIT_FILLED)
    assert set(play.legs_filled()) == {"base", "take_profit/1"}
    assert play.world.position() == 0
    assert is_settled(play.world)


def test_cancelling_without_cancelled_means_that_the_order_filled_instead() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.tell("Cancelling buy order (1 out of 2). Price: 0.19 USDT Size: 19 USDT (100 DOGE)")
    world.wait(70)
    assert world.order("safety/1").state is State.RESTING

    world.price("0.19")
    world.tell(story.safety_executed(1, "0.19"))
    world.wait(30)

    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]
    assert world.unexplained() == []


def test_a_fill_that_overtakes_our_own_cancel_is_counted_and_gets_its_exit() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.faults({"kind": "request_lost", "count": 1, "request_type": "cancelByCloid"})
    world.tell(story.safety_cancelled(1, "0.19"))
    world.wait(1)
    world.price("0.19")

    world.wait(60)

    assert world.order("safety/1").state is State.FILLED
    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]
    assert {d.reason for d in world.differences()} <= {Reason.VENUE_FILLED_FIRST}


@both_ways
def test_an_entry_that_fills_in_parts_at_the_source_is_mirrored_once_and_whole(way: Way) -> None:
    path = side_prices(way, ("0s", "0"), ("60s", "-0.0026"), ("5m", "0.02"))
    parts = [{"order": "safety/1", "share": "0.4", "rest_after": "30s"}]
    play = Play(script(path, strategy=way.name, nasty={"partial_fills": parts}, **LADDER))

    play.run(120, every=5)

    assert abs(play.world.position()) == play.entered_at_source()
    assert len(play.world.orders("safety/1", play.deal)) == 1
    play.run(250)
    assert play.world.position() == 0
    assert is_settled(play.world)


@both_ways
@pytest.mark.parametrize("seconds", [0.05, 3, 12])
def test_a_deal_of_moments_leaves_nothing_behind(way: Way, seconds: float) -> None:
    """Opened, bought and sold between two looks at the list, or just after one."""
    world = World()
    world.wait(2)
    world.open_deal(strategy=way.name)
    world.tell(story.base_placing(), story.base_executed(), story.target_placing(way.at("0.02")))
    world.wait(seconds)
    world.price(way.at("0.02"))
    world.tell(story.target_executed(way.at("0.02")), story.SUMMARY)

    world.wait(90)

    assert world.position() == 0
    assert world.resting() == []
    assert all(not order.live for order in world.orders(deal_id=DEAL))
    assert world.unexplained() == []
