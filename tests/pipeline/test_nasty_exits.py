"""Exits that are away for long, trail, wait for a condition, or go step by step (7, 9.2, 9.3)."""

from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import Way, both_ways, flat
from tests.pipeline.plays import Play, Prices, is_settled, script
from tests.pipeline.world import DEAL, VENUE, World

STEPS = [
    {"amount_percentage": 50, "profit_percentage": "2.0"},
    {"amount_percentage": 30, "profit_percentage": "3.0"},
    {"amount_percentage": 20, "profit_percentage": "4.0"},
]


def path(way: Way, *steps: tuple[str, str]) -> Prices:
    """Return a path told as distances from 0.25 towards profit, or loss if negative."""
    return [[at, f"{Decimal('0.25') + way.sign * Decimal(gain)}"] for at, gain in steps]


def reasons(world: World) -> set[Reason | None]:
    return {difference.reason for difference in world.differences()}


# Without one for long.


@both_ways
def test_minutes_without_an_exit_at_the_source_leave_ours_where_it_is(way: Way) -> None:
    """Its settings still ask for one: a cancellation is slow, or placing it has failed."""
    world = World()
    way.enter(world, take_profit="2.0")
    world.tell(story.target_cancelled(way.at("0.02")))

    world.wait(420)

    assert world.resting() == [way.exit("0.02")]
    assert len(world.orders("take_profit/1")) == 1
    assert world.unexplained() == []


@both_ways
def test_a_deal_that_stays_open_for_497_s_without_a_position_gets_nothing_new(way: Way) -> None:
    gains = path(way, ("0s", "0"), ("60s", "0.006"), ("2m", "-0.004"))
    ladder = {"max_safety_orders": 3, "nasty": {"slow_cancel": "497s"}}
    play = Play(script(gains, strategy=way.name, **ladder))
    play.run(300, every=30)
    assert not play.at_source()["finished?"]
    assert flat(play.world)
    sent = len(play.world.at_the_venue())

    play.run(330, every=30)

    assert play.at_source()["status"] == "completed"
    assert len(play.world.at_the_venue()) == sent
    assert set(play.legs_filled()) == {"base", "take_profit/1"}
    assert is_settled(play.world)


def test_while_the_source_waits_with_no_position_ours_keeps_its_exit_and_is_closed_at_the_end() -> (
    None
):
    gains = [["0s", "0.25"], ["60s", "0.256"]]
    here = [["0s", "0.25"], ["60s", "0.2545"]]
    nasty = {"slow_cancel": "497s"}
    play = Play(script(gains, max_safety_orders=2, nasty=nasty), here=here)
    play.run(400, every=40)
    assert not play.at_source()["finished?"]
    assert play.exits() == [(Decimal("0.255"), Decimal(200))]
    assert play.world.unexplained() == []

    play.run(260, every=20)

    assert flat(play.world)
    assert play.world.order("stop", play.deal).why is Reason.SOURCE_TOOK_PROFIT
    assert is_settled(play.world)


@both_ways
def test_a_stop_whose_cancellations_take_long_is_followed_at_once(way: Way) -> None:
    """Up to 14.9 s pass at the source between the decision to stop and the sale (9.2)."""
    gains = path(way, ("0s", "0"), ("60s", "-0.02"))
    stop = {"stop_loss_percentage": "5", "nasty": {"stop_cancel": "14s"}}
    play = Play(script(gains, strategy=way.name, max_safety_orders=2, **stop))

    play.run(75, every=5)

    assert not play.at_source()["finished?"]
    assert flat(play.world)
    play.run(60)
    assert play.at_source()["status"] == "stop_loss_finished"
    assert is_settled(play.world)


# Without a row at all.


