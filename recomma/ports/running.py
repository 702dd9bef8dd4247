"""What runs the steps: time, chance, locks, queues, counts."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from recomma.domain.notes import Note, Queue

Clock = Callable[[], datetime]
"""The time that due times, ages and nonces are measured in; simulated in a rehearsal."""

Jitter = Callable[[], float]
"""A number from 0 to 1, so that many that failed together do not come back together."""


class Locks(Protocol):
    """Saves work, never correctness: the fence keeps the promise (design.md, section 6)."""

    def hold(self, subject: str) -> AbstractContextManager[bool]:
        """Hold the lock, renewed, while inside; yields False if another holds it.

        An unreachable lock store yields True: being slower is the most that may cost."""


class Publisher(Protocol):
    """Puts notes on their queues. A note that cannot be published stays for the relay."""

    def publish(self, notes: Sequence[Note]) -> None: ...
    def full(self) -> Collection[Queue]:
        """Return the queues that take no more hints for now: as deep as they may be, or nobody
        knows how deep. What is due for them stays a row."""

    def idle(self) -> bool:
        """Say whether it is known that no hint waits in any queue."""


class Metrics(Protocol):
    def running(self, note: Note) -> AbstractContextManager[None]:
        """Measure how long a claimed note takes."""

    def ended(self, note: Note, how: str) -> None:
        """Count a run: `done`, `later`, `failed` or `dead`."""

    def naked(self, venue: str, deal_id: int, seconds: float) -> None:
        """Say how long a position has stood without its exit; 0 when it has one again."""
