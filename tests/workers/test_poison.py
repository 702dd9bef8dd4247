"""Messages that nobody can read, given to a real worker: none is lost, none does harm twice."""

import base64
import json
import math
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from recomma.adapters.postgres.dead_letters import DeadLetterStore
from tests.workers.conftest import NOW
from tests.workers.running import NO_DATABASE, Broker, Running, celery, worker_arguments
from workers.publisher import CeleryPublisher

STAND_IN = "tests.workers.stand_in"
BY = {"id": "one", "task": "recomma.plan", "lang": "py"}
TAGS = count()


def envelope(body: Any, headers: Any = BY, **more: Any) -> str:
    """Return a message as Celery puts it on a list of Redis."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    tag = str(next(TAGS))
    properties = {
        "delivery_tag": tag,
        "body_encoding": "base64",
        "delivery_info": {"exchange": "", "routing_key": "deals"},
    }
    whole = {
        "body": base64.b64encode(written).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": properties,
    }
    return json.dumps({**whole, **more})


def task(keywords: Any, name: str = "recomma.plan", args: Any = ()) -> str:
    return envelope([list(args), keywords, {}], {**BY, "task": name})


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


POISON: Mapping[str, tuple[str, str]] = {
    "no JSON in its body": (envelope(b"{not json"), "unreadable_message"),
    "another kind of content": (
        envelope(b"cos", **{"content-type": "application/x-python-serialize"}),
        "unreadable_message",
    ),
    "a content that nobody knows": (
        envelope(b"x", **{"content-encoding": "klingon", "content-type": "text/odd"}),
        "unreadable_message",
    ),
    "a number instead of arguments": (envelope(5), "unreadable_message"),
    "nothing instead of arguments": (envelope(None), "unreadable_message"),
    "a list that is too short": (envelope([[]]), "unreadable_message"),
    "no headers": (envelope([[], {}, {}], {}), "unreadable_message"),
    "headers that are a list": (envelope([[], {"deal_id": 9}, {}], []), "unreadable_message"),
    "a task that is a list": (
        envelope([[], {"deal_id": 10}, {}], {**BY, "task": ["recomma.plan"]}),
        "unreadable_message",
    ),
    "headers that Celery trips over": (
        envelope([[], {"deal_id": 11}, {}], {**BY, "expires": "soon", "timelimit": 7}),
        "unreadable_message",
    ),
    "a task of another version": (task({"deal_id": 9}, "recomma.plan_v2"), "unknown_task"),
    "an argument that has another name": (task({"deal": 9}), "unknown_arguments"),
    "a number that is a text": (task({"deal_id": "9"}), "unknown_arguments"),
    "a number that no column holds": (task({"deal_id": 2**70}), "unknown_arguments"),
    "a number that is none": (task({"deal_id": math.nan}), "unknown_arguments"),
    "arguments as deep as can be": (task({"deal_id": deep(400)}), "unknown_arguments"),
    "headers as deep as can be": (
        envelope([[], {"deal_id": 12}, {}], {"x": deep(400)}),
        "unreadable_message",
    ),
    "arguments by their place": (task({}, args=[9]), "unknown_arguments"),
}


def run_stand_in(valkey: Broker, database_url: str, folder: Path) -> Any:
    environment = {
        "RECOMMA_DATABASE_URL": database_url,
        "RECOMMA_REDIS_URL": valkey.url,
        "TRACE_URL": valkey.url,
    }
    return celery(folder, STAND_IN, worker_arguments("deals", threads=2), environment)


def works_on(worker: Running, valkey: Broker, deal_id: int) -> None:
    """Wait until the worker has done one more message, which waited behind all others."""
    CeleryPublisher(valkey.app()).send("recomma.plan", "deals", {"deal_id": deal_id})
    worker.wait_until(lambda: f"plan {deal_id}" in valkey.ran(), "the worker works on")


@pytest.mark.slow
def test_every_message_that_nobody_can_read_is_kept_and_the_worker_works_on(
    valkey: Broker, configured: Engine, database_url: str, tmp_path: Path
) -> None:
    for poison, _ in POISON.values():
        valkey.client.lpush("deals", poison)
    store = DeadLetterStore(configured, clock=lambda: NOW)

    with run_stand_in(valkey, database_url, tmp_path) as worker:
        works_on(worker, valkey, 1)
        worker.wait_until(lambda: len(store.open_ids()) >= len(POISON), "all are kept")
        worker.wait_until(lambda: valkey.client.hlen("unacked") == 0, "all are off the broker")

        assert valkey.ran() == ["plan 1"]
    assert sorted(str(each.reason) for each in store.list()) == sorted(
        reason for _, reason in POISON.values()
    )
    assert {each.times for each in store.list()} == {1}
    assert {each.queue for each in store.list()} == {"deals"}


@pytest.mark.slow
def test_what_is_no_message_at_all_is_kept_too(
    valkey: Broker, configured: Engine, database_url: str, tmp_path: Path
) -> None:
    for garbage in (
        "no message",
        "[" * 100_000,
        "[]",
        "5",
        "{}",
        '{"properties": {}}',
        '{"properties": 3}',
    ):
        valkey.client.lpush("deals", garbage)
    store = DeadLetterStore(configured, clock=lambda: NOW)

    with run_stand_in(valkey, database_url, tmp_path) as worker:
        works_on(worker, valkey, 1)
        worker.wait_until(lambda: len(store.open_ids()) == 7, "all are kept")

    assert "no message" in {each.message.get("body") for each in store.list() if each.message}


@pytest.mark.slow
def test_without_postgres_an_unreadable_message_comes_back_until_it_can_be_kept(
    valkey: Broker, configured: Engine, database_url: str, tmp_path: Path
) -> None:
    valkey.client.lpush("deals", task({"deal": 9}))
    environment = {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url, "TRACE_URL": valkey.url}
    with celery(tmp_path, STAND_IN, worker_arguments("deals", threads=1), environment) as worker:
        worker.wait_until(lambda: worker.said.count("message_not_kept") >= 2, "it came twice")
        works_on(worker, valkey, 1)  # Nobody has to wait for it.
    store = DeadLetterStore(configured, clock=lambda: NOW)

    with run_stand_in(valkey, database_url, tmp_path) as worker:
        worker.wait_until(lambda: len(store.open_ids()) == 1, "it is kept")
        worker.wait_until(lambda: valkey.client.hlen("unacked") == 0, "it is off the broker")

    assert valkey.client.llen("deals") == 0


PREVIOUS: Mapping[str, Callable[[], str]] = {
    # As the first version wrote it, word for word; and as one before it that knew no version.
    "version 1": lambda: task({"deal_id": 7, "v": 1}),
    "no version": lambda: task({"deal_id": 7}),
    "a later version": lambda: task({"deal_id": 7, "v": 2, "traceparent": "00-1-2-03"}),
}


@pytest.mark.slow
def test_messages_of_the_version_before_and_after_are_worked_on(
    valkey: Broker, configured: Engine, database_url: str, tmp_path: Path
) -> None:
    for write in PREVIOUS.values():
        valkey.client.lpush("deals", write())

    with run_stand_in(valkey, database_url, tmp_path) as worker:
        worker.wait_until(lambda: valkey.ran() == ["plan 7"] * len(PREVIOUS), "all are done")

    assert DeadLetterStore(configured, clock=lambda: NOW).open_ids() == ()
