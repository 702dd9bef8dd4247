"""The relay: a thread of the maintenance worker that publishes notes as soon as they are there.

It waits for Postgres to say so (NOTIFY), and looks by itself once a second, because a notification
without a listener is gone (celery.md 5). Commit to start takes some 5 ms that way.
"""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import psycopg
import structlog
from celery import bootsteps
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import SQLAlchemyError

from recomma.config import BadSetting
from recomma.domain.notes import Queue
from recomma.ports import OutsideError

log = structlog.get_logger(__name__)

CHANNEL: Final = "recomma_notes"
# What an outage looks like, or a database that was not migrated yet.
EXPECTED: Final = (psycopg.Error, SQLAlchemyError, BrokerError, OSError, OutsideError, BadSetting)
PAUSE_MIN_SECONDS: Final = 0.2
PAUSE_MAX_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 5
STOP_SECONDS: Final = 10.0
"""Longer than one look, one attempt to connect and one batch of publications."""

CARE_SECONDS: Final = 1.0
"""How often the worker looks whether the thread is still there."""


class RelayThread:
    """Calls `work` whenever a note was left, and at least once a second, until stopped.

    Outages of Postgres and of the broker are waited out, each a little longer than the one before;
    then everything is looked at again. An error that nobody foresaw ends the thread;
    `keep_running` starts another one.
    """

    def __init__(
        self, dsn: str, work: Callable[[psycopg.Connection], None], *, look_seconds: float = 1.0
    ) -> None:
        """`dsn`: for psycopg, without SQLAlchemy's driver name. `work` gets the listening
        connection (in autocommit), and `look_seconds` pass between two calls without a note."""
        self._dsn = dsn
        self._work = work
        self._look_seconds = look_seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def keep_running(self) -> None:
        """Start the thread, or start it again if it has died. Cheap while it lives."""
        if self._stopping.is_set() or (self._thread is not None and self._thread.is_alive()):
            return
        if self._thread is not None:
            log.error("relay_died")
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def stop(self, *, wait_seconds: float = STOP_SECONDS) -> None:
        """End the thread; returns when it has finished what it was publishing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=wait_seconds)

    def _run(self) -> None:
        pause_seconds = PAUSE_MIN_SECONDS
        while not self._stopping.is_set():
            try:
                with self._listening() as connection:
                    while not self._stopping.is_set():
                        self._work(connection)
                        pause_seconds = PAUSE_MIN_SECONDS
                        self._wait_for_notes(connection)
            except EXPECTED as error:
                log.warning("relay_waits", seconds=pause_seconds, error=str(error).strip())
                self._stopping.wait(pause_seconds)
                pause_seconds = min(pause_seconds * 2, PAUSE_MAX_SECONDS)

    def _listening(self) -> psycopg.Connection:
        connection = psycopg.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="recomma-relay",
            # A listener sends nothing, so only the kernel can notice that the other end is gone.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=25_000,  # The same while something is under way.
        )
        connection.execute(f"LISTEN {CHANNEL}")
        return connection

    def _wait_for_notes(self, connection: psycopg.Connection) -> None:
        """Return when a note was left, or when it is time to look. Many at once wake it once."""
        for _ in connection.notifies(timeout=self._look_seconds, stop_after=1):
            pass


class RelayStep(bootsteps.StartStopStep):
    """Runs the relay in workers that consume `maintenance`.

    A step of the worker and not of its consumer: the relay outlives a broker connection.
    """

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **_options: Any) -> None:
        self._relay: RelayThread | None = None

    def include_if(self, worker: Any) -> bool:
        return Queue.MAINTENANCE in worker.app.amqp.queues.consume_from

    def start(self, worker: Any) -> None:
        self._relay = _relay_of(worker.app)
        self._relay.keep_running()
        worker.timer.call_repeatedly(CARE_SECONDS, self._relay.keep_running)

    def stop(self, worker: Any) -> None:
        if self._relay is not None:
            self._relay.stop()

    def terminate(self, worker: Any) -> None:
        self.stop(worker)


def _relay_of(app: Any) -> RelayThread:
    from recomma import wiring
    from recomma.pipeline.run import relay
    from workers.parked import Parking
    from workers.settings import settings
    from workers.tools import tools

    # Once: the store has connections of its own.
    parking = Parking(app, cache(lambda: wiring.dead_letters(settings)))

    def work(connection: psycopg.Connection) -> None:
        relay(tools())
        parking.mirror_now_and_then(connection)

    return RelayThread(settings.database_url.replace("+psycopg", "", 1), work)
