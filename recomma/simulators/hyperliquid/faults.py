"""Faults to order: each strikes a number of times, at a rate, or until it is taken away."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Final


class FaultKind(StrEnum):
    ANSWER_LOST = "answer_lost"  # Carried out, then the connection closes.
    REQUEST_LOST = "request_lost"  # The connection closes before anything is done.
    LATE_COMMIT = "late_commit"  # The connection closes; carried out `seconds` later.
    HTTP_429 = "http_429"
    HTTP_502_HTML = "http_502_html"
    DELAYED_ANSWER = "delayed_answer"  # Carried out at once, answered `seconds` later.
    REFUSE = "refuse"  # The next orders of `coin` are refused with `text`.
    SLOW_VISIBILITY = "slow_visibility"  # orderStatus knows an order only after `seconds`.
    AGENT_REVOKED = "agent_revoked"  # `agent`, or every agent.
    POST_ONLY_PHASE = "post_only_phase"


EXCHANGE_ONLY: Final = frozenset(
    {FaultKind.ANSWER_LOST, FaultKind.REQUEST_LOST, FaultKind.LATE_COMMIT}
)


@dataclass
class Fault:
    """One fault. Without count and rate it strikes every time.

    `path` and `request_type` (an action's or an info request's `type`) narrow it down. The lost
    ones mean /exchange unless they name another path. `seconds` are real ones for a delayed
    answer and simulated ones otherwise. A revoked agent is told that it does not exist, or, with
    the text "deposit", that its master must deposit: the venue answers either (5).
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

    def meets(self, path: str, request_type: str) -> bool:
        where = self.path or ("/exchange" if self.kind in EXCHANGE_ONLY else path)
        return where == path and self.request_type in (None, request_type)


class Faults:
    def __init__(self, random: Random) -> None:
        self.ordered: list[Fault] = []
        self._random = random

    def strike(self, kind: FaultKind, path: str, request_type: str) -> Fault | None:
        """Return the fault that meets this request, and count it."""
        return self._first(
            [f for f in self.ordered if f.kind is kind and f.meets(path, request_type)]
        )

    def refusal(self, coin: str) -> Fault | None:
        kind = FaultKind.REFUSE
        return self._first([f for f in self.ordered if f.kind is kind and f.coin in (None, coin)])

    def revoked(self, agent: str) -> Fault | None:
        kind = FaultKind.AGENT_REVOKED
        return self._first([f for f in self.ordered if f.kind is kind and f.agent in (None, agent)])

    def always(self, kind: FaultKind) -> Fault | None:
        return self._first([f for f in self.ordered if f.kind is kind])

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
