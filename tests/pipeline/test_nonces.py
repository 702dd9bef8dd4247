"""Whatever the venue says of our nonces, no order is placed twice and none is lost."""

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
