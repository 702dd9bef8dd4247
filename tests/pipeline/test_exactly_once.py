"""Every wanted order reaches the venue exactly once, whatever dies and when (design.md, 7)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.notes import plan, reconcile, submit
from recomma.domain.venue import Answer
from recomma.pipeline.run import DEATHS_MAX, LEASE, relay, run
from recomma.pipeline.submit import ATTEMPT_LIFE
from recomma.ports import Claim, FenceLost, Ruling
from tests.fakes.mortal_venue import MortalVenue
from tests.pipeline import story
from tests.pipeline.world import DEAL, VENUE, World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]
LOST = {"kind": "answer_lost", "count": 1, "request_type": "order"}
NEVER_CAME = {"kind": "request_lost", "count": 1, "request_type": "order"}


def laddered() -> World:
    """A deal that has bought 100 DOGE and now wants two averaging orders."""
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"), story.safety_placing(2, "0.18"))
    return world


def cloids(world: World) -> list[str]:
    return [order["cloid"] for order in world.at_the_venue()]


def is_mirrored_once(world: World) -> bool:
    """Say whether the venue took one entry and one exit, and nothing is open or unexplained."""
    return (
        world.position() == 100
        and world.resting() == EXIT_AT_22
        and len(world.at_the_venue()) == 2
        and not world.unexplained()
    )


# Answers and requests that are lost.


def test_an_answer_that_is_lost_never_leads_to_a_second_order() -> None:
    world = World()
    world.faults(LOST)

    buy(world)
    world.wait(60)

    assert is_mirrored_once(world)
    assert world.order("base").attempts == 1


def test_a_request_that_is_lost_is_sent_again_with_the_same_bytes_while_it_lives() -> None:
    world = World()
    world.faults(NEVER_CAME)
    buy(world)

    world.wait(15)

    assert is_mirrored_once(world)
    assert world.order("base").attempts == 1


def test_a_request_that_is_lost_every_time_is_asked_under_a_new_name_when_it_has_expired() -> None:
    world = World()
    world.faults({"kind": "request_lost", "rate": 1, "request_type": "order"})
    buy(world)
    first = world.order("base").cloid
    world.wait(15)
    assert world.order("base").state is State.IN_DOUBT
    world.at_venue("faults", [])

    world.wait(15)

    assert is_mirrored_once(world)
    assert world.order("base").attempts == 2
    assert world.order("base").cloid != first


def test_an_order_that_commits_late_is_found_and_not_sent_again() -> None:
    world = World()
    world.faults({"kind": "late_commit", "count": 1, "seconds": 10, "request_type": "order"})

    buy(world)
    world.wait(60)

    assert is_mirrored_once(world)
    assert world.order("base").attempts == 1


def test_an_order_that_is_seen_late_is_not_sent_again() -> None:
    world = World()
    world.faults(LOST, {"kind": "slow_visibility", "seconds": 1})

    buy(world)
    world.wait(60)

    assert is_mirrored_once(world)


@pytest.mark.parametrize("kind", ["http_502_html", "http_429"])
def test_an_order_that_a_gateway_answers_is_placed_once(kind: str) -> None:
    world = World()
    world.faults({"kind": kind, "count": 2, "path": "/exchange"})

    buy(world)
    world.wait(90)

    assert is_mirrored_once(world)


def test_a_lost_answer_to_an_exit_never_leads_to_two_exits() -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed())
    world.wait(1)
    world.faults(LOST)

    world.tell(story.target_placing("0.22"))
    world.wait(60)

    assert is_mirrored_once(world)


def test_a_lost_answer_to_a_cancel_is_settled_by_asking_again() -> None:
    world = laddered()
    world.wait(25)
    world.faults({"kind": "answer_lost", "count": 1, "request_type": "cancelByCloid"})

    world.tell(story.safety_cancelled(1, "0.19"))
    world.wait(90)

    assert world.order("safety/1").state is State.CANCELLED
    assert world.unexplained() == []


# Workers that die.


@pytest.mark.parametrize("moment", ["before_sending", "after_sending"])
def test_failure_01_a_worker_killed_around_a_sending_loses_nothing_and_doubles_nothing(
    moment: str,
) -> None:
    world = World()
    world.venue.dies = moment

    buy(world)
    world.wait(LEASE.total_seconds() + 60)

    assert world.deaths == 1
    assert is_mirrored_once(world)


@pytest.mark.parametrize("moment", ["before_sending", "after_sending"])
def test_a_worker_killed_while_it_places_an_exit_leaves_one_exit(moment: str) -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed())
    world.wait(1)
    world.venue.dies = moment

    world.tell(story.target_placing("0.22"))
    world.wait(LEASE.total_seconds() + 60)

    assert world.deaths == 1
    assert is_mirrored_once(world)


def test_the_bytes_of_a_killed_worker_are_sent_again_while_they_live() -> None:
    world = World()
    world.venue.dies = "before_sending"
    buy(world)
    (batch,) = [b for b in world.ledger.rows.batches.values() if b.kind == "order"]

    note = world.ledger.rows.notes[submit(VENUE)]
    world.ledger.rows.notes[note.note] = type(note)(note.id, note.note, due_at=world.now)
    world.settle()

    assert world.actions()[0]["nonce"] == batch.stored.nonce
    assert is_mirrored_once(world)


# Batches.


def test_of_a_batch_that_is_half_refused_the_good_half_stands() -> None:
    world = laddered()
    text = "Insufficient margin to place order."
    world.faults({"kind": "refuse", "count": 1, "coin": "DOGE", "text": text})

    world.wait(30)

    assert [(price, size) for side, price, size, _ in world.resting() if side == "B"] == [
        (Decimal("0.18"), Decimal(100)),
        (Decimal("0.19"), Decimal(100)),
    ]
    assert sorted(order.attempts for order in world.orders() if order.is_exit is False) == [1, 1, 2]


def test_one_static_defect_in_a_batch_is_narrowed_down_to_its_order() -> None:
    world = laddered()
    text = "Price must be divisible by tick size."
    world.faults(
        {"kind": "refuse", "count": 3, "coin": "DOGE", "text": text}
    )  # Both of the batch, and then the first of them alone.

    world.wait(30)

    states = {str(order.leg): order.state for order in world.orders()}
    assert states["safety/1"] is State.REFUSED
    assert states["safety/2"] is State.RESTING
    assert [letter.order_id for letter in world.letters()] == [world.order("safety/1").id]


# Several workers.


class RobbedSource:
    """While it is read, a worker without a lock takes up another note of the deal."""

    robber: Claim

    def __init__(self, world: World) -> None:
        self._world, self._source = world, world.tools.sources["main"]

    def __getattr__(self, name: str) -> Any:
        self._world.ledger.leave(reconcile(DEAL, VENUE), self._world.now)
        claim = self._world.ledger.claim(reconcile(DEAL, VENUE), self._world.now, LEASE)
        assert claim is not None
        self.robber = claim
        return getattr(self._source, name)


def test_a_holder_that_was_replaced_writes_nothing() -> None:
    world = bought_world()
    world.ledger.leave(plan(DEAL), world.now)
    claim = world.ledger.claim(plan(DEAL), world.now, timedelta(0))
    world.ledger.claim(plan(DEAL), world.now, LEASE)
    assert claim is not None
    before = world.ledger.rows.snapshot()

    with pytest.raises(FenceLost), world.ledger.deal(DEAL, claim.fence) as book:
        book.forget_exits()

    assert world.ledger.rows == before


def test_who_loses_the_subject_to_another_note_gives_its_own_back_and_is_not_called_dead() -> None:
    world = bought_world()
    source = RobbedSource(world)
    world.tools = replace(world.tools, sources={"main": source})

    for _ in range(DEATHS_MAX + 1):
        world.ledger.leave(plan(DEAL), world.now)
        run(plan(DEAL), world.tools)
        world.ledger.rule(source.robber, Ruling(done=True))
        note = world.ledger.rows.notes[plan(DEAL)]
        assert (note.leased_until, note.due_at, note.deaths) == (None, world.now, 0)

    assert world.letters() == []


def test_failure_21_two_workers_without_a_working_lock_place_one_order() -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    world.settle()
    world.locks.held.add("anything")  # Locks save work, never correctness.

    for note in list(world.ledger.rows.notes):
        run(note, world.tools)
        run(note, world.tools)
    world.wait(30)

    assert is_mirrored_once(world)


def test_a_note_whose_subject_is_busy_is_published_again_for_its_holder() -> None:
    world = bought_world()
    world.locks.taken.add(f"deal/{DEAL}")
    world.ledger.leave(plan(DEAL), world.now)
    world.ledger.take_unpublished(world.now, 10)

    run(plan(DEAL), world.tools)
    relay(world.tools)

    assert plan(DEAL) in world.publisher.waiting


def test_every_attempt_has_a_name_of_its_own() -> None:
    world = World()
    world.faults({**NEVER_CAME, "count": 3})

    buy(world)
    world.wait(120)

    assert is_mirrored_once(world)
    assert len(set(cloids(world))) == len(cloids(world))


# Slow venues.


class SlowVenue(MortalVenue):
    """Takes its time for each answer."""

    seconds = 0.0
    world: World

    def send(self, body: bytes, *, count: int) -> Answer:
        answer = super().send(body, count=count)
        self.world.sleep(seconds=self.seconds)
        return answer


def test_behind_a_venue_that_takes_its_time_nothing_is_signed_that_would_arrive_expired() -> None:
    world = World()
    slow = SlowVenue(world.venue.venue)
    slow.world, slow.seconds = world, ATTEMPT_LIFE.total_seconds() + 1
    world.tools = replace(world.tools, venues={VENUE: slow})

    buy(world)
    world.wait(60)

    assert world.order("base").attempts == 1
    assert is_mirrored_once(world)
