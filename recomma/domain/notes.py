"""A note says where to look, never what to do. One row for each (step, subject), however often
it is left: a thousand triggers during one run make exactly one more run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Step(StrEnum):
    WATCH = "watch"
    PLAN = "plan"
    SUBMIT = "submit"
    RECONCILE = "reconcile"
    REFRESH = "refresh"
    SURVEY = "survey"


class Queue(StrEnum):
    DEALS = "deals"
    ORDERS = "orders"
    TAKE_PROFIT = "take_profit"
    MAINTENANCE = "maintenance"
    DEAD_LETTERS = "dead_letters"


QUEUE_OF: Final[Mapping[Step, Queue]] = {
    Step.WATCH: Queue.DEALS,
    Step.PLAN: Queue.DEALS,
    Step.SUBMIT: Queue.ORDERS,
    Step.RECONCILE: Queue.TAKE_PROFIT,
    Step.REFRESH: Queue.MAINTENANCE,
    Step.SURVEY: Queue.MAINTENANCE,
}


@dataclass(frozen=True)
class Note:
    """Look at this subject with this step."""

    step: Step
    account: str = ""
    deal_id: int = 0
    venue: str = ""

    @property
    def queue(self) -> Queue:
        return QUEUE_OF[self.step]

    @property
    def subject(self) -> str:
        """What two runs must not work on at once: a deal, a venue's signer, or an account."""
        if self.deal_id:
            return f"deal/{self.deal_id}"
        if self.step is Step.SURVEY:
            return f"survey/{self.venue}"  # Its reads must not keep orders waiting.
        return f"venue/{self.venue}" if self.venue else f"account/{self.account}"

    def __str__(self) -> str:
        at = f"@{self.venue}" if self.deal_id and self.venue else ""
        return f"{self.step} {self.subject}{at}"


def watch(account: str) -> Note:
    return Note(Step.WATCH, account=account)


def plan(deal_id: int) -> Note:
    return Note(Step.PLAN, deal_id=deal_id)


def submit(venue: str) -> Note:
    return Note(Step.SUBMIT, venue=venue)


def reconcile(deal_id: int, venue: str) -> Note:
    return Note(Step.RECONCILE, deal_id=deal_id, venue=venue)


def refresh(venue: str) -> Note:
    return Note(Step.REFRESH, venue=venue)


def survey(venue: str) -> Note:
    return Note(Step.SURVEY, venue=venue)
