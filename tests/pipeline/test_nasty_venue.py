"""What the venue does between orders of one account, and in every reading of its open questions.

See hyperliquid.md 15, 18 and 19; threecommas.md 14.
"""

from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.reasons import Reason
from recomma.simulators.hyperliquid.switches import QUESTIONS, positions
from recomma.simulators.hyperliquid.switches import Switches as VenueSwitches
from recomma.simulators.threecommas.switches import WAYS
from recomma.simulators.threecommas.switches import Switches as SourceSwitches
from tests.pipeline import story
from tests.pipeline.both_ways import LONG, Way, both_ways, flat
from tests.pipeline.plays import Play, is_settled, script, twice
from tests.pipeline.world import BOT, DEAL, World, bought_world

OTHER: Final = DEAL + 1
EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]


def venue_turned() -> list[tuple[str, Any]]:
    """Return every switch of the venue in each position that is not our guess."""
    guesses = vars(VenueSwitches())
    return [(n, p) for n in QUESTIONS for p in positions(n) if p != guesses[n]]


def source_turned() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for switch in fields(SourceSwitches):
        guess = getattr(SourceSwitches(), switch.name)
        if isinstance(guess, bool):
            found.append((switch.name, not guess))
        elif isinstance(guess, str):
            found += [(switch.name, way) for way in WAYS[switch.name] if way != guess]
    return found


@pytest.mark.parametrize(("name", "position"), venue_turned())
def test_a_deal_is_mirrored_under_either_answer_to_an_open_question_of_the_venue(
    name: str, position: Any
) -> None:
    """A part-filled entry, a batch with a defect, a moved exit, and a close."""
    world = World()
    world.at_venue("switches", {name: position})
    LONG.enter(world)
    world.at_venue("depth", {"DOGE": {"asks": "60", "bids": None}})
    world.tell(story.safety_placing(1, "0.2"), story.safety_placing(2, "0.004", "5000"))
    world.wait(70)
    assert ("A", Decimal("0.22"), world.position(), True) in world.resting()

    world.at_venue("depth", {"DOGE": None})
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23", "200"))
    world.wait(70)
    world.tell(status="panic_sell_pending")
    world.wait(30)

    assert flat(world)
    assert twice(world) == []
    assert is_settled(world)


@both_ways
@pytest.mark.parametrize(("name", "position"), source_turned())
def test_a_deal_is_mirrored_under_either_answer_to_an_open_question_of_the_source(
    way: Way, name: str, position: Any
) -> None:
    """Averaging, an order by hand, an edited target and a panic sale."""
    world = World()
    world.at_source("switches", {name: position})
    prices = [["0s", "0.25"], ["40s", f"{Decimal('0.25') - way.sign * Decimal('0.0026')}"]]
    actions: list[dict[str, Any]] = [
        {"at": "60s", "do": "add_funds", "quantity": "100"},
        {"at": "80s", "do": "edit", "take_profit": "3"},
        {"at": "150s", "do": "panic_sell"},
    ]
    ladder = {"max_safety_orders": 2, "stop_loss_percentage": "20"}
    play = Play(script(prices, *actions, strategy=way.name, **ladder), world)
    play.run(145, every=29)
    assert abs(world.position()) == play.entered_at_source()
    assert [size for _, size in play.exits()] == [play.entered_at_source()]

    play.run(60)

    assert flat(world)
    assert is_settled(world)


@both_ways
def test_a_close_that_meets_another_deals_entry_sells_its_own_and_the_loss_is_explained(
    way: Way,
) -> None:
    """One account never trades with itself: the venue cancels what rests, without a fill."""
    world = way.world()
    way.enter(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    entering, leaving = ("asks", "bids") if way is LONG else ("bids", "asks")
    world.at_venue("depth", {"DOGE": {entering: "60", leaving: "40"}})
    world.tell(story.safety_placing(1, way.at("0")))
    world.wait(70)
    assert world.order("safety/1").filled == 60  # The rest stays at the market's own price.

    world.tell(status="panic_sell_pending", deal_id=OTHER)
    world.wait(5)
    world.at_venue("depth", {"DOGE": None})
    world.wait(60)

    statuses = {order["status"] for order in world.at_the_venue()}
    assert "selfTradeCanceled" in statuses
    assert world.position() == way.held(160)
    assert world.resting() == [way.exit("0.02", 160)]
    assert world.order("safety/1").why is Reason.CANCELLED_BY_VENUE
    assert twice(world) == []
    assert is_settled(world)


def test_an_exit_that_a_person_cancelled_is_placed_again() -> None:
    world = bought_world()
    oid = world.order("take_profit/1").oid
    world.at_venue("act", {"address": world.ledger.venues()[0].account, "cancel": oid})

    world.wait(60)

    assert world.resting() == EXIT_AT_22
    assert world.order("take_profit/1").oid != oid
    assert world.unexplained() == []


@pytest.mark.parametrize("seconds", ["-30", "-3", "3", "30"])
def test_a_venue_whose_clock_is_wrong_gets_each_order_once(seconds: str) -> None:
    world = World()
    world.faults({"kind": "clock_skew", "seconds": seconds})

    LONG.enter(world)
    world.wait(90)
    world.faults()
    world.wait(90)

    assert world.position() in (0, 100)
    assert sum(size for *_, size, _ in world.resting()) == world.position()
    assert twice(world) == []
    assert is_settled(world)


@both_ways
def test_an_answer_that_comes_after_the_fill_was_seen_elsewhere_changes_nothing(way: Way) -> None:
    world = World()
    world.faults({"kind": "delayed_answer", "seconds": 8, "request_type": "order"})
    way.enter(world)
    world.wait(30)
    world.faults()

    world.wait(60)

    assert world.position() == way.held(100)
    assert world.resting() == [way.exit("0.02")]
    assert world.order("base").state is State.FILLED
    assert twice(world) == []
    assert is_settled(world)


@both_ways
@pytest.mark.parametrize("beyond", ["fills", "refused"])
def test_an_entry_that_the_margin_covers_only_in_part_has_an_exit_for_that_part(
    way: Way, beyond: str
) -> None:
    """An averaging order at market, on an account that was emptied (hyperliquid.md 7.1)."""
    world = way.world()
    world.at_venue("switches", {"ioc_beyond_margin": beyond})
    account = {"address": world.ledger.venues()[0].account, "balance": "32"}
    world.at_venue("accounts", account)
    size = "Price: market Size: 20 USDT (100 DOGE)"
    world.tell(f"Placing averaging order (1 out of 2). {size}")
    world.tell(f"Averaging order (1 out of 2) executed. {size}")

    world.wait(200)

    held = abs(world.position())
    assert 100 < held < 200 if beyond == "fills" else held == 100
    assert world.resting() == [way.exit("0.02", f"{held}")]
    assert "marginCanceled" in {order["status"] for order in world.at_the_venue()} or (
        beyond == "refused"
    )
    assert twice(world) == []
    assert world.unexplained() == []
