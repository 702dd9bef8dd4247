"""Touches the worker's health files (workers/health.py)."""

from typing import Any

from celery import bootsteps
from celery.signals import task_postrun

from workers import health

_queues: list[str] = []


def touch_all(**_signal: Any) -> None:
    for queue in _queues:
        health.touch(queue)


class Heartbeat(bootsteps.StartStopStep):
    """A step of the consumer, so that a worker without a broker connection is not called healthy:
    it starts at each connection and stops when the connection is lost."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_options: Any) -> None:
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        _queues[:] = [str(name) for name in consumer.app.amqp.queues.consume_from]
        touch_all()
        self._timer = consumer.timer.call_repeatedly(health.TOUCH_SECONDS, touch_all)
        task_postrun.connect(touch_all)

    def stop(self, consumer: Any) -> None:
        task_postrun.disconnect(touch_all)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
