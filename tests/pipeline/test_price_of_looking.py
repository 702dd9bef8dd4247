"""What it costs to look at positions at rest: entries and exits need the rest of the minute."""

from datetime import datetime
from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.looks import LOOK_SPACING
from recomma.ports.guarding import Purpose
from recomma.wiring.guards import VENUE_SHARES
from tests.pipeline import story
from tests.pipeline.world import ADDRESS, DEAL, World, bought_world, buy

ROOM_FOR_WORK = 150
"""Some looks at a deal that has just been filled, and what reads and sends its orders."""


def weights_of_a_minute(world: World) -> int:
    """Return what the venue counted in a minute of looking and surveying."""
    begun = world.now
    for _ in range(2):
        world.wait(30)
        world.survey()
    asked = [each for each in world.at_venue("log") if datetime.fromisoformat(each["time"]) > begun]
    return sum(each["weight"] for each in asked)


@pytest.mark.parametrize("deals", [1, 12])
def test_looking_at_deals_at_rest_leaves_room_for_work(deals: int) -> None:
    world = bought_world()
    for number in range(1, deals):
        buy(world, DEAL + number)
    world.wait(60)

    spent = weights_of_a_minute(world)

    assert spent + ROOM_FOR_WORK <= VENUE_SHARES.of[Purpose.READ]


def test_a_fill_is_found_by_the_next_look_at_any_deal() -> None:
    world = bought_world()
    for number in range(1, 12):
        buy(world, DEAL + number)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(90)
    assert world.order("safety/1").state is State.RESTING

    world.price("0.189")
    world.wait(LOOK_SPACING.total_seconds() + 1)

    assert ("A", Decimal("0.22"), Decimal(200), True) in world.resting()


def test_an_exit_that_the_venue_took_away_is_placed_again_after_a_survey() -> None:
    world = bought_world(look_cadence=False)
    world.wait(60)
    world.at_venue("act", {"address": ADDRESS, "cancel": "all"})

    world.survey()
    world.wait(5)

    assert world.resting() == [("A", Decimal("0.22"), Decimal(100), True)]
