"""Celery's scheduler, which also says that it is alive, and outlives a clock that goes back."""

from typing import Any

import structlog
from celery.beat import PersistentScheduler, ScheduleEntry

from workers import health

log = structlog.get_logger(__name__)


class Scheduler(PersistentScheduler):
    """Touches beat's health file whenever a tick has reached the broker.

    A beat that turns but cannot publish is as dead as one that stands still.
    """

    def apply_async(self, entry: ScheduleEntry, *args: Any, **kwargs: Any) -> Any:
        sent = super().apply_async(entry, *args, **kwargs)
        health.touch(health.BEAT)
        return sent

    def tick(self, *args: Any, **kwargs: Any) -> float:
        self._forget_the_future()
        seconds: float = super().tick(*args, **kwargs)
        return seconds

    def _forget_the_future(self) -> None:
        """Begin anew with entries whose last run is in the future.

        Celery goes by the wall clock, and keeps the last run in a file: after a clock that was an
        hour ahead, beat would be silent for that hour, and a restart would not help.
        """
        ahead = [entry for entry in self.schedule.values() if _ran_in_the_future(entry)]
        for entry in ahead:
            entry.last_run_at = entry.default_now()
        if ahead:
            log.warning("clock_went_back", ticks=[entry.name for entry in ahead])
            self._heap = None  # What comes next was reckoned by that clock, too.


def _ran_in_the_future(entry: Any) -> bool:
    schedule = entry.schedule
    return bool(schedule.maybe_make_aware(entry.last_run_at) > schedule.now())
