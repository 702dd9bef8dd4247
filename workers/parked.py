"""Shows the open dead letters as messages in the queue `dead_letters`, which nobody consumes.

The letters themselves are rows in Postgres; the messages are a picture of them for Flower and other
tools that look at brokers. The picture is compared with the rows again and again, so that a flush
of Redis, a lost message or a letter that was acted on mends itself.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import psycopg
from celery import Celery

from recomma.domain.notes import Queue
from workers.publisher import CeleryPublisher

TASK: Final = "recomma.dead_letter"
AT_ONCE: Final = 100
ADVISORY_LOCK: Final = 7_203_117_002
"""Any number that nobody else uses: two at once would each park what the other has parked."""


LOOK_SECONDS: Final = 1.0
"""A person looks at this picture: it need not be newer."""


class Letters(Protocol):
    """What this module needs of the store of dead letters."""

    def open_ids(self) -> Sequence[int]: ...
    def unparked(self, limit: int) -> Sequence[int]: ...
    def parked(self, ids: Sequence[int]) -> None: ...


class Parking:
    """Keeps the queue `dead_letters` equal to the open letters."""

    def __init__(self, app: Celery, letters: Callable[[], Letters]) -> None:
        self._app = app
        self._publisher = CeleryPublisher(app)
        self._letters = letters
        self._next_look = 0.0

    def mirror_now_and_then(self, connection: psycopg.Connection) -> None:
        """Mirror at most once a second, and only if nobody else does so now.

        Raises the broker's and the database's errors; the next call goes on from there.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        if not _scalar(connection, "SELECT pg_try_advisory_lock(%s)"):
            return
        try:
            self.mirror()
        finally:
            _scalar(connection, "SELECT pg_advisory_unlock(%s)")

    def mirror(self) -> None:
        """Make the queue show the open letters. Once more changes nothing."""
        letters = self._letters()
        new = letters.unparked(AT_ONCE)
        self._park(new)
        letters.parked(new)
        still_open = letters.open_ids()
        if self._publisher.depth(Queue.DEAD_LETTERS) != len(still_open):
            self._purge()
            self._park(still_open)
            letters.parked(still_open)  # Many new ones at once would each be parked twice.

    def _park(self, ids: Sequence[int]) -> None:
        for letter_id in ids:
            self._publisher.send(TASK, Queue.DEAD_LETTERS, {"id": letter_id})

    def _purge(self) -> None:
        with self._app.connection_or_acquire() as connection:
            channel: Any = connection.default_channel
            channel.queue_purge(queue=Queue.DEAD_LETTERS.value)


def _scalar(connection: psycopg.Connection, statement: str) -> Any:
    row = connection.execute(statement, [ADVISORY_LOCK]).fetchone()
    return row[0] if row else None
