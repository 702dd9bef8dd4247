"""The Celery application: `celery -A workers …`."""

import sys
from typing import Any

from celery import Celery
from celery.signals import celeryd_after_setup, setup_logging

from recomma.domain.notes import Queue
from workers import guard, shutdown

guard.install()
shutdown.install()

app = Celery("recomma", include=["workers.tasks"])
app.config_from_object("workers.settings")
# By name, because only a worker needs them: everything else that imports this starts quicker.
app.steps["consumer"].add("workers.heartbeat:Heartbeat")
app.steps["worker"].add("workers.readiness:ReadyStep")
app.steps["worker"].add("workers.own_metrics:MetricsStep")
app.steps["worker"].add("workers.relay_thread:RelayStep")
app.steps["worker"].add("workers.watchdog:WatchdogStep")


@setup_logging.connect
def log_as_the_rest_does(loglevel: int | str = "WARNING", **_signal: Any) -> None:
    """Log like the command line does. Celery sets up nothing once somebody listens here."""
    from recomma.logs import configure
    from workers.settings import settings

    configure(loglevel, settings.log_json)


@celeryd_after_setup.connect
def leave_the_dead_letters_alone(instance: Any, **_signal: Any) -> None:
    """A worker without -Q takes every queue but the parked one, which nobody may consume."""
    queues = instance.app.amqp.queues
    if Queue.DEAD_LETTERS not in queues.consume_from:
        return
    if len(queues.consume_from) == 1:
        sys.stderr.write("Nobody consumes dead_letters: they are parked for a person.\n")
        raise SystemExit(2)  # Celery only logs any other exception of a signal.
    queues.deselect([Queue.DEAD_LETTERS.value])