@both_ways
def test_a_trailing_take_profit_shows_no_exit_until_it_fires(way: Way) -> None:
    gains = path(way, ("0s", "0"), ("60s", "0.006"), ("2m", "0.008"), ("4m", "0.0066"))
    trailing = {"trailing_enabled": True, "trailing_deviation": "0.5"}
    play = Play(script(gains, strategy=way.name, **trailing))
    play.run(180, every=20)
    assert play.exits() == []
    assert play.world.position() == way.held(200)
    assert reasons(play.world) == {Reason.NO_EXIT_AT_SOURCE}

    play.run(90)

    assert play.at_source()["status"] == "completed"
    assert flat(play.world)
    assert play.world.order("stop", play.deal).why is Reason.SOURCE_TOOK_PROFIT
    assert is_settled(play.world)


@both_ways
def test_trailing_that_is_switched_on_later_takes_the_resting_exit_away(way: Way) -> None:
    edit: dict[str, Any] = {"at": "60s", "do": "edit", "trailing_enabled": True}
    edit["trailing_deviation"] = "0.5"
    play = Play(script(path(way, ("0s", "0")), edit, strategy=way.name))
    play.run(50)
    assert len(play.exits()) == 1

    play.run(120)

    assert play.exits() == []
    assert play.world.order("take_profit/1", play.deal).why is Reason.EXIT_REMOVED_AT_SOURCE
    assert is_settled(play.world)


@both_ways
def test_a_close_by_condition_has_no_exit_until_its_signal(way: Way) -> None:
    gains = path(way, ("0s", "0"), ("60s", "0.004"))
    signal = {"at": "3m", "do": "close_signal"}
    play = Play(script(gains, signal, strategy=way.name, close_by_condition=True))
    play.run(170, every=30)
    assert play.exits() == []
    assert play.world.position() == way.held(200)

    play.run(60)

    assert play.at_source()["status"] == "completed"
    assert flat(play.world)
    assert is_settled(play.world)


# Stops that move.


@both_ways
def test_a_trailing_stop_that_fires_above_the_entry_closes_here(way: Way) -> None:
    gains = path(way, ("0s", "0"), ("60s", "0.004"), ("3m", "-0.0045"))
    stop = {"stop_loss_percentage": "3", "tsl_enabled": True, "take_profit": "5"}
    play = Play(script(gains, strategy=way.name, **stop))
    play.run(170, every=30)
    assert len(play.exits()) == 1

    play.run(90)

    assert play.at_source()["status"] == "stop_loss_finished"
    assert flat(play.world)
    assert play.world.order("stop", play.deal).why is Reason.SOURCE_STOPPED
    assert is_settled(play.world)


@both_ways
def test_a_break_even_after_the_first_step_closes_only_what_is_left(way: Way) -> None:
    gains = path(way, ("0s", "0"), ("60s", "0.0055"), ("4m", "-0.0005"))
    steps = {"take_profit_steps": STEPS, "breakeven_after_step": 1, "stop_loss_percentage": "8"}
    play = Play(script(gains, strategy=way.name, base_order_volume=200, **steps))
    play.run(200, every=40)
    assert play.world.position() == way.held(400)

    play.run(90)

    filled = play.legs_filled()
    assert play.at_source()["status"] == "stop_loss_finished"
    assert (filled["take_profit/1"], filled["stop"]) == (Decimal(400), Decimal(400))
    assert flat(play.world)
    assert is_settled(play.world)


# Step by step.


@both_ways
@pytest.mark.parametrize("row", ["new_row", "same_row"])
def test_a_step_that_the_user_sells_alone_is_sold_here_alone(way: Way, row: str) -> None:
    sell = {"at": "60s", "do": "panic_sell_step", "step": 2}
    play = Play(
        script(
            path(way, ("0s", "0")),
            sell,
            strategy=way.name,
            base_order_volume=200,
            take_profit_steps=STEPS,
            switches={"panic_step_row": row},
        )
    )
    play.run(50)
    assert sorted(size for _, size in play.exits()) == [160, 240, 400]

    play.run(100)

    assert play.legs_filled() == {"base": Decimal(800), "take_profit/2": Decimal(240)}
    assert sorted(size for _, size in play.exits()) == [160, 400]
    assert play.world.position() == way.held(560)
    assert is_settled(play.world)


