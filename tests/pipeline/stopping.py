"""A person's stops in a world: set and lifted as the command line does, without its rows."""

from datetime import datetime

from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from tests.pipeline.world import World


def forbid(
    world: World, level: Level, scope: Scope | None = None, *, until: datetime | None = None
) -> int:
    """Set a stop; return its number."""
    number = len(world.ledger.rows.stops) + 1
    world.ledger.rows.stops[number] = Stop(
        number, level, scope or Scope(), "me", "", Reason.STOPPED, world.now, until
    )
    return number


def lift(world: World, number: int) -> None:
    del world.ledger.rows.stops[number]
