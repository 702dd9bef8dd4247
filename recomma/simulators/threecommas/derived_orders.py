"""Applies a deal's events, one after another, to its order rows (threecommas.md 7, 9.3, 9.5)."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.domain.source import BotEvent, EventKind
from recomma.simulators.threecommas.rows import Row, RowKind, RowState
from recomma.simulators.threecommas.spelling import ZERO, ratio

# Events lag the rows: a placing by 28 to 61 ms, an execution or a cancellation by 62 to 409 ms
# (threecommas.md 8.1).
_PLACING_LAG_MS: Final = (28, 61)
_CHANGE_LAG_MS: Final = (62, 409)

_ENTRIES: Final = frozenset({RowKind.BASE, RowKind.SAFETY, RowKind.MANUAL})


class DerivedOrders:
    """The order rows of one deal after the events applied so far; apply them in time order.

    A row is never taken away, and what an event does to a row depends only on events before it.
    """

    def __init__(self, *, deal_id: int, entry_side: Side, born_at: datetime, targets: int) -> None:
        self.rows: list[Row] = []
        self._deal_id = deal_id
        self._entry_side = entry_side
        self._born_at = born_at
        self._targets = max(targets, 1)
        self._closing: BotEvent | None = None

    def apply(self, event: BotEvent) -> None:
        """Change the rows as the event says; an event that is not about an order changes none."""
        self._close_at_market(event)
        apply = _APPLY.get(event.kind)
        if apply is not None:
            apply(self, event)

    def finish(self, at: datetime) -> None:
        """End the deal: what still rests is cancelled, and stays as a row (threecommas.md 7)."""
        self._show_close()
        for row in self.rows:
            if row.is_active:
                row.cancel(max(row.updated_at, self._lag(at, _CHANGE_LAG_MS)))

    def close(self, *, quantity: Decimal, total: Decimal, at: datetime) -> None:
        """Add the row of a panic sell, which no known message tells of (threecommas.md 8.3)."""
        row = self._add(RowKind.CLOSED, number=1, quantity=quantity, rate=ZERO, at=at)
        row.fill(quantity, total, None, at)

    def of(self, kind: RowKind) -> list[Row]:
        return [row for row in self.rows if row.kind is kind]

    def entered(self) -> tuple[Decimal, Decimal]:
        """Return the coins and the quote amount of all entries filled."""
        return _sums(row for row in self.rows if row.kind in _ENTRIES)

    def exited(self) -> tuple[Decimal, Decimal]:
        """Return the coins and the quote amount of all exits filled."""
        return _sums(row for row in self.rows if row.kind not in _ENTRIES)

    # --- entries

    def _base_placing(self, event: BotEvent) -> None:
        open_rows = [r for r in self.of(RowKind.BASE) if r.state is not RowState.FILLED]
        self._place(event, open_rows[0] if open_rows else None, RowKind.BASE, number=1)

    def _base_executed(self, event: BotEvent) -> None:
        rows = self.of(RowKind.BASE)
        self._fill(event, rows[0] if rows else None, RowKind.BASE, number=1)

    def _safety_placing(self, event: BotEvent) -> None:
        rows = self.of(RowKind.SAFETY)
        unplaced = [r for r in rows if r.state in (RowState.ACTIVE, RowState.INACTIVE)]
        if event.step is not None:
            again = [r for r in unplaced if r.number == event.step]
        else:  # 2022 gave no numbers: the same price is a retry, another one the next order.
            again = [r for r in unplaced if r.rate == _rate(event)]
        number = event.step or 1 + max((r.number for r in rows), default=0)
        self._place(event, again[0] if again else None, RowKind.SAFETY, number=number)

    def _safety_executed(self, event: BotEvent) -> None:
        rows = [r for r in self.of(RowKind.SAFETY) if r.number == event.step]
        # A fill may overtake the cancellation that was asked for (threecommas.md 9.3).
        unfilled = [r for r in rows if r.state is not RowState.FILLED]
        row = unfilled[-1] if unfilled else None
        self._fill(event, row, RowKind.SAFETY, number=event.step or 1)

    def _safety_cancelling(self, event: BotEvent) -> None:
        # Only the wording of 2022 says at once how it went; today's is a wish, not an answer.
        if event.message.rstrip().endswith("Success."):
            self._safety_cancelled(event)

    def _safety_cancelled(self, event: BotEvent) -> None:
        for row in self.of(RowKind.SAFETY):
            same = row.number == event.step if event.step is not None else row.rate == event.price
            if same and row.is_active:
                row.cancel(max(row.updated_at, self._lag(event.at, _CHANGE_LAG_MS)))

    def _manual_placing(self, event: BotEvent) -> None:
        number = len(self.of(RowKind.MANUAL)) + 1
        self._place(event, None, RowKind.MANUAL, number=number)

    # --- exits

    def _target_placing(self, event: BotEvent) -> None:
        if event.market:
            self._closing = event  # A trailing close shows its row only when filled (7.3).
            return
        self._place(event, self._target_to_amend(event), RowKind.TAKE_PROFIT, number=0)

    def _target_to_amend(self, event: BotEvent) -> Row | None:
        """Return the row that is placed again, or None if this is one more target.

        Targets are placed in their order, so the first one that does not rest is meant.
        """
        unfilled = [r for r in self.of(RowKind.TAKE_PROFIT) if r.state is not RowState.FILLED]
        resting = [row for row in unfilled if row.is_active]
        if len(resting) < len(unfilled):
            return next(row for row in unfilled if not row.is_active)
        if not resting or len(self.of(RowKind.TAKE_PROFIT)) < self._targets:
            return None
        position = self.entered()[0] - self.exited()[0]
        together = sum((row.quantity for row in resting), event.size or ZERO)
        # Steps share the position; a re-placement whose cancellation we missed exceeds it.
        return None if together <= position else resting[0]

    def _target_cancelled(self, event: BotEvent) -> None:
        for row in self.of(RowKind.TAKE_PROFIT):
            if row.is_active and (row.rate, row.quantity) == (event.price, event.size):
                row.cancel(max(row.updated_at, self._lag(event.at, _CHANGE_LAG_MS)))
                return

    def _target_executed(self, event: BotEvent) -> None:
        unfilled = [r for r in self.of(RowKind.TAKE_PROFIT) if r.state is not RowState.FILLED]
        best = min(unfilled, key=lambda row: _distance(row, event), default=None)
        self._fill(event, best, RowKind.TAKE_PROFIT, number=0)

    def _stop_placing(self, event: BotEvent) -> None:
        resting = [row for row in self.of(RowKind.STOP) if row.is_active]
        self._place(event, resting[0] if resting else None, RowKind.STOP, number=0)

    def _stop_executed(self, event: BotEvent) -> None:
        resting = [r for r in self.of(RowKind.STOP) if r.state is not RowState.FILLED]
        self._fill(event, resting[0] if resting else None, RowKind.STOP, number=0)

    def _placing_failed(self, event: BotEvent) -> None:
        kind = _failed_kind(event)
        rows = [r for r in self.of(kind) if r.is_active and event.step in (None, r.number)]
        if rows:
            max(rows, key=lambda row: row.updated_at).fail(event.at)

    # --- how rows are made

    def _place(self, event: BotEvent, row: Row | None, kind: RowKind, *, number: int) -> None:
        size, rate = event.size or ZERO, ZERO if kind is RowKind.STOP else _rate(event)
        if row is None:
            row = self._add(kind, number=number, quantity=size, rate=rate, at=event.at)
        row.amend(size, rate, event.at)
        if not size or "Error occur" in event.message:
            row.fail(event.at)

    def _fill(self, event: BotEvent, row: Row | None, kind: RowKind, *, number: int) -> None:
        size, quote = event.size or ZERO, event.quote or ZERO
        if row is None:  # Its placing is not in the recording.
            rate = ZERO if kind is RowKind.STOP else _rate(event)
            row = self._add(kind, number=number, quantity=size, rate=rate, at=event.at)
        at = max(row.updated_at, self._lag(event.at, _CHANGE_LAG_MS))
        row.fill(size, quote, event.price, at)

    def _add(
        self, kind: RowKind, *, number: int, quantity: Decimal, rate: Decimal, at: datetime
    ) -> Row:
        number = number or 1 + len(self.of(kind))
        born_at = max(self._born_at, self._lag(at, _PLACING_LAG_MS))
        row = Row(
            kind=kind,
            number=number,
            repeat=sum(1 for row in self.of(kind) if row.number == number),
            side=self._entry_side if kind in _ENTRIES else self._entry_side.opposite,
            quantity=quantity,
            rate=rate,
            created_at=born_at,
            updated_at=born_at,
        )
        self.rows.append(row)
        return row

    def _close_at_market(self, event: BotEvent) -> None:
        """Show a trailing close as soon as the next event proves that it was sent."""
        if self._closing is None:
            return
        if event.kind in _REVOKES_CLOSE:
            self._closing = None
        elif event.kind is EventKind.TAKE_PROFIT_EXECUTED:
            self._closing = None  # The executed event brings the numbers itself.
            self._add(RowKind.TAKE_PROFIT, number=0, quantity=ZERO, rate=ZERO, at=event.at)
        else:
            self._show_close()

    def _show_close(self) -> None:
        event, self._closing = self._closing, None
        if event is not None:
            size = event.size or ZERO
            row = self._add(RowKind.TAKE_PROFIT, number=0, quantity=size, rate=ZERO, at=event.at)
            row.fill(size, event.quote or ZERO, None, row.created_at)

    def _lag(self, at: datetime, lag_ms: tuple[int, int]) -> datetime:
        """Return when a row changed whose event came at `at`; the same answer every time."""
        low, high = lag_ms
        chance = zlib.crc32(f"{self._deal_id}/{at.isoformat()}".encode())
        return max(self._born_at, at - timedelta(milliseconds=low + chance % (high - low + 1)))


def _rate(event: BotEvent) -> Decimal:
    """Return the limit price, or the price at submission of a market order (threecommas.md 7)."""
    if event.price is not None:
        return event.price
    return ratio(event.quote or ZERO, event.size or ZERO)


def _distance(row: Row, event: BotEvent) -> tuple[bool, bool, Decimal]:
    price = event.price or ZERO
    return (row.quantity != event.size, not row.is_active, abs(row.rate - price))


def _failed_kind(event: BotEvent) -> RowKind:
    text = event.message.lower()
    if "base order" in text:
        return RowKind.BASE
    return RowKind.TAKE_PROFIT if "take profit" in text else RowKind.SAFETY


def _sums(rows: Iterator[Row]) -> tuple[Decimal, Decimal]:
    amount = volume = ZERO
    for row in rows:
        if row.state is RowState.FILLED:
            amount, volume = amount + row.quantity, volume + row.total
    return amount, volume


_REVOKES_CLOSE: Final = frozenset(
    {
        EventKind.TAKE_PROFIT_CANCELLING,
        EventKind.TAKE_PROFIT_CANCELLED,
        EventKind.PLACING_FAILED,
    }
)

_APPLY: Final[Mapping[EventKind, Callable[[DerivedOrders, BotEvent], None]]] = {
    EventKind.BASE_PLACING: DerivedOrders._base_placing,
    EventKind.BASE_EXECUTED: DerivedOrders._base_executed,
    EventKind.SAFETY_PLACING: DerivedOrders._safety_placing,
    EventKind.SAFETY_EXECUTED: DerivedOrders._safety_executed,
    EventKind.SAFETY_CANCELLING: DerivedOrders._safety_cancelling,
    EventKind.SAFETY_CANCELLED: DerivedOrders._safety_cancelled,
    EventKind.MANUAL_PLACING: DerivedOrders._manual_placing,
    EventKind.TAKE_PROFIT_PLACING: DerivedOrders._target_placing,
    # No row rests between "Cancelling" and the next placing (9.2): the exchange confirms within
    # some 15 ms and the row leads its event, so "Cancelling" already finds it cancelled.
    EventKind.TAKE_PROFIT_CANCELLING: DerivedOrders._target_cancelled,
    EventKind.TAKE_PROFIT_CANCELLED: DerivedOrders._target_cancelled,
    EventKind.TAKE_PROFIT_EXECUTED: DerivedOrders._target_executed,
    EventKind.STOP_PLACING: DerivedOrders._stop_placing,
    EventKind.STOP_EXECUTED: DerivedOrders._stop_executed,
    EventKind.PLACING_FAILED: DerivedOrders._placing_failed,
}
