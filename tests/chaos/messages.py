"""Losing, doubling and holding up Celery's messages, by taking them out of the broker's lists.

A queue is a list under its name, and what a worker holds lies in the hash `unacked` (celery.md
1.1). Workers take a message as soon as it is there, so a thief has to wait in line like one of
them: Redis serves whoever has waited longest.
"""

import json
import threading
import time
from typing import Final

import redis

from tests.chaos.tally import Tally

QUEUES: Final = ("take_profit", "orders", "deals", "maintenance")
LOOK_SECONDS: Final = 0.2
TARGET: Final = "messages"


class Thief:
    """Between `begin` and `end` every message that it gets hold of is treated as `kind` says."""

    def __init__(self, url: str, kind: str, held_seconds: float, tally: Tally) -> None:
        self._url = url
        self._kind = kind
        self._held_seconds = held_seconds
        self._tally = tally
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._steal, name="thief", daemon=True)
        self._seen: set[str] = set()

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _steal(self) -> None:
        with redis.Redis.from_url(self._url, socket_timeout=5) as broker:
            held: list[tuple[bytes, bytes]] = []
            try:
                while not self._over.is_set():
                    taken = broker.brpop(QUEUES, timeout=LOOK_SECONDS)
                    if taken:
                        self._treat(broker, taken[0], taken[1], held)
                time.sleep(self._held_seconds if held else 0)
            except redis.RedisError:
                return  # The broker is being struck as well: its messages are lost either way.
            finally:
                for queue, message in held:
                    broker.lpush(queue, message)

    def _treat(
        self, broker: redis.Redis, queue: bytes, message: bytes, held: list[tuple[bytes, bytes]]
    ) -> None:
        name = str(json.loads(message)["headers"]["id"])
        if name in self._seen:  # A double of ours, or what we gave back.
            broker.lpush(queue, message)
            time.sleep(0.02)
            return
        self._seen.add(name)
        self._tally.add(TARGET, self._kind)
        if self._kind == "doubled":
            broker.lpush(queue, message, message)
        elif self._kind == "held up":
            held.append((queue, message))


def redeliver(url: str, tally: Tally) -> None:
    """Hand out again what workers have in hand, as the visibility time-out would."""
    with redis.Redis.from_url(url, socket_timeout=5) as broker:
        for told in broker.hvals("unacked"):
            message, _, queue = json.loads(told)
            broker.lpush(queue, json.dumps(message))
            tally.add(TARGET, "redelivered")
