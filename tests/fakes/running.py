"""What runs the steps, in memory: locks, queues and counts that can be looked at."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from recomma.domain.notes import Note


class FakeLocks:
    """`taken` are subjects that somebody else works on."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.held: set[str] = set()

    @contextmanager
    def hold(self, subject: str) -> Iterator[bool]:
        if subject in self.taken or subject in self.held:
            yield False
            return
        self.held.add(subject)
        try:
            yield True
        finally:
            self.held.discard(subject)


class FakeMetrics:
    def __init__(self) -> None:
        self.started: Counter[Note] = Counter()
        self.ends: Counter[tuple[Note, str]] = Counter()
        self.naked_seconds: dict[tuple[str, int], list[float]] = defaultdict(list)  # As told.

    @contextmanager
    def running(self, note: Note) -> Iterator[None]:
        self.started[note] += 1
        yield

    def ended(self, note: Note, how: str) -> None:
        self.ends[note, how] += 1

    def naked(self, venue: str, deal_id: int, seconds: float) -> None:
        self.naked_seconds[venue, deal_id].append(seconds)
