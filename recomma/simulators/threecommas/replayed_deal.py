"""One deal as the API would show it at any time."""

from bisect import bisect_right
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final, TypeVar

from recomma.domain.source import BotEvent
from recomma.simulators.threecommas.deal_fields import (
    list_shape,
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
from recomma.simulators.threecommas.spelling import Json, time_text
from recomma.simulators.threecommas.switches import Switches

Item = TypeVar("Item")

# The live price moves from read to read by up to this many ten-thousandths.
_WIGGLE_MAX: Final = 5
_WIGGLE_UNIT: Final = Decimal("0.0001")


class ReplayedDeal:
    """A recording, and the reads of it; every read says for which time it asks.

    Two reads of an active deal differ in their live fields, as the real ones do
    (threecommas.md 13.8); all else follows from the recording, the time and the seed.
    """

    def __init__(self, recording: Recording, *, seed: int, switches: Switches) -> None:
        self.recording = recording
        self._seed = seed
        self._switches = switches
        self._live = Random(f"{seed}/{recording.id}")
        self._derived: tuple[tuple[int, int], Progress, Json] | None = None
        self._ids: tuple[int, dict[Leg, str]] | None = None

    @property
    def id(self) -> int:
        return self.recording.id

    def exists(self, at: datetime) -> bool:
        return self.recording.created_at <= at

    def progress(self, at: datetime) -> Progress:
        """Return how far the deal had come."""
        return self._derive(at)[0]

    def listed(self, at: datetime) -> Json:
        """Return the deal in the list's shape: without `bot_events` and `buy_steps`."""
        return list_shape(self._fields(at))

    def shown(self, at: datetime) -> Json:
        """Return the deal in the shape of `show`."""
        return self._fields(at) | {"bot_events": self.events(at)}

    def events(self, at: datetime) -> list[Json]:
        """Return the visible events, in any order (threecommas.md 8.1)."""
        visible = [_event_json(event) for event in self.progress(at).events]
        return self._disorder(visible, "events")

    def market_orders(self, at: datetime) -> list[Json]:
        """Return the order rows, in any order (threecommas.md 7)."""
        ids = self._order_ids()
        rows = [
            row.as_json(ids.get(row.leg) or made_up_id(self.id, row.leg))
            for row in self.progress(at).orders.rows
        ]
        return self._disorder(rows, "rows")

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

    def _fields(self, at: datetime) -> Json:
        progress, settled = self._derive(at)
        live = live_fields(progress, self._live_price(progress))
        touched_at = updated_at(progress, at, honest=self._switches.honest_updated_at)
        return settled | live | {"updated_at": time_text(touched_at)}

    def _derive(self, at: datetime) -> tuple[Progress, Json]:
        """Derive the deal, or return what was derived if nothing has become visible since."""
        recording = self.recording
        seen = bisect_right(recording.timeline, at, key=lambda happening: happening.at)
        key = (recording.version, seen)
        if self._derived is None or self._derived[0] != key:
            progress = progress_at(recording, at)
            self._derived = (key, progress, settled_fields(progress, self._order_ids()))
        return self._derived[1:]

    def _live_price(self, progress: Progress) -> Decimal:
        price = progress.last_price
        if progress.finished or not price or not self._switches.live_prices_move:
            return price
        move = self._live.randint(-_WIGGLE_MAX, _WIGGLE_MAX) * _WIGGLE_UNIT
        finest = Decimal(1).scaleb(price.adjusted() - 5)
        return (price * (1 + move)).quantize(finest)

    def _order_ids(self) -> dict[Leg, str]:
        recording = self.recording
        if self._ids is None or self._ids[0] != recording.version:
            rows = progress_at(recording, recording.end()).orders.rows
            lent = lent_ids(rows, recording.lent_rows, recording.steps)
            self._ids = (recording.version, lent)
        return self._ids[1]

    def _disorder(self, items: list[Item], what: str) -> list[Item]:
        """Leave as they are, rotate, or shuffle: whichever the seed says for this state."""
        if not self._switches.disorder or len(items) < 2:
            return items
        random = Random(f"{self._seed}/{self.id}/{what}/{len(items)}")
        way = random.randrange(3)
        if way == 1:
            turn = random.randrange(1, len(items))
            return items[turn:] + items[:turn]
        if way == 2:
            random.shuffle(items)
        return items


def _turns(happening: Happening) -> bool:
    return not isinstance(happening, BotEvent) or happening.kind in SUMMARIES


def _event_json(event: BotEvent) -> Json:
    return {"message": event.message, "created_at": time_text(event.at)}
