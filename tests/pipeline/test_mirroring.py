"""A deal is mirrored from its base to its end (design.md, section 9)."""

from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing
from recomma.domain.policy import OnSourceExit, Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from tests.pipeline import story
from tests.pipeline.world import DEAL, VENUE, World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]


def with_safety(**fields: Any) -> World:
    """A deal that holds 100 DOGE and waits to buy 100 more at 0.19."""
    world = bought_world(**fields)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    return world


def fill_safety(world: World) -> None:
    world.price("0.19")
    world.wait(1)
    world.tell(
        story.safety_executed(1, "0.19"),
        story.target_cancelled("0.22"),
        story.target_placing("0.2145", "200"),
    )


# Entries and their exits.


def test_a_market_base_is_mirrored_and_then_its_take_profit() -> None:
    world = bought_world()

    assert world.position() == 100
    assert world.resting() == EXIT_AT_22
    assert world.unexplained() == []


def test_failure_02_a_take_profit_waits_for_its_base_to_fill() -> None:
    world = World()
    world.at_venue("depth", {"DOGE": {"asks": "0", "bids": None}})
    buy(world)
    assert world.orders("take_profit/1") == []

    world.at_venue("depth", {"DOGE": None})
    world.wait(5)

    assert world.resting() == EXIT_AT_22


def test_failure_05_a_take_profit_is_as_large_as_what_was_really_bought() -> None:
    world = World()
    world.at_venue("depth", {"DOGE": {"asks": "60", "bids": None}})
    buy(world)

    assert world.position() == 60
    assert world.resting() == [("A", Decimal("0.22"), Decimal(60), True)]


def test_the_rest_of_a_base_is_bought_when_the_market_has_it() -> None:
    world = World()
    world.at_venue("depth", {"DOGE": {"asks": "40", "bids": None}})
    buy(world)

    world.at_venue("depth", {"DOGE": None})
    world.wait(10)

    assert world.position() == 100
    assert world.resting() == EXIT_AT_22
    assert world.unexplained() == []


def test_a_rest_too_small_for_the_venue_is_left_unbought() -> None:
    world = World()
    world.at_venue("depth", {"DOGE": {"asks": "60", "bids": None}})
    buy(world)
    world.at_venue("depth", {"DOGE": None})

    world.wait(10)

    assert world.position() == 60
    assert [found.reason for found in world.differences()] == [Reason.UNFILLED_REMAINDER]
    assert len(world.actions()) == 2  # The base and its exit: nothing was learned from a refusal.


def test_a_limit_base_rests_at_the_source_price_and_its_ladder_beside_it() -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing("0.195", market=False))
    world.wait(1)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)

    assert [price for _, price, _, _ in world.resting()] == [Decimal("0.19"), Decimal("0.195")]


def test_an_averaging_order_that_fills_here_has_its_exit_resized_at_once() -> None:
    world = with_safety()
    world.price("0.19")

    world.wait(4)

    assert world.position() == 200
    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]


def test_failure_18_a_take_profit_follows_its_price_and_its_size_while_safeties_are_open() -> None:
    world = with_safety()
    world.tell(story.safety_placing(2, "0.18"))
    fill_safety(world)

    world.wait(25)

    exits = [order for order in world.resting() if order[0] == "A"]
    assert exits == [("A", Decimal("0.2145"), Decimal(200), True)]
    assert ("B", Decimal("0.18"), Decimal(100), False) in world.resting()


def test_a_take_profit_that_is_being_moved_at_the_source_stays_here_meanwhile() -> None:
    world = bought_world()
    world.tell(story.target_cancelled("0.22"))
    world.wait(9)
    assert world.resting() == EXIT_AT_22

    world.tell(story.target_placing("0.23"))
    world.wait(25)

    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]


def test_a_take_profit_that_was_taken_away_on_purpose_goes_after_a_second_look() -> None:
    world = bought_world()
    world.tell(story.target_cancelled("0.22"))

    world.wait(60)

    assert world.resting() == []
    assert world.order("take_profit/1").why is Reason.EXIT_REMOVED_AT_SOURCE
    assert [found.reason for found in world.differences()] == [Reason.NO_EXIT_AT_SOURCE]


def test_failure_19_an_averaging_order_cancelled_at_the_source_is_cancelled_here() -> None:
    world = with_safety()
    world.tell(story.safety_cancelled(1, "0.19"))

    world.wait(70)

    assert world.order("safety/1").state is State.CANCELLED
    assert world.resting() == EXIT_AT_22


# Ends.


def test_our_take_profit_fills_and_the_deal_is_closed_here() -> None:
    world = with_safety()
    world.price("0.22")

    world.wait(10)

    assert world.position() == 0
    assert world.resting() == []
    assert world.ledger.rows.standings[DEAL, VENUE][0] is Standing.CLOSED_HERE


