"""A worker that takes nothing while work waits: when it is one, and that it ends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import Engine

from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.progress import Progress
from recomma.domain import notes
from tests.workers.conftest import NOW
from tests.workers.running import Broker, celery, worker_arguments
from workers import watchdog
from workers.publisher import CeleryPublisher
from workers.watchdog import LOOKS, Watchdog

STALL = 90.0


class Stage:
    """Time and waiting work in the test's hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.work_waits = True
        self.watchdog = Watchdog(self.waits, STALL, clock=lambda: self.now)

    def waits(self) -> bool:
        return self.work_waits

    def look(self, times: int = 1, *, seconds: float = STALL / LOOKS) -> bool:
        """Look again and again, and say what the last look found."""
        found = False
        for _ in range(times):
            self.now += seconds
            found = self.watchdog.is_stalled()
        return found


def test_work_that_waits_all_the_time_under_an_idle_worker_is_a_stall() -> None:
    stage = Stage()

    assert not stage.look(LOOKS)
    assert stage.look()


def test_a_task_that_ends_is_progress() -> None:
    stage = Stage()
    stage.look(LOOKS)

    stage.watchdog.task_ended()

    assert not stage.look(LOOKS + 1)
    assert stage.look()


def test_work_that_was_done_meanwhile_is_no_stall() -> None:
    stage = Stage()
    stage.look(LOOKS)
    stage.work_waits = False
    stage.look()
    stage.work_waits = True

    assert not stage.look(LOOKS)


def test_a_worker_that_was_frozen_has_seen_nothing() -> None:
    stage = Stage()
    stage.look(LOOKS)

    assert not stage.look(seconds=10 * STALL)


def test_a_worker_that_cannot_ask_postgres_knows_nothing() -> None:
    stage = Stage()
    stage.look(LOOKS)
    stage.watchdog.waits = lambda: 1 // 0 == 0
    with pytest.raises(ZeroDivisionError):
        stage.look()
    stage.watchdog.waits = stage.waits

    assert not stage.look(LOOKS)


def test_the_stall_is_longer_than_a_task_and_than_a_lost_message() -> None:
    from recomma.pipeline.run import STALE_AFTER

    longest_task_seconds = 60
    assert longest_task_seconds < watchdog.STALL_SECONDS
    assert STALE_AFTER.total_seconds() * 2 < watchdog.STALL_SECONDS


def test_work_waits_if_it_is_due_and_in_nobodys_hands(configured: Engine) -> None:
    ledger, progress = PostgresLedger(configured, clock=lambda: NOW), Progress(configured)
    ledger.leave(notes.submit("hl"), NOW)
    later = NOW - timedelta(seconds=1)

    assert progress.waits(["orders", "deals"], NOW)
    assert not progress.waits(["deals"], NOW)
    assert not progress.waits(["orders"], later)
    ledger.claim(notes.submit("hl"), NOW, timedelta(seconds=60))
    assert not progress.waits(["orders"], NOW)


@pytest.mark.slow
def test_a_worker_that_became_deaf_ends_itself_to_be_restarted(
    valkey: Broker, configured: Engine, database_url: str, tmp_path: Path
) -> None:
    """As after a lost poll callback: alive, connected, answers a ping, takes no message."""
    ledger = PostgresLedger(configured, clock=lambda: datetime.now(UTC))
    environment = {
        "RECOMMA_DATABASE_URL": database_url,
        "RECOMMA_REDIS_URL": valkey.url,
        "TRACE_URL": valkey.url,
        watchdog.VARIABLE: "2",
    }
    arguments = worker_arguments("deals", threads=1)
    with celery(tmp_path, "tests.workers.stand_in", arguments, environment) as worker:
        CeleryPublisher(valkey.app()).send("recomma.plan", "deals", {"deal_id": 1})
        worker.wait_until(lambda: valkey.ran() == ["plan 1"], "it hears")
        control: Celery = valkey.app()
        worker.wait_until(
            lambda: bool(control.control.cancel_consumer("deals", reply=True)), "it is deaf"
        )

        ledger.leave(notes.watch("main"), datetime.now(UTC))
        CeleryPublisher(valkey.app()).publish([notes.watch("main")])
        worker.child.wait(timeout=60)

        assert worker.child.returncode == watchdog.EXIT_STATUS
        assert "worker_stalled" in worker.said
    assert valkey.client.llen("deals") == 1  # For the one that is started next.
