"""Celery's settings, each with its reason. Read when the first one is needed, not at import of
the application, so that `celery --help` works without a configured environment.

The numbers come from celery.md 1.9; tests/workers/test_settings.py keeps their order.
"""

import sys
from typing import Any, Final

from kombu import Queue

from beat_schedule import SCHEDULE
from recomma.config import BadSetting, Settings, load
from recomma.domain import notes
from workers.places import state_folder


def _settings() -> Settings:
    """Celery shows a traceback for any other exception; one sentence is enough here."""
    try:
        return load()
    except BadSetting as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


settings: Final = _settings()

# ---------------------------------------------------------------- broker

broker_url: Final = settings.redis_url

LONGEST_TASK_SECONDS: Final = 60
"""Longer than any step takes: each of its requests, statements and locks has a time-out."""

broker_transport_options: Final[dict[str, Any]] = {
    # A message that is not acknowledged for so long is handed out again. Longer than the longest
    # task, the wait for a lost worker (10) and a slow broker (30), or running tasks are run a
    # second time. The same in every process, because the shortest one wins.
    "visibility_timeout": 180,
    # Look for such messages every 5 s: by default a killed worker's message waits 100 s longer.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Without time-outs a publish to a Redis that went silent blocks for ever.
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    # Finds a half-open connection in about 20 s; without it the worker waits on a dead socket.
    "health_check_interval": 10,
    # Queues are the priority, in the order of -Q; message numbers would come before that order.
    "queue_order_strategy": "priority",
    "priority_steps": [0],
    # So that `CLIENT LIST` says whose connections these are.
    "client_name": "recomma",
}
# Redis may come up after us, and may be away for an hour: a worker waits, it does not give up.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# A full or demoted Redis refuses even acknowledgements; without this the worker would exit.
broker_channel_error_retry = True
# Never wait for ever for a free connection to publish on.
broker_pool_acquire_timeout = 10
# Short, because the note stays in Postgres and the relay tries again.
task_publish_retry_policy = {
    "max_retries": 2,
    "interval_start": 0.1,
    "interval_step": 0.2,
    "interval_max": 0.5,
}

# ---------------------------------------------------------------- queues

# By name only (the anonymous exchange): after a flush of Redis, messages sent to an exchange would
# vanish without an error, because the set of bindings is gone (celery.md 0.7).
task_default_exchange = ""
# With a key of its own, because Celery would otherwise give all five the key of the default queue.
task_queues: Final = [Queue(queue.value, routing_key=queue.value) for queue in notes.Queue]
task_default_queue = notes.Queue.MAINTENANCE.value
# A misspelt queue raises instead of filling a list that nobody reads.
task_create_missing_queues = False
task_routes: Final = {
    **{f"recomma.{step}": {"queue": queue.value} for step, queue in notes.QUEUE_OF.items()},
    "recomma.relay": {"queue": notes.Queue.MAINTENANCE.value},
    "recomma.dead_letter": {"queue": notes.Queue.DEAD_LETTERS.value},
}

# ---------------------------------------------------------------- tasks

# A worker that dies holding a message has not done it: hand the message out again. Every step is
# safe to run twice, which is what makes this safe.
task_acks_late = True
# The same for a lost child of the prefork pool; the threads pool has none.
task_reject_on_worker_lost = True
# A failed task is done with: its note says when to try again. On Redis, a rejected one is deleted.
task_acks_on_failure = True
# One message per free thread. A worker that prefetches runs what it holds before what is urgent.
worker_prefetch_multiplier = 1
# No results: state is in Postgres, and there are no keys to leak and nothing to wait for.
task_ignore_result = True
result_backend = None
task_track_started = False
# Messages are ids. JSON can be read by a person and cannot run code.
task_serializer = "json"
accept_content = ["json"]

# ---------------------------------------------------------------- workers

# Steps wait for HTTP and Postgres. Threads neither fork a connection nor lose acknowledgements at
# shutdown, and wake up faster than children (celery.md 1.7). They have no time limits: every
# request, statement and lock has its own.
worker_pool = "threads"
worker_concurrency = settings.concurrency
# It would kill a task in the middle of an order; with the guard its late acknowledgement works.
worker_cancel_long_running_tasks_on_connection_loss = False
# Keeps what nobody can read as a dead letter, where Celery's own throws it away or dies of it.
worker_consumer = "workers.consumer:Consumer"
# Logging is ours (workers/app.py), and standard output belongs to whoever prints.
worker_hijack_root_logger = False
worker_redirect_stdouts = False
# For Flower.
worker_send_task_events = settings.task_events
task_send_sent_event = settings.task_events

# ---------------------------------------------------------------- beat

timezone = "UTC"
enable_utc = True
# The account's name, and how often 3Commas is asked, depend on who runs this.
beat_schedule: Final = {
    **SCHEDULE,
    "watch": {
        **SCHEDULE["watch"],
        "schedule": settings.watch_every_seconds,
        "kwargs": {**SCHEDULE["watch"]["kwargs"], "account": settings.account},
        "options": {**SCHEDULE["watch"]["options"], "expires": settings.watch_every_seconds},
    },
}
# Touches the file that `python -m workers.health --beat` looks at.
beat_scheduler = "workers.beat:Scheduler"
beat_schedule_filename = str(state_folder() / "beat-schedule")
# A clock that beat has not looked at for longer than this hides a stalled scheduler.
beat_max_loop_interval = 5
