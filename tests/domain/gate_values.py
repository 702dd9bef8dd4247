"""Conditions and entries of our own making, for the tests of gates."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from recomma.domain.commitments import Commitment, Commitments, SurveyedAccount
from recomma.domain.gates import (
    Conditions,
    Gate,
    Leverage,
    Passes,
)
from recomma.domain.lifecycle import State
from recomma.domain.money import Price
from recomma.domain.orders import Style
from recomma.domain.policy import Limits, MarginMode, Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from recomma.domain.venue import AddressBudget
from tests.domain.mirror_values import (
    BASE,
    DOGE,
    NOON,
    order,
    safety,
    take_profit,
)

VENUE = "main"
HALF_A_MINUTE = NOON + timedelta(seconds=30)
SAFETY = order(safety(1), State.PLANNED)  # 100 DOGE at 0.2: 20 USD.
MARKET_SAFETY = order(safety(1), State.PLANNED, style=Style.CROSS)
A_BASE = order(BASE, State.PLANNED, style=Style.CROSS)
EXIT = order(take_profit(), State.PLANNED)
CROSS_1 = Leverage(1, MarginMode.CROSS)


def stop(level: Level, scope: Scope | None = None, **changes: Any) -> Stop:
    made = Stop(1, level, scope or Scope(), "me", "", Reason.STOPPED, NOON)
    return replace(made, **changes)


def has(
    entered: str = "0",
    asked: str = "0",
    ladder: str = "0",
    *,
    deal_id: int = 8,
    venue: str = VENUE,
    coin: str = "DOGE",
    in_doubt: str = "0",
) -> Commitment:
    usd = [Decimal(text) for text in (entered, asked, ladder, in_doubt)]
    return Commitment(venue, deal_id, coin, *usd)


def account(left: int = 10_000, **trouble: Any) -> SurveyedAccount:
    budget = AddressBudget(10_000 - left, 10_000)
    return SurveyedAccount(NOON, Decimal(1000), Decimal(1000), budget, trouble.pop("text", ""))


def here(
    policy: Policy | None = None,
    *deals: Commitment,
    open_orders: int = 0,
    leverages: dict[str, Leverage] | None = None,
    **changes: Any,
) -> Conditions:
    """Make conditions under which everything passes: money for everything, no limits, no stops."""
    one = policy or Policy()
    made = Conditions(
        now=NOON,
        stops=(),
        commitments=Commitments(deals, open_orders),
        account=account(),
        source_read_at=dict.fromkeys(range(1000), NOON),
        survey_needed_since={},
        markets={"DOGE": DOGE},
        policy_of=lambda _bot: one,
        leverage_of=(leverages or {}).get,
        withdrawable=Decimal(1_000_000),
        mids={"DOGE": Price(Decimal("0.2"))},
    )
    return replace(made, **changes)


def limited(*, open_orders: int | None = None, **limits: str) -> Policy:
    usd = {name: Decimal(value) for name, value in limits.items()}
    return Policy(limits=replace(Limits(open_orders=open_orders), **usd))  # type: ignore[arg-type]


def why(found: Gate) -> tuple[str, Reason | None]:
    return type(found).__name__, None if isinstance(found, Passes) else found.why
