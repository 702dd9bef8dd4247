"""What SIGTERM does to a worker in the middle of a step: it ends it, or hands it back, in time."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.workers.running import NO_DATABASE, Broker, Running, celery, worker_arguments
from workers import shutdown
from workers.publisher import CeleryPublisher

STAND_IN = "tests.workers.stand_in"


@contextmanager
def in_the_middle_of_a_step(
    valkey: Broker, folder: Path, *, bound_seconds: str
) -> Iterator[Running]:
    """One step runs, two more wait: one in the worker's queue, if it takes it, and one outside."""
    environment = {
        **NO_DATABASE,
        "RECOMMA_REDIS_URL": valkey.url,
        "TRACE_URL": valkey.url,
        shutdown.VARIABLE: bound_seconds,
    }
    publisher = CeleryPublisher(valkey.app())
    for deal_id in (1, 2, 3):
        publisher.send("recomma.plan", "deals", {"deal_id": deal_id, "gated": True})
    with celery(folder, STAND_IN, worker_arguments("deals", threads=1), environment) as worker:
        worker.wait_until(lambda: valkey.ran() == ["plan 1"], "a step runs")
        yield worker


def in_the_broker(valkey: Broker) -> int:
    return int(valkey.client.llen("deals")) + int(valkey.client.hlen("unacked"))


@pytest.mark.slow
def test_a_step_that_ends_in_time_is_done_and_the_rest_stays_with_the_broker(
    valkey: Broker, tmp_path: Path
) -> None:
    with in_the_middle_of_a_step(valkey, tmp_path, bound_seconds="50") as worker:
        worker.child.send_signal(signal.SIGTERM)
        valkey.client.rpush("gate", "open")
        worker.child.wait(timeout=60)

        assert worker.child.returncode == 0
    assert valkey.ran() == ["plan 1"]
    assert in_the_broker(valkey) == 2


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_handed_back(valkey: Broker, tmp_path: Path) -> None:
    with in_the_middle_of_a_step(valkey, tmp_path, bound_seconds="0.5") as worker:
        worker.child.send_signal(signal.SIGTERM)
        worker.child.wait(timeout=30)

        assert worker.child.returncode == shutdown.EXIT_STATUS
        assert "shutdown_too_slow" in worker.said
    assert in_the_broker(valkey) == 3  # The running one, too: it was never acknowledged.


def test_the_bound_lies_within_what_a_container_is_given() -> None:
    compose = (Path(__file__).parents[2] / "compose.yaml").read_text()
    grace = compose.split("stop_grace_period: ")[1].split("s")[0]

    assert float(grace) > shutdown.SHUTDOWN_SECONDS
