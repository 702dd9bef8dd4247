"""Celery's scheduler, which also says that it is alive."""

from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry

from workers import health


class Scheduler(PersistentScheduler):
    """Touches beat's health file whenever a tick has reached the broker.

    A beat that turns but cannot publish is as dead as one that stands still.
    """

    def apply_async(self, entry: ScheduleEntry, *args: Any, **kwargs: Any) -> Any:
        sent = super().apply_async(entry, *args, **kwargs)
        health.touch(health.BEAT)
        return sent
