"""The health files, by hand and with a real worker and a real beat."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.running import NO_DATABASE, ROOT, Broker, celery, worker_arguments
from workers import health, places

REAL = "workers"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = os.environ.get(places.VARIABLE)
    os.environ[places.VARIABLE] = str(tmp_path / "state")
    yield tmp_path / "state"
    os.environ.pop(places.VARIABLE)
    if before is not None:
        os.environ[places.VARIABLE] = before


def check(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "workers.health", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_worker_that_never_was_alive_is_not_healthy(folder: Path) -> None:
    done = check("--queue", "deals")

    assert (done.returncode, done.stderr) == (1, "deals has never been alive here\n")


def test_a_worker_that_was_alive_just_now_is_healthy(folder: Path) -> None:
    health.touch("deals")

    assert check("--queue", "deals").returncode == 0


def test_a_worker_that_fell_silent_is_not_healthy(folder: Path) -> None:
    health.touch("deals")
    long_ago = (folder / "alive-deals").stat().st_mtime - 100
    os.utime(folder / "alive-deals", (long_ago, long_ago))

    done = check("--queue", "deals")

    assert done.returncode == 1
    assert "deals was last alive 1" in done.stderr


def test_who_fell_silent_before_the_clock_went_back_is_not_healthy(folder: Path) -> None:
    health.touch("beat")
    ahead = (folder / "alive-beat").stat().st_mtime + 3600
    os.utime(folder / "alive-beat", (ahead, ahead))

    assert check("--beat").returncode == 1


def test_one_queue_says_nothing_of_another(folder: Path) -> None:
    health.touch("deals")

    assert health.age_seconds("orders") is None


def test_the_folder_is_for_this_user_alone(folder: Path) -> None:
    health.touch("deals")

    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_real_worker_touches_the_files_of_its_queues_alone(valkey: Broker, folder: Path) -> None:
    environment = {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url}
    with celery(folder, REAL, worker_arguments("deals,orders", threads=1), environment) as worker:
        worker.wait_until(lambda: health.age_seconds("orders") is not None, "it is alive")

        assert health.age_seconds("deals") is not None
        assert health.age_seconds("take_profit") is None


@pytest.mark.slow
def test_a_real_beat_touches_its_file_and_fills_the_queues(valkey: Broker, folder: Path) -> None:
    environment = {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url, "RECOMMA_WATCH_SECONDS": "0.5"}
    with celery(folder, REAL, ["beat", "-s", str(folder / "schedule")], environment) as beat:
        beat.wait_until(lambda: health.age_seconds(health.BEAT) is not None, "it has ticked")
        beat.wait_until(lambda: valkey.client.llen("deals") > 0, "a watch is published")


def test_nobody_may_consume_the_dead_letters(valkey: Broker, folder: Path) -> None:
    environment = {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url}
    with celery(folder, REAL, worker_arguments("dead_letters", threads=1), environment) as worker:
        worker.child.wait(timeout=60)

        assert worker.child.returncode == 2
        assert "Nobody consumes dead_letters" in worker.said


@pytest.mark.slow
def test_a_worker_for_all_queues_leaves_the_dead_letters_alone(
    valkey: Broker, folder: Path
) -> None:
    environment = {**NO_DATABASE, "RECOMMA_REDIS_URL": valkey.url}
    valkey.client.lpush("dead_letters", "parked")
    [verb, _queue_option, _queues, *others] = worker_arguments("-", threads=1)
    with celery(folder, REAL, [verb, *others], environment) as worker:
        worker.wait_until(lambda: health.age_seconds("maintenance") is not None, "it is alive")

        assert health.age_seconds("dead_letters") is None
        assert valkey.client.llen("dead_letters") == 1
