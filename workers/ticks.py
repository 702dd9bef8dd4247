"""What a message from beat does before its step runs: it makes the step's note due."""

from collections.abc import Iterator

import structlog

from recomma.domain import notes
from recomma.domain.notes import Note, Queue
from recomma.pipeline.tools import Tools
from workers.publisher import CeleryPublisher

log = structlog.get_logger(__name__)

BACKLOG_MAX = 500
"""With more messages than this waiting in `deals`, looking for more work only adds to the pile."""


def make_due(note: Note, tools: Tools) -> None:
    tools.ledger.tick(note, tools.clock())


def has_backlog(publisher: CeleryPublisher) -> bool:
    """Say whether `deals` is deeper than its limit (design.md, section 5: backpressure).

    Raises kombu's OperationalError if the broker does not say.
    """
    waiting = publisher.depth(Queue.DEALS)
    if waiting > BACKLOG_MAX:
        log.warning("watch_postponed", waiting=waiting, limit=BACKLOG_MAX)
    return waiting > BACKLOG_MAX


def refreshes(tools: Tools) -> Iterator[Note]:
    """Make every venue's refresh due and yield its note."""
    for venue in tools.ledger.venues():
        make_due(notes.refresh(venue.name), tools)
        yield notes.refresh(venue.name)


def make_surveys_due(tools: Tools) -> None:
    for venue in tools.ledger.venues():
        make_due(notes.survey(venue.name), tools)
