"""A deal that is turned back in time by hiding its later events (threecommas.md 15)."""

from bisect import bisect_right
from collections.abc import Hashable
from datetime import datetime

from recomma.domain.source import BotEvent
from recomma.simulators.threecommas.deal_fields import (
    live_fields,
    settled_fields,
    updated_at,
)
from recomma.simulators.threecommas.order_ids import Leg, lent_ids, made_up_id
from recomma.simulators.threecommas.progress import Progress, progress_at
from recomma.simulators.threecommas.recording import (
    SUMMARIES,
    Happening,
    Recording,
    Turn,
)
from recomma.simulators.threecommas.shown_deal import ShownDeal
from recomma.simulators.threecommas.spelling import Json, time_text
from recomma.simulators.threecommas.switches import Switches


class ReplayedDeal(ShownDeal):
    """A recording, and the reads of it; its rows and fields are derived from its events."""

    def __init__(self, recording: Recording, *, seed: int, switches: Switches) -> None:
        super().__init__(recording.id, seed=seed, switches=switches)
        self.recording = recording
        self._derived: tuple[Hashable, Progress, Json] | None = None
        self._ids: tuple[int, dict[Leg, str]] | None = None

    @property
    def fields(self) -> Json:
        return self.recording.fields

    @property
    def created_at(self) -> datetime:
        return self.recording.created_at

    def finished(self, at: datetime) -> bool:
        return self.progress(at).finished

    def state(self, at: datetime) -> Hashable:
        seen = bisect_right(self.recording.timeline, at, key=lambda happening: happening.at)
        return self.recording.version, seen

    def progress(self, at: datetime) -> Progress:
        """Return how far the deal had come."""
        return self._derive(at)[0]

    def add(self, happenings: list[Happening]) -> None:
        """Let more happen; a status or a summary among it replaces what was recorded for later."""
        turns = [happening.at for happening in happenings if _turns(happening)]
        if turns:
            self.recording.take_another_course(min(turns))
        self.recording.add(happenings)

    def command(self, *, pending: str, final: str, at: datetime, final_at: datetime) -> None:
        """Close the deal by a command; what was recorded after `at` does not happen any more."""
        self.recording.take_another_course(at)
        self.recording.add([Turn(at, pending, False), Turn(final_at, final, True)])

    def _events(self, at: datetime) -> list[Json]:
        return [_event_json(event) for event in self.progress(at).events]

    def _rows(self, at: datetime) -> list[Json]:
        ids = self._order_ids()
        return [
            row.as_json(ids.get(row.leg) or made_up_id(self.id, row.leg))
            for row in self.progress(at).orders.rows
        ]

    def _fields(self, at: datetime) -> Json:
        progress, settled = self._derive(at)
        price = self._wiggled(progress.last_price, still=progress.finished)
        touched_at = updated_at(progress, at, honest=self._switches.honest_updated_at)
        return settled | live_fields(progress, price) | {"updated_at": time_text(touched_at)}

    def _derive(self, at: datetime) -> tuple[Progress, Json]:
        """Derive the deal, or return what was derived if nothing has become visible since."""
        recording, key = self.recording, self.state(at)
        if self._derived is None or self._derived[0] != key:
            progress = progress_at(recording, at)
            self._derived = (key, progress, settled_fields(progress, self._order_ids()))
        return self._derived[1:]

    def _order_ids(self) -> dict[Leg, str]:
        recording = self.recording
        if self._ids is None or self._ids[0] != recording.version:
            rows = progress_at(recording, recording.end()).orders.rows
            lent = lent_ids(rows, recording.lent_rows, recording.steps)
            self._ids = (recording.version, lent)
        return self._ids[1]


def _turns(happening: Happening) -> bool:
    return not isinstance(happening, BotEvent) or happening.kind in SUMMARIES


def _event_json(event: BotEvent) -> Json:
    return {"message": event.message, "created_at": time_text(event.at)}
