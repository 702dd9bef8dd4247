"""Naked seconds: how long a position stood without resting exits of its size.

Measured for each fill after which a position was left: from the fill until the exits that rest
cover the position again. Time in which the source itself showed no exit is counted apart, because
nothing could have been placed then (design.md, section 9, Exits). Times are those of whoever wrote
them down: simulated in a rehearsal.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

NONE: Final = timedelta(0)
SETTLE: Final = timedelta(seconds=5)
"""How long an exit may be on its way; a position that waits longer for one is called naked."""


@dataclass(frozen=True)
class Execution:
    """A fill of the deal: `change` is what it adds to the position, in the entries' direction."""

    at: datetime
    change: Decimal
    order_id: int


@dataclass(frozen=True)
class Rested:
    """An exit on the book from `since` to `until`; None: it rests still."""

    order_id: int
    size: Decimal
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Track:
    """What happened to a deal's position on one venue.

    `moved` are coins that came from or went to other deals, or were lost. `exit_shown` says from
    when on the source showed an exit, or had taken it away.
    """

    executions: tuple[Execution, ...] = ()
    rested: tuple[Rested, ...] = ()
    moved: tuple[tuple[datetime, Decimal], ...] = ()
    exit_shown: tuple[tuple[datetime, bool], ...] = ()


@dataclass(frozen=True)
class Naked:
    """One fill: how long its position was naked after it.

    `without_exit` is the part in which the source showed no exit; it is not in `naked`. `ended` is
    False while the position is naked still.
    """

    at: datetime
    naked: timedelta
    without_exit: timedelta
    ended: bool


@dataclass(frozen=True)
class Span:
    since: datetime
    until: datetime

    def overlap(self, other: "Span") -> timedelta:
        return max(min(self.until, other.until) - max(self.since, other.since), NONE)

    @property
    def length(self) -> timedelta:
        return self.until - self.since


@dataclass(frozen=True)
class Summary:
    """Over all fills; `no_exit_at_source` is the sum of what is counted apart."""

    fills: int
    median: timedelta
    worst: timedelta
    no_exit_at_source: timedelta

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        fills = "1 fill" if self.fills == 1 else f"{self.fills} fills"
        return (
            f"Naked seconds after {fills}: median {_tenths(self.median)}, worst "
            f"{_tenths(self.worst)}; without an exit at 3Commas "
            f"{_tenths(self.no_exit_at_source)} more."
        )

    def as_json(self) -> dict[str, object]:
        """Return it in seconds, to the millisecond."""
        return {
            "median": round(self.median.total_seconds(), 3),
            "worst": round(self.worst.total_seconds(), 3),
            "no_exit_at_source": round(self.no_exit_at_source.total_seconds(), 3),
        }


NO_FILLS: Final = Summary(0, NONE, NONE, NONE)


def _tenths(time: timedelta) -> str:
    return f"{time.total_seconds():.1f}"


def naked_per_fill(track: Track, now: datetime) -> tuple[Naked, ...]:
    """Measure every fill after which a position was left, oldest first.

    Fills of one moment are measured as one: their exit can only be one.
    """
    bare = _uncovered(track, now)
    without = _without_exit(track, now)
    found = []
    for at, left in _positions(track, now):
        if left <= 0:
            continue
        until = next((span.until for span in bare if span.since <= at < span.until), at)
        span = Span(at, until)
        apart = sum((span.overlap(other) for other in without), NONE)
        found.append(Naked(at, span.length - apart, apart, ended=until < now or until == at))
    return tuple(found)


def naked_since(track: Track, now: datetime) -> datetime | None:
    """Return since when the position is naked, or None if it is covered, or there is none."""
    last = next(reversed(_uncovered(track, now)), None)
    return last.since if last and last.until == now else None


def summary(tracks: Iterable[Track], now: datetime) -> Summary:
    """Sum up the fills of all tracks."""
    times: list[timedelta] = []
    apart = NONE
    for track in tracks:
        times += [each.naked for each in naked_per_fill(track, now)]
        without = _without_exit(track, now)
        apart += sum((b.overlap(w) for b in _uncovered(track, now) for w in without), NONE)
    if not times:
        return NO_FILLS
    ordered = sorted(times)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return Summary(len(ordered), middle, ordered[-1], apart)


def _positions(track: Track, now: datetime) -> list[tuple[datetime, Decimal]]:
    """Return the position after the fills of each moment."""
    changes = [(min(e.at, now), e.change) for e in track.executions]
    moments = sorted({at for at, _ in changes})
    changes += track.moved
    return [(at, sum((c for when, c in changes if when <= at), Decimal(0))) for at in moments]


def _uncovered(track: Track, now: datetime) -> list[Span]:
    """Return when the position was larger than what rested to close it."""
    steps: dict[datetime, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for at, position, covered in _changes(track):
        steps[min(at, now)].append((position, covered))
    spans: list[Span] = []
    since: datetime | None = None
    left = rests = Decimal(0)
    for at in sorted(steps):
        # All that happened in one moment counts together: nothing was naked between.
        left += sum((position for position, _ in steps[at]), Decimal(0))
        rests += sum((covered for _, covered in steps[at]), Decimal(0))
        bare = left > 0 and rests < left
        if bare and since is None:
            since = at
        elif not bare and since is not None:
            spans.append(Span(since, at))
            since = None
    return spans if since is None else [*spans, Span(since, now)]


def _changes(track: Track) -> Iterator[tuple[datetime, Decimal, Decimal]]:
    """Yield each change of the position and of what rests to close it, with its time."""
    nothing = Decimal(0)
    for execution in track.executions:
        yield execution.at, execution.change, nothing
    for at, size in track.moved:
        yield at, size, nothing
    for exit_ in track.rested:
        mine = [e for e in track.executions if e.order_id == exit_.order_id]
        before = sum((e.change for e in mine if e.at <= exit_.since), nothing)
        yield exit_.since, nothing, exit_.size + before
        later = [e for e in mine if e.at > exit_.since]
        if exit_.until is not None:
            later = [e for e in later if e.at < exit_.until]
            gone = sum((e.change for e in later), exit_.size + before)
            yield exit_.until, nothing, -gone
        for execution in later:
            yield execution.at, nothing, execution.change


def _without_exit(track: Track, now: datetime) -> list[Span]:
    """Return when the source showed no exit, from the first fill on."""
    if not track.executions:
        return []
    since: datetime | None = min(e.at for e in track.executions)
    spans = []
    for at, shown in sorted(track.exit_shown):
        if shown and since is not None:
            spans.append(Span(since, max(at, since)))
            since = None
        elif not shown and since is None:
            since = at
    return spans if since is None else [*spans, Span(since, now)]
