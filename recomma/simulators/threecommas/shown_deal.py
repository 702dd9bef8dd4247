"""What every deal in the simulator has in common, whatever it is told from."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final, TypeVar

from recomma.simulators.threecommas.deal_fields import list_shape
from recomma.simulators.threecommas.rows import RowKind, RowState
from recomma.simulators.threecommas.spelling import Json
from recomma.simulators.threecommas.switches import Switches

Item = TypeVar("Item")

# The live price moves from read to read by up to this many ten-thousandths.
_WIGGLE_MAX: Final = 5
_WIGGLE_UNIT: Final = Decimal("0.0001")


class ShownDeal(ABC):
    """One deal as the API would show it at any time; every read says for which time it asks.

    Two reads of an active deal differ in their live fields, as the real ones do
    (threecommas.md 13.8); all else follows from what the deal is told from, the time and the seed.
    """

    def __init__(self, deal_id: int, *, seed: int, switches: Switches) -> None:
        self.id = deal_id
        self._seed = seed
        self._switches = switches
        self._live = Random(f"{seed}/{deal_id}")

    @property
    @abstractmethod
    def fields(self) -> Json:
        """The fields as they were given, for what does not change: names, ids, settings."""

    @property
    @abstractmethod
    def created_at(self) -> datetime: ...

    @abstractmethod
    def finished(self, at: datetime) -> bool: ...

    @abstractmethod
    def _fields(self, at: datetime) -> Json:
        """Return all fields but `bot_events`."""

    @abstractmethod
    def _events(self, at: datetime) -> list[Json]:
        """Return the visible events in time order."""

    @abstractmethod
    def _rows(self, at: datetime) -> list[Json]:
        """Return the order rows in the order of their birth."""

    @abstractmethod
    def state(self, at: datetime) -> Hashable:
        """Return something that is another one whenever anything but live fields is."""

    def exists(self, at: datetime) -> bool:
        return self.created_at <= at

    def listed(self, at: datetime) -> Json:
        """Return the deal in the list's shape: without `bot_events` and `buy_steps`."""
        return list_shape(self._fields(at))

    def shown(self, at: datetime) -> Json:
        """Return the deal in the shape of `show`."""
        return self._fields(at) | {"bot_events": self.events(at)}

    def events(self, at: datetime) -> list[Json]:
        """Return the visible events, in any order (threecommas.md 8.1)."""
        return self._disorder(self._events(at), "events")

    def market_orders(self, at: datetime) -> list[Json]:
        """Return the order rows, in any order (threecommas.md 7)."""
        rows = self._rows(at)
        if not self._switches.stop_rows:
            rows = [row for row in rows if row["deal_order_type"] != RowKind.STOP.value]
        said = self._switches.filled_rows_say
        rows = [
            row | {"status_string": said} if row["status_string"] == RowState.FILLED else row
            for row in rows
        ]
        return self._disorder(rows, "rows")

    def _wiggled(self, price: Decimal, *, still: bool) -> Decimal:
        """Return a live price as this read sees it."""
        if still or not price or not self._switches.live_prices_move:
            return price
        move = self._live.randint(-_WIGGLE_MAX, _WIGGLE_MAX) * _WIGGLE_UNIT
        finest = Decimal(1).scaleb(price.adjusted() - 5)
        return (price * (1 + move)).quantize(finest)

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
