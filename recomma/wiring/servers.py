"""Postgres and the broker: engines, the schema, and places of its own for a stage."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from sqlalchemy import Engine

from recomma.adapters.postgres import schema
from recomma.adapters.postgres import scratch as postgres_scratch
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.redis import scratch as redis_scratch
from recomma.config import BadSetting, Settings


def engine_of(settings: Settings) -> Engine:
    """Return an engine for a command: few connections, schema not checked."""
    return make_engine(settings.database_url, pool_size=2)


def checked_engine(settings: Settings) -> Engine:
    """Return an engine for a command. Raises SchemaMissing for an unmigrated database."""
    engine = engine_of(settings)
    schema.check(engine)
    return engine


def migrate(settings: Settings) -> str:
    """Bring the database to the newest schema; return its name."""
    schema.upgrade(settings.database_url)
    return schema.head()


def schema_of(settings: Settings) -> str:
    """Return the schema's name. Raises SchemaMissing if it is not the newest."""
    schema.check(engine_of(settings))
    return schema.head()


def redis_says(settings: Settings) -> str:
    """Return what the broker says of itself. Raises RedisError, or BadSetting for a policy that
    would throw queues away when memory runs short."""
    server = redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=3)
    with server:
        info = server.info()
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise BadSetting(
            f"Redis may evict keys ({policy}): set maxmemory-policy noeviction, or queues vanish."
        )
    return f"answers ({info.get('redis_version')}), noeviction"


@contextmanager
def scratch(database_url: str, redis_url: str) -> Iterator[tuple[str, str]]:
    """Yield URLs on the same servers where a stage disturbs nobody; they are emptied after it.

    Raises NotAllowed where the servers do not let us.
    """
    with scratch_database(database_url) as database:
        queues = redis_scratch.find(redis_url)
        try:
            yield database, queues
        finally:
            redis_scratch.clear(queues)


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """Yield the URL of a database of one's own on the same server. Raises NotAllowed."""
    database = postgres_scratch.create(url)
    try:
        yield database
    finally:
        postgres_scratch.drop(database)
