"""One place obeys the verdicts: attempts, back-off, dead letters (design.md, section 4)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from recomma.domain.notes import Note, Queue, Step, plan, reconcile, refresh, watch
from recomma.domain.reasons import Reason
from recomma.domain.source import SourceDeal
from recomma.pipeline.loop import WaitingNotes
from recomma.pipeline.run import LOST_AFTER, NEVER_DIES_BACK_OFF, relay, run
from recomma.ports.guarding import OverBudget
from tests.fakes.rows import NoteRow
from tests.pipeline import story
from tests.pipeline.world import DEAL, VENUE, World, bought_world


def broken(world: World) -> World:
    """Take the venue's adapter away: every step that needs it has a bug now."""
    world.tools = replace(world.tools, venues={})
    return world


def row(world: World, note: Note) -> NoteRow:
    return world.ledger.rows.notes[note]


def test_a_note_that_is_not_due_is_not_run() -> None:
    world = bought_world()
    before = dict(world.metrics.started)

    run(refresh(VENUE), world.tools)
    run(Note(Step.PLAN, deal_id=999), world.tools)

    assert dict(world.metrics.started) == before


def test_a_bug_is_tried_again_and_then_buried_with_its_traceback() -> None:
    world = broken(World())
    world.ledger.leave(refresh(VENUE), world.now)

    world.wait(600)

    (letter,) = world.letters()
    assert (letter.note, letter.reason) == (refresh(VENUE), Reason.ATTEMPTS_SPENT)
    assert "KeyError" in letter.traceback
    assert len(letter.attempts) == 6
    assert row(world, refresh(VENUE)).dead


def test_pauses_grow_from_attempt_to_attempt() -> None:
    world = broken(World())
    world.ledger.leave(refresh(VENUE), world.now)
    pauses = []

    for _ in range(4):
        world.settle()
        due_at = row(world, refresh(VENUE)).due_at
        assert due_at is not None
        pauses.append(due_at - world.now)
        world.sleep(seconds=pauses[-1].total_seconds())

    assert pauses == [timedelta(seconds=2**n) for n in (1, 2, 3, 4)]


def test_looking_at_a_position_never_ends_and_never_pauses_for_long() -> None:
    world = broken(bought_world())

    world.wait(400)

    looks = row(world, reconcile(DEAL, VENUE))
    assert not looks.dead
    assert looks.due_at is not None
    assert looks.due_at - world.now <= NEVER_DIES_BACK_OFF
    assert Reason.ATTEMPTS_SPENT in {letter.reason for letter in world.letters()}


def test_a_deal_that_could_not_be_read_for_long_is_read_again_by_itself() -> None:
    world = bought_world()
    sources = world.tools.sources
    world.tools = replace(world.tools, sources={})
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.21"))
    world.ledger.leave(plan(DEAL), world.now)
    world.wait(300)
    assert plan(DEAL) in {letter.note for letter in world.letters()}

    world.tools = replace(world.tools, sources=sources)
    world.wait(330)

    assert world.resting() == [("A", Decimal("0.21"), Decimal(100), True)]


def test_a_deal_that_the_source_no_longer_knows_is_for_a_person_and_keeps_its_exit() -> None:
    world = bought_world()
    path = f"/public/api/ver1/deals/{DEAL}"
    world.at_source("faults", [{"kind": "http", "status": 404, "path": path}])
    world.ledger.leave(plan(DEAL), world.now)

    world.wait(60)

    assert [letter.reason for letter in world.letters()] == [Reason.DEAL_NOT_READABLE]
    assert len(world.resting()) == 1
    assert row(world, plan(DEAL)).dead


def test_a_source_that_says_when_to_come_back_is_asked_then_and_not_before() -> None:
    world = bought_world()
    world.at_source("faults", [{"kind": "http", "status": 429, "path": "/public"}])
    world.ledger.leave(plan(DEAL), world.now)
    before = len(world.at_source("log"))

    world.wait(50)

    assert len(world.at_source("log")) - before <= 2  # The list and the deal, once each.
    assert world.letters() == []


def test_waiting_spends_no_attempt() -> None:
    world = bought_world()
    world.at_source("faults", [{"kind": "http", "status": 502, "path": "/public"}])
    world.ledger.leave(plan(DEAL), world.now)

    world.wait(300)

    assert row(world, plan(DEAL)).attempts == 0
    assert not row(world, plan(DEAL)).dead


