"""Ends a worker in a bounded time after SIGTERM.

A warm shutdown waits for running tasks however long they take (celery.md 1.4). Here it waits for
SHUTDOWN_SECONDS; what is not done by then is handed back by ending: its message was never
acknowledged, its note's lease runs out after seconds, and a request in flight is in doubt and is
settled like any other.
"""

import os
import threading
from typing import Any, Final

import structlog
from celery.signals import worker_shutting_down

from workers.places import seconds_of

log = structlog.get_logger(__name__)

EXIT_STATUS: Final = 75
"""EX_TEMPFAIL: not 0, because something was left undone."""

VARIABLE: Final = "RECOMMA_SHUTDOWN_SECONDS"
SHUTDOWN_SECONDS: Final = 50.0
"""Within the 60 s that compose.yaml gives a worker, and longer than a step takes whose other side
answers at all."""


def install() -> None:
    """Bound the shutdown of this process, once it begins."""
    worker_shutting_down.connect(_begin, dispatch_uid="recomma-shutdown")


def _begin(**_signal: Any) -> None:
    # A thread of its own, because the event loop may hang in what is to be ended.
    timer = threading.Timer(seconds_of(VARIABLE, SHUTDOWN_SECONDS), _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    log.error("shutdown_too_slow", handed_back="what was in hand")
    os._exit(EXIT_STATUS)
