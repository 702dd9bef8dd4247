"""Circuit breakers that all workers share: pybreaker decides, Redis remembers.

pybreaker holds a lock during the guarded call, so every thread has a breaker object of its own;
what they share is the state in Redis. Its own Redis storage asks once for each value, goes by the
clock of whoever asks, and lets every worker through when half open; ours reads all in one trip,
rests by the server's clock, and gives out one trial at a time (celery.md 8). Without Redis every
breaker is closed: it saves work, and an exit must never wait for it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final, Generic, TypeVar

import structlog
from pybreaker import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    CircuitBreaker,
    CircuitBreakerError,
    CircuitBreakerListener,
    CircuitBreakerStorage,
)

from recomma.adapters.redis.reach import Reach
from recomma.ports import OutsideError
from recomma.ports.guarding import BreakerOpen, GuardMetrics

log = structlog.get_logger(__name__)

PREFIX: Final = "recomma:breaker:"
KEPT_SECONDS: Final = 24 * 3600
"""What nobody has asked for so long is forgotten: a venue that was removed."""

T = TypeVar("T")
Failed = Callable[[OutsideError], bool]


@dataclass(frozen=True)
class Rules:
    """When a breaker opens, and how it comes back.

    It opens after `failures_max` failures in a row, whoever had them, and rests for
    `rest_seconds`. Then one call at a time is let through: the first that succeeds closes it, the
    first that fails opens it again. A trial whose worker died frees its place after
    `trial_seconds`.
    """

    failures_max: int = 5
    rest_seconds: float = 10.0
    trial_seconds: float = 20.0


class RedisBreaker:
    """Implements `recomma.ports.guarding.Breaker`. One for each name in each process."""

    def __init__(self, reach: Reach, name: str, rules: Rules, *, metrics: GuardMetrics) -> None:
        self._reach = reach
        self._name = name
        self._rules = rules
        self._metrics = metrics
        self._of_thread = threading.local()

    def call(self, request: Callable[[], T], *, failed: Failed, first: Callable[[], None]) -> T:
        """See the port. Every thread may be in here at once."""
        circuit, state = self._mine()
        state.refresh()
        self._metrics.breaker_is(self._name, state.state)
        try:
            tried: _Tried[T] = circuit.call(_tried, request, failed, first)
        except (CircuitBreakerError, _TrialTaken):
            self._metrics.call_refused(self._name, "breaker")
            raise BreakerOpen(
                f"{self._name} failed {self._rules.failures_max} times in a row: left alone",
                wait_seconds=max(1, ceil(state.rest_seconds_left)),
            ) from None
        finally:
            state.end_trial()
        return tried.outcome()

    def _mine(self) -> "tuple[CircuitBreaker, _SharedState]":
        mine: tuple[CircuitBreaker, _SharedState] | None = getattr(self._of_thread, "mine", None)
        if mine is None:
            state = _SharedState(self._reach, self._name, self._rules, self._metrics)
            circuit = CircuitBreaker(
                fail_max=self._rules.failures_max,
                reset_timeout=self._rules.rest_seconds,
                # A bug of ours says nothing of the service, and neither does our own shutdown.
                exclude=[_is_ours],
                listeners=[_BeforeEachCall(state)],
                state_storage=state,
                name=self._name,
                # Else the error that opens it would be replaced, and an order that may have
                # arrived would look like one that never left.
                throw_new_error_on_trip=False,
            )
            mine = self._of_thread.mine = circuit, state
        return mine


class _TrialTaken(Exception):
    """Half open, and another call is the trial."""


@dataclass(frozen=True)
class _Tried(Generic[T]):
    """How a request ended that speaks for the service: by a value, or by a refusal."""

    values: tuple[T, ...]
    refused: OutsideError | None = None

    def outcome(self) -> T:
        if self.refused is not None:
            raise self.refused
        return self.values[0]


def _tried(request: Callable[[], T], failed: Failed, _first: Callable[[], None]) -> _Tried[T]:
    try:
        return _Tried((request(),))
    except OutsideError as error:
        if failed(error):
            raise
        return _Tried((), error)


def _is_ours(error: BaseException) -> bool:
    return not isinstance(error, OutsideError)


class _BeforeEachCall(CircuitBreakerListener):
    """What must happen once a call is let through and before it counts for anything."""

    def __init__(self, state: "_SharedState") -> None:
        self._state = state

    def before_call(
        self, cb: CircuitBreaker, func: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        if self._state.state == STATE_HALF_OPEN and not self._state.begin_trial():
            raise _TrialTaken
        first: Callable[[], None] = args[-1]
        first()


class _SharedState(CircuitBreakerStorage):
    """What one thread has last read of a breaker, and its way to change it."""

    def __init__(self, reach: Reach, name: str, rules: Rules, metrics: GuardMetrics) -> None:
        super().__init__(name)
        self._reach = reach
        self._redis = reach.client
        self._rules = rules
        self._metrics = metrics
        self._key = PREFIX + name
        self._rest_key = f"{self._key}:rest"
        self._trial_key = f"{self._key}:trial"
        self._on_trial = False
        self._forget()

    def _forget(self) -> None:
        self._state, self._failures, self._successes = STATE_CLOSED, 0, 0
        self.rest_seconds_left = 0.0

    def refresh(self) -> None:
        """Read what all workers know; nothing is known while Redis is away."""
        self._forget()
        found = self._reach.ask(self._read, None)
        if found is None:
            return
        fields, rest_ms = found
        self._state = fields.get(b"state", STATE_CLOSED.encode()).decode()
        self._failures = int(fields.get(b"failures", 0))
        self._successes = int(fields.get(b"successes", 0))
        self.rest_seconds_left = max(0, rest_ms) / 1000

    def _read(self) -> tuple[dict[bytes, bytes], int]:
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(self._key)
            pipe.pttl(self._rest_key)
            fields, rest_ms = pipe.execute()
        return fields, rest_ms

    def begin_trial(self) -> bool:
        """Take the one place of a half-open breaker. Without Redis there is no half open."""
        life_ms = int(self._rules.trial_seconds * 1000)
        self._on_trial = self._reach.ask(
            lambda: bool(self._redis.set(self._trial_key, 1, nx=True, px=life_ms)), True
        )
        return self._on_trial

    def end_trial(self) -> None:
        if self._on_trial:
            self._on_trial = False
            self._reach.ask(lambda: self._redis.delete(self._trial_key), 0)

    @property
    def state(self) -> str:
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        before = self._reach.ask(lambda: self._write_state(state), state)
        if before != state:
            self._metrics.breaker_changed(self.name, state)
            tell = log.info if state == STATE_CLOSED else log.warning
            tell("breaker", breaker=self.name, was=before, now=state)
        self._metrics.breaker_is(self.name, state)
        self._state = state

    def _write_state(self, state: str) -> str:
        with self._redis.pipeline() as pipe:
            pipe.hget(self._key, "state")
            pipe.hset(self._key, "state", state)
            pipe.expire(self._key, KEPT_SECONDS)
            before = pipe.execute()[0]
        return before.decode() if before else STATE_CLOSED

    @property
    def counter(self) -> int:
        return self._failures

    def increment_counter(self) -> None:
        self._failures = self._count("failures")
        self._metrics.call_failed(self.name)

    def reset_counter(self) -> None:
        if self._failures:  # A healthy service costs no second trip.
            self._failures = 0
            self._reach.ask(lambda: self._redis.hdel(self._key, "failures"), 0)

    @property
    def success_counter(self) -> int:
        return self._successes

    def increment_success_counter(self) -> None:
        self._successes = self._count("successes")

    def reset_success_counter(self) -> None:
        if self._successes:
            self._successes = 0
            self._reach.ask(lambda: self._redis.hdel(self._key, "successes"), 0)

    def _count(self, field: str) -> int:
        return self._reach.ask(lambda: self._add_one(field), 0)

    def _add_one(self, field: str) -> int:
        with self._redis.pipeline() as pipe:
            pipe.hincrby(self._key, field, 1)
            pipe.expire(self._key, KEPT_SECONDS)
            counted: int = pipe.execute()[0]
        return counted

    @property
    def opened_at(self) -> datetime | None:
        """Just now, as long as it rests: how long that is, the server's clock says."""
        return datetime.now(UTC) if self.rest_seconds_left else None

    @opened_at.setter
    def opened_at(self, at: datetime) -> None:
        rest_ms = int(self._rules.rest_seconds * 1000)
        self._reach.ask(lambda: self._redis.set(self._rest_key, 1, px=rest_ms), None)
        self.rest_seconds_left = self._rules.rest_seconds
