"""Budgets of weights in a moving minute, counted in Redis by the library `limits`.

One list of the window serves all purposes: each may fill it up to its own share, so that what
matters most finds room longest. Exits are counted and never refused here.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

import structlog
from limits.storage import MemoryStorage, RedisStorage

from recomma.adapters.redis.reach import Reach
from recomma.ports.guarding import GuardMetrics, OverBudget, Pause, Paused, Pauses, Purpose

log = structlog.get_logger(__name__)

KEY_PREFIX: Final = "recomma:budget"
WINDOW_SECONDS: Final = 60
CLOCK_TOLERANCE_SECONDS: Final = 5
"""How far the clocks of workers may differ from each other."""

WORKERS_ALONE: Final = 4
"""Without Redis nobody knows what the others spend: each process takes a part, as if there were
so many."""


@dataclass(frozen=True)
class Shares:
    """How much of the window is filled at most when a request of each purpose still goes.

    A purpose without a share is never refused. `unknown` is what a store without history is taken
    to have spent already, because what was spent before it was emptied nobody knows; `patient`
    purposes wait until it has seen a whole window.
    """

    of: Mapping[Purpose, int]
    unknown: int = 0
    patient: frozenset[Purpose] = frozenset()
    window_seconds: int = WINDOW_SECONDS
    exits_pause_seconds: int = 2
    """How long exits obey a pause: the service refuses them too, but waiting costs money."""


class RedisBudget:
    """Implements `recomma.ports.guarding.Budget`. Without Redis: each process for itself."""

    def __init__(
        self,
        reach: Reach,
        name: str,
        shares: Shares,
        *,
        pauses: Pauses,
        metrics: GuardMetrics,
    ) -> None:
        self._reach = reach
        self._name = name
        self._shares = shares
        self._pauses = pauses
        self._metrics = metrics
        self._most = max(shares.of.values()) * 10  # Never reached: what is counted in any case.
        # Its connections, and so its short time-outs, are those of `reach`.
        self._shared = RedisStorage("redis://", reach.client.connection_pool, key_prefix=KEY_PREFIX)
        self._alone = MemoryStorage()
        self._known_key = f"{KEY_PREFIX}:{name}:known"
        self._new_key = f"{KEY_PREFIX}:{name}:new"

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        """Take `weight`. Raises Paused or OverBudget with the time when to come back."""
        self._obey_pause(purpose)
        share = self._shares.of.get(purpose)
        free_in = self._reach.ask(lambda: self._take_shared(weight, share, purpose), None)
        if free_in is None:
            alone = share and max(weight, share // WORKERS_ALONE)
            free_in = self._take(self._alone, weight, alone)
        if free_in > 0:
            self._metrics.call_refused(self._name, "budget")
            raise OverBudget(
                f"what {self._name} allows in a minute is used up as far as {purpose} goes",
                wait_seconds=max(1, ceil(free_in)),
            )
        self._metrics.spent(self._name, purpose, weight)

    def charge(self, weight: int) -> None:
        self._reach.ask(lambda: self._take_shared(weight, None), None)

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        now = datetime.now(UTC)
        end = until or now + timedelta(seconds=wait_seconds)
        self._pauses.set(self._name, Pause(now, end, why))
        self._metrics.paused(self._name)
        log.warning("paused", budget=self._name, until=end.isoformat(), why=why)

    def _obey_pause(self, purpose: Purpose) -> None:
        pause = self._pauses.latest(self._name)
        if pause is None:
            return
        until = pause.until
        if purpose not in self._shares.of:
            until = min(until, pause.set_at + timedelta(seconds=self._shares.exits_pause_seconds))
        if datetime.now(UTC) < until:
            self._metrics.call_refused(self._name, "pause")
            raise Paused(f"{self._name} is left alone: {pause.why}", until=until)

    def _take_shared(self, weight: int, share: int | None, purpose: Purpose | None = None) -> float:
        self._know()
        if purpose in self._shares.patient and (new_for := self._new_for()) > 0:
            return new_for
        return self._take(self._shared, weight, share)

    def _take(self, store: RedisStorage | MemoryStorage, weight: int, share: int | None) -> float:
        """Take `weight` and return 0, or return how many seconds to wait."""
        window = self._shares.window_seconds
        if store.acquire_entry(self._name, share or self._most, window, weight):
            return 0
        begun_at, _ = store.get_moving_window(self._name, share or self._most, window)
        begun_in = begun_at - time.time()
        if begun_in > CLOCK_TOLERANCE_SECONDS:
            self._forget(store)
            return 1
        return max(1.0, begun_in + window)

    def _forget(self, store: RedisStorage | MemoryStorage) -> None:
        """Begin anew: a window that was filled by a clock that was ahead would stay full until its
        time has come, and nobody would be told of a fill for as long."""
        log.warning("budget_of_the_future", budget=self._name)
        store.clear(self._name)
        if store is self._shared:
            self._reach.client.delete(self._known_key)

    def _know(self) -> None:
        """Take a store that has never seen this budget for one where much was spent just now."""
        redis, window = self._reach.client, self._shares.window_seconds
        if self._shares.unknown and redis.set(self._known_key, 1, nx=True):
            log.warning("budget_without_history", budget=self._name)
            redis.set(self._new_key, 1, ex=window)
            self._shared.acquire_entry(self._name, self._most, window, self._shares.unknown)

    def _new_for(self) -> float:
        """Return for how many seconds the store has still not seen a whole window."""
        return max(0, int(self._reach.client.pttl(self._new_key))) / 1000
