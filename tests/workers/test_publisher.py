"""CeleryPublisher with a real broker, and none."""

import base64
import json
import socket
import threading
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from recomma.domain import notes
from recomma.domain.notes import QUEUE_OF, Note, Queue
from tests.workers.running import Broker
from workers import publisher as publisher_module
from workers.publisher import DEPTH_MAX, CeleryPublisher


def messages(valkey: Broker, queue: str) -> list[Any]:
    return [json.loads(str(entry)) for entry in valkey.client.lrange(queue, 0, -1)]


@pytest.mark.parametrize(
    ("note", "queue", "task", "ids"),
    [
        (notes.watch("main"), "deals", "recomma.watch", {"account": "main"}),
        (notes.plan(7), "deals", "recomma.plan", {"deal_id": 7}),
        (notes.submit("hl"), "orders", "recomma.submit", {"venue": "hl"}),
        (
            notes.reconcile(7, "hl"),
            "take_profit",
            "recomma.reconcile",
            {"deal_id": 7, "venue": "hl"},
        ),
        (notes.refresh("hl"), "maintenance", "recomma.refresh", {"venue": "hl"}),
        (notes.survey("hl"), "maintenance", "recomma.survey", {"venue": "hl"}),
    ],
    ids=str,
)
def test_a_note_becomes_one_message_of_ids_on_its_queue(
    valkey: Broker, note: Note, queue: str, task: str, ids: dict[str, int | str]
) -> None:
    CeleryPublisher(valkey.app()).publish([note])

    [message] = messages(valkey, queue)
    arguments, keywords, _ = json.loads(_body(message))
    assert message["headers"]["task"] == task
    assert (arguments, keywords) == ([], {**ids, "v": 1})
    assert message["headers"]["expires"] is None


def _body(message: Any) -> str:
    return base64.b64decode(message["body"]).decode()


def test_messages_keep_the_order_of_the_notes(valkey: Broker) -> None:
    CeleryPublisher(valkey.app()).publish([notes.plan(1), notes.plan(2), notes.plan(3)])

    oldest_last = [json.loads(_body(m))[1]["deal_id"] for m in messages(valkey, "deals")]
    assert oldest_last == [3, 2, 1]


def test_a_thread_publishes_over_one_connection(valkey: Broker) -> None:
    publisher = CeleryPublisher(valkey.app())
    publisher.publish([notes.plan(1)])
    opened = valkey.client.info("stats")["total_connections_received"]

    publisher.publish([notes.plan(deal_id) for deal_id in range(2, 50)])

    assert valkey.client.info("stats")["total_connections_received"] == opened


def test_many_threads_publish_at_once(valkey: Broker) -> None:
    publisher = CeleryPublisher(valkey.app())
    threads = [
        threading.Thread(target=publisher.publish, args=([notes.plan(n), notes.submit(f"v{n}")],))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert valkey.client.llen("deals") == valkey.client.llen("orders") == 8


def test_a_broker_that_is_away_costs_nothing_but_the_publication() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # Bound but not listening: every connection is refused.
        app = Celery(broker=f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0}

        CeleryPublisher(app).publish([notes.plan(7), notes.plan(8)])


def test_a_queue_that_nobody_has_used_yet_is_empty(valkey: Broker) -> None:
    assert CeleryPublisher(valkey.app()).depth(Queue.DEALS) == 0


def test_depth_counts_the_messages_that_wait(valkey: Broker) -> None:
    publisher = CeleryPublisher(valkey.app())
    publisher.publish([notes.plan(1), notes.plan(2), notes.submit("hl")])

    assert publisher.depth(Queue.DEALS) == 2


def test_of_a_broker_that_is_away_nobody_believes_that_nothing_waits() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        app = Celery(broker=f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0}

        with pytest.raises(OperationalError):
            CeleryPublisher(app).depth(Queue.DEALS)


def test_a_broker_that_is_away_takes_nothing_and_is_asked_again() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        app = Celery(broker=f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0}

        assert set(CeleryPublisher(app).full()) == set(QUEUE_OF.values())


def test_a_queue_is_full_at_its_limit_and_has_room_when_it_was_worked_on(
    valkey: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "DEPTH_SECONDS", 0.0)
    publisher = CeleryPublisher(valkey.app())
    valkey.client.lpush("deals", *["message"] * DEPTH_MAX)
    deep = publisher.full()
    valkey.client.rpop("deals")

    assert (deep, publisher.full()) == ([Queue.DEALS], [])


def test_it_is_idle_when_every_queue_is_known_to_be_empty(
    valkey: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "DEPTH_SECONDS", 0.0)
    publisher = CeleryPublisher(valkey.app())
    before = publisher.idle()
    publisher.publish([notes.submit("hl")])
    deep = publisher.idle()
    valkey.client.flushall()

    assert (before, deep, publisher.idle()) == (True, False, True)
    valkey.kill()
    assert not publisher.idle()


def test_between_two_looks_a_publisher_counts_what_it_sends(
    valkey: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "DEPTH_SECONDS", 600.0)
    publisher = CeleryPublisher(valkey.app())
    valkey.client.lpush("deals", *["message"] * (DEPTH_MAX - 1))
    before = publisher.full()

    publisher.publish([notes.plan(7)])

    assert (before, publisher.full()) == ([], [Queue.DEALS])


def test_a_full_broker_costs_nothing_but_the_publication(valkey: Broker) -> None:
    publisher = CeleryPublisher(valkey.app())
    valkey.client.config_set("maxmemory", "1")

    publisher.publish([notes.plan(7)])

    valkey.client.config_set("maxmemory", "0")
    publisher.publish([notes.plan(8)])
    assert [json.loads(_body(m))[1]["deal_id"] for m in messages(valkey, "deals")] == [8]


def test_publishing_goes_on_after_the_broker_came_back(valkey: Broker) -> None:
    publisher = CeleryPublisher(valkey.app())
    publisher.publish([notes.plan(7)])
    valkey.kill()
    publisher.publish([notes.plan(8)])
    valkey.start()

    publisher.publish([notes.plan(9)])

    assert [json.loads(_body(m))[1]["deal_id"] for m in messages(valkey, "deals")] == [9, 7]
