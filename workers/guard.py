"""Keeps a worker alive when Redis drops its connection (celery.md 1.6).

With celery 5.7.0 and kombu 5.7.0 a worker that holds an unacknowledged late-ack task exits when the
broker connection is lost ("Unrecoverable error: AttributeError"), for two reasons:

1. Celery collects the connection and then closes it; closing a channel with unacknowledged messages
   tries to restore them over the collected connection. Here: no restore then. It would also start
   a second copy of a task that still runs; the visibility timeout restores what is really lost.
2. A task that was still running acknowledges later over the closed channel. Here: the channel
   remembers its connection parameters, so the late acknowledgement reaches Redis (a delivery tag
   is a plain key there) and the task is not run twice.

This reaches into private names, so it is written for exact versions and refuses all others.
tests/workers/test_guard.py keeps the crash: when it no longer happens upstream, this file can go.
"""

from importlib.metadata import version
from typing import Any, Final

from kombu.transport import redis as transport

Channel: Any = transport.Channel
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
    QoS.restore_unacked = _restore


def remove() -> None:
    """Take the guard away again: for the test that shows why it is needed."""
    Channel.__init__ = _original_init
    Channel._connparams = _original_parameters
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
