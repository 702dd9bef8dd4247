"""Pauses that services asked for, kept where a flushed Redis and a restart do not reach them."""

import time
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, insert, select

from recomma.adapters.postgres.engine import storable
from recomma.adapters.postgres.tables import pauses
from recomma.ports.guarding import Pause

KNOWN_SECONDS: Final = 1.0
"""How long a look at the table is good for: it stands before every call to a venue."""


class PostgresPauses:
    """Implements `recomma.ports.guarding.Pauses`."""

    def __init__(self, engine: Engine, *, known_seconds: float = KNOWN_SECONDS) -> None:
        self._engine = engine
        self._known_seconds = known_seconds
        self._known: dict[str, tuple[float, Pause | None]] = {}

    def set(self, budget: str, pause: Pause) -> None:
        with self._engine.begin() as connection:
            write_down(connection, budget, pause)
        self._known.pop(budget, None)

    def latest(self, budget: str) -> Pause | None:
        known = self._known.get(budget)
        if known and time.monotonic() - known[0] < self._known_seconds:
            return known[1]
        with self._engine.begin() as connection:
            found = lasting_longest(connection, budget)
        self._known[budget] = (time.monotonic(), found)
        return found


def write_down(connection: Connection, budget: str, pause: Pause) -> None:
    until = max(pause.set_at, pause.until)
    row = {"budget": budget, "set_at": pause.set_at, "until": until, "why": storable(pause.why)}
    connection.execute(insert(pauses).values(row))


def lasting_longest(
    connection: Connection, budget: str, *, after: datetime | None = None
) -> Pause | None:
    """Return the pause with the latest end; with `after`, only if it ends later than that."""
    rows = select(pauses).where(pauses.c.budget == budget).order_by(pauses.c.until.desc()).limit(1)
    row = connection.execute(rows if after is None else rows.where(pauses.c.until > after)).first()
    return None if row is None else Pause(row.set_at, row.until, row.why)
