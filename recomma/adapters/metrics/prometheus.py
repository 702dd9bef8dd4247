"""Counts and durations for Prometheus. Names are part of what users build alarms on."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

from recomma.domain.notes import Note

ENDED = Counter("recomma_steps_total", "Finished runs of a step.", ["step", "how"])
SECONDS = Histogram("recomma_step_seconds", "How long one run of a step takes.", ["step"])


class PrometheusMetrics:
    @contextmanager
    def running(self, note: Note) -> Iterator[None]:
        with SECONDS.labels(str(note.step)).time():
            yield

    def ended(self, note: Note, how: str) -> None:
        ENDED.labels(str(note.step), how).inc()