@both_ways
def test_other_steps_in_mid_deal_replace_those_that_rest(way: Way) -> None:
    fewer = [
        {"amount_percentage": 50, "profit_percentage": "1.5"},
        {"amount_percentage": 50, "profit_percentage": "2.5"},
    ]
    edit = {"at": "60s", "do": "edit", "take_profit_steps": fewer}
    play = Play(
        script(
            path(way, ("0s", "0")),
            edit,
            strategy=way.name,
            base_order_volume=200,
            take_profit_steps=STEPS,
        )
    )
    play.run(50)
    assert len(play.exits()) == 3

    play.run(120)

    resting = [row for row in play.rows("Take Profit") if row["status_string"] == "Active"]
    assert sorted(price for price, _ in play.exits()) == sorted(Decimal(r["rate"]) for r in resting)
    assert [size for _, size in play.exits()] == [400, 400]
    assert is_settled(play.world)


# Ends.


@both_ways
@pytest.mark.parametrize("do", ["cancel", "convert_to_smart_trade", "switch", "fail"])
def test_coins_that_the_source_lets_go_keep_their_exit_here(way: Way, do: str) -> None:
    play = Play(
        script(
            path(way, ("0s", "0")), {"at": "60s", "do": do}, strategy=way.name, max_safety_orders=2
        )
    )
    play.run(50)
    before = play.exits()

    play.run(120)

    assert play.at_source()["finished?"]
    assert play.world.position() == way.held(200)
    assert play.exits() == before != []
    assert len(play.world.resting()) == 1
    assert is_settled(play.world)


@both_ways
@pytest.mark.parametrize("do", ["panic_sell", "liquidate", "settle"])
def test_a_position_that_the_source_no_longer_has_is_closed_here_at_once(way: Way, do: str) -> None:
    futures = {"pair": "USDT_DOGEUSDT", "market_type": "futures"}
    play = Play(
        script(path(way, ("0s", "0")), {"at": "60s", "do": do}, strategy=way.name, **futures)
    )
    play.run(50)

    play.run(30, every=5)

    assert flat(play.world)
    play.run(60)
    assert play.at_source()["finished?"]
    assert is_settled(play.world)


def test_a_deal_that_opens_before_the_last_has_closed_shares_its_position_for_a_while() -> None:
    """The bot's next deal began 0.13 s after the last exit in recordings; ours had not filled."""
    prices = [["0s", "0.25"], ["60s", "0.256"], ["10m", "0.262"]]
    here = [["0s", "0.25"], ["60s", "0.2549"], ["75s", "0.2551"], ["10m", "0.262"]]
    reopens = {"reopens": "before_close", "reopenings": 1, "max_safety_orders": 2}
    play = Play(script(prices, nasty={"slow_cancel": "40s"}, **reopens), here=here)
    first, second = play.deals
    play.run(70, every=5)
    assert [size for _, size in play.exits()] == [
        *play.legs_filled(first).values(),
        *play.legs_filled(second).values(),
    ]
    assert play.world.unexplained() == []

    play.run(60, every=5)

    standings = play.world.ledger.rows.standings
    assert standings[first, VENUE] == (Standing.CLOSED_HERE, Reason.EXIT_FILLED)
    assert play.world.position() == play.legs_filled(second)["base"]
    assert len(play.exits()) == 1
    assert is_settled(play.world)


def test_the_exit_of_a_disabled_bots_deal_still_moves() -> None:
    edit = {"at": "60s", "do": "edit", "take_profit": "3"}
    play = Play(script([["0s", "0.25"]], edit, is_enabled=False))
    play.run(50)
    assert [price for price, _ in play.exits()] == [Decimal("0.255")]

    play.run(60)

    assert [price for price, _ in play.exits()] == [Decimal("0.2575")]
    assert DEAL not in play.deals
