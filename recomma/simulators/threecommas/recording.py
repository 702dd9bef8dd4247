"""One loaded deal: what was recorded of it, and what was added while it ran."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from recomma.domain.bot_events import parse_event
from recomma.domain.money import Side
from recomma.domain.source import BotEvent, EventKind
from recomma.simulators.threecommas.deal_template import with_defaults
from recomma.simulators.threecommas.spelling import (
    BadInput,
    Json,
    optional_time,
    read_id,
    read_time,
    time_text,
)

_NOT_FIELDS = ("bot_events", "market_orders")

SUMMARIES = frozenset({EventKind.COMPLETED_SUMMARY, EventKind.STOP_SUMMARY})


@dataclass(frozen=True)
class Turn:
    """A change of status that no event tells of: a command, or a word of the control API."""

    at: datetime
    status: str
    finished: bool


@dataclass(frozen=True)
class EndOfRecording:
    """From here on the deal is as it was recorded, until something is added to it."""

    at: datetime


Happening = BotEvent | EndOfRecording | Turn


class Recording:
    """What a deal's `show` said, and when each part of it became true.

    Raises BadInput if the object is not a deal.
    """

    def __init__(self, deal: Json, loaded_at: datetime) -> None:
        self.id = read_id(deal, "id")
        events = _read_events(deal.get("bot_events", []), default_at=None)
        fallback = events[0].at - timedelta(milliseconds=100) if events else loaded_at
        created = deal.get("created_at")
        self.created_at = fallback if created is None else read_time(created, "'created_at'")
        self.events = events
        self.lent_rows = _read_rows(deal.get("market_orders"))
        fields = {key: value for key, value in deal.items() if key not in _NOT_FIELDS}
        fields["created_at"] = time_text(self.created_at)
        self.given = frozenset(fields)  # What was recorded; all else is derived to the end.
        self.fields = with_defaults(fields)
        for name in ("bot_id", "account_id"):
            read_id(self.fields, name)
        self.finished = bool(self.fields["finished?"])
        self.status = str(self.fields["status"])
        self.updated_at = optional_time(deal.get("updated_at"), "'updated_at'")
        self.closed_at = optional_time(deal.get("closed_at"), "'closed_at'")
        self.version = 0  # Moves when something is added: what was derived is then out of date.
        self._recorded: list[Happening] = [*self.events, EndOfRecording(self._end_at())]
        self._added: list[Happening] = []

    def recorded(self, name: str) -> Any:
        """Return a field as it was recorded, None if it was left out."""
        return self.fields[name] if name in self.given else None

    @property
    def steps(self) -> list[Json]:
        """The partial targets; empty with a single one (threecommas.md 6.3)."""
        return self.fields["take_profit_steps"] or []

    @property
    def entry_side(self) -> Side:
        return Side.SELL if self.fields["strategy"] == "short" else Side.BUY

    def add(self, happenings: Iterable[Happening]) -> None:
        """Let more happen to the deal, at its time."""
        self._added.extend(happenings)
        self._changed()

    def take_another_course(self, at: datetime) -> None:
        """Forget what would happen after `at`: a command makes the deal end differently."""
        self._recorded = [happening for happening in self._recorded if happening.at <= at]
        self._added = [happening for happening in self._added if happening.at <= at]
        if self.updated_at is not None and self.updated_at > at:
            self.updated_at = None
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        self.__dict__.pop("timeline", None)

    @cached_property
    def timeline(self) -> Sequence[Happening]:
        """Everything that happens to the deal, in time order.

        Events of the same time keep the order in which they were given (threecommas.md 8.1).
        """
        return sorted([*self._recorded, *self._added], key=lambda happening: happening.at)

    def _end_at(self) -> datetime:
        """Return when the deal had become what was recorded: with its last event.

        A finished deal without events (loaded out of a list) finished when it was closed.
        """
        if self.events:
            return max(self.events[-1].at, self.created_at)
        closed_at = self.closed_at or self.updated_at
        return closed_at if self.finished and closed_at else self.created_at

    def end(self) -> datetime:
        """Return the time from which on nothing changes any more (without what is added)."""
        last = self.timeline[-1].at if self.timeline else self.created_at
        return max(last, self.updated_at or self.created_at)

    def known_events(self) -> Sequence[BotEvent]:
        """Return all events, also those still to come."""
        return [happening for happening in self.timeline if isinstance(happening, BotEvent)]


def read_happenings(entry: Json, now: datetime) -> list[Happening]:
    """Read what `/_control/events` adds: events, and perhaps a status reached with the last one.

    Raises BadInput.
    """
    events = _read_events(entry.get("events", []), default_at=now)
    happenings: list[Happening] = list(events)
    status, finished = entry.get("status"), entry.get("finished")
    if status is None and finished is None:
        if not events:
            raise BadInput("Nothing to add: give 'events', 'status' or 'finished'.")
        return happenings
    if not isinstance(finished, bool | None) or not isinstance(status, str | None):
        raise BadInput("'status' must be a text and 'finished' true or false.")
    at = max((event.at for event in events), default=now)
    default = "completed" if finished else "bought"
    return [*happenings, Turn(at, status or default, bool(finished))]


def _read_events(entries: object, default_at: datetime | None) -> list[BotEvent]:
    if not isinstance(entries, list):
        raise BadInput("Events must be a list of objects with 'message' and 'created_at'.")
    events = [_read_event(entry, default_at) for entry in entries]
    return sorted(events, key=lambda event: event.at)


def _read_event(entry: Any, default_at: datetime | None) -> BotEvent:
    if not isinstance(entry, dict) or not isinstance(entry.get("message"), str):
        raise BadInput("An event is an object with the texts 'message' and 'created_at'.")
    created = entry.get("created_at")
    if created is None and default_at is not None:
        return parse_event(entry["message"], default_at)
    return parse_event(entry["message"], read_time(created, "An event's 'created_at'"))


def _read_rows(rows: object) -> list[Json]:
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput("'market_orders' must be a list of objects.")
    return rows
