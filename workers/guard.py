"""Keeps a worker alive when Redis drops its connection (celery.md 1.6).

With celery 5.7.0 and kombu 5.7.0 a worker that holds an unacknowledged late-ack task exits when the
broker connection is lost ("Unrecoverable error: AttributeError"), for two reasons:

1. Celery collects the connection and then closes it; closing a channel with unacknowledged messages
   tries to restore them over the collected connection. Here: no restore then. It would also start
   a second copy of a task that still runs; the visibility timeout restores what is really lost.
2. A task that was still running acknowledges later over the closed channel. Here: the channel
   remembers its connection parameters, so the late acknowledgement reaches Redis (a delivery tag
   is a plain key there) and the task is not run twice.

And an entry of a queue that is no message at all ends the worker that takes it, and is gone. Here:
it is wrapped into a message, which is then kept as a dead letter like any other that nobody can
read (workers/consumer.py).

This reaches into private names, so it is written for exact versions and refuses all others.
tests/workers/test_guard.py keeps the crash: when it no longer happens upstream, this file can go.
"""

import base64
import json
import threading
from importlib.metadata import version
from typing import Any, Final
from uuid import uuid4

from kombu.transport import redis as transport

redis_transport: Any = transport
Channel: Any = transport.Channel
Transport: Any = transport.Transport
QoS: Any = transport.QoS

WRITTEN_FOR: Final = {"celery": "5.7.0", "kombu": "5.7.0"}


class WrongVersion(RuntimeError):
    """The guard does not know this version of celery or kombu, so it patches nothing."""


def install() -> None:
    """Put the guard in place; twice is harmless. Raises WrongVersion."""
    check({name: version(name) for name in WRITTEN_FOR})
    if Channel.__init__ is _remember:
        return
    Channel.__init__ = _remember
    Channel._connparams = _connection_parameters
    Channel._brpop_read = _take
    Transport._deliver = _deliver
    redis_transport.loads = _loads
    QoS.restore_unacked = _restore


def remove() -> None:
    """Take the guard away again: for the test that shows why it is needed."""
    Channel.__init__ = _original_init
    Channel._connparams = _original_parameters
    Channel._brpop_read = _original_take
    Transport._deliver = _original_deliver
    redis_transport.loads = _original_loads
    QoS.restore_unacked = _original_restore


def check(found: dict[str, str]) -> None:
    """Raises WrongVersion with what to do if `found` is not what this file was written for."""
    for name, known in WRITTEN_FOR.items():
        if found[name] != known:
            raise WrongVersion(
                f"workers/guard.py is written for {name} {known}, but {found[name]} is "
                "installed: install the versions of requirements.lock, or see whether "
                "tests/workers/test_guard.py still crashes without the guard"
            )


_original_init: Final = Channel.__init__
_original_parameters: Final = Channel._connparams
_original_restore: Final = QoS.restore_unacked
_original_take: Final = Channel._brpop_read
_original_deliver: Final = Transport._deliver
_original_loads: Final = redis_transport.loads
_taking: Final = threading.local()

WRAPPED: Final = "application/x-not-a-message"
"""The content type of a wrapped entry: nobody accepts it."""


def _is_gone(channel: Any) -> bool:
    return channel.connection is None or channel.connection.client is None


def _remember(self: Any, *args: Any, **kwargs: Any) -> None:
    _original_init(self, *args, **kwargs)
    self._remembered = _original_parameters(self)


def _connection_parameters(self: Any, asynchronous: bool = False) -> Any:
    if _is_gone(self):
        return dict(self._remembered)
    return _original_parameters(self, asynchronous)


def _restore(self: Any, client: Any = None) -> None:
    if _is_gone(self.channel):
        self._delivered.clear()
        return
    _original_restore(self, client)


def _take(self: Any, **options: Any) -> Any:
    _taking.now = True
    try:
        return _original_take(self, **options)
    finally:
        _taking.now = False


def _loads(text: str) -> Any:
    """Read what was taken from a queue. kombu reads other things, too, and means what it raises."""
    if not getattr(_taking, "now", False):
        return _original_loads(text)
    try:
        return _original_loads(text)
    except (ValueError, RecursionError):
        return text


def _deliver(self: Any, message: Any, queue: str) -> None:
    _original_deliver(self, message if _is_message(message) else _wrapped(message, queue), queue)


def _is_message(entry: Any) -> bool:
    """Say whether it has what kombu needs to hold it until it is acknowledged."""
    try:
        properties = entry["properties"]
        where = properties["delivery_info"]
        names = (properties["delivery_tag"], where["exchange"], where["routing_key"])
    except (TypeError, LookupError):
        return False
    return all(isinstance(name, str) for name in names)


def _wrapped(entry: Any, queue: str) -> dict[str, Any]:
    text = entry if isinstance(entry, str) else json.dumps(entry)
    return {
        "body": base64.b64encode(text.encode("utf-8", "replace")).decode(),
        "content-type": WRAPPED,
        "content-encoding": "binary",
        "headers": {},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
            "delivery_info": {"exchange": "", "routing_key": queue},
        },
    }
