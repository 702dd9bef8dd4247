"""What random runs have found, each as a story of its own."""

from recomma.domain.lifecycle import State
from recomma.domain.policy import OnSourceExit, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import World, bought_world


def test_an_exit_that_shrank_with_the_position_ends_when_it_has_filled() -> None:
    """It filled with less than we had asked for, and was waited for and cancelled for ever."""
    world = bought_world()
    world.act("sell", "60")

    world.price("0.22")
    world.wait(20)
    world.survey()
    world.wait(15)

    assert world.position() == 0
    assert [order for order in world.orders() if order.live] == []
    assert world.ledger.rows.transfers[-1].size == 60
    assert world.unexplained() == []


def test_a_close_in_doubt_that_shrank_with_the_position_ends() -> None:
    """A close that rests at the last cap may fill at once, with what is left to sell."""
    world = bought_world()
    world.act("sell", "60")
    world.at_venue("depth", {"DOGE": {"bids": "0"}})
    world.tell(status="panic_sell_pending")
    world.wait(14)
    world.at_venue("depth", {"DOGE": None})
    world.faults({"kind": "answer_lost", "request_type": "order"})

    world.wait(20)
    world.faults()
    world.wait(40)
    world.survey()
    world.wait(15)

    assert world.position() == 0
    assert [order for order in world.orders() if order.live] == []
    assert world.unexplained() == []


def test_where_there_is_no_exit_to_keep_the_close_of_the_source_is_followed() -> None:
    """A trailing take-profit shows no exit before it has fired: there is nothing to keep."""
    world = World(policy=Policy(on_source_exit=OnSourceExit.KEEP_EXIT))
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed())
    world.wait(5)
    assert world.position() == 100

    world.tell(story.SUMMARY, status="completed", finished=True)
    world.wait(60)

    assert world.position() == 0
    assert world.order("stop").state is State.FILLED
    assert world.order("stop").why is Reason.SOURCE_TOOK_PROFIT
