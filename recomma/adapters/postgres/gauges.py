"""What the ledger knows about how things go, as numbers: no worker need be asked, or be alive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from recomma.domain.lifecycle import LIVE
from recomma.domain.notes import Queue
from recomma.ports import Unreadable
from recomma.ports.gauges import Gauge

WAITING: Final = (
    "unnest(CAST(:queues AS text[])) AS q(queue) LEFT JOIN notes n ON n.queue = q.queue"
    " AND NOT n.dead AND n.due_at <= :now"
    " AND (n.leased_until IS NULL OR n.leased_until < clock_timestamp()) GROUP BY q.queue"
)
LETTERS: Final = (
    "unnest(CAST(:queues AS text[])) AS q(queue) LEFT JOIN (SELECT coalesce(n.queue, l.queue)"
    " AS queue FROM dead_letters l LEFT JOIN notes n ON n.id = l.note_id WHERE l.state = 'dead')"
    " open USING (queue) GROUP BY q.queue"
)
DOUBTS: Final = (
    "venues v LEFT JOIN (mirror_orders o JOIN attempts a ON a.order_id = o.id AND a.live"
    " AND a.kind = 'place') ON o.venue = v.name AND o.state = 'in_doubt' GROUP BY v.name"
)


@dataclass(frozen=True)
class Asked:
    """A statement whose rows are the labels, in their order, and the value."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    statement: str


ASKED: Final = (
    Asked(
        "recomma_notes_due",
        "Notes that are due and in nobody's hands.",
        ("queue",),
        f"SELECT q.queue, count(n.id) FROM {WAITING}",
    ),
    Asked(
        "recomma_oldest_note_seconds",
        "For how long the oldest of them has been due; 0 if there is none.",
        ("queue",),
        f"SELECT q.queue, coalesce(extract(epoch FROM :now - min(n.due_at)), 0) FROM {WAITING}",
    ),
    Asked(
        "recomma_step_age_seconds",
        "How long ago a run of the step last ended.",
        ("step",),
        "SELECT step, extract(epoch FROM :now - max(finished_at)) FROM notes"
        " WHERE finished_at IS NOT NULL GROUP BY step",
    ),
    Asked(
        "recomma_dead_letters",
        "Open dead letters, by the queue that their work came from.",
        ("queue",),
        f"SELECT q.queue, count(open.queue) FROM {LETTERS}",
    ),
    Asked(
        "recomma_naked_positions",
        "Positions without resting exits of their size.",
        ("venue",),
        "SELECT v.name, count(p.deal_id) FROM venues v LEFT JOIN positions p"
        " ON p.venue = v.name AND p.naked_since IS NOT NULL GROUP BY v.name",
    ),
    Asked(
        "recomma_naked_seconds",
        "How long a position has stood without exits of its size.",
        ("venue", "deal"),
        "SELECT venue, deal_id, extract(epoch FROM :now - naked_since) FROM positions"
        " WHERE naked_since IS NOT NULL",
    ),
    Asked(
        "recomma_live_orders",
        "Orders of ours to which something may still happen.",
        ("venue", "state"),
        "SELECT venue, state, count(*) FROM mirror_orders WHERE state = ANY(:live)"
        " GROUP BY venue, state",
    ),
    Asked(
        "recomma_oldest_doubt_seconds",
        "For how long the oldest order in doubt has been; 0 if there is none.",
        ("venue",),
        f"SELECT v.name, coalesce(extract(epoch FROM :now - min(a.asked_at)), 0) FROM {DOUBTS}",
    ),
    Asked(
        "recomma_source_age_seconds",
        "How long ago 3Commas was last read.",
        ("account",),
        "SELECT name, extract(epoch FROM :now - read_at) FROM accounts WHERE read_at IS NOT NULL",
    ),
    Asked(
        "recomma_survey_age_seconds",
        "How long ago the venue's account was last surveyed.",
        ("venue",),
        "SELECT name, extract(epoch FROM :now - surveyed_at) FROM venues"
        " WHERE surveyed_at IS NOT NULL",
    ),
    Asked(
        "recomma_clock_skew_seconds",
        "How far our clock was ahead of the venue's at the last survey; below 0 if it was behind.",
        ("venue",),
        "SELECT name, clock_ahead_ms / 1000.0 FROM venues WHERE surveyed_at IS NOT NULL",
    ),
    Asked(
        "recomma_venue_trouble",
        "1 where nothing new is entered: a wrong role, another installation, a wrong clock.",
        ("venue",),
        "SELECT name, CASE WHEN trouble_why IS NULL THEN 0 ELSE 1 END FROM venues",
    ),
    Asked(
        "recomma_address_budget_used",
        "Actions used by an address.",
        ("account",),
        "SELECT account, max(budget_used) FROM venues WHERE budget_used IS NOT NULL"
        " GROUP BY account",
    ),
    Asked(
        "recomma_address_budget_cap",
        "Actions an address may use.",
        ("account",),
        "SELECT account, max(budget_cap) FROM venues WHERE budget_cap IS NOT NULL GROUP BY account",
    ),
    Asked(
        "recomma_stops",
        "Stops in force.",
        ("level",),
        "SELECT level, count(*) FROM stops WHERE lifted_at IS NULL"
        " AND (until IS NULL OR until > :now) GROUP BY level",
    ),
    Asked(
        "recomma_requests_last_minute",
        "Requests made in the last minute, all workers together.",
        ("budget",),
        "SELECT b.name, count(r.id) FROM request_budgets b LEFT JOIN requests_made r"
        " ON r.budget = b.name AND r.at > clock_timestamp() - interval '1 minute' GROUP BY b.name",
    ),
    Asked(
        "recomma_pause_seconds_left",
        "For how long a service has asked to be left alone.",
        ("budget",),
        "SELECT budget, extract(epoch FROM max(until) - clock_timestamp()) FROM pauses"
        " WHERE until > clock_timestamp() GROUP BY budget",
    ),
)


class LedgerGauges:
    """Implements `recomma.ports.gauges.Gauges`. `clock`: by which notes are due."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def read(self) -> Sequence[Gauge]:
        """See the port. All numbers are of one moment."""
        try:
            with self._engine.connect().execution_options(
                isolation_level="REPEATABLE READ"
            ) as connection:
                bound = {
                    "now": self._clock(),
                    "queues": [str(queue) for queue in Queue],
                    "live": [str(state) for state in LIVE],
                }
                return [gauge for asked in ASKED for gauge in _of(connection, asked, bound)]
        except SQLAlchemyError as error:
            raise Unreadable(f"Postgres does not answer: {error}") from error


def _of(connection: Connection, asked: Asked, bound: dict[str, object]) -> list[Gauge]:
    used = {name: value for name, value in bound.items() if f":{name}" in asked.statement}
    return [
        Gauge(
            asked.name,
            asked.meaning,
            dict(zip(asked.labels, map(str, labels), strict=True)),
            float(value),
        )
        for *labels, value in connection.execute(text(asked.statement), used)
    ]
