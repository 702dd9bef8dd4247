"""Flower, with a worker that it knows: only then would it hide what nobody consumes."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from recomma.domain.notes import Queue
from recomma.embedded.server import free_port
from tests.workers.running import NO_DATABASE, Broker, celery, worker_arguments
from workers.publisher import CeleryPublisher


def asked(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, TimeoutError):
        return None


@pytest.mark.slow
def test_flower_shows_all_five_queues_and_how_many_dead_letters(
    valkey: Broker, tmp_path: Path
) -> None:
    publisher = CeleryPublisher(valkey.app())
    for letter_id in range(3):
        publisher.send("recomma.dead_letter", "dead_letters", {"id": letter_id})
    environment = {
        **NO_DATABASE,
        "RECOMMA_REDIS_URL": valkey.url,
        "FLOWER_UNAUTHENTICATED_API": "true",
    }
    where = f"http://127.0.0.1:{(port := free_port())}"
    arguments = ["flower", "--address=127.0.0.1", f"--port={port}"]

    with (
        celery(tmp_path, "workers", worker_arguments("deals", threads=1), environment) as worker,
        celery(tmp_path, "workers.flower_app", arguments, environment) as flower,
    ):
        worker.wait_until(lambda: "alive-deals" in {p.name for p in tmp_path.iterdir()}, "it works")
        flower.wait_until(lambda: bool(asked(f"{where}/api/workers?refresh=1")), "it knows it")
        shown = asked(f"{where}/api/queues/length")["active_queues"]

    expected = {queue.value: 0 for queue in Queue} | {"dead_letters": 3}
    assert {row["name"]: row["messages"] for row in shown} == expected
