"""Entries that are slow, moved, refused, edited or added by hand (threecommas.md 7 and 9)."""

from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import Way, both_ways, flat
from tests.pipeline.plays import Play, is_settled, script
from tests.pipeline.world import DEAL, VENUE, World, bought_world

STILL = [["0s", "0.25"]]


def entries(play: Play) -> list[tuple[Decimal, Decimal]]:
    """Return the entries that rest here, lowest first: price and size."""
    return [(price, size) for _, price, size, reduces in play.world.resting() if not reduces]


def at_source(play: Play, role: str = "Safety") -> list[tuple[Decimal, Decimal]]:
    """Return the rows of a role that rest at the source, lowest first: price and size."""
    rows = [row for row in play.rows(role) if row["status_string"] == "Active"]
    return sorted((Decimal(row["rate"]), Decimal(row["quantity"])) for row in rows)


# The base.


@both_ways
def test_a_market_base_that_takes_533_seconds_is_mirrored_when_it_has_filled(way: Way) -> None:
    """Its age counts from its fill, not from the deal's birth (threecommas.md 9.1)."""
    play = Play(script(STILL, strategy=way.name, nasty={"slow_base": "533s"}))
    play.run(500, every=100)
    assert play.world.at_the_venue() == []

    play.run(60)

    assert play.world.position() == way.held(200)
    assert [size for _, size in play.exits()] == [Decimal(200)]
    assert is_settled(play.world)


@both_ways
def test_a_limit_base_that_is_moved_twice_rests_once_at_its_last_price(way: Way) -> None:
    prices = [f"{Decimal('0.25') - way.sign * Decimal(n) / 1000}" for n in (5, 4, 3)]
    moves = [
        {"at": f"{30 * n}s", "do": "reprice_base", "price": price}
        for n, price in enumerate(prices[1:], start=1)
    ]
    base: dict[str, Any] = {"start_order_type": "limit", "base_order_price": prices[0]}
    play = Play(script(STILL, *moves, strategy=way.name, **base))

    play.run(120)

    assert entries(play) == at_source(play, "Base") != []
    assert entries(play)[0][0] == Decimal(prices[2])
    *before, last = play.world.orders("base", play.deal)
    assert {order.state for order in before} == {State.CANCELLED}
    assert last.state is State.RESTING
    assert is_settled(play.world)


@both_ways
@pytest.mark.parametrize("do", ["cancel", "fail"])
def test_a_limit_base_that_never_filled_goes_with_its_deal(way: Way, do: str) -> None:
    price = f"{Decimal('0.25') - way.sign * Decimal('0.005')}"
    base: dict[str, Any] = {"start_order_type": "limit", "base_order_price": price}
    play = Play(script(STILL, {"at": "60s", "do": do}, strategy=way.name, **base))
    play.run(50)
    assert len(entries(play)) == 1

    play.run(90)

    assert play.at_source()["finished?"]
    assert flat(play.world)
    assert is_settled(play.world)


def test_a_limit_base_that_fills_here_alone_is_closed_when_its_deal_is_cancelled_empty() -> None:
    """The source never had a position: nobody is left to follow."""
    base: dict[str, Any] = {"start_order_type": "limit", "base_order_price": "0.245"}
    cancel = {"at": "3m", "do": "cancel"}
    play = Play(script(STILL, cancel, **base), here=[["0s", "0.25"], ["60s", "0.2445"]])
    play.run(120)
    assert play.world.position() == 205

    play.run(150)

    assert flat(play.world)
    assert play.world.order("stop", play.deal).why is Reason.SOURCE_ENDED
    assert is_settled(play.world)


def test_a_base_that_the_source_could_not_place_leaves_nothing_here() -> None:
    play = Play(script(STILL, nasty={"base_fails": "Insufficient funds."}))

    play.run(60, every=5)

    assert play.at_source()["status"] == "failed"
    assert play.world.at_the_venue() == []
    assert is_settled(play.world)


# Averaging.


@both_ways
def test_what_the_source_has_no_money_for_is_not_placed_here(way: Way) -> None:
    """`deal_has_error`, an Inactive row or none at all: the deal lives on."""
    ladder = {"max_safety_orders": 3, "nasty": {"safety_fails": [2]}}
    play = Play(script(STILL, strategy=way.name, **ladder))

    play.run(60)

    assert play.at_source()["deal_has_error"]
    assert entries(play) == at_source(play)
    assert len(entries(play)) == 2
    assert [size for _, size in play.exits()] == [Decimal(200)]
    assert is_settled(play.world)


