"""Several take-profit steps: shared out, replaced, never twice (docs/decisions/0023)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from recomma.domain.lifecycle import State
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg
from tests.pipeline import story
from tests.pipeline.both_ways import LONG, Way, both_ways
from tests.pipeline.world import BOT, DEAL, VENUE, World

OTHER = DEAL + 1
NEAR_AND_FAR = ("0.01", "0.02")


def settings(way: Way, gains: Sequence[str] = NEAR_AND_FAR) -> dict[str, Any]:
    """Return the settings of a deal whose steps share its position evenly."""
    percent = f"{Decimal(100) / len(gains)}"
    steps = [
        {
            "id": n,
            "amount_percentage": percent,
            "price": {"value": way.at(gain)},
            "trade_id": None,
        }
        for n, gain in enumerate(gains, start=1)
    ]
    return {"take_profit_steps": steps, "strategy": way.name}


def opened(world: World, way: Way, *, coins: int = 100, deal_id: int = DEAL, **fields: Any) -> None:
    """Tell a deal's whole story so far, with two steps."""
    half = f"{Decimal(coins) / 2}"
    world.open_deal(deal_id, **settings(way), **fields)
    world.tell(
        story.base_placing(coins=f"{coins}"),
        story.base_executed(coins=f"{coins}"),
        *(story.target_placing(way.at(gain), half) for gain in NEAR_AND_FAR),
        deal_id=deal_id,
    )
    world.wait(5)


def two_steps(way: Way, coins: int = 200) -> World:
    world = World()
    opened(world, way, coins=coins)
    return world


def exits(world: World) -> list[tuple[str, Decimal, Decimal, bool]]:
    return [order for order in world.resting() if order[3]]


def in_order(*orders: tuple[str, Decimal, Decimal, bool]) -> list[Any]:
    return sorted(orders)


@both_ways
def test_each_step_rests_with_its_share_and_the_last_takes_the_odd_lot(way: Way) -> None:
    world = two_steps(way, coins=201)

    assert exits(world) == in_order(way.exit("0.01", 100), way.exit("0.02", 101))


@both_ways
def test_steps_grow_with_an_averaging_order_and_one_of_each_is_left(way: Way) -> None:
    world = two_steps(way)
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(70)
    world.price(way.at("-0.01"))

    world.wait(30)

    assert exits(world) == in_order(way.exit("0.01", 150), way.exit("0.02", 150))
    live = [o.leg for o in world.orders() if o.is_exit and o.live]
    assert len(live) == len(set(live)) == 2
    assert world.unexplained() == []


@both_ways
def test_beside_another_deal_steps_are_replaced_without_touching_its_exit(way: Way) -> None:
    world = two_steps(way)
    way.enter(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    theirs = world.order("take_profit/1", OTHER).oid
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(70)
    world.price(way.at("-0.01"))

    world.wait(30)

    assert world.order("take_profit/1", OTHER).oid == theirs
    assert exits(world) == in_order(
        way.exit("0.01", 150), way.exit("0.02", 150), way.exit("0.02", 100)
    )


@both_ways
def test_a_filled_step_is_not_placed_again_when_an_averaging_order_fills(way: Way) -> None:
    world = two_steps(way)
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(70)
    world.price(way.at("0.01"))
    world.wait(10)
    world.price(way.at("-0.01"))

    world.wait(30)

    assert exits(world) == [way.exit("0.02", 200)]
    assert len(world.orders("take_profit/1")) == 1


@both_ways
def test_steps_that_become_one_in_mid_deal_leave_one_exit(way: Way) -> None:
    world = two_steps(way)
    world.tell(
        story.target_cancelled(way.at("0.01"), "100"),
        story.target_cancelled(way.at("0.02"), "100"),
    )
    world.at_source("deals", [story.deal(DEAL, world.now, strategy=way.name)])
    world.tell(
        story.base_placing(coins="200"),
        story.base_executed(coins="200"),
        story.target_placing(way.at("0.015"), "200"),
    )

    world.wait(60)

    assert exits(world) == [way.exit("0.015", 200)]
    assert world.position() == way.held(200)


@both_ways
def test_a_step_that_the_source_closes_at_market_is_closed_here_and_the_other_stays(
    way: Way,
) -> None:
    world = two_steps(way)
    world.ledger.rows.change_deal(DEAL, steps_closing=frozenset({Leg.parse("take_profit/2")}))

    world.look()
    world.wait(5)

    assert world.position() == way.held(100)
    assert exits(world) == [way.exit("0.01", 100)]
    assert world.order("take_profit/2").state is State.FILLED
    assert world.order("take_profit/2").why is Reason.SOURCE_PANIC_SOLD


@both_ways
def test_a_step_that_is_closed_later_was_not_naked_since_the_last_fill(way: Way) -> None:
    world = two_steps(way)
    world.wait(25)
    world.ledger.rows.change_deal(DEAL, steps_closing=frozenset({Leg.parse("take_profit/2")}))

    world.look()
    world.wait(5)

    assert max(world.metrics.naked_seconds[VENUE, DEAL]) <= 1


def test_steps_that_are_too_small_for_the_venue_become_one() -> None:
    world = two_steps(LONG, coins=80)

    assert exits(world) == [LONG.exit("0.02", 80)]