def test_what_the_source_adds_after_our_own_end_is_skipped() -> None:
    world = bought_world()
    world.price("0.22")
    world.wait(10)

    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)  # Nothing in the list tells of it: the slow cadence finds it.

    assert world.skips() == {"safety/1": Reason.CLOSED_HERE_FIRST}
    assert world.unexplained() == []


def test_a_deal_that_both_sides_finish_leaves_nothing_behind() -> None:
    world = with_safety()
    world.price("0.22")
    world.wait(1)
    world.tell(story.target_executed("0.22"), story.safety_cancelled(1, "0.19"), story.SUMMARY)

    world.wait(60)

    assert world.position() == 0
    assert world.resting() == []
    assert world.unexplained() == []


def test_a_completed_deal_without_our_fill_is_closed_after_a_grace() -> None:
    world = bought_world()
    world.tell(story.target_executed("0.22"), story.SUMMARY)
    world.wait(15)
    assert world.resting() == EXIT_AT_22

    world.wait(15)

    assert world.position() == 0
    assert world.order("stop").why is Reason.SOURCE_TOOK_PROFIT
    assert world.unexplained() == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("stop_loss_pending", Reason.SOURCE_STOPPED),
        ("panic_sell_pending", Reason.SOURCE_PANIC_SOLD),
    ],
)
def test_a_stop_or_panic_at_the_source_closes_at_market_at_once(
    status: str, reason: Reason
) -> None:
    world = with_safety()
    world.tell(status=status)

    world.wait(10)

    assert world.position() == 0
    assert world.resting() == []
    assert world.order("stop").why is reason
    assert world.order("safety/1").state is State.CANCELLED


def test_failure_14_every_exit_is_reduce_only() -> None:
    world = bought_world()
    world.tell(status="panic_sell_pending")
    world.wait(10)

    sells = [order for order in world.at_the_venue() if order["side"] == "A"]

    assert len(sells) >= 2
    assert all(order["reduceOnly"] for order in sells)


def test_a_close_that_finds_no_buyers_reaches_further_and_then_rests() -> None:
    world = bought_world()
    world.at_venue("depth", {"DOGE": {"asks": None, "bids": "0"}})
    world.tell(status="panic_sell_pending")

    world.wait(60)

    assert world.position() == 100
    assert ("A", Decimal("0.19"), Decimal(100), True) in world.resting()


@pytest.mark.parametrize("bids", ["30", "60", "90"])
def test_a_close_that_fills_in_parts_sells_all_and_never_more(bids: str) -> None:
    world = bought_world()
    world.at_venue("depth", {"DOGE": {"asks": None, "bids": bids}})
    world.tell(status="panic_sell_pending")
    world.wait(8)
    world.at_venue("depth", {"DOGE": None})
    world.price("0.2")

    world.wait(30)

    assert world.position() == 0
    assert world.letters() == []
    assert world.unexplained() == []


def test_a_deal_whose_coins_stay_keeps_its_exit_and_loses_its_entries() -> None:
    world = with_safety()
    world.tell(status="cancelled", finished=True)

    world.wait(60)

    assert world.position() == 100
    assert world.resting() == EXIT_AT_22
    assert world.unexplained() == []


def test_a_policy_can_keep_the_exit_when_the_source_closes() -> None:
    world = bought_world(policy=Policy(on_source_exit=OnSourceExit.KEEP_EXIT))
    world.tell(status="panic_sell_pending")

    world.wait(30)

    assert world.position() == 100
    assert world.resting() == EXIT_AT_22


def test_failure_10_an_order_is_not_believed_open_after_its_deal_ended() -> None:
    world = with_safety()
    world.tell(status="panic_sold", finished=True)

    world.wait(60)

    assert [order for order in world.orders() if order.live] == []
    assert world.resting() == []


# Steps.


def two_steps() -> World:
    world = World()
    steps = [
        {"id": n, "amount_percentage": "50.0", "price": {"value": p}, "trade_id": None}
        for n, p in ((1, "0.21"), (2, "0.22"))
    ]
    world.open_deal(take_profit_steps=steps)
    placing = [story.target_placing("0.21", "50"), story.target_placing("0.22", "50")]
    world.tell(story.base_placing(), story.base_executed(), *placing)
    world.wait(5)
    return world


def test_each_take_profit_step_rests_with_its_share() -> None:
    assert two_steps().resting() == [
        ("A", Decimal("0.21"), Decimal(50), True),
        ("A", Decimal("0.22"), Decimal(50), True),
    ]


def test_failure_03_a_take_profit_that_has_filled_is_never_placed_again() -> None:
    world = two_steps()
    world.price("0.21")

    world.wait(60)

    assert world.position() == 50
    assert world.resting() == [("A", Decimal("0.22"), Decimal(50), True)]
    assert len(world.orders(str(Leg(Role.TAKE_PROFIT, "1")))) == 1
