"""Faults to order: each strikes a number of times, at a rate, or for a time."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Final


class FaultKind(StrEnum):
    """What can go wrong. `WHAT_IT_DOES` says how, and docs/simulators.md repeats it."""

    ANSWER_LOST = "answer_lost"
    REQUEST_LOST = "request_lost"
    LATE_COMMIT = "late_commit"
    HTTP_429 = "http_429"
    HTTP_502_HTML = "http_502_html"
    DELAYED_ANSWER = "delayed_answer"
    REFUSE = "refuse"
    SLOW_VISIBILITY = "slow_visibility"
    CLOCK_SKEW = "clock_skew"
    AGENT_REVOKED = "agent_revoked"
    ADDRESS_BUDGET_EXHAUSTED = "address_budget_exhausted"
    POST_ONLY_PHASE = "post_only_phase"
    TRADING_HALTED = "trading_halted"
    STREAM_STALL = "stream_stall"
    STREAM_CLOSE = "stream_close"
    STREAM_DUPLICATE = "stream_duplicate"
    STREAM_REORDER = "stream_reorder"


WHAT_IT_DOES: Final = {
    FaultKind.ANSWER_LOST: "carried out, then the connection closes",
    FaultKind.REQUEST_LOST: "the connection closes before anything is done",
    FaultKind.LATE_COMMIT: "the connection closes; carried out `seconds` later",
    FaultKind.HTTP_429: "answered 429 with `null`, and not carried out; a burst with `count`",
    FaultKind.HTTP_502_HTML: "answered 502 with a page of HTML, and not carried out",
    FaultKind.DELAYED_ANSWER: (
        "carried out at once, answered `seconds` later: streams tell it before the answer does"
    ),
    FaultKind.REFUSE: "the next orders of `coin` are refused with `text`",
    FaultKind.SLOW_VISIBILITY: (
        "order records, open orders and fills know nothing younger than `seconds`;"
        " `request_type` names one of them"
    ),
    FaultKind.CLOCK_SKEW: "the venue's own clock is `seconds` ahead, or behind if below 0",
    FaultKind.AGENT_REVOKED: (
        'the venue takes nothing from `agent`, or from any; with the `text` "deposit" it says that'
        " the master must deposit"
    ),
    FaultKind.ADDRESS_BUDGET_EXHAUSTED: "one action in ten seconds passes, the others are refused",
    FaultKind.POST_ONLY_PHASE: "only post-only orders are taken",
    FaultKind.TRADING_HALTED: "`coin`, or every coin, takes no orders and fills none",
    FaultKind.STREAM_STALL: "frames, or those of the channel `request_type`, are never delivered",
    FaultKind.STREAM_CLOSE: "the connection closes in the place of a frame, without a word",
    FaultKind.STREAM_DUPLICATE: "a frame comes twice",
    FaultKind.STREAM_REORDER: "a frame comes after the next one",
}

EXCHANGE_ONLY: Final = frozenset(
    {FaultKind.ANSWER_LOST, FaultKind.REQUEST_LOST, FaultKind.LATE_COMMIT}
)
STREAM_PATH: Final = "/ws"


@dataclass
class Fault:
    """One fault. Without count, rate and times it strikes every time.

    `path` and `request_type` (an action's or an info request's `type`, or a channel) narrow it
    down. The lost ones mean /exchange unless they name another path. `seconds` are real ones for
    a delayed answer and simulated ones otherwise. `from_ms` and `until_ms` are simulated times.
    """

    kind: FaultKind
    count: int | None = None
    rate: Decimal | None = None
    path: str | None = None
    request_type: str | None = None
    coin: str | None = None
    text: str | None = None
    agent: str | None = None
    seconds: Decimal = Decimal(0)
    from_ms: int | None = None
    until_ms: int | None = None

    def meets(self, path: str, request_type: str) -> bool:
        where = self.path or ("/exchange" if self.kind in EXCHANGE_ONLY else path)
        return where == path and self.request_type in (None, request_type)

    def stands_at(self, now_ms: int) -> bool:
        begun = self.from_ms is None or self.from_ms <= now_ms
        return begun and (self.until_ms is None or now_ms < self.until_ms)


class Faults:
    """The faults in order. `now_ms` has to be kept at the time of the request."""

    def __init__(self, random: Random) -> None:
        self.ordered: list[Fault] = []
        self.now_ms = 0
        self._random = random

    def strike(self, kind: FaultKind, path: str, request_type: str) -> Fault | None:
        """Return the fault that meets this request, and count it."""
        return self._first([f for f in self._of(kind) if f.meets(path, request_type)])

    def refusal(self, coin: str) -> Fault | None:
        return self._first([f for f in self._of(FaultKind.REFUSE) if f.coin in (None, coin)])

    def revoked(self, agent: str) -> Fault | None:
        revoking = self._of(FaultKind.AGENT_REVOKED)
        return self._first([f for f in revoking if f.agent in (None, agent)])

    def stands(self, kind: FaultKind) -> bool:
        """Tell whether a fault is in force; looking does not count."""
        return any(f.count is None or f.count > 0 for f in self._of(kind))

    def halted(self, coin: str) -> bool:
        """Tell whether nobody can trade a coin; looking does not count."""
        return any(f.coin in (None, coin) for f in self._of(FaultKind.TRADING_HALTED))

    def always(self, kind: FaultKind) -> Fault | None:
        return self._first(self._of(kind))

    def skew_ms(self) -> int:
        """Return how far the venue's clock is ahead; looking does not count."""
        skews = self._of(FaultKind.CLOCK_SKEW)
        return int(skews[0].seconds * 1000) if skews else 0

    def _of(self, kind: FaultKind) -> list[Fault]:
        if not self.ordered:
            return self.ordered
        return [f for f in self.ordered if f.kind is kind and f.stands_at(self.now_ms)]

    def _first(self, candidates: list[Fault]) -> Fault | None:
        for fault in candidates:
            if fault.rate is not None and self._random.random() >= fault.rate:
                continue
            if fault.count is not None:
                if fault.count <= 0:
                    continue
                fault.count -= 1
            return fault
        return None
