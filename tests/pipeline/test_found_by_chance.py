"""What random runs have found, each as a story of its own."""

from datetime import timedelta

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.notes import Note, Step
from recomma.domain.policy import OnFirstSight, OnSourceExit, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import BOT, DEAL, START, VENUE, World, address_of, bought_world, buy


def without_looks(queue: list[Note]) -> None:
    """Lose the messages that have a deal looked at on its venue."""
    queue[:] = [note for note in queue if note.step is not Step.RECONCILE]


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


def test_a_position_too_small_to_be_caught_up_with_leaves_the_whole_deal_out() -> None:
    """Its averaging orders had waited for that base for ever, without a reason."""
    policy = Policy(on_first_sight=OnFirstSight.CATCH_UP)
    world = World(policy=policy, enabled_at=START + timedelta(seconds=30))
    world.open_deal()
    world.tell(story.base_placing(coins="40"), story.base_executed(coins="40"))
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(60)

    world.tell(story.safety_executed(1, "0.19"))
    world.wait(60)

    assert world.skips() == {"base": Reason.BELOW_MINIMUM, "safety/1": Reason.BASE_SKIPPED}
    assert world.position() == 0
    assert world.unexplained() == []


def test_steps_of_one_deal_that_take_each_other_away_do_not_keep_a_survey_from_judging() -> None:
    """One of four had always just been taken away when a survey looked."""
    world = World()
    steps = [
        {"id": j, "amount_percentage": "25", "price": {"value": price}, "trade_id": None}
        for j, price in enumerate(("0.22", "0.23", "0.24", "0.25"), start=1)
    ]
    world.open_deal(take_profit_steps=steps)
    world.tell(story.base_placing(coins="304"), story.base_executed(coins="304"))
    world.tell(*(story.target_placing(price, "76") for price in ("0.22", "0.23", "0.24", "0.25")))
    world.wait(5)
    world.act("sell", "60")

    for _ in range(3):
        world.wait(30)
        world.survey()

    assert [row.size for row in world.ledger.rows.transfers] == [60]
    exits = [size for _, _, size, reduces in world.resting() if reduces]
    assert (len(exits), sum(exits)) == (4, 244)


def test_steps_that_take_each_other_away_are_not_placed_again_without_a_pause() -> None:
    """Where the venue had shrunk one before, no survey could judge, and they went on for ever."""
    world = World()
    steps = [
        {"id": j, "amount_percentage": share, "price": {"value": price}, "trade_id": None}
        for j, share, price in ((1, "20", "0.22"), (2, "20", "0.23"), (3, "20", "0.24"))
    ]
    last = {"id": 4, "amount_percentage": "40", "price": {"value": "0.25"}, "trade_id": None}
    world.open_deal(take_profit_steps=[*steps, last])
    world.tell(story.base_placing(coins="304"), story.base_executed(coins="304"))
    world.tell(*(story.target_placing(p, "60") for p in ("0.22", "0.23", "0.24")))
    world.tell(story.target_placing("0.25", "124"))
    world.wait(5)
    world.act("sell", "275")
    before = len(world.orders())

    for _ in range(4):
        world.wait(30)
        world.survey()

    assert sum(row.size for row in world.ledger.rows.transfers) == 275
    assert len(world.orders()) - before <= 4 * 8


def test_two_deals_that_are_too_small_to_close_alone_are_closed_together() -> None:
    """Each waited for the other's exit, and neither had one."""
    world = World()
    for deal_id, bot_id in ((DEAL, BOT), (DEAL + 1, BOT + 1)):
        world.open_deal(deal_id, bot_id=bot_id)
        world.tell(
            story.base_placing("0.2", "53"), story.base_executed("0.2", "53"), deal_id=deal_id
        )
    world.wait(5)
    assert world.position() == 106
    world.price("0.19")

    for deal_id in (DEAL, DEAL + 1):
        world.tell(deal_id=deal_id, status="panic_sold", finished=True)
    world.wait(60)

    assert world.position() == 0
    assert world.unexplained() == []


def test_the_rest_of_an_entry_that_the_venue_ended_is_not_waited_for() -> None:
    """It filled in part when it was placed; its answer told that part, and not the end."""
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    world.wait(5)
    world.at_venue("switches", {"gtc_partial": "filled"})
    world.at_venue("depth", {"DOGE": {"asks": "32"}})
    world.price("0.18")
    world.handle_messages = without_looks
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    assert world.order("safety/1").state is State.IN_DOUBT
    world.at_venue("act", {"address": address_of(VENUE), "cancel": "all"})

    world.handle_messages = lambda queue: None
    world.wait(60)

    assert world.order("safety/1").filled == 32
    assert world.order("safety/1").state is State.CANCELLED


@pytest.mark.parametrize("seconds", [2, 5, 7, 12])
def test_deals_whose_exits_take_each_other_away_are_judged_soon(seconds: int) -> None:
    """Each new exit took the other deal's away, and every survey met the moment in between."""
    world = bought_world()
    buy(world, DEAL + 1, bot_id=BOT + 1)
    world.wait(seconds)
    world.act("sell", "120")
    world.wait(40 + seconds)

    for _ in range(2):
        world.survey()
        world.wait(30)

    lost = [row.size for row in world.ledger.rows.transfers if row.to_deal is None]
    assert sum(lost) == 120
    exits = [size for _, _, size, reduces in world.resting() if reduces]
    assert sum(exits) == world.position() == 80
    assert world.unexplained() == []
