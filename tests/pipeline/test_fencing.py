"""The doubt about an order that nobody wants any more is ended sooner, and nothing is doubled.

Under both positions of the question that nobody has settled: whether a noop uses its nonce.
"""

from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from tests.pipeline import story
from tests.pipeline.world import World, bought_world

SAFETY = "safety/1"
LATE_SECONDS = 8
FENCING = Policy(fence_by_noop=True)


def late(kind: str = "late_commit", **more: Any) -> dict[str, Any]:
    """A request whose answer is lost; it is carried out some seconds later."""
    seconds = {"seconds": LATE_SECONDS} if kind == "late_commit" else {}
    return {"kind": kind, "count": 1, "request_type": "order"} | seconds | more


def doubtful_world(
    kind: str = "late_commit", *, uses_nonce: bool = True, policy: Policy = FENCING
) -> World:
    """An averaging order is asked for, nobody knows whether it came, and a stop forbids it."""
    world = bought_world(policy=policy)
    world.at_venue("switches", {"noop_uses_nonce": uses_nonce})
    world.wait(30)
    world.faults(late(kind))
    world.tell(story.safety_placing(1, "0.19"))
    for _ in range(180):
        if world.orders(SAFETY) and world.order(SAFETY).state is State.IN_DOUBT:
            break
        world.wait(0.5)  # Less than the pause before the same bytes are sent again.
    stop = Stop(1, Level.NO_ENTRIES, Scope(), "anna", "", Reason.STOPPED, world.now)
    world.ledger.rows.stops[1] = stop
    return world


def noops(world: World) -> list[str]:
    return [entry["outcome"] for entry in world.actions("noop")]


def safeties(world: World) -> list[str]:
    return [o["status"] for o in world.at_the_venue() if o["limitPx"] == "0.19"]


def test_a_request_on_its_way_is_kept_out_and_its_order_is_free_at_once() -> None:
    world = doubtful_world()

    world.wait(3)

    assert world.order(SAFETY).state is State.PLANNED
    world.wait(60)
    assert safeties(world) == []
    assert len(noops(world)) == 2


def test_where_a_noop_does_not_use_its_nonce_the_doubt_goes_on_until_the_venue_is_asked() -> None:
    world = doubtful_world(uses_nonce=False)

    world.wait(3)
    soon = world.order(SAFETY).state
    world.wait(60)

    assert soon is State.IN_DOUBT
    assert safeties(world) == ["open"]
    assert world.order(SAFETY).state is State.RESTING
    assert world.unexplained() == []


@pytest.mark.parametrize("uses_nonce", [True, False])
@pytest.mark.parametrize("kind", ["late_commit", "request_lost", "answer_lost"])
def test_after_a_resume_it_is_there_once(kind: str, uses_nonce: bool) -> None:
    world = doubtful_world(kind, uses_nonce=uses_nonce)
    world.wait(3)
    world.ledger.rows.stops.clear()

    world.wait(90)

    assert safeties(world) == ["open"]
    assert world.order(SAFETY).state is State.RESTING
    assert world.unexplained() == []


@pytest.mark.parametrize("moment", ["before_sending", "after_sending"])
@pytest.mark.parametrize("uses_nonce", [True, False])
def test_a_worker_killed_around_the_noop_leaves_a_doubt_like_any_other(
    moment: str, uses_nonce: bool
) -> None:
    world = doubtful_world(uses_nonce=uses_nonce)
    world.venue.dies, world.venue.dies_of = moment, b'"noop"'

    world.wait(3)
    marked = [row.fenced for row in world.ledger.rows.batches.values() if row.fenced]
    world.wait(60)
    world.ledger.rows.stops.clear()
    world.wait(60)

    assert world.deaths == 1
    assert marked == [True]
    assert safeties(world) == ["open"]
    assert world.unexplained() == []


def test_what_is_still_wanted_is_sent_again_and_not_fenced() -> None:
    world = doubtful_world("request_lost")
    world.ledger.rows.stops.clear()

    world.wait(3)

    assert noops(world) == []
    assert safeties(world) == ["open"]


def test_without_the_setting_nothing_is_fenced() -> None:
    world = doubtful_world(policy=Policy())

    world.wait(60)

    assert noops(world) == []
