"""Ends a worker that takes nothing while work waits, so that its supervisor starts another.

After a reset of Redis a worker can be alive, connected and deaf: it answers a ping and takes no
message (celery.md 1.5). Only its work shows it. Postgres says whether work
waits for its queues, and the worker itself whether it ended a task. If work has waited at each look
of STALL_SECONDS and this worker has ended nothing in that time, it ends: by a warm shutdown, and if
that takes too long, at once.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import psycopg
import structlog
from celery import bootsteps
from celery.signals import task_postrun
from celery.worker import state
from sqlalchemy.exc import SQLAlchemyError

from recomma.config import BadSetting
from recomma.domain.notes import Queue
from recomma.ports import OutsideError
from workers.places import seconds_of

log = structlog.get_logger(__name__)

EXIT_STATUS: Final = 70
"""EX_SOFTWARE: not 0, so that a supervisor that restarts after failures alone restarts it."""

VARIABLE: Final = "RECOMMA_STALL_SECONDS"
STALL_SECONDS: Final = 90.0
"""Longer than the longest task, and than a lost message waits for the relay (30 s)."""

LOOKS: Final = 9
"""How many looks in a row must find the same: a process that was frozen has not looked."""

END_SECONDS: Final = 20.0
"""How long a stalled worker may take to end by itself."""

UNKNOWN: Final = (psycopg.Error, SQLAlchemyError, OSError, OutsideError, BadSetting)


class Progress(Protocol):
    """What Postgres says of some queues (`wiring.progress_of`)."""

    def waits(self, queues: Sequence[str], now: datetime) -> bool: ...


@dataclass
class Watchdog:
    """Judges by looks that come `look_seconds` apart; tells nobody but its caller."""

    waits: Callable[[], bool]
    stall_seconds: float
    clock: Callable[[], float] = time.monotonic
    _since: float | None = None  # From when on work has waited and nothing was done.
    _looked_at: float = 0.0
    _seen: int = 0
    ended: int = 0  # Tasks that this worker has ended.

    @property
    def look_seconds(self) -> float:
        return self.stall_seconds / LOOKS

    def task_ended(self, **_signal: Any) -> None:
        self.ended += 1

    def is_stalled(self) -> bool:
        """Look once more. Raises what reading raises; then nothing is known, and counting begins
        again."""
        now, before, self._looked_at = self.clock(), self._looked_at, self.clock()
        since, self._since = self._since, None
        ended, self._seen = self._seen, self.ended
        if not self.waits() or self.ended != ended:
            return False
        # A gap between two looks says nothing: this process, or the whole machine, stood still.
        unbroken = since is not None and now - before < 3 * self.look_seconds
        self._since = since if unbroken else now
        return self._since is not None and now - self._since >= self.stall_seconds


class WatchdogStep(bootsteps.StartStopStep):
    """Runs the watchdog beside the worker, in a thread that no event loop can hold up."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **_options: Any) -> None:
        self._stopping = threading.Event()

    def start(self, worker: Any) -> None:
        queues = [str(name) for name in worker.app.amqp.queues.consume_from if name in set(Queue)]
        stall_seconds = seconds_of(VARIABLE, STALL_SECONDS)
        if queues and stall_seconds:
            name, arguments = "watchdog", (queues, stall_seconds)
            threading.Thread(target=self._watch, args=arguments, name=name, daemon=True).start()

    def stop(self, worker: Any) -> None:
        self._stopping.set()

    def terminate(self, worker: Any) -> None:
        self.stop(worker)

    def _watch(self, queues: Sequence[str], stall_seconds: float) -> None:
        watchdog = Watchdog(_waiting(queues), stall_seconds)
        task_postrun.connect(watchdog.task_ended, weak=False)
        while not self._stopping.wait(watchdog.look_seconds):
            try:
                if watchdog.is_stalled():
                    self._end(queues, stall_seconds)
            except UNKNOWN as error:
                log.warning("progress_unknown", why=f"{type(error).__name__}: {error}")

    def _end(self, queues: Sequence[str], stall_seconds: float) -> None:
        log.critical("worker_stalled", queues=list(queues), seconds=stall_seconds)
        state.should_stop = EXIT_STATUS  # type: ignore[assignment]  # Its types say None only.
        # Whoever ends in time takes this thread along.
        threading.Event().wait(END_SECONDS)
        os._exit(EXIT_STATUS)


def _waiting(queues: Sequence[str]) -> Callable[[], bool]:
    """Return what asks Postgres. The store is made in the first look, and once."""
    made: list[Progress] = []

    def waits() -> bool:
        from recomma import wiring
        from workers.settings import settings

        if not made:
            made.append(wiring.progress_of(settings))
        return made[0].waits(queues, wiring.clock_of(settings)())

    return waits
