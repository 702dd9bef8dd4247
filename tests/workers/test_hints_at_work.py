"""Real workers whose broker and locks fail them: each note is worked on, and written once.

The ledger, the broker and the traces are servers of their own, so that a broker that forgets
everything does not forget what happened.
"""

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from recomma.adapters.redis.locks import PREFIX
from recomma.domain import notes
from tests.workers.running import Broker, Running, celery, worker_arguments
from tests.workers.test_hints import many
from workers.publisher import CeleryPublisher

pytestmark = pytest.mark.slow

HINTED = "tests.workers.hinted"
DEALS = 12
EACH_ONCE = sorted(f"plan {deal_id}" for deal_id in range(1, DEALS + 1))

Hire = Callable[[], Running]


@pytest.fixture
def hire(
    valkey: Broker, trace: Broker, configured: Engine, database_url: str, tmp_path: Path
) -> Iterator[Hire]:
    """Start one more worker that takes every queue and relays."""
    environment = {
        "RECOMMA_DATABASE_URL": database_url,
        "RECOMMA_REDIS_URL": valkey.url,
        "RECOMMA_THREECOMMAS_API_KEY": "key",
        "RECOMMA_THREECOMMAS_SECRET": "secret",
        "TRACE_URL": trace.url,
    }
    with ExitStack() as hired:

        def start() -> Running:
            arguments = worker_arguments("deals,maintenance", threads=2)
            return hired.enter_context(celery(tmp_path, HINTED, arguments, environment))

        yield start


def wrote(trace: Broker) -> list[str]:
    return [str(entry) for entry in trace.client.lrange("wrote", 0, -1)]


def is_all_done(engine: Engine) -> bool:
    """Say whether no note is due and none is in anybody's hands."""
    left = "SELECT count(*) FROM notes WHERE due_at IS NOT NULL OR leased_until IS NOT NULL"
    with engine.connect() as connection:
        return connection.execute(text(left)).scalar() == 0


def test_lost_doubled_and_reordered_messages_make_one_run_for_each_note(
    valkey: Broker, trace: Broker, configured: Engine, hire: Hire
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    ledger = many(configured, DEALS)
    CeleryPublisher(valkey.app()).publish(ledger.take_unpublished(datetime.now(UTC), DEALS))
    published = [str(each) for each in valkey.client.lrange("deals", 0, -1)]
    kept = chance.sample(published, DEALS - 3) * 3
    chance.shuffle(kept)
    valkey.client.delete("deals")
    valkey.client.rpush("deals", *kept)

    workers = [hire(), hire()]
    workers[0].wait_until(lambda: is_all_done(configured), "every note is done")

    assert len(published) == DEALS
    assert sorted(wrote(trace)) == EACH_ONCE


def test_a_broker_that_forgets_everything_costs_nothing_but_time(
    valkey: Broker, trace: Broker, configured: Engine, hire: Hire
) -> None:
    ledger = many(configured, DEALS)
    CeleryPublisher(valkey.app()).publish(ledger.take_unpublished(datetime.now(UTC), DEALS))
    trace.client.rpush("hold", *["hold"] * 2)
    worker = hire()
    worker.wait_until(lambda: len(trace.ran()) == 2, "its two threads are in the middle of a step")

    valkey.client.flushall()
    trace.client.rpush("gate", *["open"] * 2)
    worker.wait_until(lambda: is_all_done(configured), "every note is done")

    assert sorted(wrote(trace)) == EACH_ONCE


def test_a_message_that_is_redelivered_while_its_step_runs_makes_no_second_run(
    valkey: Broker, trace: Broker, configured: Engine, hire: Hire
) -> None:
    ledger = many(configured, 1)
    trace.client.rpush("hold", "hold")
    CeleryPublisher(valkey.app()).publish(ledger.take_unpublished(datetime.now(UTC), 1))
    workers = [hire(), hire()]
    workers[0].wait_until(lambda: trace.ran() == ["plan 1"], "a step is running")
    in_hand = set(valkey.client.hkeys("unacked"))

    # Each delivery has a tag of its own; who takes the next one marks the note and acknowledges.
    workers[0].wait_until(
        lambda: in_hand.isdisjoint(valkey.client.hkeys("unacked")), "it was handed out again"
    )
    workers[0].wait_until(lambda: valkey.client.llen("deals") == 0, "somebody has taken it")
    trace.client.rpush("gate", "open")
    workers[0].wait_until(lambda: is_all_done(configured), "the note is done")

    assert (trace.ran(), wrote(trace)) == (["plan 1"], ["plan 1"])


@contextmanager
def frozen(worker: Running) -> Iterator[None]:
    worker.child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.child.send_signal(signal.SIGCONT)


def test_a_worker_frozen_past_its_lock_and_its_lease_writes_nothing_when_it_comes_back(
    valkey: Broker, trace: Broker, configured: Engine, hire: Hire
) -> None:
    ledger = many(configured, 1)
    trace.client.rpush("hold", "hold")
    CeleryPublisher(valkey.app()).publish(ledger.take_unpublished(datetime.now(UTC), 1))
    first = hire()
    first.wait_until(lambda: trace.ran() == ["plan 1"], "a step is running")

    with frozen(first):
        valkey.client.delete(f"{PREFIX}{notes.plan(1).subject}")  # Its life is over.
        second = hire()
        second.wait_until(lambda: bool(wrote(trace)), "another has taken it over")
        second.wait_until(lambda: is_all_done(configured), "the note is done")
    written = wrote(trace)
    trace.client.rpush("gate", "open")
    first.wait_until(lambda: "taken_over" in first.said, "the first finds its fence lost")

    # On a busy machine the second may outlast its short lease, and run the note once more.
    assert trace.ran()[:2] == ["plan 1"] * 2
    assert wrote(trace) == written
