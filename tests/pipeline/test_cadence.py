"""When somebody looks: what is known to follow is due, and a cadence only finds surprises.

A rehearsal has no cadences, so these worlds have none either (design.md, section 11).
"""

from decimal import Decimal

from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]


def test_a_deal_is_mirrored_without_any_cadence() -> None:
    world = bought_world(look_cadence=False)

    assert world.resting() == EXIT_AT_22
    assert world.unexplained() == []


def test_the_end_of_a_deal_is_followed_without_any_cadence() -> None:
    world = bought_world(look_cadence=False)
    world.tell(story.target_executed("0.22"), story.SUMMARY)

    world.wait(60)

    assert world.position() == 0
    assert world.resting() == []
    assert world.unexplained() == []


def test_nothing_is_due_when_everything_is_settled() -> None:
    world = bought_world(look_cadence=False)

    world.wait(60)

    assert world.ledger.next_due_at() is None


def test_what_the_source_places_right_after_its_base_is_seen_within_seconds() -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed())
    world.wait(1)
    world.tell(story.target_placing("0.22"))

    world.wait(5)

    assert world.resting() == EXIT_AT_22


def test_an_exit_taken_away_on_purpose_goes_without_any_cadence() -> None:
    world = bought_world(look_cadence=False)
    world.tell(story.target_cancelled("0.22"), status="bought")
    world.tell(story.safety_executed(2, "0.2", "1"))  # Moves the list, so that it is read.

    world.wait(90)

    assert world.order("take_profit/1").why is Reason.EXIT_REMOVED_AT_SOURCE


def test_a_limit_entry_that_fills_in_part_at_once_has_its_exit_without_any_cadence() -> None:
    world = World(look_cadence=False)
    world.at_venue("depth", {"DOGE": {"asks": "60", "bids": None}})
    world.open_deal()
    world.tell(
        story.base_placing(market=False), story.base_executed(), story.target_placing("0.22")
    )

    world.wait(30)

    assert world.position() == 60
    assert ("A", Decimal("0.22"), Decimal(60), True) in world.resting()


def test_a_close_that_was_refused_once_still_says_why_it_closes() -> None:
    world = World()
    buy(world)
    world.at_venue("depth", {"DOGE": {"asks": None, "bids": "0"}})
    world.tell(status="panic_sell_pending")

    world.wait(10)

    assert world.order("stop").why is Reason.SOURCE_PANIC_SOLD
