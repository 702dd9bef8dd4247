"""Builds the tools before the worker takes its first message, and says what is wrong with them.

Building takes most of a second. A worker that is killed in it holds a message whose note nobody has
claimed, and such a note waits for the relay (3 to 30 s), not only for a lease (8 s).

What can never work, a wrong setting or another schema, ends the worker with one sentence and status
2. What may work later, like a database that is not up yet, is said and waited for. What the outside
thinks of keys, addresses and the clock is asked by `watch` and `survey`, before anything is
entered.
"""

import sys
from typing import Any, Final

import structlog
from celery import bootsteps

from recomma.config import BadSetting
from recomma.domain.notes import Queue
from recomma.ports import OutsideError
from workers.relay_thread import EXPECTED
from workers.tools import tools

log = structlog.get_logger(__name__)

REFUSED: Final = 2


class ReadyStep(bootsteps.StartStopStep):
    """Runs before the consumer, which Celery starts last. Without a database the worker starts
    all the same, and builds them when one answers."""

    requires = ("celery.worker.components:Pool",)

    def include_if(self, worker: Any) -> bool:
        return bool(set(Queue) & set(worker.app.amqp.queues.consume_from))

    def start(self, worker: Any) -> None:
        look()


def look() -> None:
    """Build what the steps work with. Raises SystemExit for a wrong setting or another schema."""
    try:
        built = tools()
        names = [terms.name for terms in built.ledger.venues()]
    except (BadSetting, OutsideError) as error:
        sys.stderr.write(f"{str(error).rstrip('.')}.\n")
        raise SystemExit(REFUSED) from None
    except EXPECTED as error:
        log.warning("not_ready", error=f"{type(error).__name__}: {error}".strip())
        return
    for name in names:
        try:
            built.venues[name]
        except BadSetting as error:
            # The other venues of this worker need their exits.
            log.error("venue_unusable", venue=name, why=str(error))
