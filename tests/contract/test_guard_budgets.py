"""What every budget of requests promises, whether Postgres keeps it or memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from recomma.adapters.postgres import notes
from recomma.adapters.postgres.request_budget import PostgresBudget
from recomma.domain.notes import plan
from recomma.domain.request_budget import PLANS, WINDOW
from recomma.ports.guarding import Budget, OverBudget, Paused, Purpose, Uncounted
from tests.contract.ledger_world import LedgerWorld
from tests.fakes.guarding import FakeBudget

T0 = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
STARTER = PLANS["starter"]
NAME = "threecommas:main"
SECOND = timedelta(seconds=1)


@dataclass
class World:
    """A budget that was first seen a window ago, and its clock."""

    now: datetime = T0 - WINDOW
    budget: Budget = field(init=False)
    another_workers: Budget = field(init=False)
    change: Callable[[int], None] = field(init=False)  # Have a deal's note due for work now.

    def clock(self) -> datetime:
        return self.now

    def list(self, pages: int = 1) -> datetime | None:
        """Ask for a list; return when to come back, or None."""
        return self._told(pages, Purpose.LIST, 0)

    def detail(self, deal_id: int) -> datetime | None:
        return self._told(2, Purpose.DETAIL, deal_id)

    def _told(self, weight: int, purpose: Purpose, deal_id: int) -> datetime | None:
        try:
            self.budget.spend(weight, purpose, deal_id)
        except OverBudget as error:
            return error.until or self.now
        return None


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    world = World()
    if request.param == "memory":
        fake = FakeBudget(STARTER, world.clock, known_since=world.now)
        world.budget = world.another_workers = fake
        world.change = lambda deal_id: fake.due.update({deal_id: world.now})
    else:
        _in_postgres(world, request.getfixturevalue("engine"))
    world.list()  # The first of a new store says since when it knows.
    world.now = T0
    return world


def _in_postgres(world: World, engine: Engine) -> None:
    LedgerWorld(engine).see(*range(1, 10))
    world.budget, world.another_workers = (
        PostgresBudget(engine, NAME, STARTER, metrics=Uncounted(), clock=world.clock)
        for _ in range(2)
    )

    def change(deal_id: int) -> None:
        with engine.begin() as connection:
            notes.leave(connection, plan(deal_id), world.now)

    world.change = change


def test_a_store_without_history_begins_with_the_budget_spent(world: World) -> None:
    world.now = T0 - SECOND

    assert world.list() == T0
    assert world.detail(1) == T0


def test_five_requests_fit_into_a_minute_of_the_starter_plan(world: World) -> None:
    assert [world.list(), world.detail(1), world.detail(2)] == [None, None, None]

    assert world.detail(3) == T0 + WINDOW


def test_what_one_worker_spends_another_lacks(world: World) -> None:
    world.list()
    world.detail(1)
    world.another_workers.spend(2, Purpose.DETAIL, 2)

    assert world.detail(3) is not None


def test_room_comes_back_when_the_window_has_passed(world: World) -> None:
    world.list()
    world.detail(1)
    world.detail(2)
    world.now = T0 + WINDOW

    assert world.detail(3) is None


def test_lists_leave_room_for_a_detail(world: World) -> None:
    told = [world.list() for _ in range(4)]

    assert told[:3] == [None] * 3
    assert told[3] == T0 + WINDOW
    assert world.detail(1) is None


def test_details_leave_room_for_a_list(world: World) -> None:
    assert [world.detail(deal) for deal in (1, 2)] == [None, None]
    assert world.detail(3) is not None

    assert world.list() is None


def test_lists_have_only_their_part_while_details_wait(world: World) -> None:
    world.list()
    for deal in (1, 2, 3):
        world.detail(deal)

    assert world.list() == T0 + WINDOW


def test_a_list_of_several_pages_goes_as_one_and_is_never_starved(world: World) -> None:
    assert world.list(pages=2) is None
    assert world.detail(1) is None
    assert world.detail(2) is not None
    assert world.list(pages=2) == T0 + WINDOW

    world.now = T0 + WINDOW
    assert world.detail(2) is None
    assert world.detail(3) is not None
    assert world.list(pages=2) is None


def test_who_was_refused_comes_before_who_asks_later(world: World) -> None:
    for deal in (1, 2, 3, 4):
        world.detail(deal)
    world.now = T0 + WINDOW

    told_5, told_3, told_4 = world.detail(5), world.detail(3), world.detail(4)

    assert (told_3, told_4) == (None, None)
    assert told_5 is not None


def test_who_waits_is_told_times_one_after_the_other(world: World) -> None:
    told = [world.detail(deal) for deal in range(1, 8)]

    later = [at for at in told if at is not None]
    assert len(later) == 5
    assert later == sorted(set(later))


def test_what_changed_goes_before_what_only_is_due_for_a_look(world: World) -> None:
    for deal in (1, 2, 3, 4):
        world.detail(deal)
    world.change(5)
    world.detail(5)
    world.now = T0 + WINDOW

    assert world.detail(5) is None


def test_a_look_has_its_turn_after_two_that_changed(world: World) -> None:
    world.detail(1)
    world.detail(2)
    world.detail(9)  # A look.
    for deal in (3, 4, 5):
        world.change(deal)
        world.detail(deal)
    world.now = T0 + WINDOW
    assert [world.detail(3), world.detail(4)] == [None, None]
    world.now = T0 + 2 * WINDOW
    first_changed = world.detail(5)

    assert world.detail(9) is None
    assert first_changed is None  # There is room for two, and nobody else waits.
    assert world.detail(6) is not None


def test_a_look_that_waits_goes_first_once_it_is_known_to_have_changed(world: World) -> None:
    for deal in (1, 2, 3, 4, 5):
        world.detail(deal)
    world.now = T0 + 30 * SECOND
    world.change(5)
    world.detail(5)
    world.now = T0 + WINDOW

    assert world.detail(5) is None


def test_who_does_not_come_at_its_time_holds_up_nobody(world: World) -> None:
    for deal in (1, 2, 3, 4, 5):
        world.detail(deal)
    world.now = T0 + WINDOW + timedelta(seconds=20)

    assert world.detail(5) is None


def test_a_pause_keeps_everybody_away_until_it_is_over(world: World) -> None:
    world.budget.pause("429 Rate limit exceeded", until=T0 + 40 * SECOND)

    with pytest.raises(Paused, match="429") as caught:
        world.another_workers.spend(1, Purpose.LIST)
    assert caught.value.until == T0 + 40 * SECOND
    world.now = T0 + 40 * SECOND
    assert world.list() is None


def test_a_ban_outlasts_a_shorter_pause(world: World) -> None:
    world.budget.pause("418 banned", wait_seconds=600)
    world.budget.pause("429 Rate limit exceeded", wait_seconds=60)

    assert world.list() == T0 + timedelta(seconds=600)


def test_what_was_spent_already_counts(world: World) -> None:
    world.budget.charge(4)

    assert world.detail(1) == T0 + WINDOW


FIVE_MINUTES = timedelta(minutes=5)


def test_after_a_clock_went_back_nobody_waits_for_longer_than_a_window(world: World) -> None:
    world.list()
    world.detail(1)
    world.detail(2)
    world.now -= FIVE_MINUTES

    assert world.list() == world.now + WINDOW
    assert world.detail(3) == world.now + WINDOW
    world.now += WINDOW
    assert world.list() is None
    assert world.detail(3) is None


def test_a_pause_from_before_a_clock_went_back_lasts_as_long_as_it_was_meant_to(
    world: World,
) -> None:
    world.budget.pause("429", wait_seconds=100)
    world.now -= FIVE_MINUTES

    assert world.list() == world.now + 100 * SECOND
