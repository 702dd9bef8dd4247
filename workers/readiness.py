"""Builds the tools before the worker takes its first message.

Building takes most of a second. A worker that is killed in it holds a message whose note nobody has
claimed, and such a note waits for the relay (30 s), not only for a lease (10 s).
"""

from typing import Any

import structlog
from celery import bootsteps

from recomma.domain.notes import Queue
from workers.relay_thread import EXPECTED
from workers.tools import tools

log = structlog.get_logger(__name__)


class ReadyStep(bootsteps.StartStopStep):
    """Runs before the consumer, which Celery starts last. Without a database the worker starts
    all the same, and builds them when one answers."""

    requires = ("celery.worker.components:Pool",)

    def include_if(self, worker: Any) -> bool:
        return bool(set(Queue) & set(worker.app.amqp.queues.consume_from))

    def start(self, worker: Any) -> None:
        try:
            tools()
        except EXPECTED as error:
            log.warning("not_ready", error=f"{type(error).__name__}: {error}".strip())
