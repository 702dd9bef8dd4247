"""What a request to Hyperliquid is for, and what its end says of Hyperliquid."""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from recomma.adapters.hyperliquid.errors import (
    OutcomeUnknown,
    TooManyFillsAtOnce,
    TooManyRequests,
    Unreachable,
)
from recomma.ports import OutsideError
from recomma.ports.guarding import Guard, Purpose

PAUSE_SECONDS: Final = 10
"""After a 429, for everybody behind this address; the venue does not say how long
(hyperliquid.md 14.1)."""

CANCELS: Final = {"cancel", "cancelByCloid", "scheduleCancel", "noop"}

T = TypeVar("T")


def guarded(guard: Guard, purpose: Purpose, weight: int, request: Callable[[], T]) -> T:
    """Make one request. Raises what `request` and the guard raise."""
    try:
        return guard.call(purpose, request, failed=is_down, weight=weight)
    except TooManyRequests as error:
        guard.budget.pause(str(error), wait_seconds=PAUSE_SECONDS)
        raise


def is_down(error: OutsideError) -> bool:
    """Say whether an error speaks against Hyperliquid: time-outs, resets, 5xx, HTML.

    A refusal (4xx) and a 429 come from a service that works.
    """
    if isinstance(error, TooManyFillsAtOnce):
        return False
    return isinstance(error, OutcomeUnknown | Unreachable)


def purpose_of(body: bytes) -> Purpose:
    """Say what a signed request is for. Reduce-only orders and cancels make the risk smaller."""
    try:
        action = json.loads(body)["action"]
        orders = action.get("orders", ())
        shrinks = action["type"] in CANCELS or any(order["r"] for order in orders)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Purpose.ENTRY  # Not made by us: it gets no privilege.
    return Purpose.EXIT if shrinks else Purpose.ENTRY
