"""A deal that was running before we saw it: the policy decides, once (design.md, section 9)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import Mode
from recomma.domain.policy import OnFirstSight, OnMissedEntry, Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Role
from tests.pipeline import story
from tests.pipeline.world import DEAL, START, VENUE, World, buy

LATER = START + timedelta(minutes=10)


def seen_late(policy: OnFirstSight) -> World:
    """A deal that bought its base and its first averaging order before its bot was enabled."""
    world = World(Policy(on_first_sight=policy), enabled_at=LATER)
    world.open_deal()
    world.tell(
        story.base_placing(),
        story.base_executed(),
        story.safety_placing(1, "0.19"),
        story.safety_placing(2, "0.18"),
    )
    world.sleep(seconds=30)
    world.price("0.19")
    world.tell(story.safety_executed(1, "0.19"), story.target_placing("0.2145", "200"))
    world.sleep(minutes=15)
    world.wait(30)
    return world


def test_by_default_a_deal_that_was_already_running_is_left_alone() -> None:
    world = seen_late(OnFirstSight.IGNORE)

    assert not world.position()
    assert world.resting() == []
    assert set(world.skips().values()) == {Reason.FIRST_SEEN_LATE}


def test_ladder_places_what_is_still_open_and_nothing_of_what_was_missed() -> None:
    world = seen_late(OnFirstSight.LADDER)

    assert world.resting() == [("B", Decimal("0.18"), Decimal(100), False)]
    late = Reason.FIRST_SEEN_LATE
    assert world.skips() == {"base": late, "safety/1": late}
    assert world.unexplained() == []


def test_a_ladder_alone_gets_its_exit_when_its_averaging_order_fills() -> None:
    world = seen_late(OnFirstSight.LADDER)

    world.price("0.18")
    world.wait(1)
    world.tell(
        story.safety_executed(2, "0.18"),
        story.target_cancelled("0.2145", "200"),
        story.target_placing("0.2", "300"),
    )
    world.wait(10)

    assert world.position() == 100
    assert world.resting() == [("A", Decimal("0.2"), Decimal(100), True)]
    assert world.unexplained() == []


def test_catch_up_also_enters_the_position_that_the_source_has() -> None:
    world = seen_late(OnFirstSight.CATCH_UP)

    assert world.position() == 200
    assert world.resting() == [
        ("A", Decimal("0.2145"), Decimal(200), True),
        ("B", Decimal("0.18"), Decimal(100), False),
    ]
    assert world.skips() == {"safety/1": Reason.CAUGHT_UP}
    assert world.unexplained() == []


def test_catch_up_pays_no_more_than_the_cap_above_the_source_average() -> None:
    world = World(Policy(on_first_sight=OnFirstSight.CATCH_UP), enabled_at=LATER)
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.25"))
    world.sleep(minutes=15)
    world.price("0.21")
    world.wait(150)

    assert world.position() == 0
    (base,) = world.orders("base")
    assert base.terms.price == Decimal("0.201")
    assert base.state is not State.FILLED
    assert world.unexplained() == []


def test_a_deal_whose_base_still_rests_has_missed_nothing() -> None:
    world = World(Policy(on_first_sight=OnFirstSight.LADDER), enabled_at=LATER)
    world.open_deal()
    world.tell(story.base_placing("0.18", market=False))
    world.sleep(minutes=15)
    world.wait(10)

    assert world.resting() == [("B", Decimal("0.18"), Decimal(100), False)]
    assert world.ledger.rows.first_sights[DEAL, VENUE][0] is Mode.WHOLE


@pytest.mark.parametrize("policy", OnFirstSight)
def test_a_finished_deal_is_never_replayed_under_any_policy(policy: OnFirstSight) -> None:
    world = World(Policy(on_first_sight=policy))
    world.open_deal()
    world.tell(
        story.base_placing(),
        story.base_executed(),
        story.safety_placing(1, "0.19"),
        status="completed",
        finished=True,
    )
    world.wait(60)

    assert world.orders() == []


def test_the_decision_is_never_made_again() -> None:
    policies = [Policy()]
    world = World(policy_of=lambda _bot, _venue: policies[0], enabled_at=LATER)
    buy(world)
    world.sleep(minutes=15)
    world.wait(30)
    policies[0] = Policy(on_first_sight=OnFirstSight.CATCH_UP)

    world.tell(story.safety_placing(1, "0.19"))
    world.wait(120)

    assert world.orders() == []
    assert set(world.skips().values()) == {Reason.FIRST_SEEN_LATE}


def test_an_outage_of_hours_enters_nothing_that_the_source_has_bought_meanwhile() -> None:
    """The bot opened a deal while everything of ours was down."""
    world = World()
    world.wait(30)
    world.sleep(hours=3)
    world.open_deal(DEAL + 1)
    world.tell(story.base_placing(), story.base_executed(), deal_id=DEAL + 1)
    world.sleep(minutes=10)
    world.wait(30)

    assert world.orders(deal_id=DEAL + 1) == []
    assert world.skips(DEAL + 1) == {"base": Reason.FIRST_SEEN_LATE}


# Without its base.


def without_base(policy: OnMissedEntry) -> World:
    """The market has nothing to sell while the base is worth entering, and has it again later."""
    world = World(Policy(without_base=policy))
    world.at_venue("depth", {"DOGE": {"asks": "0", "bids": None}})
    buy(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(140)
    world.at_venue("depth", {"DOGE": None})
    world.wait(30)
    return world


def test_without_its_base_the_whole_deal_is_skipped() -> None:
    world = without_base(OnMissedEntry.SKIP)

    assert world.resting() == []
    assert world.skips() == {"base": Reason.TOO_FAR, "safety/1": Reason.BASE_SKIPPED}
    assert world.unexplained() == []


def test_without_its_base_the_ladder_may_be_mirrored_all_the_same() -> None:
    world = without_base(OnMissedEntry.LADDER)

    assert world.resting() == [("B", Decimal("0.19"), Decimal(100), False)]
    assert world.unexplained() == []


def test_a_ladder_without_base_does_not_override_what_forbids_the_whole_deal() -> None:
    policy = Policy(without_base=OnMissedEntry.LADDER, denied_coins=frozenset({"DOGE"}))
    world = World(policy)
    buy(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(30)

    assert [o for o in world.orders() if o.leg.role is Role.SAFETY] == []
    assert set(world.skips().values()) == {Reason.DENIED}


def test_a_limit_that_fits_no_base_names_itself_for_the_whole_deal() -> None:
    world = World(Policy(multiplier=Decimal("0.1")))
    buy(world)
    world.wait(30)

    assert world.skips()["base"] is Reason.BELOW_MINIMUM
    assert world.unexplained() == []
