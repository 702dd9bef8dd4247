"""Puts notes on their queues."""

import threading
from collections.abc import Sequence

import structlog
from celery import Celery
from kombu import Producer
from kombu.exceptions import OperationalError

from recomma.domain.notes import Note

log = structlog.get_logger(__name__)

MESSAGE_VERSION = 1
"""Sent as `v`. Tasks take what a newer version adds and ignore it (`**_newer`)."""

IDS = ("account", "deal_id", "venue")


class CeleryPublisher:
    """Implements `recomma.ports.Publisher`: one message per note, carrying ids only.

    Each thread keeps one connection, because opening one costs more than publishing.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._mine = threading.local()

    def publish(self, notes: Sequence[Note]) -> None:
        """Put each note on its queue. Raises nothing: what the broker does not take is logged,
        and the relay publishes it again (`Ledger.forget_publication`)."""
        for done, note in enumerate(notes):
            try:
                self.send(f"recomma.{note.step}", note.queue, ids_of(note))
            except OperationalError as error:
                # The rest would wait for the same time-out, and the relay has them all.
                log.warning("not_published", notes=len(notes) - done, error=str(error))
                return

    def send(self, task: str, queue: str, kwargs: dict[str, int | str]) -> None:
        """Put one message on `queue`. Raises kombu's OperationalError after a short retry."""
        try:
            self._app.send_task(
                task,
                kwargs={**kwargs, "v": MESSAGE_VERSION},
                queue=str(queue),
                producer=self._producer(),
                ignore_result=True,
            )
        except OperationalError:
            self._forget_connection()
            raise

    def _producer(self) -> Producer:
        producer: Producer | None = getattr(self._mine, "producer", None)
        if producer is None:
            producer = self._app.amqp.Producer(self._app.connection_for_write())
            self._mine.producer = producer
        return producer

    def _forget_connection(self) -> None:
        producer, self._mine.producer = self._mine.producer, None
        connection = producer.connection
        if connection is not None:
            connection.collect()


def ids_of(note: Note) -> dict[str, int | str]:
    """Return the ids that the note's task takes as keywords."""
    return {name: value for name in IDS if (value := getattr(note, name))}
