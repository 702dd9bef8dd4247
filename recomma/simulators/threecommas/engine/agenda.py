"""What is still to happen to a deal, by time."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush

Job = Callable[[], None]


class Agenda:
    """A queue of jobs; those of the same time keep the order in which they were put."""

    def __init__(self) -> None:
        self._jobs: list[tuple[datetime, int, Job]] = []
        self._count = 0

    def put(self, at: datetime, job: Job) -> None:
        self._count += 1
        heappush(self._jobs, (at, self._count, job))

    def take(self) -> tuple[datetime, Job] | None:
        """Take the next job with its time; None when nothing is left."""
        if not self._jobs:
            return None
        at, _, job = heappop(self._jobs)
        return at, job

    def next_at(self) -> datetime | None:
        return self._jobs[0][0] if self._jobs else None
