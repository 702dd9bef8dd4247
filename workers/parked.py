"""Shows the open dead letters as messages in the queue `dead_letters`, which nobody consumes.

The letters themselves are rows in Postgres; the messages are a picture of them for Flower and other
tools that look at brokers. The picture is compared with the rows again and again, so that a flush
of Redis, a lost message or a letter that was acted on mends itself.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from celery import Celery

from recomma.domain.notes import Queue
from workers.publisher import CeleryPublisher
from workers.ticks import depth

TASK: Final = "recomma.dead_letter"
AT_ONCE: Final = 100
ADVISORY_LOCK: Final = 7_203_117_002
"""Any number that nobody else uses: two at once would each park what the other has parked."""


class Letters(Protocol):
    """What this module needs of the dead letters' store."""

    def open_ids(self) -> Sequence[int]: ...
    def unparked(self, limit: int) -> Sequence[int]: ...
    def parked(self, ids: Sequence[int]) -> None: ...


def mirror(letters: Letters, app: Celery, publisher: CeleryPublisher) -> None:
    """Make the queue show the open letters. Once more changes nothing.

    Raises the broker's and the database's errors; the next call goes on from there.
    """
    new = letters.unparked(AT_ONCE)
    park(new, publisher)
    letters.parked(new)
    if depth(app, Queue.DEAD_LETTERS) != len(still_open := letters.open_ids()):
        purge(app)
        park(still_open, publisher)


def park(ids: Sequence[int], publisher: CeleryPublisher) -> None:
    for letter_id in ids:
        publisher.send(TASK, Queue.DEAD_LETTERS, {"id": letter_id})


def purge(app: Celery) -> None:
    with app.connection_or_acquire() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge(queue=Queue.DEAD_LETTERS.value)
