"""Breakers, budgets and pauses: which of them stands before which call."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Engine

from recomma.adapters.metrics.guarding import PrometheusGuardMetrics
from recomma.adapters.postgres.pauses import PostgresPauses
from recomma.adapters.postgres.request_budget import PostgresBudget
from recomma.adapters.redis.breakers import RedisBreaker, Rules
from recomma.adapters.redis.budgets import RedisBudget, Shares
from recomma.adapters.redis.reach import Reach
from recomma.config import Settings
from recomma.domain.request_budget import PLANS, WINDOW, Allowance
from recomma.ports.guarding import Breaker, Budget, Guard, NoBudget, Purpose

SOURCE: Final = Rules(failures_max=5, rest_seconds=15, trial_seconds=100)
READS: Final = Rules(failures_max=5, rest_seconds=10, trial_seconds=20)
ENTRIES: Final = Rules(failures_max=5, rest_seconds=10, trial_seconds=20)
EXITS: Final = Rules(failures_max=10, rest_seconds=2, trial_seconds=20)
"""An exit that waits costs money: its breaker opens late, and not for long."""

VENUE_SHARES: Final = Shares(
    of={Purpose.STATE: 700, Purpose.LOOK: 740, Purpose.READ: 800, Purpose.ENTRY: 900},
    unknown=600,
    patient=frozenset({Purpose.ENTRY}),
)
"""Weights of the 1200 that an IP address has in a minute (hyperliquid.md 14.1). Entries may fill
more of it than reads: a request for them costs 1, and looks would otherwise leave none of it. A
look only begins where it has room to end: many that are each refused in the middle, and small
readings that slip in before the large ones, would use up what a few need. The rest is for exits,
and for whoever else stands behind the address. A counter without history is taken to be at 600:
then at most 200 are added to what may have been spent, and no entry goes out for a minute."""


class Guards:
    """The guards of this process. All adapters that share a limit share its budget."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._metrics = PrometheusGuardMetrics()
        self._pauses = PostgresPauses(engine)
        self._reach = Reach(settings.redis_url, client_name="recomma-guards")
        self._venue_budget = self._budget_of_the_address()

    def source(self) -> Guard:
        """Return the guard of the 3Commas account of the settings."""
        name = f"threecommas:{self._settings.account}"
        breaker = self._breaker(name, SOURCE)
        breakers = dict.fromkeys((Purpose.LIST, Purpose.DETAIL), breaker)
        return Guard(breakers, self._source_budget(name), self._metrics)

    def venue(self, venue: str) -> Guard:
        """Return the guard of one venue: a broken read never stops an exit."""
        rules = {Purpose.READ: READS, Purpose.ENTRY: ENTRIES, Purpose.EXIT: EXITS}
        breakers: dict[Purpose, Breaker] = {
            purpose: self._breaker(f"hyperliquid:{venue}:{purpose}", rule)
            for purpose, rule in rules.items()
        }
        for part in (Purpose.STATE, Purpose.LOOK):
            breakers[part] = breakers[Purpose.READ]
        return Guard(breakers, self._venue_budget, self._metrics)

    def by_hand(self) -> Guard:
        """Return the guard of a person's command that must not wait: nothing is refused by a
        breaker or for want of budget, but everybody else's budget knows what it has cost."""
        return Guard(budget=Urgent(self._venue_budget), metrics=self._metrics)

    def _breaker(self, name: str, rules: Rules) -> RedisBreaker:
        return RedisBreaker(self._reach, name, rules, metrics=self._metrics)

    def _source_budget(self, name: str) -> Budget:
        if not self._settings.budgets:
            return NoBudget()
        allowance = PLANS[self._settings.threecommas_plan]
        line = PostgresBudget(self._engine, name, allowance, metrics=self._metrics)
        return Both((line, self._redis_budget(name, _whole(allowance))))

    def _budget_of_the_address(self) -> Budget:
        if not self._settings.budgets:
            return NoBudget()
        host = urlsplit(self._settings.hyperliquid_url).netloc
        return self._redis_budget(f"hyperliquid:{host}", VENUE_SHARES)

    def _redis_budget(self, name: str, shares: Shares) -> RedisBudget:
        return RedisBudget(self._reach, name, shares, pauses=self._pauses, metrics=self._metrics)


def _whole(allowance: Allowance) -> Shares:
    """Return the shares of a second count beside the one in Postgres: it only knows the limit."""
    of = dict.fromkeys((Purpose.LIST, Purpose.DETAIL), allowance.limit)
    return Shares(of, window_seconds=int(WINDOW.total_seconds()))


class Both:
    """Budgets that must all have room, the one that knows most first.

    What one of them has counted stays counted if the next refuses: too few requests at worst.
    """

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self._budgets = budgets

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        for budget in self._budgets:
            budget.spend(weight, purpose, deal_id)

    def charge(self, weight: int) -> None:
        for budget in self._budgets:
            budget.charge(weight)

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        self._budgets[0].pause(why, until=until, wait_seconds=wait_seconds)


class Urgent:
    """A budget that takes every request for an exit: counted, and never refused for its cost.

    A pause that the service has asked for is kept, as long as exits keep it.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        self._budget.spend(weight, Purpose.EXIT, deal_id)

    def charge(self, weight: int) -> None:
        self._budget.charge(weight)

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        self._budget.pause(why, until=until, wait_seconds=wait_seconds)
