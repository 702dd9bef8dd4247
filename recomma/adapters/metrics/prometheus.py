"""Counts and durations for Prometheus. Names are part of what users build alarms on."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from recomma.domain.notes import Note

ENDED = Counter("recomma_steps_total", "Finished runs of a step.", ["step", "how"])
SECONDS = Histogram("recomma_step_seconds", "How long one run of a step takes.", ["step"])
NAKED = Gauge(
    "recomma_naked_seconds",
    "How long a position has stood without exits of its size.",
    ["venue", "deal"],
)


class PrometheusMetrics:
    @contextmanager
    def running(self, note: Note) -> Iterator[None]:
        with SECONDS.labels(str(note.step)).time():
            yield

    def ended(self, note: Note, how: str) -> None:
        ENDED.labels(str(note.step), how).inc()

    def naked(self, venue: str, deal_id: int, seconds: float) -> None:
        # Only what is naked has a line: every deal that ever was would be one otherwise.
        if seconds:
            NAKED.labels(venue, str(deal_id)).set(seconds)
        else:
            NAKED.remove(venue, str(deal_id))
