"""The guards as the workers have them: two stores, many workers, one limit."""

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis
from sqlalchemy import Engine, text

from recomma.adapters.postgres.request_budget import PostgresBudget
from recomma.config import Settings
from recomma.domain.request_budget import PLANS
from recomma.ports import OutsideError
from recomma.ports.guarding import Guard, OverBudget, Paused, Purpose, Uncounted
from recomma.wiring.guards import VENUE_SHARES, Guards

STARTER = 5


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def settings(database_url: str, redis_url: str, server: redis.Redis) -> Settings:
    return Settings(database_url=database_url, redis_url=redis_url, budgets=True)


def never(error: OutsideError) -> bool:
    return False


def ask(guard: Guard, deal_id: int = 1, purpose: Purpose = Purpose.DETAIL) -> bool:
    """Say whether a request went through."""
    try:
        guard.call(purpose, lambda: None, failed=never, deal_id=deal_id)
    except OverBudget:
        return False
    return True


def known_for_an_hour(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE request_budgets SET known_since = known_since - interval '1 hour'")
        )


@pytest.fixture
def guard(settings: Settings, engine: Engine) -> Guard:
    """The guard of an account whose budget has been known for long."""
    guard = Guards(settings, engine).source()
    assert not ask(guard)  # A new database knows nothing of the last minute.
    known_for_an_hour(engine)
    return guard


def test_a_flushed_redis_does_not_break_the_limit(guard: Guard, server: redis.Redis) -> None:
    before = [ask(guard, deal) for deal in range(1, 4)]
    server.flushdb()

    after = [ask(guard, deal) for deal in range(4, 9)]

    assert (before, after) == ([True] * 3, [True] + [False] * 4)  # One is kept for lists.
    assert ask(guard, purpose=Purpose.LIST)


def test_an_emptied_database_does_not_break_the_limit(guard: Guard, engine: Engine) -> None:
    assert [ask(guard, deal) for deal in range(1, 5)] == [True] * 4
    assert ask(guard, purpose=Purpose.LIST)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM requests_made"))

    assert not ask(guard, 9)


def test_many_workers_at_once_stay_within_the_limit(
    guard: Guard, settings: Settings, engine: Engine
) -> None:
    went: list[bool] = []
    start = threading.Barrier(8, timeout=20)

    def work(number: int) -> None:
        mine = Guards(settings, engine).source()
        start.wait()
        purpose = Purpose.LIST if number == 0 else Purpose.DETAIL
        went.extend(ask(mine, 10 * number + n, purpose) for n in range(5))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(went) == 40
    assert sum(went) <= STARTER


def test_postgres_alone_keeps_workers_that_ask_at_once_within_the_limit(engine: Engine) -> None:
    went: list[int] = []
    start = threading.Barrier(8, timeout=20)
    budgets = [
        PostgresBudget(engine, "threecommas:race", PLANS["starter"], metrics=Uncounted())
        for _ in range(8)
    ]
    with suppress(OverBudget):
        budgets[0].spend(1, Purpose.LIST)
    known_for_an_hour(engine)

    def work(budget: PostgresBudget, number: int) -> None:
        start.wait()
        with suppress(OverBudget):
            budget.spend(1, Purpose.DETAIL, number)
            went.append(number)

    threads = [
        threading.Thread(target=work, args=(budget, number))
        for number, budget in enumerate(budgets, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(went) == STARTER - 1  # One is kept for lists.


def test_a_pause_holds_for_every_worker_and_every_kind_of_request(
    guard: Guard, settings: Settings, engine: Engine, server: redis.Redis
) -> None:
    guard.budget.pause("429 Rate limit exceeded", wait_seconds=60)
    server.flushdb()
    restarted = Guards(settings, engine).source()

    for purpose in (Purpose.LIST, Purpose.DETAIL):
        with pytest.raises(Paused, match="429"):
            restarted.call(purpose, lambda: None, failed=never)


def test_venues_share_the_budget_of_the_address_and_no_breaker(
    settings: Settings, engine: Engine
) -> None:
    guards = Guards(settings, engine)
    one, other = guards.venue("one"), guards.venue("other")

    assert one.budget is other.budget
    names = {id(breaker) for guard in (one, other) for breaker in guard.breakers.values()}
    assert len(names) == 6


def test_reads_never_take_the_room_that_entries_need(
    settings: Settings, engine: Engine, server: redis.Redis
) -> None:
    venue = Guards(settings, engine).venue("main")
    assert not ask(venue, purpose=Purpose.ENTRY)  # Nobody knows what was spent before.
    server.delete(*server.scan_iter("*:new"))

    went = [ask(venue, purpose=Purpose.READ) for _ in range(250)]

    assert sum(went) == VENUE_SHARES.of[Purpose.READ] - VENUE_SHARES.unknown
    assert all(ask(venue, purpose=Purpose.ENTRY) for _ in range(90))


def test_a_look_begins_only_where_it_has_room_to_end(
    settings: Settings, engine: Engine, server: redis.Redis
) -> None:
    venue = Guards(settings, engine).venue("main")

    begun = [ask(venue, purpose=Purpose.LOOK) for _ in range(250)]

    assert sum(begun) == VENUE_SHARES.of[Purpose.LOOK] - VENUE_SHARES.unknown
    assert not ask(venue, purpose=Purpose.STATE)
    assert all(ask(venue, purpose=Purpose.READ) for _ in range(60))


def test_budgets_that_are_off_refuse_nothing(settings: Settings, engine: Engine) -> None:
    guard = Guards(settings.model_copy(update={"budgets": False}), engine).source()

    assert all(ask(guard, deal) for deal in range(1, 50))


def test_a_persons_command_is_counted_and_never_refused_for_its_cost(
    settings: Settings, engine: Engine
) -> None:
    guards = Guards(settings, engine)
    worker, by_hand = guards.venue("main"), guards.by_hand()

    went = [ask(by_hand, purpose=Purpose.READ) for _ in range(VENUE_SHARES.of[Purpose.READ])]

    assert all(went)
    assert not ask(worker, purpose=Purpose.READ)
    assert ask(by_hand, purpose=Purpose.READ)
