"""Servers and databases for tests: started once for each test process, never shared.

With pytest-xdist every worker is a process of its own, so each has its own pair of servers. Where
RECOMMA_DATABASE_URL or RECOMMA_REDIS_URL name servers, those are used; the database of a test is
always a new one.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import Engine, create_engine, make_url, text

from recomma import embedded
from recomma.adapters.postgres import schema
from recomma.adapters.postgres.engine import make_engine
from tests.contract.ledger_world import LedgerWorld

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Who starts us in the background may have had Ctrl-C ignored, and what we start inherits that:
    # the tests of Ctrl-C would then wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# On a busy machine one example may take long: that says nothing about what it shows.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# What steps log is shown with a test that fails. The default draws every local variable of every
# frame for it, which takes a hundred times as long as the step.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have files with slow tests begin first, where several processes take files in turn.

    One that begins last keeps its process at work for a minute after the others have ended.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    tests = Counter(item.path for item in items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    last = len(items)  # While a list is sorted, it is empty.
    # The fewer tests such a file has, the longer each of them takes.
    items.sort(key=lambda item: tests[item.path] if item.path in slow else last)


@pytest.fixture(scope="session")
def servers() -> Iterator[embedded.Urls]:
    """An embedded Postgres and an embedded Redis-compatible server."""
    with embedded.servers() as urls:
        yield urls


@pytest.fixture(scope="session")
def migrated(servers: embedded.Urls) -> Iterator[str]:
    """The name of a database at the newest schema that others are copied from."""
    with _database(servers, "") as url:
        schema.upgrade(url)
        yield make_url(url).database or ""


@pytest.fixture
def empty_database_url(servers: embedded.Urls) -> Iterator[str]:
    """A new database with nothing in it."""
    with _database(servers, "") as url:
        yield url


@pytest.fixture
def database_url(servers: embedded.Urls, migrated: str) -> Iterator[str]:
    """A new database at the newest schema, with no rows."""
    with _database(servers, migrated) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections to a new database at the newest schema."""
    engine = make_engine(database_url, pool_size=12)
    yield engine
    engine.dispose()


@pytest.fixture(params=["postgres"])
def ledgers(request: pytest.FixtureRequest) -> LedgerWorld:
    """A world around each ledger that there is; a fake one would be another parameter."""
    engine: Engine = request.getfixturevalue("engine")
    return LedgerWorld(engine)


@pytest.fixture
def redis_url(servers: embedded.Urls) -> str:
    return servers.redis


@pytest.fixture(scope="session")
def new_database(servers: embedded.Urls, migrated: str) -> Callable[[], object]:
    """Make a database at the newest schema for a `with` block: for tests that need several."""
    return lambda: _database(servers, migrated)


@contextmanager
def _database(servers: embedded.Urls, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    copied = f' TEMPLATE "{template}"' if template else ""
    _say(servers, f'CREATE DATABASE "{name}"{copied}')
    try:
        yield make_url(servers.database).set(database=name).render_as_string(hide_password=False)
    finally:
        _say(servers, f'DROP DATABASE "{name}" WITH (FORCE)')


def _say(servers: embedded.Urls, statement: str) -> None:
    engine = create_engine(servers.database, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
