"""One authenticated request of the real API on its way to an answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from recomma.simulators.threecommas.accounts import Account
from recomma.simulators.threecommas.answers import Answer, Request
from recomma.simulators.threecommas.exchange import Exchange
from recomma.simulators.threecommas.shown_deal import ShownDeal


@dataclass(frozen=True)
class Call:
    """One authenticated request, with the id in its path, if any."""

    exchange: Exchange
    request: Request
    account: Account
    now: datetime
    id: int

    def deal(self) -> ShownDeal | None:
        return self.exchange.deal(self.id, self.now)


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    scope: str | None  # Which permission it needs; None: any valid key.
    answer: Callable[[Call], Answer]


def route(method: str, path: str, scope: str | None, answer: Callable[[Call], Answer]) -> Route:
    return Route(method, re.compile(path.replace("{id}", "([0-9]{1,18})")), scope, answer)
