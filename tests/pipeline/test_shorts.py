"""A short deal is mirrored as a long one is, with the sides turned round (threecommas.md 7)."""

from decimal import Decimal
from typing import Any

from recomma.domain.policy import OnSourceRelease, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import World, buy

EXIT_AT_18 = [("B", Decimal("0.18"), Decimal(100), True)]


def sold_world(**fields: Any) -> World:
    """A world whose deal has sold 100 DOGE short at 0.2 and buys them back at 0.18."""
    world = World(**fields)
    world.open_deal(strategy="short")
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.18"))
    world.wait(1)
    return world


def test_a_market_base_is_sold_and_bought_back_below() -> None:
    world = sold_world()

    assert world.position() == -100
    assert world.resting() == EXIT_AT_18
    assert world.unexplained() == []


def test_averaging_orders_stand_above_and_the_exit_grows_and_moves_with_each() -> None:
    world = sold_world()
    world.tell(story.safety_placing(1, "0.21"), story.safety_placing(2, "0.22"))
    world.wait(25)
    assert ("A", Decimal("0.21"), Decimal(100), False) in world.resting()

    world.price("0.21")
    world.wait(1)
    world.tell(
        story.safety_executed(1, "0.21"),
        story.target_cancelled("0.18"),
        story.target_placing("0.185", "200"),
    )
    world.wait(5)

    assert world.position() == -200
    assert world.resting() == [
        ("A", Decimal("0.22"), Decimal(100), False),
        ("B", Decimal("0.185"), Decimal(200), True),
    ]
    assert world.unexplained() == []


def test_a_take_profit_below_ends_the_deal_here_too() -> None:
    world = sold_world()

    world.price("0.18")
    world.wait(1)
    world.tell(story.target_executed("0.18"), story.SUMMARY)
    world.wait(90)

    assert not world.position()
    assert world.resting() == []
    assert world.unexplained() == []


def test_a_stopped_short_is_bought_back_at_once() -> None:
    world = sold_world()
    world.price("0.23")

    world.tell(status="stop_loss_finished", finished=True)
    world.wait(30)

    assert not world.position()
    assert world.resting() == []
    assert {o.terms.reduce_only for o in world.orders("stop")} == {True}
    assert world.unexplained() == []


def test_a_panic_sale_of_a_short_is_bought_back_however_far_the_market_is() -> None:
    world = sold_world()
    world.at_venue("depth", {"DOGE": {"asks": "30", "bids": None}})

    world.tell(status="panic_sold", finished=True)
    world.wait(20)
    world.at_venue("depth", {"DOGE": None})
    world.price("0.201")
    world.wait(60)

    assert world.position() == 0
    assert world.unexplained() == []


def test_a_cancelled_short_keeps_its_last_exit() -> None:
    world = sold_world()

    world.tell(status="cancelled", finished=True)
    world.wait(60)

    assert world.resting() == EXIT_AT_18
    assert world.unexplained() == []


def test_a_cancelled_short_is_closed_if_the_policy_says_so() -> None:
    world = sold_world(policy=Policy(on_source_release=OnSourceRelease.CLOSE))

    world.tell(status="cancelled", finished=True)
    world.wait(60)

    assert world.position() == 0
    assert world.unexplained() == []


def test_a_short_on_a_coin_that_a_long_deal_holds_is_skipped_as_a_whole() -> None:
    world = World()
    buy(world)

    world.open_deal(502, bot_id=8, strategy="short")
    world.tell(
        story.base_placing(), story.base_executed(), story.safety_placing(1, "0.21"), deal_id=502
    )
    world.wait(30)

    assert world.position() == 100
    assert set(world.skips(502).values()) == {Reason.OPPOSITE_SIDE}
    assert world.unexplained() == []


def test_the_other_side_may_have_the_coin_when_nothing_of_the_first_is_left() -> None:
    world = World()
    buy(world)
    world.tell(status="panic_sold", finished=True)
    world.wait(60)

    world.open_deal(502, bot_id=8, strategy="short")
    world.tell(
        story.base_placing(), story.base_executed(), story.target_placing("0.18"), deal_id=502
    )
    world.wait(10)

    assert world.position() == -100
    assert world.resting() == EXIT_AT_18


def test_a_released_position_still_blocks_the_other_side() -> None:
    world = World()
    buy(world)
    world.tell(status="cancelled", finished=True)
    world.wait(60)

    world.open_deal(502, bot_id=8, strategy="short")
    world.tell(story.base_placing(), story.base_executed(), deal_id=502)
    world.wait(10)

    assert world.skips(502) == {"base": Reason.OPPOSITE_SIDE}
