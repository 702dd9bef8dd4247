"""A thousand deals on the smallest plan: fair, never over the limit, every deal in bounded time.

The budget's rule runs on a clock of its own. Everybody does what the workers do: comes back when
told, asks for its next look when the last one is done.
"""

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest

from recomma.domain.request_budget import (
    CHANGED_IN_A_ROW,
    PLANS,
    WINDOW,
    Allowance,
    details_in_window,
)
from recomma.ports.guarding import OverBudget, Purpose
from tests.fakes.guarding import FakeBudget

T0 = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(seconds=60)
LOOK_AFTER = timedelta(seconds=60)
LIST_EVERY = timedelta(seconds=30)
LATENESS_MAX_SECONDS = 2  # Queues: a note is not picked up at once.
LISTING = 0


@dataclass
class Poller:
    """Deals 1 to `deals`, whose list has `pages`, asked for by workers that come when told."""

    allowance: Allowance
    deals: int
    pages: int
    chance: random.Random
    changes_every: timedelta | None = None
    now: datetime = T0
    asked: list[datetime] = field(default_factory=list)  # One for each request.
    lists: list[datetime] = field(default_factory=list)
    looked: dict[int, list[datetime]] = field(default_factory=dict)
    wakes: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._budget = FakeBudget(self.allowance, lambda: self.now, known_since=T0 - WINDOW)
        self._due: list[tuple[datetime, int, int]] = []
        self._number = count()
        self.changed_at: dict[int, datetime] = {}
        self.latencies: list[timedelta] = []

    def run(self, until: datetime) -> None:
        self._come(T0, LISTING)
        for deal in range(1, self.deals + 1):
            self._come(T0, deal)
        change_at = T0 + self.changes_every if self.changes_every else until
        while self._due and self._due[0][0] < until:
            if change_at < self._due[0][0]:
                self._change(self.chance.randint(1, self.deals), change_at)
                change_at += self.changes_every or until - T0
                continue
            self.now, _, who = heapq.heappop(self._due)
            self.wakes[who] += 1
            self._ask(who)

    def _come(self, at: datetime, who: int) -> None:
        late = timedelta(seconds=self.chance.uniform(0, LATENESS_MAX_SECONDS))
        heapq.heappush(self._due, (at + late, next(self._number), who))

    def _change(self, deal: int, at: datetime) -> None:
        """A list has shown it: its note is due now, whatever it waited for."""
        self.changed_at.setdefault(deal, at)
        self._budget.due[deal] = at
        self._due = [each for each in self._due if each[2] != deal]
        heapq.heapify(self._due)
        self._come(at, deal)

    def _ask(self, who: int) -> None:
        weight = self.pages if who == LISTING else 2
        purpose = Purpose.LIST if who == LISTING else Purpose.DETAIL
        try:
            self._budget.spend(weight, purpose, who)
        except OverBudget as refusal:
            until = refusal.until or self.now
            self._come(until, who)
            if who in self._budget.due:
                self._budget.due[who] = until
            return
        self.asked += [self.now] * weight
        if who == LISTING:
            self.lists.append(self.now)
            self._come(self.now + LIST_EVERY, LISTING)
            return
        self.looked.setdefault(who, []).append(self.now)
        self._budget.due.pop(who, None)
        if who in self.changed_at:
            self.latencies.append(self.now - self.changed_at.pop(who))
        self._come(self.now + LOOK_AFTER, who)

    def most_in_a_minute(self) -> int:
        """Return how many requests the fullest sixty seconds have."""
        first, most = 0, 0
        for number, at in enumerate(self.asked):
            while at - self.asked[first] >= MINUTE:
                first += 1
            most = max(most, number - first + 1)
        return most

    def longest_without_a_look(self, until: datetime) -> timedelta:
        spans = []
        for deal in range(1, self.deals + 1):
            times = [T0, *self.looked.get(deal, []), until]
            spans += [later - earlier for earlier, later in pairwise(times)]
        return max(spans)


def bound(allowance: Allowance, deals: int, pages: int, *, changing: bool = False) -> timedelta:
    """docs/decisions/0031: all deals, by as many as have room in a window beside the lists."""
    in_window = details_in_window(allowance, 2, pages)
    windows = -(-deals // in_window)
    # Each window may begin as late as the one whose turn it is comes.
    spare = timedelta(seconds=windows * LATENESS_MAX_SECONDS) + 2 * WINDOW
    return (windows * WINDOW + spare) * (CHANGED_IN_A_ROW + 1 if changing else 1)


@pytest.mark.parametrize(
    ("plan", "deals", "pages"), [("starter", 1000, 2), ("starter", 400, 1), ("pro", 1000, 2)]
)
def test_every_deal_is_looked_at_in_bounded_time_and_no_minute_is_overfull(
    plan: str, deals: int, pages: int
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    allowance = PLANS[plan]
    poller = Poller(allowance, deals, pages, random.Random(seed))
    longest = bound(allowance, deals, pages)

    until = T0 + 2 * longest
    poller.run(until)

    looks = [len(poller.looked[deal]) for deal in range(1, deals + 1)]
    assert poller.most_in_a_minute() <= allowance.limit
    assert poller.longest_without_a_look(until) <= longest
    assert max(looks) - min(looks) <= 1  # Nobody is looked at twice while another waits.


def test_deals_that_change_go_first_and_starve_no_look() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    starter = PLANS["starter"]
    poller = Poller(starter, 300, 1, random.Random(seed), changes_every=2 * MINUTE)
    longest = bound(starter, 300, 1, changing=True)

    until = T0 + longest
    poller.run(until)

    assert poller.most_in_a_minute() <= starter.limit
    assert poller.longest_without_a_look(until) <= longest
    assert max(poller.latencies) <= 4 * WINDOW


def test_lists_go_on_while_a_thousand_details_wait() -> None:
    """What is not listed is not seen to change."""
    starter = PLANS["starter"]
    poller = Poller(starter, 1000, 2, random.Random(7))

    poller.run(T0 + 120 * WINDOW)

    gaps = [b - a for a, b in pairwise(poller.lists)]
    assert max(gaps) <= WINDOW + timedelta(seconds=2 * LATENESS_MAX_SECONDS)


def test_who_waits_is_not_woken_again_and_again() -> None:
    """A thousand that wait cost a claim each when their turn comes, not one in every minute."""
    starter = PLANS["starter"]
    poller = Poller(starter, 1000, 2, random.Random(7))

    poller.run(T0 + 500 * WINDOW)

    woken = sum(poller.wakes.values()) - poller.wakes[LISTING]
    done = sum(len(times) for times in poller.looked.values())
    assert woken <= 1000 + 6 * done
