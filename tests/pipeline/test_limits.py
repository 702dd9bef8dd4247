"""Limits before every entry; exits know none (design.md, section 9, Limits)."""

from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.policy import Limits, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import BOT, DEAL, VENUE, World, buy

OTHER = DEAL + 1
EXIT_AT_22 = ("A", Decimal("0.22"), Decimal(100), True)


def limited(*, live: bool = True, open_orders: int | None = None, **limits: str) -> World:
    numbers: dict[str, Any] = {name: Decimal(value) for name, value in limits.items()}
    policy = Policy(limits=Limits(open_orders=open_orders, **numbers))
    return World(policy, live=live)


def why_skipped(world: World, deal_id: int = DEAL) -> Reason | None:
    return world.ledger.mirrored(deal_id, VENUE).standing_why


# A base is worth 20.1 USD: 100 DOGE at most 0.5 % above 0.2.


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"order_usd": "20"}, Reason.LIMIT_ORDER),
        ({"deal_usd": "20"}, Reason.LIMIT_DEAL),
        ({"coin_usd": "20"}, Reason.LIMIT_COIN),
        ({"venue_usd": "20"}, Reason.LIMIT_VENUE),
        ({"total_usd": "20"}, Reason.LIMIT_TOTAL),
        ({"distance": "0.004"}, Reason.LIMIT_DISTANCE),
        ({"open_orders": 0}, Reason.LIMIT_OPEN_ORDERS),
    ],
)
def test_a_base_beyond_a_limit_is_skipped_and_with_it_the_whole_deal(
    limits: dict[str, Any], reason: Reason, live: bool
) -> None:
    world = limited(live=live, **limits)
    buy(world)
    world.tell(story.safety_placing(1, "0.19", "60"))

    world.wait(90)

    assert world.actions() == []
    assert world.skips()["base"] is reason
    assert "safety/1" in world.skips()
    assert why_skipped(world) is reason
    assert world.unexplained() == []


def test_what_is_exactly_at_its_limits_is_mirrored() -> None:
    world = limited(
        order_usd="20.1", deal_usd="20.1", coin_usd="20.1", venue_usd="20.1", total_usd="20.1"
    )
    buy(world)

    assert world.position() == 100


def test_an_averaging_order_beyond_the_deals_limit_is_skipped_alone() -> None:
    world = limited(deal_usd="35")
    buy(world)
    world.tell(story.safety_placing(1, "0.19"), story.safety_placing(2, "0.14"))

    world.wait(30)

    assert world.skips() == {"safety/1": Reason.LIMIT_DEAL}
    assert ("B", Decimal("0.14"), Decimal(100), False) in world.resting()
    assert world.unexplained() == []


def test_a_resting_entry_waits_for_room_on_its_coin_and_takes_it_when_another_deal_ends() -> None:
    world = limited(coin_usd="50")
    buy(world)
    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    held = world.order("safety/1")
    world.tell(status="panic_sell_pending", deal_id=OTHER)

    world.wait(90)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.LIMIT_COIN)
    assert world.order("safety/1").state is State.RESTING
    assert world.unexplained() == []


def test_entries_of_one_batch_count_for_each_other() -> None:
    world = limited(venue_usd="40")
    for number, deal_id in enumerate((DEAL, OTHER)):
        world.open_deal(deal_id, bot_id=BOT + number)
        world.tell(story.base_placing(), story.base_executed(), deal_id=deal_id)

    world.wait(10)

    assert world.position() == 100
    assert [why_skipped(world, d) for d in (DEAL, OTHER)].count(Reason.LIMIT_VENUE) == 1


def test_a_resting_entry_that_is_too_far_off_waits_until_the_market_comes_nearer() -> None:
    world = limited(distance="0.06")
    buy(world)
    world.tell(story.safety_placing(1, "0.18"))
    world.wait(40)
    held = world.order("safety/1")
    world.price("0.19")

    world.wait(60)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.LIMIT_DISTANCE)
    assert world.order("safety/1").state is State.RESTING


def test_an_entry_that_waits_for_room_goes_away_when_it_is_not_wanted_any_more() -> None:
    world = limited(open_orders=1)  # The exit takes the only place.
    buy(world)
    world.wait(10)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(40)
    held = world.order("safety/1")

    world.tell(story.safety_cancelled(1, "0.19"))
    world.wait(60)

    assert held.waits_why is Reason.LIMIT_OPEN_ORDERS
    assert world.order("safety/1").why is Reason.SOURCE_CANCELLED
    assert world.resting() == [EXIT_AT_22]


def test_exits_know_no_limits() -> None:
    world = limited(
        order_usd="20.1", deal_usd="20.1", coin_usd="20.1", total_usd="20.1", distance="0.05"
    )
    buy(world)
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.4"))

    world.wait(90)

    assert world.resting() == [("A", Decimal("0.4"), Decimal(100), True)]


def test_limits_that_are_tightened_at_run_time_change_nothing_that_was_asked() -> None:
    policies = [Policy()]
    world = World(policy_of=lambda _bot, _venue: policies[0])
    buy(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(30)
    policies[0] = Policy(limits=Limits(deal_usd=Decimal(45)))
    world.tell(story.safety_placing(2, "0.18"))

    world.wait(70)

    assert ("B", Decimal("0.19"), Decimal(100), False) in world.resting()
    assert world.skips() == {"safety/2": Reason.LIMIT_DEAL}


def test_the_total_counts_what_is_on_other_venues() -> None:
    policy = Policy(limits=Limits(total_usd=Decimal(30)))
    world = World(policy, others=("second",))
    buy(world)

    world.wait(10)

    both = [world.position(), world.position(venue="second")]
    assert sorted(both) == [0, 100]


def test_a_failing_venue_holds_up_no_entry_of_another() -> None:
    world = World(Policy(limits=Limits(distance=Decimal("0.5"))), others=("second",))
    buy(world, DEAL)
    world.venue.unreadable = True
    buy(world, OTHER, bot_id=BOT + 1)

    world.wait(5)

    held = world.order("base", OTHER)
    assert (held.state, held.waits_why) == (State.PLANNED, Reason.VENUE_UNREADABLE)
    assert world.position(venue="second") == 200


# Lists.


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(
    "policy",
    [
        Policy(denied=True),
        Policy(coins=frozenset({"BTC"})),
        Policy(denied_coins=frozenset({"DOGE"})),
    ],
)
def test_a_bot_or_a_coin_on_a_list_is_not_entered(policy: Policy, live: bool) -> None:
    world = World(policy, live=live)
    buy(world)

    world.wait(30)

    assert world.actions() == []
    assert world.skips()["base"] is Reason.DENIED
    assert world.unexplained() == []


def test_a_list_that_grew_holds_averaging_and_no_exit() -> None:
    policies = [Policy()]
    world = World(policy_of=lambda _bot, _venue: policies[0])
    buy(world)
    policies[0] = Policy(denied=True)
    world.tell(story.safety_placing(1, "0.19"))
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))

    world.wait(90)

    assert world.skips() == {"safety/1": Reason.DENIED}
    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]
