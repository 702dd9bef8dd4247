"""A deal that was running before we saw it: entered only after the venue was looked at anew."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.first_sight import JUST_OPENED
from recomma.domain.lifecycle import State
from recomma.domain.notes import Step, survey, watch
from recomma.domain.policy import OnFirstSight, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.test_startup_gate import Unread
from tests.pipeline.test_survey_adoption import backup, restore
from tests.pipeline.test_two_installations import OTHER_TAG, Second, entries_of, trouble
from tests.pipeline.world import ACCOUNT, DEAL, VENUE, World, bought_world

CATCH_UP = Policy(on_first_sight=OnFirstSight.CATCH_UP)
LADDER = Policy(on_first_sight=OnFirstSight.LADDER)
A_WHILE = JUST_OPENED.total_seconds() + 10


def survey_alone(world: World) -> None:
    """Survey the account without a look at the source, a second before anything else."""
    world.ledger.leave(survey(VENUE), world.now)
    world.run(survey(VENUE))
    world.sleep(seconds=1)


def watch_alone(world: World) -> None:
    world.ledger.tick(watch(ACCOUNT), world.now)
    world.run(watch(ACCOUNT))


def surveys_due(world: World) -> list[str]:
    rows = world.ledger.rows.notes.items()
    return [n.venue for n, row in rows if n.step is Step.SURVEY and row.due_at == world.now]


def running(world: World, seconds: float = A_WHILE) -> None:
    """Have a deal at the source that has bought its base and runs on."""
    world.open_deal()
    told = (story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    world.tell(*told, story.safety_placing(1, "0.19"))
    world.sleep(seconds=seconds)


def surveyed(policy: Policy | None = None) -> World:
    """A world whose account was surveyed before the deal was seen, and lately enough."""
    world = World(policy, others=["two"])
    running(world)
    survey_alone(world)
    return world


# Another installation.


def test_a_deal_that_another_installation_has_entered_before_we_saw_it_is_not_entered() -> None:
    first = bought_world()
    first.tell(story.safety_placing(1, "0.19"))
    first.wait(A_WHILE)
    second = Second(first, tag=OTHER_TAG)
    survey_alone(second)  # It knows no deal yet: what the other has there is foreign.

    second.wait(20)

    assert trouble(second) is Reason.OTHER_INSTALLATION
    assert entries_of(second, DEAL) == [State.PLANNED]
    assert first.position() == 100


@pytest.mark.parametrize("policy", [LADDER, CATCH_UP])
def test_no_policy_of_first_sight_enters_beside_another_installation(policy: Policy) -> None:
    first = bought_world()
    first.tell(story.safety_placing(1, "0.19"))
    first.wait(600)
    second = Second(first, tag=OTHER_TAG, policy=policy)
    survey_alone(second)

    second.wait(20)

    assert trouble(second) is Reason.OTHER_INSTALLATION
    assert set(entries_of(second, DEAL)) == {State.PLANNED}
    assert first.position() == 100


def test_a_young_deal_that_a_foreign_order_names_waits_for_a_new_survey_too() -> None:
    first = bought_world()
    first.wait(10)
    second = Second(first, tag=OTHER_TAG)
    survey_alone(second)

    second.wait(20)

    assert trouble(second) is Reason.OTHER_INSTALLATION
    assert entries_of(second, DEAL) == [State.PLANNED]
    assert first.position() == 100


def test_a_backup_from_before_the_deal_does_not_enter_it_a_second_time() -> None:
    world = World()
    world.wait(5)
    before = backup(world)
    running(world, seconds=0)
    world.wait(A_WHILE)
    restore(world, before)
    world.ledger.rows.notes = before.notes
    survey_alone(world)

    world.wait(20)

    assert world.position() == 100
    assert world.order("base").state is State.FILLED
    assert world.order("safety/1").state is State.RESTING
    assert ("A", Decimal("0.22"), Decimal(100), True) in world.resting()
    assert len(world.at_the_venue()) == 3
    assert trouble(world) is None


# Waiting.


def test_what_was_found_running_waits_for_a_survey_that_knows_it() -> None:
    world = surveyed()
    world._venues[VENUE] = Unread(world.venue)  # type: ignore[assignment]

    world.wait(30)

    held = world.order("base")
    assert (held.state, held.waits_why) == (State.PLANNED, Reason.NOT_SURVEYED)
    assert world.position() == 0
    assert world.unexplained() == []


def test_it_is_entered_as_soon_as_the_venue_was_surveyed() -> None:
    world = surveyed()

    world.wait(6)

    assert world.position() == 100
    assert world.order("safety/1").state is State.RESTING


def test_once_surveyed_it_waits_for_no_other_survey_and_its_exits_never_did() -> None:
    world = surveyed()
    world.wait(6)
    world.faults({"kind": "http_502_html", "path": "/info", "request_type": "userRateLimit"})

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.tell(story.safety_placing(2, "0.18"))
    world.wait(30)

    assert world.resting() == [
        ("A", Decimal("0.23"), Decimal(100), True),
        ("B", Decimal("0.18"), Decimal(100), False),
        ("B", Decimal("0.19"), Decimal(100), False),
    ]


def test_a_deal_that_has_just_opened_waits_for_nothing() -> None:
    world = World()
    world.wait(1)
    survey_alone(world)
    world._venues[VENUE] = Unread(world.venue)  # type: ignore[assignment]

    running(world, seconds=5)
    world.wait(6)

    assert world.position() == 100


# What watch leaves.


def test_deals_that_were_running_have_the_venues_of_their_bots_surveyed() -> None:
    world = World(others=["two"])
    del world.ledger.rows.pairs[7, "two"]
    running(world)

    watch_alone(world)

    assert surveys_due(world) == [VENUE]


def test_deals_that_have_just_opened_leave_no_survey() -> None:
    world = World()
    running(world, seconds=JUST_OPENED.total_seconds())

    watch_alone(world)

    assert surveys_due(world) == []


def test_deals_that_are_known_leave_no_survey_however_long_they_run() -> None:
    world = bought_world()
    world.wait(600)
    world.tell(story.safety_placing(1, "0.19"))

    watch_alone(world)

    assert surveys_due(world) == []


def test_a_deal_counts_as_seen_when_it_is_stored_and_not_when_it_was_asked_for() -> None:
    """A survey in between does not know it."""
    world = World()
    running(world)
    source = world.tools.sources[ACCOUNT]

    class Slow:
        def __getattr__(self, name: str) -> object:
            return getattr(source, name)

        def active_deals(self) -> object:
            world.now += timedelta(seconds=3)
            return source.active_deals()

    asked_at = world.now
    world.tools = replace(world.tools, sources={ACCOUNT: Slow()})  # type: ignore[dict-item]
    watch_alone(world)

    assert world.ledger.rows.deals[DEAL].first_seen_at == asked_at + timedelta(seconds=3)
