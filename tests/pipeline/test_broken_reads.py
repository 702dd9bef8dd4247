"""A venue that takes orders and cannot be read: no reading that fails stops an exit."""

from decimal import Decimal

from tests.pipeline import story
from tests.pipeline.world import World, bought_world

UNREADABLE = {"kind": "http_502_html", "path": "/info"}


def bought_with_an_exit() -> World:
    world = bought_world()
    world.wait(30)
    return world


def test_an_exit_is_moved_while_the_venue_cannot_be_read_and_closes_the_deal_once() -> None:
    world = bought_with_an_exit()
    world.faults(UNREADABLE)

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.21"))
    world.wait(60)

    assert world.resting() == [("A", Decimal("0.21"), Decimal(100), True)]
    world.faults()
    world.price("0.21")
    world.wait(60)
    assert world.position() == 0
    assert world.resting() == []
    assert world.unexplained() == []


def test_what_fills_while_the_venue_cannot_be_read_is_found_when_it_can() -> None:
    world = bought_with_an_exit()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.faults(UNREADABLE)
    world.price("0.19")
    world.wait(60)

    world.faults()
    world.wait(60)

    assert world.order("safety/1").filled
    assert sum(size for _, _, size, reduces in world.resting() if reduces) == world.position()
