"""One lock per subject, in Redis (design.md, section 6).

A lock here saves work: two workers do not ask the venue the same thing at once. It is a lease, and
a lease can run out under a paused holder, so nothing that must be true may rest on it; the fence in
Postgres keeps the promise (celery.md 3.1, 3.2).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import LockError, RedisError
from redis.lock import Lock
from redis.retry import Retry

log = structlog.get_logger(__name__)

PREFIX = "recomma:lock:"

CONNECT_SECONDS = 1.0
"""Without Redis a step goes on unlocked after this long: longer would make each step late."""

ANSWER_SECONDS = 2.0
"""A Redis that went silent (partition, stopped process) would otherwise block for ever."""

RENEWALS_PER_LIFE = 3
"""Two renewals may fail before the lock is lost."""


class RedisLocks:
    """Implements `recomma.ports.Locks` on redis-py's lock: SET NX PX with a token of its own.

    While a lock is held, one daemon thread for all of them gives it its whole life again, three
    times per life. Only the owner's token can release it. `close` ends the thread.
    """

    def __init__(self, url: str, *, life_seconds: float = 8.0) -> None:
        """`life_seconds`: how long a lock outlives a holder that was killed."""
        self._client = redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_keepalive=True,
            # A repeated SET NX whose first answer was lost would meet its own lock and report it
            # as somebody else's. Not knowing is answered by True, so one try is right.
            retry=Retry(NoBackoff(), 0),
            client_name="recomma-locks",
        )
        self._life_seconds = life_seconds
        self._held: dict[Lock, str] = {}
        self._changed = threading.Condition()
        self._renewer: threading.Thread | None = None
        self._closed = False
        self._reachable = True

    @contextmanager
    def hold(self, subject: str) -> Iterator[bool]:
        """Hold the lock of `subject`, renewed, while inside; yields False if another holds it.

        Yields True if Redis cannot be asked. Raises nothing of its own.
        """
        lock = self._client.lock(
            PREFIX + subject,
            timeout=self._life_seconds,
            blocking=False,
            thread_local=False,  # The renewing thread needs the token too.
        )
        taken = self._take(lock, subject)
        if not taken:
            # None: nobody could be asked, and being slower is the most that may cost.
            yield taken is None
            return
        self._keep(lock, subject)
        try:
            yield True
        finally:
            self._let_go(lock, subject)

    def close(self) -> None:
        """Stop renewing and close the connections. Locks still held run out by themselves."""
        with self._changed:
            self._closed = True
            self._held.clear()
            self._changed.notify_all()
        if self._renewer is not None:
            self._renewer.join()
        self._client.close()

    def _take(self, lock: Lock, subject: str) -> bool | None:
        try:
            taken: bool = lock.acquire()
        except RedisError as error:
            self._warn_once(subject, error)
            return None
        self._reachable = True
        return taken

    def _keep(self, lock: Lock, subject: str) -> None:
        with self._changed:
            self._held[lock] = subject
            if self._renewer is None:
                self._renewer = threading.Thread(
                    target=self._renew_until_closed, name="lock-renewal", daemon=True
                )
                self._renewer.start()

    def _let_go(self, lock: Lock, subject: str) -> None:
        with self._changed:
            self._held.pop(lock, None)
        try:
            lock.release()
        except LockError:
            # The work is done and its writes were fenced: nothing is left to protect.
            log.warning("lock_lost", subject=subject)
        except RedisError as error:
            self._warn_once(subject, error)

    def _renew_until_closed(self) -> None:
        while True:
            with self._changed:
                self._changed.wait(self._life_seconds / RENEWALS_PER_LIFE)
                if self._closed:
                    return
                held = dict(self._held)
            for lock, subject in held.items():
                self._renew(lock, subject)

    def _renew(self, lock: Lock, subject: str) -> None:
        try:
            lock.extend(self._life_seconds, replace_ttl=True)
        except LockError:
            with self._changed:
                if self._held.pop(lock, None) is None:
                    return  # Let go by its owner in this very moment: nothing was lost.
            log.warning("lock_lost", subject=subject)
        except RedisError as error:
            self._warn_once(subject, error)

    def _warn_once(self, subject: str, error: RedisError) -> None:
        """Say once per outage, not once per step, that the work goes on unlocked."""
        if self._reachable:
            self._reachable = False
            log.warning("locks_unreachable", subject=subject, error=str(error))
