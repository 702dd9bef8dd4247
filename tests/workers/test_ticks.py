"""What ticks make due, and backpressure: when a tick does nothing."""

from datetime import timedelta

from recomma.domain import notes
from tests.pipeline.world import VENUE, World
from tests.workers.running import Broker
from workers import ticks
from workers.publisher import CeleryPublisher


def test_a_tick_gives_way_only_to_a_backlog(valkey: Broker) -> None:
    publisher = CeleryPublisher(valkey.app())
    valkey.client.lpush("deals", *["message"] * ticks.BACKLOG_MAX)
    at_the_limit = ticks.has_backlog(publisher)
    valkey.client.lpush("deals", "one more")

    assert not at_the_limit
    assert ticks.has_backlog(publisher)


def test_a_survey_tick_makes_every_venues_survey_due_and_waits_for_none() -> None:
    world = World()

    ticks.make_surveys_due(world.tools)

    row = world.ledger.rows.notes[notes.survey(VENUE)]
    assert (row.due_at, row.leased_until) == (world.now, None)


def test_a_tick_does_not_hurry_a_survey_that_waits_for_a_time_of_its_own() -> None:
    world = World()
    later = world.now + timedelta(seconds=10)
    world.ledger.leave(notes.survey(VENUE), later)

    ticks.make_surveys_due(world.tools)

    assert world.ledger.rows.notes[notes.survey(VENUE)].due_at == later
