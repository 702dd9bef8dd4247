"""Whatever the venue says of our nonces, no order is placed twice and none is lost."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.notes import plan
from tests.pipeline import story
from tests.pipeline.test_exactly_once import is_mirrored_once
from tests.pipeline.world import DEAL, World, bought_world, buy

DAY_SECONDS = 24 * 60 * 60


def refused(world: World) -> set[str]:
    answers = [str(entry["answer"]) for entry in world.actions()]
    return {kind for kind in ("too low", "too high", "duplicate") for a in answers if kind in a}


def test_a_nonce_that_somebody_else_has_used_with_our_key_costs_time_alone() -> None:
    world = World()
    first = int(world.now.timestamp() * 1000)
    for seconds in range(5):
        for nonce in range(first + 1000 * seconds + 1, first + 1000 * seconds + 4):
            world.venue.send(world.venue.sign_noop(nonce).body, count=1)

    buy(world)
    world.wait(60)

    assert refused(world) == {"duplicate"}
    assert is_mirrored_once(world)


@pytest.mark.parametrize(
    ("venue_ahead_days", "said"), [(3, "too low"), (-2, "too high")], ids=["too low", "too high"]
)
def test_an_exit_whose_nonce_is_out_of_the_window_is_placed_once_when_it_is_in_again(
    venue_ahead_days: int, said: str
) -> None:
    world = bought_world()
    skew = {"kind": "clock_skew", "seconds": str(venue_ahead_days * DAY_SECONDS)}
    world.faults(skew)
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.ledger.leave(plan(DEAL), world.now)
    world.wait(30)
    seen = refused(world)

    world.faults()
    world.wait(90)

    assert seen == {said}
    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]
    assert world.position() == 100
    assert world.unexplained() == []


# A clock of ours that is ahead by more than the venue's window.


DAYS_AHEAD = [1.5, 30]
EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]
EXIT_AT_23 = [("A", Decimal("0.23"), Decimal(100), True)]


def move_the_exit(world: World) -> None:
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.ledger.leave(plan(DEAL), world.clock())


def carried_out(world: World) -> Counter[int]:
    """Count how often each nonce was admitted."""
    log = [entry for entry in world.at_venue("log") if "nonce" in entry]
    return Counter(entry["nonce"] for entry in log if entry["answer"]["status"] == "ok")


@pytest.mark.parametrize("days", DAYS_AHEAD)
def test_an_exit_is_refused_once_by_a_clock_far_ahead_and_placed_while_it_is(days: float) -> None:
    world = bought_world()
    world.clock_ahead = timedelta(days=days)

    move_the_exit(world)
    world.wait(60)

    assert refused(world) == {"too high"}
    assert world.resting() == EXIT_AT_23
    assert len(world.at_the_venue()) == 3  # The base, the first exit, and the one at 0.23.


@pytest.mark.parametrize("days", DAYS_AHEAD)
def test_an_exit_that_a_clock_far_ahead_has_asked_for_is_placed_when_it_is_right_again(
    days: float,
) -> None:
    world = bought_world()
    world.clock_ahead = timedelta(days=days)
    move_the_exit(world)
    world.settle()
    assert (refused(world), world.resting()) == ({"too high"}, EXIT_AT_22)

    world.clock_ahead = timedelta(0)
    world.wait(60)

    assert world.resting() == EXIT_AT_23
    assert len(world.at_the_venue()) == 3
    assert set(carried_out(world).values()) == {1}
    assert world.unexplained() == []


@pytest.mark.parametrize("days", DAYS_AHEAD)
def test_an_entry_after_a_clock_was_far_ahead_is_placed_once(days: float) -> None:
    world = bought_world()
    world.clock_ahead = timedelta(days=days)
    move_the_exit(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.settle()
    assert "too high" in refused(world)

    world.clock_ahead = timedelta(0)
    world.wait(90)

    entries = [order for order in world.resting() if order[0] == "B"]
    assert entries == [("B", Decimal("0.19"), Decimal(100), False)]
    assert world.order("safety/1").attempts == 1
    assert set(carried_out(world).values()) == {1}
    assert world.unexplained() == []


def test_a_worker_killed_around_a_request_that_is_too_high_leaves_no_exit_in_doubt_for_days() -> (
    None
):
    """By the venue's clock its bytes live for a day and a half: nobody may wait for that."""
    world = bought_world()
    world.clock_ahead = timedelta(days=1.5)
    world.venue.dies = "after_sending"
    move_the_exit(world)
    world.wait(60)  # Its lease ends, and the same bytes are sent again.

    assert world.deaths == 1
    assert world.resting() == EXIT_AT_23
    assert len(world.at_the_venue()) == 3
    assert set(carried_out(world).values()) == {1}
