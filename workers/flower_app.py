"""For Flower: `celery -A workers.flower_app flower` shows every queue that is declared.

Flower asks the workers which queues they consume, and so hides `dead_letters`, which nobody does,
as soon as it knows a worker (celery.md 4.5).
"""

from typing import Any

from flower.views import BaseHandler  # type: ignore[import-untyped]

from workers.app import app

__all__ = ["app"]

_consumed: Any = BaseHandler.get_active_queue_names


def _declared(self: Any) -> list[str]:
    return sorted({*_consumed(self), *self.capp.amqp.queues})


BaseHandler.get_active_queue_names = _declared
