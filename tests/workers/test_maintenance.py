"""A real maintenance worker between a real Postgres and a real broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from recomma.adapters.postgres import settings_store
from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.domain import notes
from recomma.domain.reasons import Reason
from recomma.ports import DeadLetter, Ruling
from tests.workers.running import Broker, Running, celery, wait_until, worker_arguments

pytestmark = pytest.mark.slow


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def ledger(engine: Engine) -> PostgresLedger:
    """With the account `main` and the venue `hl`."""
    venue = settings_store.VenueRow(
        name="hl",
        account="0x" + "1" * 40,
        sub_account=None,
        network="testnet",
        signer="0x" + "2" * 40,
        live=False,
        bots=None,
    )
    settings_store.apply(engine, source="main", venues=[venue], body={}, actor="t", at=clock())
    return PostgresLedger(engine, clock=clock)


@contextmanager
def maintenance(valkey: Broker, database_url: str, folder: Path) -> Iterator[Running]:
    environment = {
        "RECOMMA_DATABASE_URL": database_url,
        "RECOMMA_REDIS_URL": valkey.url,
        "RECOMMA_THREECOMMAS_API_KEY": "key",
        "RECOMMA_THREECOMMAS_SECRET": "secret",
    }
    arguments = worker_arguments("maintenance", threads=1)
    with celery(folder, "workers", arguments, environment) as worker:
        yield worker


def is_published(valkey: Broker, queue: str, messages: int = 1) -> bool:
    return int(valkey.client.llen(queue)) == messages


def test_a_note_that_was_left_reaches_its_queue(
    ledger: PostgresLedger, valkey: Broker, database_url: str, tmp_path: Path
) -> None:
    with maintenance(valkey, database_url, tmp_path) as worker:
        ledger.leave(notes.submit("hl"), clock())

        worker.wait_until(lambda: is_published(valkey, "orders"), "the note is published")


def test_the_relay_outlives_both_of_its_ends(
    ledger: PostgresLedger, valkey: Broker, database_url: str, tmp_path: Path
) -> None:
    with maintenance(valkey, database_url, tmp_path) as worker:
        worker.wait_until(lambda: bool(listeners(database_url)), "the relay listens")
        valkey.kill()
        cut_off(database_url)
        valkey.start()
        ledger.leave(notes.submit("hl"), clock())

        worker.wait_until(lambda: is_published(valkey, "orders"), "the note is published")


def test_the_queue_of_dead_letters_follows_the_rows(
    ledger: PostgresLedger, engine: Engine, valkey: Broker, database_url: str, tmp_path: Path
) -> None:
    die(ledger)
    store = DeadLetterStore(engine, clock=clock)
    with maintenance(valkey, database_url, tmp_path) as worker:
        worker.wait_until(lambda: is_published(valkey, "dead_letters"), "it is parked")

        store.requeue(None, actor="t")

        worker.wait_until(lambda: is_published(valkey, "dead_letters", 0), "it is gone")
        worker.wait_until(lambda: is_published(valkey, "orders"), "its note is published")


def test_the_worker_stops_cleanly(
    ledger: PostgresLedger, valkey: Broker, database_url: str, tmp_path: Path
) -> None:
    with maintenance(valkey, database_url, tmp_path) as worker:
        worker.wait_until(lambda: bool(listeners(database_url)), "the relay listens")

        worker.child.terminate()
        worker.child.wait(timeout=60)

    assert worker.child.returncode == 0
    wait_until(lambda: listeners(database_url) == [], "nobody listens any more")


def die(ledger: PostgresLedger) -> None:
    note, now = notes.submit("hl"), clock()
    ledger.leave(note, now)
    claim = ledger.claim(note, now, timedelta(seconds=60))
    assert claim is not None
    letter = DeadLetter(note, Reason.UNKNOWN_REFUSAL, "never seen")
    ledger.rule(claim, Ruling(done=False, letter=letter))


def listeners(database_url: str) -> list[int]:
    with psycopg.connect(database_url.replace("+psycopg", "", 1)) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'recomma-relay'"
            " AND datname = current_database()"
        )
        return [pid for (pid,) in rows]


def cut_off(database_url: str) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "", 1), autocommit=True) as connection:
        for pid in listeners(database_url):
            connection.execute("SELECT pg_terminate_backend(%s)", [pid])
