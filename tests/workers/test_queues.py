"""Which queue a worker takes from first, with a real worker on a real broker."""

from pathlib import Path

import pytest

from recomma.domain import notes
from tests.workers.running import NO_DATABASE, Broker, Running, celery, worker_arguments
from workers.publisher import CeleryPublisher

STAND_IN = "tests.workers.stand_in"
GENERAL = "take_profit,orders,deals,maintenance"


@pytest.mark.slow
def test_an_exit_goes_before_all_the_deals_that_wait(valkey: Broker, tmp_path: Path) -> None:
    deals = 60
    publisher = CeleryPublisher(valkey.app())
    for deal_id in range(deals):
        publisher.send("recomma.plan", "deals", {"deal_id": deal_id, "gated": True})
    urls = {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url, "TRACE_URL": valkey.url}

    with celery(tmp_path / "state", STAND_IN, worker_arguments(GENERAL, threads=1), urls) as worker:
        one_is_running(worker, valkey)
        publisher.publish([notes.reconcile(7, "main")])
        valkey.client.rpush("gate", *range(deals))
        worker.wait_until(lambda: len(valkey.ran()) == deals + 1, "everything ran")

    in_order = [f"plan {deal_id}" for deal_id in range(1, deals)]
    assert valkey.ran() == ["plan 0", "reconcile 7", *in_order]


def one_is_running(worker: Running, valkey: Broker) -> None:
    worker.wait_until(lambda: valkey.ran() == ["plan 0"], "the first deal is being worked on")


@pytest.mark.slow
def test_messages_arrive_after_the_broker_lost_everything(valkey: Broker, tmp_path: Path) -> None:
    urls = {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url, "TRACE_URL": valkey.url}
    publisher = CeleryPublisher(valkey.app())

    with celery(tmp_path / "state", STAND_IN, worker_arguments(GENERAL, threads=1), urls) as worker:
        publisher.send("recomma.plan", "deals", {"deal_id": 1})
        worker.wait_until(lambda: valkey.ran() == ["plan 1"], "the worker works")
        valkey.client.flushall()
        publisher.send("recomma.plan", "deals", {"deal_id": 2})

        worker.wait_until(lambda: valkey.ran() == ["plan 2"], "the next message arrives")
