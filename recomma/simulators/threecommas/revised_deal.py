"""A deal that carries its own history: what changed at each moment, as the engine ran it."""

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from recomma.domain.money import Side
from recomma.simulators.threecommas.deal_template import with_defaults
from recomma.simulators.threecommas.deal_values import live_values
from recomma.simulators.threecommas.progress import Amounts
from recomma.simulators.threecommas.shown_deal import ShownDeal
from recomma.simulators.threecommas.spelling import (
    ZERO,
    BadInput,
    Json,
    optional_decimal,
    read_id,
    read_time,
    time_text,
)
from recomma.simulators.threecommas.switches import Switches

_HISTORY = ("bot_events", "market_orders", "prices", "revisions")


@dataclass(frozen=True)
class Revision:
    """What changed at one moment: fields, and whole rows by their order id."""

    at: datetime
    fields: Json
    rows: dict[str, Json]


@dataclass(frozen=True)
class History:
    """A deal with `revisions`, read. Raises BadInput when it is made of what is none."""

    fields: Json
    created_at: datetime
    revisions: tuple[Revision, ...]
    events: tuple[tuple[datetime, Json], ...]
    prices: tuple[tuple[datetime, Decimal], ...]

    @classmethod
    def of(cls, deal: Json) -> "History":
        read_id(deal, "id")
        fields = with_defaults({k: v for k, v in deal.items() if k not in _HISTORY})
        for name in ("bot_id", "account_id"):
            read_id(fields, name)
        revisions = tuple(_revision(entry) for entry in _dicts(deal, "revisions"))
        if not revisions:
            raise BadInput(f"Deal {deal['id']}: 'revisions' must not be empty.")
        created_at = read_time(fields["created_at"] or time_text(revisions[0].at), "'created_at'")
        fields["created_at"] = time_text(created_at)
        events = [
            (read_time(e.get("created_at"), "An event's 'created_at'"), e)
            for e in _dicts(deal, "bot_events")
        ]
        return cls(
            fields=fields,
            created_at=created_at,
            revisions=tuple(sorted(revisions, key=lambda revision: revision.at)),
            events=tuple(sorted(events, key=lambda event: event[0])),
            prices=tuple(_price(step) for step in deal.get("prices", [])),
        )


class RevisedDeal(ShownDeal):
    """Replays a history exactly: fields and rows by its revisions, events each from its time on."""

    def __init__(self, history: History, *, seed: int, switches: Switches) -> None:
        super().__init__(int(history.fields["id"]), seed=seed, switches=switches)
        self._set(history)

    def _set(self, history: History) -> None:
        self._history = history
        self._at = 0  # How many revisions are in what follows.
        self._now: Json = dict(history.fields)
        self._orders: dict[str, Json] = {}

    @property
    def fields(self) -> Json:
        return self._history.fields

    @property
    def created_at(self) -> datetime:
        return self._history.created_at

    def finished(self, at: datetime) -> bool:
        return bool(self._wind(at)["finished?"])

    def state(self, at: datetime) -> Hashable:
        history = self._history
        seen = bisect_right(history.revisions, at, key=lambda revision: revision.at)
        return id(history), seen, bisect_right(history.events, at, key=lambda event: event[0])

    def _events(self, at: datetime) -> list[Json]:
        seen = bisect_right(self._history.events, at, key=lambda event: event[0])
        return [event for _, event in self._history.events[:seen]]

    def _rows(self, at: datetime) -> list[Json]:
        self._wind(at)
        return list(self._orders.values())

    def _fields(self, at: datetime) -> Json:
        fields = self._wind(at)
        if self._switches.honest_updated_at:
            fields = fields | {"updated_at": time_text(self._touched_at(at))}
        price = self._wiggled(self._price(at), still=bool(fields["finished?"]))
        return fields | _live(fields, price)

    def _wind(self, at: datetime) -> Json:
        """Bring the state to `at`; time goes forward mostly, and back from the beginning."""
        revisions = self._history.revisions
        seen = bisect_right(revisions, at, key=lambda revision: revision.at)
        if seen < self._at:
            self._set(self._history)
        for revision in revisions[self._at : seen]:
            self._now |= revision.fields
            self._orders |= revision.rows
        self._at = seen
        return self._now

    def _touched_at(self, at: datetime) -> datetime:
        times = [revision.at for revision in self._history.revisions[: self._at]]
        times += [told_at for told_at, _ in self._history.events if told_at <= at]
        return max(times, default=self.created_at)

    def _price(self, at: datetime) -> Decimal:
        seen = bisect_right(self._history.prices, at, key=lambda step: step[0])
        return self._history.prices[max(seen - 1, 0)][1] if self._history.prices else ZERO


def _live(fields: Json, price: Decimal) -> Json:
    """Return the live fields of a deal whose settled ones are `fields`."""
    numbers = {
        name: optional_decimal(fields[name]) or ZERO
        for name in ("bought_amount", "bought_volume", "sold_amount", "sold_volume")
    }
    bought = (numbers["bought_amount"], numbers["bought_volume"])
    sold = (numbers["sold_amount"], numbers["sold_volume"])
    long = fields["strategy"] != "short"
    return live_values(
        fields,
        Amounts(*bought, *sold) if long else Amounts(*sold, *bought),
        price,
        Side.BUY if long else Side.SELL,
    )


def _revision(entry: Json) -> Revision:
    fields, rows = entry.get("fields", {}), _dicts(entry, "rows")
    if not isinstance(fields, dict):
        raise BadInput("A revision's 'fields' must be an object.")
    at = read_time(entry.get("at"), "A revision's 'at'")
    return Revision(at, fields, {str(row.get("order_id")): row for row in rows})


def _dicts(entry: Json, name: str) -> Sequence[Json]:
    found: Any = entry.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadInput(f"{name!r} must be a list of objects.")
    return found


def _price(step: Any) -> tuple[datetime, Decimal]:
    if isinstance(step, list) and len(step) == 2:
        price = optional_decimal(step[1])
        if price is not None:
            return read_time(step[0], "A price's time"), price
    raise BadInput(f'A price is a list like [time, "0.25"], not {step!r}.')
