"""RedisLocks against a real Redis-compatible server."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import redis

from recomma.adapters.redis.locks import PREFIX, RedisLocks

HELD_LONG_ENOUGH_SECONDS = 10.0


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def locks(redis_url: str, server: redis.Redis) -> Iterator[RedisLocks]:
    locks = RedisLocks(redis_url)
    yield locks
    locks.close()


@pytest.fixture
def others(redis_url: str) -> Iterator[RedisLocks]:
    """Another worker's locks."""
    locks = RedisLocks(redis_url)
    yield locks
    locks.close()


def inside(hold: AbstractContextManager[bool]) -> bool:
    with hold as held:
        return held


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again; the bound only ends a test that would hang."""
    tick = threading.Event()
    for _ in range(int(HELD_LONG_ENOUGH_SECONDS / 0.02)):
        if true():
            return
        tick.wait(0.02)
    raise AssertionError("it never became true")


def test_a_held_lock_is_refused_to_everybody_else(locks: RedisLocks, others: RedisLocks) -> None:
    with locks.hold("deal/7") as held:
        assert held
        assert not inside(others.hold("deal/7"))
        assert not inside(locks.hold("deal/7"))


def test_another_subject_can_be_held_meanwhile(locks: RedisLocks) -> None:
    with locks.hold("deal/7"), locks.hold("deal/8") as held:
        assert held


def test_a_lock_is_free_after_its_block(locks: RedisLocks, others: RedisLocks) -> None:
    with locks.hold("deal/7"):
        pass

    assert inside(others.hold("deal/7"))


def test_a_lock_is_free_after_an_exception(locks: RedisLocks, others: RedisLocks) -> None:
    with pytest.raises(ZeroDivisionError), locks.hold("deal/7"):
        raise ZeroDivisionError

    assert inside(others.hold("deal/7"))


def test_being_refused_takes_nothing_from_the_holder(locks: RedisLocks, others: RedisLocks) -> None:
    with locks.hold("deal/7"):
        inside(others.hold("deal/7"))

        assert not inside(others.hold("deal/7"))


def test_a_lock_has_a_life_so_that_a_killed_holder_blocks_nobody_for_ever(
    locks: RedisLocks, server: redis.Redis
) -> None:
    with locks.hold("deal/7"):
        left_ms = server.pttl(PREFIX + "deal/7")

    assert 0 < left_ms <= 20_000


def test_a_lock_is_renewed_while_it_is_held(redis_url: str, server: redis.Redis) -> None:
    locks = RedisLocks(redis_url, life_seconds=0.6)
    with locks.hold("deal/7"):
        key = PREFIX + "deal/7"
        server.pexpire(key, 60_000)  # Longer than a life: only a renewal makes it short again.
        wait_until(lambda: 0 < server.pttl(key) <= 600)

        server.pexpire(key, 60_000)
        wait_until(lambda: 0 < server.pttl(key) <= 600)
    locks.close()


def test_a_lock_that_passed_to_another_is_not_released_by_its_former_holder(
    locks: RedisLocks, others: RedisLocks, server: redis.Redis
) -> None:
    with locks.hold("deal/7") as held:
        server.delete(PREFIX + "deal/7")  # A flush, a failover, a pause beyond the life.
        successor = others.hold("deal/7")
        assert held and successor.__enter__()

    assert server.exists(PREFIX + "deal/7")
    successor.__exit__(None, None, None)
    assert not server.exists(PREFIX + "deal/7")


def test_a_lost_lock_does_not_disturb_the_work(redis_url: str, server: redis.Redis) -> None:
    locks = RedisLocks(redis_url, life_seconds=0.3)
    with locks.hold("deal/7"):
        server.delete(PREFIX + "deal/7")
        wait_until(lambda: not locks._held)  # The renewal has noticed.
    locks.close()


def test_an_unreachable_store_lets_the_work_go_on() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # Bound but not listening: every connection is refused.
        locks = RedisLocks(f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")

        assert inside(locks.hold("deal/7"))
        assert inside(locks.hold("deal/7"))
        locks.close()


def test_a_store_that_never_answers_lets_the_work_go_on() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        locks = RedisLocks(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")

        assert inside(locks.hold("deal/7"))
        locks.close()


def test_of_many_that_try_at_once_one_gets_the_lock(redis_url: str, server: redis.Redis) -> None:
    many = 8
    locks = RedisLocks(redis_url)
    together, tried = threading.Barrier(many), threading.Barrier(many)
    results: list[bool] = []

    def one() -> None:
        together.wait()
        with locks.hold("deal/7") as held:
            results.append(held)
            tried.wait()  # Nobody lets go before everybody has tried.

    threads = [threading.Thread(target=one) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    locks.close()

    assert sorted(results) == [False] * (many - 1) + [True]
