"""Deals on a venue of our own making, for the tests of differences."""

from dataclasses import replace
from typing import Any

from recomma.domain.differences import differences
from recomma.domain.mirrored import Mirrored, SourceState
from recomma.domain.money import Side
from recomma.domain.orders import Holding, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, RowStatus
from recomma.domain.stops import Level, Scope, Stop
from tests.domain.mirror_values import (
    NOON,
    price,
    size,
)

FILLED, ACTIVE, CANCELLED = RowStatus.FILLED, RowStatus.ACTIVE, RowStatus.CANCELLED


def at_source(leg: Leg, status: RowStatus) -> SourceState:
    return SourceState(leg, Side.BUY, status, price("0.2"), size(100), NOON)


def mirrored(*source: SourceState, held: int = 0, **changes: Any) -> Mirrored:
    """Make a running deal that holds `held` DOGE."""
    made = Mirrored(
        deal_id=7,
        venue="main",
        entry_side=Side.BUY,
        finished=False,
        released=False,
        closing=False,
        exits_known=True,
        standing=Standing.OPEN,
        standing_why=None,
        source=source,
        orders=(),
        skips={},
        holding=Holding(size(held), size(0), None),
        dead_letters=0,
    )
    return replace(made, **changes)


def stop(level: Level) -> Stop:
    return Stop(1, level, Scope(), "ann", "holidays", Reason.STOPPED, NOON)


def reasons(here: Mirrored) -> list[tuple[str, Reason | None]]:
    return [(found.leg, found.reason) for found in differences(here)]
