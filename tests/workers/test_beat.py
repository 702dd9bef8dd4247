"""Beat goes on with its ticks whatever its clock does."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

import workers
from workers import beat

RIGHT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
EVERY = timedelta(seconds=5)
AHEAD = timedelta(hours=1)


class App(Celery):
    """An application whose clock is told what to say."""

    at = RIGHT

    def now(self) -> datetime:
        return self.at


class Beat(beat.Scheduler):
    """Counts the ticks that it would send."""

    sent = 0

    def apply_async(self, entry: Any, *args: Any, **kwargs: Any) -> None:
        self.sent += 1

    def run_due(self) -> int:
        """Return how many ticks go out now."""
        before = self.sent
        while self.tick() == 0:
            pass
        return self.sent - before


@pytest.fixture
def app() -> Iterator[App]:
    made = App("recomma", set_as_current=False, broker="memory://")
    watch = {"task": "recomma.watch", "schedule": EVERY.total_seconds()}
    made.conf.update(timezone="UTC", beat_schedule={"watch": watch})
    made.set_current()  # Schedules that come from the file ask the application of their thread.
    yield made
    workers.app.set_current()


def started(app: App, folder: Path) -> Beat:
    return Beat(app, schedule_filename=str(folder / "schedule"))


def test_a_tick_goes_out_each_time_that_its_interval_has_passed(app: App, tmp_path: Path) -> None:
    sent = []

    with closing(started(app, tmp_path)) as running:
        for _ in range(4):
            app.at += EVERY
            sent.append(running.run_due())

    assert sent == [1, 1, 1, 1]


def test_a_clock_that_goes_back_silences_no_tick(app: App, tmp_path: Path) -> None:
    with closing(started(app, tmp_path)) as running:
        app.at += AHEAD
        running.run_due()

        app.at = RIGHT
        running.run_due()
        app.at += EVERY

        assert running.run_due() == 1


def test_what_was_kept_by_a_clock_that_was_ahead_silences_no_beat_that_starts(
    app: App, tmp_path: Path
) -> None:
    with closing(started(app, tmp_path)) as before:
        app.at += AHEAD
        before.run_due()

    app.at = RIGHT
    with closing(started(app, tmp_path)) as after:
        after.run_due()
        app.at += EVERY

        assert after.run_due() == 1
