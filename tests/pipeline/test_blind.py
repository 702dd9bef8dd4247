"""3Commas cannot be read for long: no entries of its deals, exits go on (design.md 9, Blind)."""

from decimal import Decimal

from recomma.domain.lifecycle import State
from recomma.domain.policy import OnBlind, Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level
from tests.pipeline import story
from tests.pipeline.stopping import forbid, lift
from tests.pipeline.world import World, bought_world

FIVE_MINUTES = 300


def go_blind(world: World) -> None:
    world.at_source("faults", [{"kind": "http", "status": 502, "path": "/public"}])


def see_again(world: World) -> None:
    world.at_source("faults", [])


def held_back(world: World) -> int:
    """Have an averaging order wait for a person; return the stop's number."""
    number = forbid(world, Level.NO_ENTRIES)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(10)
    return number


def test_no_entry_is_asked_for_while_the_source_cannot_be_seen() -> None:
    world = bought_world()
    number = held_back(world)
    go_blind(world)
    world.wait(FIVE_MINUTES + 10)

    lift(world, number)
    world.wait(60)

    assert world.order("safety/1").waits_why is Reason.BLIND
    assert len(world.resting()) == 1
    assert world.unexplained() == []


def test_entries_go_on_by_themselves_when_the_source_is_seen_again() -> None:
    world = bought_world()
    number = held_back(world)
    go_blind(world)
    world.wait(FIVE_MINUTES + 10)
    lift(world, number)
    world.wait(60)

    see_again(world)
    world.wait(30)

    assert world.order("safety/1").state is State.RESTING


def test_a_short_outage_of_the_source_holds_nothing_back() -> None:
    world = bought_world()
    number = held_back(world)
    go_blind(world)
    world.wait(FIVE_MINUTES - 60)

    lift(world, number)
    world.wait(40)

    assert world.order("safety/1").state is State.RESTING


def test_resting_entries_stay_unless_the_policy_says_otherwise() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(10)

    go_blind(world)
    world.wait(2 * FIVE_MINUTES)

    assert world.order("safety/1").state is State.RESTING


def test_resting_entries_are_cancelled_and_placed_again_where_the_policy_says_so() -> None:
    world = bought_world(policy=Policy(on_blind=OnBlind.CANCEL_ENTRIES))
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(10)
    go_blind(world)
    world.wait(FIVE_MINUTES + 30)

    gone = world.order("safety/1")
    assert (gone.state, gone.why) == (State.CANCELLED, Reason.BLIND)
    assert world.resting() == [("A", Decimal("0.22"), Decimal(100), True)]
    assert world.unexplained() == []

    see_again(world)
    world.wait(90)

    assert world.order("safety/1").state is State.RESTING
    assert world.order("safety/1").generation > gone.generation


def test_exits_grow_with_what_fills_while_the_source_cannot_be_seen() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(10)
    go_blind(world)
    world.wait(2 * FIVE_MINUTES)

    world.price("0.19")
    world.wait(10)

    assert world.position() == 200
    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]
