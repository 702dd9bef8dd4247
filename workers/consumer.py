"""Celery's consumer, which keeps messages that nobody can read instead of losing them or dying.

Celery 5.7.0 acknowledges an undecodable body and an unknown task away, with a log line; arguments
that do not fit fail in the task, which is the same; and a body that is JSON but no list of
arguments ends the worker, and each one after it (celery.md 4.1, tests/workers/test_poison.py).
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import structlog
from celery.utils.log import get_logger
from celery.worker import consumer
from psycopg import Error as PostgresError
from sqlalchemy.exc import SQLAlchemyError

from recomma.config import BadSetting
from recomma.domain.messages import BadMessage
from recomma.ports import OutsideError
from workers.reading import unread, version_said

log = structlog.get_logger(__name__)

HAND_BACK_SECONDS: Final = 2.0
"""How long a message that cannot be kept now stays in hand. At once would be an endless hurry."""

NOT_NOW: Final = (PostgresError, SQLAlchemyError, OSError, OutsideError, BadSetting)
# What Celery raises over headers that nobody foresaw.
ODD: Final = (TypeError, ValueError, AttributeError, LookupError)


class Consumer(consumer.Consumer):
    """Looks at each message before Celery does."""

    connection_errors: tuple[type[Exception], ...]

    def create_task_handler(self, *arguments: Any, **named: Any) -> Callable[[Any], None]:
        handle = super().create_task_handler(*arguments, **named)

        def on_message(message: Any) -> None:
            bad = unread(message, self.app.tasks)
            if bad is None:
                try:
                    handle(message)
                except ODD as error:
                    self._keep_for(message, error)
            else:
                self._keep(message, bad)

        return on_message

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Called for what kombu could not unpack. Celery would acknowledge it away."""
        self._keep_for(message, exc)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Called for headers that make no request. Celery would reject it, which deletes it."""
        self._keep_for(message, exc)

    def _keep_for(self, message: Any, error: Exception) -> None:
        bad = unread(message, self.app.tasks, error)
        assert bad is not None
        self._keep(message, bad)

    def _keep(self, message: Any, bad: BadMessage) -> None:
        """Write the letter, and only then take the message off its queue."""
        log.error("message_not_read", reason=str(bad.reason), why=bad.why, task=bad.task)
        try:
            _letters().keep(bad, version_said(bad))
        except NOT_NOW as error:
            log.warning("message_not_kept", why=f"{type(error).__name__}: {error}")
            self.timer.call_after(HAND_BACK_SECONDS, self._hand_back, (message,))
        else:
            message.ack_log_error(get_logger(__name__), self.connection_errors)

    def _hand_back(self, message: Any) -> None:
        """Put it at the back of its queue: others are read first, and it comes again."""
        if not message.acknowledged:
            message.reject_log_error(get_logger(__name__), self.connection_errors, requeue=True)


@cache
def _letters() -> Any:
    """Return the store, once it can be had: an error is not remembered."""
    from recomma import wiring
    from workers.settings import settings

    return wiring.dead_letters(settings)
