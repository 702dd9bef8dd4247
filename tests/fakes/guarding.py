"""Guards in memory: a breaker, a budget with its line, pauses, and counts to be looked at."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from recomma.domain.readiness import CLOCK_TOLERANCE
from recomma.domain.request_budget import (
    ABSENT_AFTER,
    CHANGED_IN_A_ROW,
    WINDOW,
    Allowance,
    Line,
    Request,
    ahead,
    detail_from,
    list_from,
)
from recomma.ports import OutsideError
from recomma.ports.guarding import BreakerOpen, OverBudget, Pause, Paused, Purpose, Uncounted

T = TypeVar("T")


class FakeGuardMetrics(Uncounted):
    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.changes: list[tuple[str, str]] = []
        self.failures: Counter[str] = Counter()
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.addresses: dict[str, tuple[int, int]] = {}

    def breaker_is(self, name: str, state: str) -> None:
        self.states[name] = state

    def breaker_changed(self, name: str, state: str) -> None:
        self.changes.append((name, state))

    def call_failed(self, name: str) -> None:
        self.failures[name] += 1

    def call_refused(self, name: str, by: str) -> None:
        self.refusals[name, by] += 1

    def address_budget(self, account: str, used: int, cap: int) -> None:
        self.addresses[account] = (used, cap)


class FakeBreaker:
    """Closed, open or half open; `rested` says that the time of an open one is over."""

    def __init__(self, failures_max: int) -> None:
        self._failures_max = failures_max
        self._failures = 0
        self._open = False
        self._trial = False
        self.rested = False

    def call(
        self,
        request: Callable[[], T],
        *,
        failed: Callable[[OutsideError], bool],
        first: Callable[[], None],
    ) -> T:
        if self._open and (not self.rested or self._trial):
            raise BreakerOpen("left alone", wait_seconds=1)
        first()
        self._trial = self._open
        try:
            answer = request()
        except OutsideError as error:
            self._count(is_failure=failed(error))
            raise
        finally:
            self._trial = False
        self._count(is_failure=False)
        return answer

    def _count(self, *, is_failure: bool) -> None:
        self._failures = self._failures + 1 if is_failure else 0
        if not is_failure:
            self._open = False
        elif self._open or self._failures >= self._failures_max:
            self._open, self.rested = True, False


@dataclass
class _Turn:
    changed: bool
    told_at: datetime


@dataclass
class FakeBudget:
    """The budget of a 3Commas account. `due` is when each deal's note is due for work."""

    allowance: Allowance
    clock: Callable[[], datetime]
    known_since: datetime
    due: dict[int, datetime] = field(default_factory=dict)
    made: list[Request] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    _turns: dict[int, _Turn] = field(default_factory=dict)  # In the order of their places.
    _in_row: int = 0
    _list_weight: int = 1

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        now = self.clock()
        self._count_anew(now)
        pause = max(self.pauses, key=lambda each: each.until, default=None)
        if pause and pause.until > now:
            raise Paused(pause.why, until=pause.until)
        if self.known_since + WINDOW > now:
            raise OverBudget("nobody knows", until=self.known_since + WINDOW)
        self.made = [request for request in self.made if request.at > now - WINDOW]
        is_list = purpose is Purpose.LIST
        free_at = self._list(weight, now) if is_list else self._detail(weight, deal_id, now)
        if free_at > now:
            raise OverBudget("the minute is used up", until=free_at)
        self.made += [Request(now, is_list)] * weight

    def _count_anew(self, now: datetime) -> None:
        """What a clock that went back has put into the future begins now."""
        latest = now + CLOCK_TOLERANCE
        self.known_since = now if self.known_since > latest else self.known_since
        self.made = [replace(r, at=now) if r.at > latest else r for r in self.made]
        self.pauses = [
            Pause(now, now + (p.until - p.set_at), p.why) if p.set_at > latest else p
            for p in self.pauses
        ]

    def charge(self, weight: int) -> None:
        self.made += [Request(self.clock(), False)] * weight

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        now = self.clock()
        self.pauses.append(Pause(now, until or now + timedelta(seconds=wait_seconds), why))

    def _list(self, weight: int, now: datetime) -> datetime:
        self._list_weight = weight
        waits = any(turn.told_at > now - ABSENT_AFTER for turn in self._turns.values())
        return list_from(self.allowance, self.made, weight, now, details_wait=waits)

    def _detail(self, weight: int, deal_id: int, now: datetime) -> datetime:
        due_at, turn = self.due.get(deal_id), self._turns.get(deal_id)
        anew = due_at is not None and due_at <= (
            turn.told_at - timedelta(seconds=1) if turn else now
        )
        changed = anew or (turn is not None and turn.changed)
        free_at = detail_from(
            self.allowance,
            self.made,
            weight,
            now,
            before=ahead(self._line(deal_id, now), changed=changed),
            list_weight=self._list_weight,
        )
        if free_at > now:
            self._turns.setdefault(deal_id, _Turn(changed, free_at))
            self._turns[deal_id].changed, self._turns[deal_id].told_at = changed, free_at
        else:
            self._turns.pop(deal_id, None)
            self._in_row = min(self._in_row + 1, CHANGED_IN_A_ROW) if changed else 0
        return free_at

    def _line(self, deal_id: int, now: datetime) -> Line:
        there = [
            (each, turn.changed)
            for each, turn in self._turns.items()
            if turn.told_at > now - ABSENT_AFTER
        ]
        own = next((n for n, (each, _) in enumerate(there) if each == deal_id), len(there))
        ahead_of_it = [changed for _, changed in there[:own]]
        others = [changed for each, changed in there if each != deal_id]
        return Line(
            sum(ahead_of_it),
            len(ahead_of_it) - sum(ahead_of_it),
            sum(others),
            len(others) - sum(others),
            self._in_row,
        )
