"""One Redis that may be away: asked with short time-outs, and left alone while it is silent."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 5.0
"""How long a Redis that did not answer is not asked again: an exit must not wait for it anew at
each of its steps."""

T = TypeVar("T")


class Reach:
    """A client for what is nice to share, and can be done without."""

    def __init__(self, url: str, *, client_name: str) -> None:
        self.client = redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            client_name=client_name,
        )
        self._client_name = client_name
        self._asked_again_at = 0.0
        self._away = False

    def ask(self, question: Callable[[], T], otherwise: T) -> T:
        """Return what `question` returns, or `otherwise` if Redis is away. Raises nothing."""
        if self._away and time.monotonic() < self._asked_again_at:
            return otherwise
        try:
            answer = question()
        except RedisError as error:
            if not self._away:
                log.warning("redis_away", client=self._client_name, error=str(error))
            self._asked_again_at = time.monotonic() + AWAY_SECONDS
            self._away = True
            return otherwise
        self._away = False
        return answer

    def close(self) -> None:
        self.client.close()
