"""No entry goes to a venue before it was read and what is ours there adopted (design.md 7.6)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.readiness import SURVEY_FRESH
from recomma.domain.reasons import Reason
from recomma.domain.venue import OpenOrder
from recomma.ports import Unreadable, Venue
from tests.pipeline import story
from tests.pipeline.test_survey_adoption import backup, restore
from tests.pipeline.world import DEAL, VENUE, World, bought_world, buy

DOWN = {"kind": "http_502_html", "path": "/info", "request_type": "frontendOpenOrders"}
OLD = SURVEY_FRESH.total_seconds() + 60


def asked(world: World) -> list[str]:
    """Return what the venue was asked for, reads and acts, in order."""
    log: list[dict[str, Any]] = world.at_venue("log")
    return [
        entry["action"]["type"] if "action" in entry else entry["request"]["type"] for entry in log
    ]


class Unread:
    """A venue whose open orders cannot be read."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    def open_orders(self) -> Sequence[OpenOrder]:
        raise Unreadable("it does not answer")


def test_the_first_entry_goes_out_after_the_account_was_read() -> None:
    world = bought_world()

    kinds = asked(world)

    assert world.position() == 100
    first = kinds.index("order")
    read = {"frontendOpenOrders", "clearinghouseState", "userFillsByTime", "userRateLimit"}
    assert read <= set(kinds[:first])


def test_the_first_entry_waits_for_no_tick() -> None:
    world = World()

    buy(world)

    assert world.order("base").state is State.FILLED
    assert asked(world).count("userRateLimit") == 1  # One survey, not one for each note.


def test_a_venue_that_cannot_be_read_delays_its_entries_and_no_other_venues() -> None:
    world = World(others=["two"])
    world._venues[VENUE] = Unread(world.venue)  # type: ignore[assignment]

    buy(world)
    world.wait(30)

    held = world.order("base")
    assert (held.state, held.waits_why) == (State.PLANNED, Reason.NOT_SURVEYED)
    assert world.position() == 0
    assert world.position(venue="two") == 100
    assert all(row.reason is Reason.NOT_SURVEYED for row in world.differences() if row.reason)


def test_what_waited_is_asked_for_as_soon_as_the_venue_can_be_read() -> None:
    world = World()
    world.faults(DOWN)
    buy(world)
    world.wait(40)

    world.faults()
    world.wait(15)

    assert world.position() == 100
    assert world.unexplained() == []


def test_a_base_that_waited_for_too_long_is_skipped_with_the_reason() -> None:
    world = World()
    world.faults(DOWN)
    buy(world)

    world.wait(180)
    world.faults()
    world.wait(60)

    assert world.skips()["base"] is Reason.NOT_SURVEYED
    assert world.position() == 0


def test_after_a_restored_backup_nothing_is_entered_before_its_orders_were_adopted() -> None:
    world = bought_world()
    before = backup(world)
    world.tell(story.safety_placing(1, "0.19"), story.safety_placing(2, "0.18"))
    world.wait(70)
    held, taken = world.resting(), len(world.at_the_venue())
    world.sleep(seconds=OLD)
    restore(world, before)

    world.wait(120)

    assert len(world.at_the_venue()) == taken
    assert world.resting() == held
    assert world.order("safety/1").state is State.RESTING
    assert world.unexplained() == []


@pytest.mark.parametrize("outage_seconds", [60, OLD, 6 * 3600])
def test_a_survey_is_made_again_only_when_the_last_one_is_old(outage_seconds: float) -> None:
    world = bought_world()
    surveys = asked(world).count("userRateLimit")
    world.sleep(seconds=outage_seconds)

    world.tell(story.safety_placing(1, "0.19"))
    world.wait(30)

    assert world.order("safety/1").state is State.RESTING
    again = outage_seconds >= OLD
    assert asked(world).count("userRateLimit") == surveys + again


def test_exits_are_placed_and_moved_although_no_survey_succeeds() -> None:
    world = bought_world()
    world.sleep(seconds=OLD)
    world.faults({"kind": "http_502_html", "path": "/info", "request_type": "userRateLimit"})

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(60)

    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]
    assert world.order("safety/1", DEAL).waits_why is Reason.NOT_SURVEYED