def test_each_run_is_counted_with_its_end() -> None:
    world = bought_world()

    assert world.metrics.ends[plan(DEAL), "done"] >= 1
    assert sum(world.metrics.ends.values()) == sum(world.metrics.started.values())


def test_a_deal_that_began_while_markets_were_unknown_waits_for_them() -> None:
    world = World()
    world.faults({"kind": "http_502_html", "path": "/info", "request_type": "meta"})
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    world.wait(30)
    assert world.orders() == []

    world.faults()
    world.wait(60)

    assert world.position() == 100


class OutOfBudget:
    """A source whose budget has no room."""

    def __init__(self, until: datetime | None = None) -> None:
        self._until = until

    def active_deals(self) -> tuple[SourceDeal, ...]:
        raise OverBudget("no room for a list", until=self._until, wait_seconds=20)


@pytest.mark.parametrize(
    ("ahead_seconds", "waits_seconds"),
    [(0, 20), (3, 17), (300, 20), (-300, 20)],
)
def test_a_budget_by_another_clock_is_asked_again_after_the_wait_that_it_told(
    ahead_seconds: int, waits_seconds: int
) -> None:
    world = World()
    by_its_clock = world.now - timedelta(seconds=ahead_seconds)
    source: Any = OutOfBudget(by_its_clock + timedelta(seconds=20))
    world.tools = replace(world.tools, sources={"main": source})
    world.ledger.leave(watch("main"), world.now)

    run(watch("main"), world.tools)

    assert row(world, watch("main")).due_at == world.now + timedelta(seconds=waits_seconds)


def test_waiting_for_the_budget_is_no_warning_and_spends_no_attempt() -> None:
    world = World()
    source: Any = OutOfBudget()
    world.tools = replace(world.tools, sources={"main": source})
    world.ledger.leave(watch("main"), world.now)

    with capture_logs() as lines:
        run(watch("main"), world.tools)

    assert [line["log_level"] for line in lines if line["event"] == "unreadable"] == ["debug"]
    assert row(world, watch("main")).attempts == 0


def test_an_account_that_may_be_read_again_needs_nobody() -> None:
    world = World()
    world.at_source("faults", [{"kind": "http", "status": 401, "path": "/public"}])
    world.wait(40)
    letters = world.letters()
    world.at_source("faults", [])

    world.wait(70)

    assert [letter.reason for letter in letters] == [Reason.SOURCE_REFUSED]
    assert world.letters() == []


def test_a_note_whose_subject_is_held_beyond_the_lease_does_not_go_round_and_round() -> None:
    world = bought_world()
    world.ledger.leave(plan(DEAL), world.now)
    world.ledger.take_unpublished(world.now, 10)
    world.locks.taken.add(plan(DEAL).subject)

    run(plan(DEAL), world.tools)

    assert world.publisher.waiting == []
    world.locks.taken.clear()
    relay(world.tools)
    assert plan(DEAL) in world.publisher.waiting


def test_what_is_due_for_a_full_queue_stays_a_row_until_there_is_room() -> None:
    world = bought_world()
    full = FullPublisher()
    world.tools = replace(world.tools, publisher=full)
    world.ledger.leave(plan(DEAL), world.now)

    published = relay(world.tools)

    assert (published, full.waiting) == (0, [])
    full.queues = ()
    assert relay(world.tools) == 1


class IdlePublisher(WaitingNotes):
    """A broker that knows how deep it is."""

    def idle(self) -> bool:
        return not self.waiting


@pytest.mark.parametrize("lost", [True, False])
def test_a_message_is_missed_sooner_when_it_cannot_be_waiting_for_its_turn(lost: bool) -> None:
    world = bought_world()
    broker = IdlePublisher()
    world.tools = replace(world.tools, publisher=broker)
    world.ledger.leave(plan(DEAL), world.now)
    relay(world.tools)
    if lost:
        broker.waiting.clear()
    world.now += LOST_AFTER

    relay(world.tools)

    assert broker.waiting.count(plan(DEAL)) == 1


class FullPublisher(WaitingNotes):
    """A broker without room."""

    queues: Collection[Queue] = tuple(Queue)

    def full(self) -> Collection[Queue]:
        return self.queues
