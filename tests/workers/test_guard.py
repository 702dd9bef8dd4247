"""The crash of celery.md 1.6, with the guard and without it."""

from pathlib import Path

import pytest

from tests.workers.running import NO_DATABASE, Broker, Running, celery, worker_arguments
from workers import guard
from workers.publisher import CeleryPublisher

STAND_IN = "tests.workers.stand_in"
UNACKED = "unacked"


def environment(valkey: Broker, trace: Broker) -> dict[str, str]:
    return {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url, "TRACE_URL": trace.url}


def lose_the_broker_under_a_running_task(worker: Running, valkey: Broker, trace: Broker) -> None:
    before = len(trace.ran())
    publisher = CeleryPublisher(valkey.app())
    publisher.send("recomma.plan", "deals", {"deal_id": before, "gated": True})
    worker.wait_until(lambda: len(trace.ran()) > before, "the task runs")
    worker.wait_until(lambda: valkey.client.hlen(UNACKED) == 1, "its message is unacknowledged")
    valkey.kill()
    valkey.start()


@pytest.mark.slow
def test_a_worker_survives_a_broker_that_restarts_under_its_task(
    valkey: Broker, trace: Broker, tmp_path: Path
) -> None:
    arguments = worker_arguments("deals", threads=2)
    with celery(tmp_path, STAND_IN, arguments, environment(valkey, trace)) as worker:
        for _ in range(2):
            lose_the_broker_under_a_running_task(worker, valkey, trace)
            trace.client.rpush("gate", "open")
            worker.wait_until(lambda: valkey.client.hlen(UNACKED) == 0, "the late ack arrives")

        CeleryPublisher(valkey.app()).send("recomma.plan", "deals", {"deal_id": 2})
        worker.wait_until(lambda: len(trace.ran()) == 3, "the next task runs")

        assert worker.is_alive
        assert trace.ran() == ["plan 0", "plan 1", "plan 2"]  # None ran twice.


@pytest.mark.slow
def test_without_the_guard_the_same_worker_exits(
    valkey: Broker, trace: Broker, tmp_path: Path
) -> None:
    """When this fails, upstream has mended it: workers/guard.py can go."""
    unguarded = {**environment(valkey, trace), "WITHOUT_GUARD": "1"}
    with celery(tmp_path, STAND_IN, worker_arguments("deals", threads=2), unguarded) as worker:
        lose_the_broker_under_a_running_task(worker, valkey, trace)
        trace.client.rpush("gate", "open")
        worker.child.wait(timeout=60)

        assert "Unrecoverable error: AttributeError" in worker.said


def test_another_version_of_kombu_is_refused_with_what_to_do() -> None:
    with pytest.raises(guard.WrongVersion, match=r"for kombu 5\.7\.0, but 5\.8\.0 is installed"):
        guard.check({"celery": "5.7.0", "kombu": "5.8.0"})


def test_another_version_of_celery_is_refused() -> None:
    with pytest.raises(guard.WrongVersion, match=r"for celery 5\.7\.0, but 5\.7\.1"):
        guard.check({"celery": "5.7.1", "kombu": "5.7.0"})


def test_the_guard_can_be_installed_twice() -> None:
    guard.install()
    once = guard.Channel.__init__
    guard.install()

    assert guard.Channel.__init__ is once
