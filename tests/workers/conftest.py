import gc
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from celery.bin.celery import celery
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from recomma.adapters.postgres import settings_store
from tests.workers.running import Broker, broker

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone, which it may kill."""
    with broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Broker]:
    """Where tasks leave their traces while the broker is away."""
    with broker(tmp_path / "trace") as running:
        yield running


@pytest.fixture
def configured(engine: Engine) -> Engine:
    """A database with the account `main` and the venue `hl`."""
    venue = settings_store.VenueRow(
        name="hl",
        account="0x" + "1" * 40,
        sub_account=None,
        network="testnet",
        signer="0x" + "2" * 40,
        live=False,
        bots=None,
    )
    settings_store.apply(engine, source="main", venues=[venue], body={}, actor="test", at=NOW)
    return engine


@pytest.fixture
def run(configured: Engine, database_url: str) -> Callable[..., Result]:
    """Run `celery -A workers dead-letters …`."""

    def run(*arguments: str, actor: str = "ann") -> Result:
        environment = {
            "RECOMMA_DATABASE_URL": database_url,
            "RECOMMA_REDIS_URL": NOWHERE,
            "RECOMMA_ACTOR": actor,
        }
        return invoked(["-A", "workers", "dead-letters", *arguments], environment)

    return run


def invoked(words: list[str], environment: dict[str, str]) -> Result:
    """Run a command here instead of in a process of its own, which would take 1.5 s."""
    with warnings.catch_warnings():
        # A command leaves it to the end of its process to close its connections.
        warnings.simplefilter("ignore", ResourceWarning)
        done = CliRunner().invoke(celery, words, env=environment)
        gc.collect()
    return done
