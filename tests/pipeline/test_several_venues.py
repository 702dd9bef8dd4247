"""A bot fans out to several venues; each is on its own (design.md, section 9; issue of venues)."""

from dataclasses import replace
from decimal import Decimal

from recomma.domain.policy import OnFirstSight, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import DEAL, VENUE, World, buy

SECOND = "second"


def by_venue(**multipliers: str) -> World:
    policies = {name: Policy(multiplier=Decimal(by)) for name, by in multipliers.items()}
    return World(policy_of=lambda _bot, venue: policies[venue], others=(SECOND,))


def test_each_venue_has_its_own_multiplier_and_its_own_exit() -> None:
    world = by_venue(hl="0.6", second="2")
    buy(world)

    assert (world.position(), world.position(venue=SECOND)) == (Decimal(60), Decimal(200))
    assert world.resting() == [("A", Decimal("0.22"), Decimal(60), True)]
    assert world.resting(SECOND) == [("A", Decimal("0.22"), Decimal(200), True)]
    assert world.unexplained() == []


def test_an_order_that_is_too_small_on_one_venue_is_placed_on_the_other() -> None:
    world = by_venue(hl="0.4", second="1")
    buy(world)

    assert world.skips() == {"base": Reason.BELOW_MINIMUM}
    assert (world.position(), world.position(venue=SECOND)) == (Decimal(0), Decimal(100))


def test_a_new_multiplier_changes_nothing_of_a_deal_that_was_decided() -> None:
    policies = [Policy()]
    world = World(policy_of=lambda _bot, _venue: policies[0])
    buy(world)
    policies[0] = Policy(multiplier=Decimal(3))

    world.tell(story.safety_placing(1, "0.19"))
    world.wait(30)
    buy(world, DEAL + 1, bot_id=8)
    world.wait(5)

    assert ("B", Decimal("0.19"), Decimal(100), False) in world.resting()
    assert world.order("base", DEAL + 1).terms.size == 300


def test_a_venue_added_in_mid_deal_ignores_the_deal_by_default() -> None:
    world = World(others=(SECOND,))
    del world.ledger.rows.pairs[7, SECOND]
    buy(world)

    world.wait(60)
    world.add_venue(SECOND, enabled_at=world.now)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(60)

    assert world.position(venue=SECOND) == 0
    assert set(world.skips(venue=SECOND).values()) == {Reason.FIRST_SEEN_LATE}


def test_a_venue_added_in_mid_deal_catches_up_if_the_policy_says_so() -> None:
    catch_up = Policy(on_first_sight=OnFirstSight.CATCH_UP)
    world = World(catch_up, others=(SECOND,))
    del world.ledger.rows.pairs[7, SECOND]
    buy(world)

    world.wait(60)
    world.add_venue(SECOND, enabled_at=world.now)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(60)

    assert world.position(venue=SECOND) == 100
    assert world.resting(SECOND) == [
        ("A", Decimal("0.22"), Decimal(100), True),
        ("B", Decimal("0.19"), Decimal(100), False),
    ]
    assert world.unexplained() == []


def test_a_venue_whose_markets_cannot_be_read_does_not_delay_another() -> None:
    world = World(others=(SECOND,))
    broken = world.others[SECOND]
    broken.unreadable = True
    buy(world)

    assert world.resting() == [("A", Decimal("0.22"), Decimal(100), True)]
    assert world.resting(SECOND) == []

    broken.unreadable = False
    world.wait(30)

    assert world.resting(SECOND) == [("A", Decimal("0.22"), Decimal(100), True)]


def test_a_venue_that_dies_in_mid_deal_does_not_delay_the_exits_of_another() -> None:
    world = World(others=(SECOND,))
    buy(world)
    world.others[SECOND].unreadable = True

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.21"))
    world.wait(10)

    assert world.resting() == [("A", Decimal("0.21"), Decimal(100), True)]


def test_a_venue_in_dry_run_sends_nothing_while_the_other_trades() -> None:
    world = World(others=(SECOND,))
    world.add_venue(SECOND, live=False)
    buy(world)

    assert (world.position(), world.position(venue=SECOND)) == (Decimal(100), Decimal(0))
    assert world.skips(venue=SECOND) == {"base": Reason.DRY_RUN}


def test_a_coin_that_one_venue_does_not_trade_is_skipped_there_alone() -> None:
    world = World(others=(SECOND,))
    buy(world)
    markets = world.ledger.rows.markets
    listed = markets[SECOND]["DOGE"]
    markets[SECOND] = {**markets[SECOND], "DOGE": replace(listed, delisted=True)}

    buy(world, DEAL + 1, bot_id=8)
    world.wait(5)

    assert world.skips(DEAL + 1, SECOND) == {"base": Reason.DELISTED}
    assert world.order("base", DEAL + 1).venue == VENUE
