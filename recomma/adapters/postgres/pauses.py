"""Pauses that services asked for, kept where a flushed Redis and a restart do not reach them.

They begin and end by the database's clock, because one that a worker set whose clock is ahead must
not keep exits waiting for as long as that.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, func, insert, select, update

from recomma.adapters.postgres.engine import storable
from recomma.adapters.postgres.tables import pauses
from recomma.domain.readiness import CLOCK_TOLERANCE
from recomma.ports.guarding import Pause

KNOWN_SECONDS: Final = 1.0
"""How long a look at the table is good for: it stands before every call to a venue."""

LONGEST: Final = timedelta(days=3)
"""No ban that is documented lasts longer (threecommas.md 11); a date in somebody's answer may be
anything."""


class PostgresPauses:
    """Implements `recomma.ports.guarding.Pauses`."""

    def __init__(self, engine: Engine, *, known_seconds: float = KNOWN_SECONDS) -> None:
        self._engine = engine
        self._known_seconds = known_seconds
        self._known: dict[str, tuple[float, Pause | None]] = {}

    def set(self, budget: str, pause: Pause) -> None:
        with self._engine.begin() as connection:
            now = connection.execute(select(func.clock_timestamp())).scalar_one()
            lasts = pause.until - pause.set_at
            write_down(connection, budget, Pause(now, now + lasts, pause.why))
        self._known.pop(budget, None)

    def latest(self, budget: str) -> Pause | None:
        known = self._known.get(budget)
        if known and time.monotonic() - known[0] < self._known_seconds:
            return known[1]
        with self._engine.begin() as connection:
            now = connection.execute(select(func.clock_timestamp())).scalar_one()
            found = lasting_longest(connection, budget, now)
        here = _by_our_clock(found, now) if found else None
        self._known[budget] = (time.monotonic(), here)
        return here


def _by_our_clock(pause: Pause, now: datetime) -> Pause:
    ahead = datetime.now(UTC) - now
    return Pause(pause.set_at + ahead, pause.until + ahead, pause.why)


def write_down(connection: Connection, budget: str, pause: Pause) -> None:
    until = min(max(pause.set_at, pause.until), pause.set_at + LONGEST)
    row = {"budget": budget, "set_at": pause.set_at, "until": until, "why": storable(pause.why)}
    connection.execute(insert(pauses).values(row))


def lasting_longest(
    connection: Connection, budget: str, now: datetime, *, only_held: bool = False
) -> Pause | None:
    """Return the pause with the latest end; with `only_held`, only if it is not over."""
    mine = pauses.c.budget == budget
    _begin_now(connection, budget, now)
    rows = select(pauses).where(mine).order_by(pauses.c.until.desc()).limit(1)
    row = connection.execute(rows.where(pauses.c.until > now) if only_held else rows).first()
    return None if row is None else Pause(row.set_at, row.until, row.why)


def _begin_now(connection: Connection, budget: str, now: datetime) -> None:
    """A pause of the future was set before the clock went back: it lasts as long as was meant."""
    of_the_future = pauses.c.set_at > now + CLOCK_TOLERANCE
    connection.execute(
        update(pauses)
        .where(pauses.c.budget == budget, pauses.c.until > now, of_the_future)
        .values(set_at=now, until=now + (pauses.c.until - pauses.c.set_at))
    )
