"""How long it takes until everything that a strike left behind has been done."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from recomma.pipeline.run import LEASE

WAITING: Final = """
SELECT step, account, deal_id, venue, due_at, leased_until, attempts, summary FROM notes
WHERE NOT dead AND (
    due_at <= %(ended_at)s
    OR leased_until <= clock_timestamp() - %(since)s * interval '1 second' + %(lease)s
    OR (due_at IS NOT NULL AND (attempts > 0 OR summary LIKE 'Unreadable%%'))
)
"""
"""What was due when the strike ended, what is in the hands of somebody who had it then, and what
failed and waits for its next try."""

OPEN: Final = """
SELECT step, account, deal_id, venue, due_at, leased_until, attempts, summary FROM notes
WHERE NOT dead AND step IN ('plan', 'submit', 'reconcile')
AND due_at IS NOT NULL
"""
"""A look that only a cadence asks for is not due, and there is always one."""

UNREAD: Final = """
SELECT name FROM accounts WHERE read_at NOT BETWEEN %(since)s AND %(now)s
"""
"""Whose list of deals was not read since everything was healed. A time in the future is one of a
clock that had jumped. Surveys are a net below the rest: nothing waits for them here."""


@dataclass(frozen=True)
class Wound:
    """A strike that has ended: from then on the program may heal."""

    kind: str
    ended: float  # By time.monotonic().
    ended_at: datetime  # By the program's clock.


class Probe:
    """Looks at the notes beside the proxy, and remembers how long each wound took to heal."""

    def __init__(self) -> None:
        self.healed: list[tuple[str, float]] = []
        self.disturbed = 0  # Wounds that another strike fell into: what they took says nothing.
        self._wounds: list[Wound] = []

    def strike_begins(self) -> None:
        self.disturbed += len(self._wounds)
        self._wounds.clear()

    def strike_ends(self, kind: str, now: datetime) -> None:
        self._wounds.append(Wound(kind, time.monotonic(), now))

    def look(self, dsn: str) -> None:
        """Close the wounds that have healed. A database that is down heals nothing."""
        if not self._wounds:
            return
        try:
            with psycopg.connect(dsn, connect_timeout=2, autocommit=True) as connection:
                for wound in tuple(self._wounds):
                    seconds = time.monotonic() - wound.ended
                    asked = {"ended_at": wound.ended_at, "since": seconds, "lease": LEASE}
                    if connection.execute(WAITING, asked).fetchone() is None:
                        self.healed.append((wound.kind, seconds))
                        self._wounds.remove(wound)
        except psycopg.Error:
            return

    @property
    def is_well(self) -> bool:
        return not self._wounds

    def summary(self) -> str:
        if not self.healed:
            return "not measured"
        seconds = [took for _, took in self.healed]
        worst_kind, worst = max(self.healed, key=lambda told: told[1])
        return (
            f"median {statistics.median(seconds):.1f} s, worst {worst:.1f} s (after {worst_kind}), "
            f"{len(seconds)} measured, {self.disturbed} struck again before they had healed"
        )


def open_notes(dsn: str) -> Sequence[tuple[Any, ...]]:
    """Return the notes about deals and orders that have not been done; raises psycopg.Error."""
    with psycopg.connect(dsn, connect_timeout=5, autocommit=True) as connection:
        return connection.execute(OPEN).fetchall()


def unread(dsn: str, since: datetime, now: datetime) -> Sequence[tuple[Any, ...]]:
    """Return the accounts whose deals were not read since then; raises psycopg.Error."""
    with psycopg.connect(dsn, connect_timeout=5, autocommit=True) as connection:
        return connection.execute(UNREAD, {"since": since, "now": now}).fetchall()
