"""The nasty cases, on demand (threecommas.md 9.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True)
class PartialFill:
    """An order fills `share` (of 1) first, and the rest `rest_after` later."""

    share: Decimal
    rest_after: timedelta


@dataclass(frozen=True)
class Nasty:
    """What goes wrong in one deal; the default is nothing.

    `replacing` is how long the take profit is away at each re-placement: fills that come meanwhile
    are covered by one. `slow_cancel` is how long the last cancellation of the end takes, and
    `stop_cancel` that of the take profit before a stop. `cancel_fills` are averaging orders that
    fill instead of being cancelled. `safety_fails` are those that cannot be placed.
    """

    out_of_order: bool = False
    replacing: timedelta | None = None
    slow_cancel: timedelta | None = None
    stop_cancel: timedelta | None = None
    slow_base: timedelta | None = None
    cancel_fills: frozenset[int] = frozenset()
    safety_fails: frozenset[int] = frozenset()
    base_fails: str | None = None
    partial_fills: Mapping[str, PartialFill] = field(default_factory=dict)
