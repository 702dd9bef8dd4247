"""What every breaker promises, whether Redis keeps it or memory."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import redis

from recomma.adapters.redis.breakers import PREFIX, RedisBreaker, Rules
from recomma.adapters.redis.reach import Reach
from recomma.ports import OutsideError
from recomma.ports.guarding import Breaker, BreakerOpen, OverBudget, Uncounted
from tests.fakes.guarding import FakeBreaker

NAME = "venue:read"
FAILURES_MAX = 3


class Down(OutsideError):
    pass


class Refused(OutsideError):
    pass


@dataclass(frozen=True)
class World:
    breaker: Breaker
    another_workers: Breaker
    rest: Callable[[], None]  # Until an open breaker may be tried.

    def call(self, request: Callable[[], str], breaker: Breaker | None = None) -> str:
        return (breaker or self.breaker).call(request, failed=is_down, first=lambda: None)

    def open(self) -> None:
        for _ in range(FAILURES_MAX):
            with pytest.raises(Down):
                self.call(down)


def is_down(error: OutsideError) -> bool:
    return isinstance(error, Down)


def down() -> str:
    raise Down


def refused() -> str:
    raise Refused


def fine() -> str:
    return "fine"


def in_memory() -> World:
    breaker = FakeBreaker(FAILURES_MAX)
    return World(breaker, breaker, lambda: setattr(breaker, "rested", True))


@pytest.fixture(params=["memory", "redis"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield in_memory()
        return
    url: str = request.getfixturevalue("redis_url")
    rules = Rules(failures_max=FAILURES_MAX, rest_seconds=3600)
    with redis.Redis.from_url(url) as server:
        server.flushdb()
        workers = [Reach(url, client_name="test") for _ in range(2)]
        first, second = (RedisBreaker(reach, NAME, rules, metrics=Uncounted()) for reach in workers)
        yield World(first, second, lambda: server.delete(f"{PREFIX}{NAME}:rest"))
        for reach in workers:
            reach.close()


def test_a_closed_breaker_hands_answers_and_errors_through(world: World) -> None:
    assert world.call(fine) == "fine"
    with pytest.raises(Down):
        world.call(down)
    with pytest.raises(Refused):
        world.call(refused)


def test_failures_in_a_row_open_it_for_everybody(world: World) -> None:
    world.open()

    for breaker in (world.breaker, world.another_workers):
        with pytest.raises(BreakerOpen) as caught:
            world.call(fine, breaker)
        assert caught.value.wait_seconds >= 1


def test_the_failure_that_opens_it_is_still_the_one_that_happened(world: World) -> None:
    """An order that may have arrived must not look like one that never left."""
    for _ in range(FAILURES_MAX):
        with pytest.raises(Down):
            world.call(down)


def test_failures_of_several_workers_add_up(world: World) -> None:
    for breaker in (world.breaker, world.another_workers, world.breaker):
        with pytest.raises(Down):
            world.call(down, breaker)

    with pytest.raises(BreakerOpen):
        world.call(fine, world.another_workers)


def test_a_success_starts_the_count_anew(world: World) -> None:
    for request in (down, down, fine, down, down):
        if request is fine:
            world.call(fine)
        else:
            with pytest.raises(Down):
                world.call(request)

    assert world.call(fine) == "fine"


def test_a_refusal_speaks_for_the_service(world: World) -> None:
    for request in (down, down, refused, down, down, refused):
        with pytest.raises(OutsideError):
            world.call(request)

    assert world.call(fine) == "fine"


def test_an_open_breaker_does_not_even_spend_the_budget(world: World) -> None:
    spent: list[int] = []
    world.open()

    with pytest.raises(BreakerOpen):
        world.breaker.call(fine, failed=is_down, first=lambda: spent.append(1))

    assert spent == []


def test_a_spent_budget_says_nothing_of_the_service(world: World) -> None:
    def spend() -> None:
        raise OverBudget("no room")

    world.open()
    world.rest()
    with pytest.raises(OverBudget):
        world.breaker.call(fine, failed=is_down, first=spend)
    with pytest.raises(Down):
        world.call(down)  # Still half open: one failure opens it again.

    with pytest.raises(BreakerOpen):
        world.call(fine)


def test_after_its_rest_the_first_success_closes_it(world: World) -> None:
    world.open()
    world.rest()

    assert world.call(fine) == "fine"
    with pytest.raises(Down):
        world.call(down)
    assert world.call(fine, world.another_workers) == "fine"


def test_after_its_rest_the_first_failure_opens_it_again(world: World) -> None:
    world.open()
    world.rest()

    with pytest.raises(Down):
        world.call(down)
    with pytest.raises(BreakerOpen):
        world.call(fine, world.another_workers)


def test_half_open_lets_one_call_through_at_a_time(world: World) -> None:
    world.open()
    world.rest()

    def ask_beside() -> str:
        with pytest.raises(BreakerOpen):
            world.call(fine, world.another_workers)
        return "trial"

    assert world.call(ask_beside) == "trial"
    assert world.call(fine, world.another_workers) == "fine"


def test_a_mistake_of_ours_is_no_failure_of_the_service(world: World) -> None:
    def wrong() -> str:
        raise ZeroDivisionError

    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(ZeroDivisionError):
            world.call(wrong)

    assert world.call(fine) == "fine"


def test_threads_do_not_wait_for_each_other(world: World) -> None:
    """pybreaker alone would hold its lock while the first call is under way."""
    meet = threading.Barrier(3, timeout=20)

    def meeting() -> str:
        meet.wait()
        return "met"

    met: list[str] = []
    threads = [threading.Thread(target=lambda: met.append(world.call(meeting))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert met == ["met"] * 3
