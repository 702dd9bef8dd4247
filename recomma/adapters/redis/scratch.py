"""A numbered database that nobody uses on somebody's Redis, for a stage's queues."""

from typing import Final
from urllib.parse import urlsplit

import redis

from recomma.ports import NotAllowed

NUMBERS: Final = range(1, 16)
TIMEOUT_SECONDS: Final = 5


def find(url: str) -> str:
    """Return the URL of an empty database on the server of `url`. Raises NotAllowed."""
    for number in NUMBERS:
        candidate = urlsplit(url)._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(candidate, socket_timeout=TIMEOUT_SECONDS) as server:
            if server.dbsize() == 0:
                return candidate
    raise NotAllowed("RECOMMA_REDIS_URL has no empty database: unset it to use the embedded one.")


def clear(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS) as server:
        server.flushdb()
