"""What a message from beat does before its step runs: it makes the step's note due."""

from collections.abc import Iterator

import structlog
from celery import Celery
from kombu.exceptions import ChannelError

from recomma.domain import notes
from recomma.domain.notes import Note, Queue
from recomma.pipeline.tools import Tools

log = structlog.get_logger(__name__)

BACKLOG_MAX = 500
"""With more messages than this waiting in `deals`, looking for more work only adds to the pile."""


def make_due(note: Note, tools: Tools) -> None:
    tools.ledger.tick(note, tools.clock())


def has_backlog(app: Celery) -> bool:
    """Say whether `deals` is deeper than its limit (design.md, section 5: backpressure)."""
    waiting = depth(app, Queue.DEALS)
    if waiting > BACKLOG_MAX:
        log.warning("watch_postponed", waiting=waiting, limit=BACKLOG_MAX)
    return waiting > BACKLOG_MAX


def depth(app: Celery, queue: Queue) -> int:
    """Return how many messages wait on `queue`. Works on any broker; raises its errors."""
    with app.connection_or_acquire() as connection:
        try:
            found = connection.default_channel.queue_declare(queue=queue.value, passive=True)
        except ChannelError:
            return 0  # An empty list does not exist on Redis.
    return int(found.message_count)


def refreshes(tools: Tools) -> Iterator[Note]:
    """Make every venue's refresh due and yield its note."""
    for venue in tools.ledger.venues():
        make_due(notes.refresh(venue.name), tools)
        yield notes.refresh(venue.name)


def make_surveys_due(tools: Tools) -> None:
    for venue in tools.ledger.venues():
        make_due(notes.survey(venue.name), tools)
