"""What Redis knows about how things go, as numbers: messages that wait, and breakers."""

from collections.abc import Iterator, Sequence
from typing import Final

import redis
from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN
from redis.exceptions import RedisError

from recomma.adapters.redis.breakers import PREFIX
from recomma.domain.notes import Queue
from recomma.ports import Unreadable
from recomma.ports.gauges import Gauge

ANSWER_SECONDS: Final = 3.0
STATES: Final = (STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN)
BESIDE: Final = (":rest", ":trial")
"""Keys of a breaker that are not its state."""

DEPTH: Final = "recomma_queue_depth"
BREAKER: Final = "recomma_breaker_state"
FAILURES: Final = "recomma_breaker_failures_in_a_row"


class BrokerGauges:
    """Implements `recomma.ports.gauges.Gauges`."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            client_name="recomma-metrics",
        )

    def read(self) -> Sequence[Gauge]:
        """See the port. What no breaker was ever asked about is not there."""
        try:
            return [*self._depths(), *self._breakers()]
        except RedisError as error:
            raise Unreadable(f"Redis does not answer: {error}") from error

    def _depths(self) -> Iterator[Gauge]:
        for queue in Queue:
            # Celery keeps a queue as a list under its name.
            waiting = self._redis.llen(str(queue))
            yield Gauge(DEPTH, "Messages that wait on a queue.", {"queue": str(queue)}, waiting)

    def _breakers(self) -> Iterator[Gauge]:
        for key in sorted(self._redis.scan_iter(f"{PREFIX}*", count=500)):
            if key.endswith(BESIDE):
                continue
            name = key.removeprefix(PREFIX)
            found = self._redis.hgetall(key)
            for state in STATES:
                labels = {"breaker": name, "state": state}
                is_it = found.get("state", STATE_CLOSED) == state
                yield Gauge(BREAKER, "1 for the state that the breaker is in.", labels, is_it)
            failures, labels = int(found.get("failures", 0)), {"breaker": name}
            yield Gauge(FAILURES, "Calls that failed, one after the other.", labels, failures)
