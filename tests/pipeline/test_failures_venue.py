"""Failures of the predecessor that began at the venue (design.md, section 13): more of each.

Every test here fails when its defence is taken out: see tests/mutations.
"""

from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from tests.pipeline import story
from tests.pipeline.world import ADDRESS, World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]


def with_safety() -> World:
    """A deal that holds 100 DOGE and waits to buy 100 more at 0.19."""
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    return world


def cancel_by_hand(world: World, leg: str) -> None:
    """Let a person cancel our order on the venue's web page."""
    world.at_venue("act", {"address": ADDRESS, "cancel": world.order(leg).oid})


def test_failure_05_no_more_is_asked_for_than_was_really_bought() -> None:
    """The venue would shrink a reduce-only order that is too large, and so hide the mistake."""
    world = World()
    world.at_venue("depth", {"DOGE": {"asks": "60", "bids": None}})

    buy(world)

    asked = [each for entry in world.actions() for each in entry["action"]["orders"]]
    assert [Decimal(each["s"]) for each in asked if each["r"]] == [Decimal(60)]
    assert world.order("take_profit/1").terms.size == 60


def test_failure_07_an_order_that_a_person_cancelled_is_asked_for_once_and_on_record() -> None:
    world = with_safety()
    cancel_by_hand(world, "safety/1")

    world.tell(story.safety_cancelled(1, "0.19"))
    world.wait(300)

    order = world.order("safety/1")
    assert len(world.actions("cancelByCloid")) <= 1
    assert order.state is State.CANCELLED
    history = [row.event for row in world.ledger.rows.history if row.order_id == order.id]
    assert history[-1] == "gone"


def test_failure_08_an_answer_without_data_is_no_failure() -> None:
    """The venue answers a change of leverage with `{"type": "default"}` and nothing else."""
    world = World()

    buy(world)
    world.wait(60)

    assert len(world.actions("updateLeverage")) == 1
    assert world.resting() == EXIT_AT_22


def test_failure_10_an_order_that_the_venue_let_go_is_not_believed_open() -> None:
    world = with_safety()
    cancel_by_hand(world, "safety/1")
    world.tell(status="cancelled", finished=True)

    world.wait(120)

    assert world.order("safety/1").state is State.CANCELLED
    assert [order for order in world.orders() if order.live and not order.is_exit] == []
    assert world.unexplained() == []


@pytest.mark.parametrize("leg", ["base", "safety/1"])
def test_failure_06_an_entry_that_has_filled_is_never_moved(leg: str) -> None:
    """The source names other prices for it later; what is done is done."""
    world = with_safety()
    world.price("0.19")
    world.wait(10)
    sent = [entry["action"]["type"] for entry in world.at_venue("log") if "action" in entry]

    world.tell(story.safety_placing(1, "0.185"))
    world.wait(120)

    later = [entry["action"]["type"] for entry in world.at_venue("log") if "action" in entry]
    assert later == sent
    assert len(world.orders(leg)) == 1
    assert world.order(leg).state is State.FILLED
