"""The relay's thread with a real Postgres that may go away."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.running import wait_until
from workers.relay_thread import CHANNEL, RelayThread


@pytest.fixture
def dsn(empty_database_url: str) -> str:
    return empty_database_url.replace("+psycopg", "", 1)


class Work:
    """Counts its calls; `fail_with` is raised by the next one."""

    def __init__(self) -> None:
        self.calls = 0
        self.fail_with: Exception | None = None
        self.called = threading.Event()

    def __call__(self, _connection: psycopg.Connection) -> None:
        self.calls += 1
        self.called.set()
        error, self.fail_with = self.fail_with, None
        if error is not None:
            raise error

    def wait_for_more(self) -> None:
        self.called.clear()
        assert self.called.wait(30)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def relay(dsn: str, work: Work) -> Iterator[RelayThread]:
    relay = RelayThread(dsn, work)
    relay.keep_running()
    yield relay
    relay.stop()


def listeners(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'recomma-relay'"
            " AND datname = current_database()"
        )
        return [pid for (pid,) in rows]


def notify(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"NOTIFY {CHANNEL}")


def threads_named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_it_looks_when_it_starts_and_then_by_itself(relay: RelayThread, work: Work) -> None:
    wait_until(lambda: work.calls >= 2, "it looked again")


def test_it_looks_when_a_note_was_left(dsn: str, work: Work) -> None:
    relay = RelayThread(dsn, work, look_seconds=600)
    relay.keep_running()
    wait_until(lambda: work.calls == 1, "it has looked once")

    notify(dsn)

    wait_until(lambda: work.calls == 2, "the notification woke it")
    relay.stop(wait_seconds=0)
    notify(dsn)  # Or it would sleep on.
    relay.stop()


def test_it_listens_again_when_postgres_cut_it_off(
    dsn: str, relay: RelayThread, work: Work
) -> None:
    wait_until(lambda: work.calls > 0, "it works")
    [before] = listeners(dsn)

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [before])

    wait_until(lambda: listeners(dsn) not in ([], [before]), "it listens again")
    work.wait_for_more()


def test_it_goes_on_after_the_broker_was_away(relay: RelayThread, work: Work) -> None:
    wait_until(lambda: work.calls > 0, "it works")
    work.fail_with = ConnectionRefusedError("the broker is away")

    wait_until(lambda: work.fail_with is None, "the outage was met")
    work.wait_for_more()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_of_a_surprise_is_started_again(relay: RelayThread, work: Work) -> None:
    wait_until(lambda: work.calls > 0, "it works")
    [first] = threads_named("relay")
    work.fail_with = ZeroDivisionError()
    first.join(30)

    relay.keep_running()

    work.wait_for_more()
    assert threads_named("relay") != [first]


def test_keeping_it_running_does_not_start_a_second_one(relay: RelayThread) -> None:
    relay.keep_running()
    relay.keep_running()

    assert len(threads_named("relay")) == 1


def test_after_stopping_nothing_is_left(dsn: str, relay: RelayThread, work: Work) -> None:
    wait_until(lambda: work.calls > 0, "it works")

    relay.stop()
    relay.keep_running()

    assert threads_named("relay") == []
    wait_until(lambda: listeners(dsn) == [], "Postgres has seen it go")
