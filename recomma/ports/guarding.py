"""What stands between us and an outside service: breakers, budgets, pauses.

A breaker stops asking a service that is down. A budget keeps us below what a service allows, all
workers together. Both refuse before anything was sent, by an `Unreadable`: whoever asked comes
back later, and no attempt is spent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final, Protocol, TypeVar

from recomma.ports.errors import OutsideError, Unreadable

T = TypeVar("T")


class Purpose(StrEnum):
    """What a request is for: each has its share of a budget, and on a venue its own breaker."""

    LIST = "list"  # What there is at the source.
    DETAIL = "detail"  # One deal of the source, as a whole.
    STATE = "state"  # Of an account on a venue: small, and large readings follow it.
    LOOK = "look"  # The open orders of an account: records and fills follow them.
    READ = "read"  # Any other of a venue.
    ENTRY = "entry"  # An act that opens or grows a position, or prepares it.
    EXIT = "exit"  # An act that shrinks a position, or cancels.


class BreakerOpen(Unreadable):
    """The service is down as far as we know; nothing was sent."""


class OverBudget(Unreadable):
    """The budget has no room for the request now; nothing was sent."""


class Paused(OverBudget):
    """The service has asked us to stay away for a while; nothing was sent."""


class Breaker(Protocol):
    """One kind of call to one service. Where it cannot know its state, it is closed."""

    def call(
        self,
        request: Callable[[], T],
        *,
        failed: Callable[[OutsideError], bool],
        first: Callable[[], None],
    ) -> T:
        """Run `first` and `request`, unless the breaker is open: then raise BreakerOpen.

        `failed` says which errors of `request` speak against the service; every other outcome
        speaks for it. What `first` raises says nothing of the service. Both raise through.
        """


class Budget(Protocol):
    """What a service allows us in any window of time, all workers together."""

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        """Take `weight` before a request leaves. Raises OverBudget or Paused, with when to return.

        `deal_id` is whom a DETAIL is for: those who were refused have their turn in order.
        """

    def charge(self, weight: int) -> None:
        """Count what was spent already; never refuses."""

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        """Keep everybody away until then, because the service said so (429, 418)."""


@dataclass(frozen=True)
class Pause:
    """Until when a service must be left alone."""

    set_at: datetime
    until: datetime
    why: str


class Pauses(Protocol):
    """The pauses that services asked for; they outlive every process and a flushed Redis."""

    def set(self, budget: str, pause: Pause) -> None: ...
    def latest(self, budget: str) -> Pause | None:
        """Return the pause that lasts longest, over or not; may be a second old.

        Its times are of this worker's clock, whatever the clock was of the worker that set it.
        """


class GuardMetrics(Protocol):
    def breaker_is(self, name: str, state: str) -> None:
        """Say the state as this worker sees it: `closed`, `half-open` or `open`."""

    def breaker_changed(self, name: str, state: str) -> None: ...
    def call_failed(self, name: str) -> None: ...
    def call_refused(self, name: str, by: str) -> None:
        """Count a call that was not made: `by` is `breaker`, `budget` or `pause`."""

    def spent(self, budget: str, purpose: Purpose, weight: int) -> None: ...
    def paused(self, budget: str) -> None: ...
    def address_budget(self, account: str, used: int, cap: int) -> None: ...


class NoBreaker:
    """Closed for ever: commands and rehearsals."""

    def call(
        self,
        request: Callable[[], T],
        *,
        failed: Callable[[OutsideError], bool],
        first: Callable[[], None],
    ) -> T:
        first()
        return request()


class NoBudget:
    """Everything is allowed: commands, and rehearsals (design.md, section 11)."""

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        pass

    def charge(self, weight: int) -> None:
        pass

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        pass


class Uncounted:
    """No metrics, for what stands outside the workers."""

    def breaker_is(self, name: str, state: str) -> None:
        pass

    def breaker_changed(self, name: str, state: str) -> None:
        pass

    def call_failed(self, name: str) -> None:
        pass

    def call_refused(self, name: str, by: str) -> None:
        pass

    def spent(self, budget: str, purpose: Purpose, weight: int) -> None:
        pass

    def paused(self, budget: str) -> None:
        pass

    def address_budget(self, account: str, used: int, cap: int) -> None:
        pass


@dataclass(frozen=True)
class Guard:
    """What one adapter asks before each of its requests, and tells afterwards."""

    breakers: Mapping[Purpose, Breaker] = field(
        default_factory=lambda: dict.fromkeys(Purpose, NoBreaker())
    )
    budget: Budget = field(default_factory=NoBudget)
    metrics: GuardMetrics = field(default_factory=Uncounted)

    def call(
        self,
        purpose: Purpose,
        request: Callable[[], T],
        *,
        failed: Callable[[OutsideError], bool],
        weight: int = 1,
        deal_id: int = 0,
    ) -> T:
        """Make one request. Raises BreakerOpen and OverBudget, and what `request` raises.

        The breaker is asked first: a service that is down must not use up the budget. A weight of
        0 was taken before.
        """
        spend = partial(self.budget.spend, weight, purpose, deal_id)
        first = spend if weight else _nothing
        return self.breakers[purpose].call(request, failed=failed, first=first)


def _nothing() -> None:
    pass


UNGUARDED: Final = Guard()
