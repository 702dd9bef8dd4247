"""What a deal's row says, in the words of recomma.ports.DealBook."""

from datetime import datetime

from recomma.adapters.postgres.values import AnyRow, exits_of
from recomma.domain.money import Price, Side
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Strategy
from recomma.domain.wanted import Closing, WantedExit


class DealFacts:
    """Read-only; `_row` is read again after each write to it."""

    def __init__(self, row: AnyRow) -> None:
        self._row = row

    @property
    def deal_id(self) -> int:
        return int(self._row.id)

    @property
    def bot_id(self) -> int:
        return int(self._row.bot_id)

    @property
    def pair(self) -> str:
        return str(self._row.pair)

    @property
    def strategy(self) -> Strategy:
        return Strategy(self._row.strategy)

    @property
    def side(self) -> Side:
        return self.strategy.entry_side

    @property
    def created_at(self) -> datetime:
        at: datetime = self._row.created_at
        return at

    @property
    def first_seen_at(self) -> datetime:
        at: datetime = self._row.first_seen_at
        return at

    @property
    def exits(self) -> tuple[WantedExit, ...]:
        return exits_of(self._row.exits)

    @property
    def exits_missing_since(self) -> datetime | None:
        at: datetime | None = self._row.exits_missing_since
        return at

    @property
    def closing(self) -> Closing | None:
        row = self._row
        if row.closing_reason is None:
            return None
        return Closing(Reason(row.closing_reason), row.closing_at, row.closing_at_once)

    @property
    def finished(self) -> bool:
        return bool(self._row.finished)

    @property
    def released(self) -> bool:
        return bool(self._row.released)

    @property
    def stop_price(self) -> Price | None:
        price = self._row.stop_price
        return None if price is None else Price(price)

    @property
    def steps_closing(self) -> frozenset[Leg]:
        return frozenset(map(Leg.parse, self._row.steps_closing))

    @property
    def changed_at(self) -> datetime | None:
        changed_at: datetime | None = self._row.changed_at
        return changed_at
