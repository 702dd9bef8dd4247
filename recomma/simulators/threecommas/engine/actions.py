"""What a user, a signal or the exchange does to a running deal at some time (4.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Do(StrEnum):
    PANIC_SELL = "panic_sell"
    PANIC_SELL_STEP = "panic_sell_step"
    CANCEL = "cancel"
    CONVERT = "convert_to_smart_trade"
    ADD_FUNDS = "add_funds"
    CANCEL_ORDER = "cancel_order"
    EDIT = "edit"
    AVERAGING_SIGNAL = "averaging_signal"
    CLOSE_SIGNAL = "close_signal"
    REPRICE_BASE = "reprice_base"
    ERROR = "error"
    FAIL = "fail"
    SWITCH = "switch"
    LIQUIDATE = "liquidate"
    SETTLE = "settle"


@dataclass(frozen=True)
class Action:
    """One action. Only what its kind needs is given.

    `price` None is at market. `number` counts from 1: a take-profit step, or a manual order.
    `changes` are new values for fields of Settings, `stop_changes` for those of Stop.
    """

    at: datetime
    do: Do
    price: Decimal | None = None
    quantity: Decimal | None = None
    number: int = 1
    count: int = 1
    order_id: str | None = None
    text: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    stop_changes: Mapping[str, Any] = field(default_factory=dict)

    def moved(self, at: datetime) -> "Action":
        return replace(self, at=at)
