"""Puts notes on their queues, as long as these are not too deep."""

import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

import structlog
from celery import Celery
from kombu import Producer
from kombu.exceptions import ChannelError, OperationalError

from recomma.domain.notes import QUEUE_OF, Note, Queue

log = structlog.get_logger(__name__)

MESSAGE_VERSION = 1
"""Sent as `v`. Tasks take what a newer version adds and ignore it (`**_newer`)."""

IDS = ("account", "deal_id", "venue")

DEPTH_MAX: Final = 1000
"""With so many messages waiting in a queue, more of them would take memory of the broker and bring
nothing forward: the notes wait as rows, and the relay publishes them when there is room."""

DEPTH_SECONDS: Final = 1.0
"""How often a process looks how deep the queues are. What it sends meanwhile it counts itself."""


class CeleryPublisher:
    """Implements `recomma.ports.Publisher`: one message per note, carrying ids only.

    Each thread keeps one connection, because opening one costs more than publishing.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._mine = threading.local()
        self._waiting: Counter[Queue] = Counter()
        self._looking = threading.Lock()
        self._look_at = 0.0

    def full(self) -> Collection[Queue]:
        """Return the queues that take no more for now; all, if the broker does not say.

        Nothing is published then, so that notes go out as soon as the broker is back, and not only
        when the relay takes their messages for lost.
        """
        self._look_now_and_then()
        return [queue for queue, waiting in self._waiting.items() if waiting >= DEPTH_MAX]

    def idle(self) -> bool:
        """Say whether every queue was empty at the last look, and nothing was sent since."""
        self._look_now_and_then()
        return bool(self._waiting) and not any(self._waiting.values())

    def _look_now_and_then(self) -> None:
        if time.monotonic() >= self._look_at and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()

    def _look(self) -> None:
        queues = sorted(set(QUEUE_OF.values()))
        try:
            self._waiting = Counter({queue: self.depth(queue) for queue in queues})
        except OperationalError as error:
            log.warning("depth_unknown", error=str(error))
            self._waiting = Counter(dict.fromkeys(queues, DEPTH_MAX))
        self._look_at = time.monotonic() + DEPTH_SECONDS

    def depth(self, queue: Queue) -> int:
        """Return how many messages wait on `queue` now, on any broker.

        Raises kombu's OperationalError after a short retry.
        """
        producer: Any = self._producer()
        policy = self._app.conf.task_publish_retry_policy
        producer.connection.transport_options.update(policy)  # Without, it would try for ever.

        def ask() -> int:
            try:
                return int(producer.channel.queue_declare(queue.value, passive=True).message_count)
            except ChannelError:
                return 0  # An empty list does not exist on Redis.

        try:
            waiting: int = producer.connection.ensure(producer, ask, **policy)()
        except OperationalError:
            self._forget_connection()
            raise
        return waiting

    def publish(self, notes: Sequence[Note]) -> None:
        """Put each note on its queue. Raises nothing: what the broker does not take is logged,
        and the relay publishes it again (`Ledger.forget_publication`)."""
        for done, note in enumerate(notes):
            try:
                self.send(f"recomma.{note.step}", note.queue, ids_of(note))
                self._waiting[note.queue] += 1
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