def test_an_error_of_the_deal_changes_nothing_by_itself() -> None:
    error = {"at": "60s", "do": "error", "text": "Error placing Take Profit trade: Timeout."}
    play = Play(script(STILL, error, max_safety_orders=2, take_profit="2"))
    play.run(50)
    before = play.world.resting()

    play.run(300, every=60)

    assert play.at_source()["deal_has_error"]
    assert play.world.resting() == before
    assert play.world.order("take_profit/1", play.deal).generation == 1
    assert is_settled(play.world)


@both_ways
@pytest.mark.parametrize(("first", "then"), [(2, 5), (4, 1)])
def test_a_new_number_of_averaging_orders_is_followed_up_and_down(
    way: Way, first: int, then: int
) -> None:
    """The "out of n" of later events is another one than that of the first (9.3)."""
    edit = {"at": "60s", "do": "edit", "max_safety_orders": then}
    edit["active_safety_orders_count"] = then
    play = Play(script(STILL, edit, strategy=way.name, max_safety_orders=first))
    play.run(50)
    assert len(entries(play)) == first

    play.run(90)

    assert entries(play) == at_source(play)
    assert len(entries(play)) == then
    assert is_settled(play.world)


def test_an_averaging_order_that_was_taken_away_and_comes_back_rests_here_again() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.tell(story.safety_cancelled(1, "0.19"))
    world.wait(70)
    assert world.order("safety/1").state is State.CANCELLED

    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)

    assert ("B", Decimal("0.19"), Decimal(100), False) in world.resting()
    assert [order.generation for order in world.orders("safety/1")] == [1, 2]
    assert world.unexplained() == []


def test_only_so_many_averaging_orders_rest_here_as_rest_at_the_source() -> None:
    path = [["0s", "0.25"], ["60s", "0.2474"]]
    play = Play(script(path, max_safety_orders=4, active_safety_orders_count=2))
    play.run(50)
    assert len(entries(play)) == 2

    play.run(60)

    assert entries(play) == at_source(play)
    assert set(play.legs_filled()) == {"base", "safety/1"}
    assert is_settled(play.world)


# By hand.


@both_ways
def test_a_manual_order_is_mirrored_at_market_at_a_limit_and_cancelled(way: Way) -> None:
    limit = f"{Decimal('0.25') - way.sign * Decimal('0.005')}"
    actions: list[dict[str, Any]] = [
        {"at": "60s", "do": "add_funds", "quantity": "100"},
        {"at": "2m", "do": "add_funds", "quantity": "80", "price": limit},
        {"at": "4m", "do": "cancel_order", "manual": 2},
    ]
    play = Play(script(STILL, *actions, strategy=way.name))
    play.run(90)
    assert play.world.position() == way.held(300)
    assert [size for _, size in play.exits()] == [Decimal(300)]

    play.run(90)
    assert entries(play) == [(Decimal(limit), Decimal(80))]

    play.run(120)
    assert entries(play) == []
    assert play.world.position() == way.held(300)
    assert is_settled(play.world)


def test_a_manual_order_that_could_not_be_placed_is_no_order_here() -> None:
    """Its row is Inactive and has no quantity (threecommas.md 7)."""
    world = bought_world()
    world.tell("Placing manual safety trade. Price: 0.19 USDT Size: 0 USDT (0 DOGE)")

    world.wait(90)

    assert world.resting() == [("A", Decimal("0.22"), Decimal(100), True)]
    assert world.skips() == {}
    assert world.unexplained() == []


# Too late for ours.


@both_ways
def test_a_base_that_came_back_while_we_slept_is_skipped_with_its_whole_deal(way: Way) -> None:
    world = World()
    world.open_deal(strategy=way.name)
    world.tell(story.base_placing(), story.base_executed(), story.target_placing(way.at("0.02")))
    world.sleep(minutes=10)

    world.wait(90)

    assert world.at_the_venue() == []
    assert world.ledger.rows.standings[DEAL, VENUE][0] is Standing.SKIPPED
    assert world.unexplained() == []
