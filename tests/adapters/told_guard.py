"""A guard that remembers what an adapter told it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from recomma.ports import OutsideError
from recomma.ports.guarding import Guard, Purpose

T = TypeVar("T")


@dataclass
class Told:
    """A breaker and a budget that remember what they were told; they refuse by `refusal`."""

    refusal: OutsideError | None = None
    spent: list[tuple[int, Purpose]] = field(default_factory=list)
    charged: list[int] = field(default_factory=list)
    pauses: list[tuple[datetime | None, int]] = field(default_factory=list)
    deals: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        self.spent.append((weight, purpose))
        self.deals.append(deal_id)
        if self.refusal:
            raise self.refusal

    def charge(self, weight: int) -> None:
        self.charged.append(weight)

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        self.pauses.append((until, wait_seconds))

    def call(
        self,
        request: Callable[[], T],
        *,
        failed: Callable[[OutsideError], bool],
        first: Callable[[], None],
    ) -> T:
        first()
        try:
            return request()
        except OutsideError as error:
            if failed(error):
                self.failures.append(type(error).__name__)
            raise

    @property
    def guard(self) -> Guard:
        return Guard(dict.fromkeys(Purpose, self), self)
