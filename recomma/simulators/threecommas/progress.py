"""How far a deal had come at some time: its events and turns, applied one after another."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.domain.source import BotEvent, EventKind
from recomma.simulators.threecommas.derived_orders import DerivedOrders
from recomma.simulators.threecommas.recording import (
    SUMMARIES,
    EndOfRecording,
    Happening,
    Recording,
    Turn,
)
from recomma.simulators.threecommas.rows import Row, RowKind, RowState
from recomma.simulators.threecommas.spelling import DIVISION, EXACT, ZERO, optional_decimal, ratio

EXIT_FEE: Final = Decimal("0.001")
"""The demo account's fee, which live profits already deduct (threecommas.md 9.4)."""

OPENING: Final = frozenset({"created", "base_order_placed"})

EVENT_LAG_MAX: Final = timedelta(seconds=1)

_FINEST_PLACE: Final = -18  # No price has more; the digits of a message are not bounded.

_SHOULD_MOVE: Final = re.compile(r"should (?:rise|fall) for ([0-9]+(?:\.[0-9]+)?)%")

# What moves `updated_at`; re-placements and cancellations do not (threecommas.md 13.1).
_FILLS: Final = frozenset(
    {
        EventKind.BASE_EXECUTED,
        EventKind.SAFETY_EXECUTED,
        EventKind.TAKE_PROFIT_EXECUTED,
        EventKind.STOP_EXECUTED,
    }
)
_STAMPS: Final = _FILLS | {EventKind.STOP_PLACING}


@dataclass(frozen=True)
class Amounts:
    """What a deal entered and left: coins, and quote paid or got for them."""

    entry: Decimal = ZERO
    entry_quote: Decimal = ZERO
    exit: Decimal = ZERO
    exit_quote: Decimal = ZERO

    def plus(self, other: "Amounts", times: int = 1) -> "Amounts":
        return Amounts(
            self.entry + times * other.entry,
            self.entry_quote + times * other.entry_quote,
            self.exit + times * other.exit,
            self.exit_quote + times * other.exit_quote,
        )

    @property
    def position(self) -> Decimal:
        return self.entry - self.exit


@dataclass
class Progress:
    """The state of one deal after some of its happenings; apply them in time order."""

    recording: Recording
    orders: DerivedOrders = field(init=False)
    events: list[BotEvent] = field(default_factory=list)
    status: str = "base_order_placed"
    finished: bool = False
    closed_at: datetime | None = None
    stamped_at: datetime = field(init=False)
    changed_at: datetime = field(init=False)
    as_recorded: bool = False
    last_price: Decimal = ZERO
    target_price: Decimal | None = None
    base_price: Decimal | None = None
    stale_profit: Decimal = ZERO
    max_safety_orders: int | None = None
    error: str | None = None
    _carried: Amounts = Amounts()
    _carried_count: int = 0

    def __post_init__(self) -> None:
        recording = self.recording
        self.stamped_at = self.changed_at = recording.created_at
        self.orders = DerivedOrders(
            deal_id=recording.id,
            entry_side=recording.entry_side,
            born_at=recording.created_at,
            targets=len(recording.steps),
        )

    def apply(self, happening: Happening) -> None:
        """Let one happening come true."""
        self.changed_at = max(self.changed_at, happening.at)
        self.as_recorded = False
        if isinstance(happening, BotEvent):
            self._apply_event(happening)
        elif isinstance(happening, Turn):
            self._turn(happening.status, happening.finished, happening.at)
        else:
            self._reach_end(happening)

    def amounts(self) -> Amounts:
        return self._derived_amounts().plus(self._carried)

    def filled_safety_orders(self) -> int:
        return self._derived_count() + self._carried_count

    def rows(self, kind: RowKind) -> list[Row]:
        return self.orders.of(kind)

    def profit(self, price: Decimal) -> Decimal:
        """Return what closing at `price` would leave, with the exit fee."""
        return profit_at(price, self.amounts(), self.recording.entry_side)

    def _apply_event(self, event: BotEvent) -> None:
        self.events.append(event)
        self.orders.apply(event)
        self.max_safety_orders = event.steps or self.max_safety_orders
        self._learn_price(event)
        self._learn_error(event)
        if event.kind is EventKind.BASE_EXECUTED:
            self.base_price = event.price or ratio(event.quote or ZERO, event.size or ZERO)
        if event.kind in _STAMPS:
            self.stamped_at = self._stamp(event.at)
        if event.kind in _FILLS:
            self.stale_profit = self.profit(self.last_price)
        self._learn_status(event)

    def _stamp(self, at: datetime) -> datetime:
        """Return what `updated_at` becomes with a fill told of at `at`.

        The event lags the deal by less than a second (threecommas.md 13.1). Without this the
        recorded time, which then takes over, would move `updated_at` backwards.
        """
        recorded = self.recording.updated_at
        lagging = recorded is not None and timedelta(0) <= at - recorded < EVENT_LAG_MAX
        return recorded if lagging and recorded is not None else at

    def _learn_status(self, event: BotEvent) -> None:
        if event.kind is EventKind.BASE_EXECUTED and self.status in OPENING:
            self.status = "bought"
        elif event.kind is EventKind.STOP_PLACING:
            self.status = "stop_loss_order_placed"
        elif event.kind in SUMMARIES and not self.finished:
            own = event.kind is EventKind.COMPLETED_SUMMARY
            status = "completed" if own else "stop_loss_finished"
            recording = self.recording
            if recording.finished and event in recording.events:
                status = recording.status
            self._turn(status, True, event.at)

    def _learn_price(self, event: BotEvent) -> None:
        if event.kind is EventKind.TAKE_PROFIT_PLACING and event.price is not None:
            self.target_price = event.price
            said = _SHOULD_MOVE.search(event.message)
            if said is not None:
                sign = self.recording.entry_side.sign
                away = 1 + sign * Decimal(said[1]) / 100
                places = max(int(event.price.as_tuple().exponent), _FINEST_PLACE)
                price = DIVISION.divide(event.price, away)
                self.last_price = price.quantize(Decimal(1).scaleb(places), context=EXACT)
        elif event.kind is EventKind.TRAILING_ARMED:
            self.target_price = event.price
        elif event.kind in _FILLS or event.kind is EventKind.BASE_PLACING:
            self.last_price = event.price or ratio(event.quote or ZERO, event.size or ZERO)

    def _learn_error(self, event: BotEvent) -> None:
        if event.kind is EventKind.PLACING_FAILED:
            self.error = event.message
        elif event.kind.value.endswith("_placing"):
            self.error = None  # It "stays true while the last action failed" (6.1).

    def _turn(self, status: str, finished: bool, at: datetime) -> None:
        if (status, finished) != (self.status, self.finished):
            self.stamped_at = at
        if finished and not self.finished:
            self._finish(status, at)
        self.status, self.finished = status, finished
        if not finished:
            self.closed_at = None

    def _finish(self, status: str, at: datetime) -> None:
        self.orders.finish(at)
        recording = self.recording
        own = recording.finished and recording.status == status
        self.closed_at = min(recording.closed_at or at, at) if own else at
        position = self.amounts().position
        if status == "panic_sold" and position > ZERO:
            quote = position * self.last_price
            if own:
                told = recorded_amounts(recording)
                position = told.exit - self.amounts().exit
                quote = told.exit_quote - self.amounts().exit_quote
            self.orders.close(quantity=position, total=quote, at=at)
        amounts = self.amounts()
        gain = amounts.exit_quote - amounts.entry_quote
        self.stale_profit = recording.entry_side.sign * gain

    def _reach_end(self, end: EndOfRecording) -> None:
        """Take over what was recorded; what is added later goes on from there.

        A recording may lack its first events, so its amounts can be more than its events say.
        """
        recording = self.recording
        stamped_at = self.stamped_at
        if "status" in recording.given:
            self._turn(recording.status, recording.finished, end.at)
        if recording.updated_at is not None and recording.updated_at <= end.at:
            self.stamped_at = stamped_at  # The recorded time stands for this change already.
        if recording.finished:
            self.closed_at = recording.closed_at or self.closed_at
        if "bought_amount" in recording.given:
            self._carried = recorded_amounts(recording).plus(self._derived_amounts(), times=-1)
        count = recording.recorded("completed_safety_orders_count")
        if count is not None:
            self._carried_count = int(count) - self._derived_count()
        self._learn_recorded()
        self.as_recorded = True

    def _learn_recorded(self) -> None:
        recorded = self.recording.recorded
        self.base_price = optional_decimal(recorded("base_order_average_price")) or self.base_price
        self.target_price = optional_decimal(recorded("take_profit_price")) or self.target_price
        self.last_price = optional_decimal(recorded("current_price")) or self.last_price
        self.stale_profit = optional_decimal(recorded("final_profit")) or self.stale_profit
        self.max_safety_orders = recorded("max_safety_orders") or self.max_safety_orders
        if "deal_has_error" in self.recording.given:
            self.error = recorded("error_message") if recorded("deal_has_error") else None

    def _derived_amounts(self) -> Amounts:
        return Amounts(*self.orders.entered(), *self.orders.exited())

    def _derived_count(self) -> int:
        return sum(1 for row in self.rows(RowKind.SAFETY) if row.state is RowState.FILLED)


def recorded_amounts(recording: Recording) -> Amounts:
    """Return what the recorded fields say; a short deal's entry stands in `sold_*` (6.1)."""
    bought, sold = (
        (
            optional_decimal(recording.fields[f"{side}_amount"]) or ZERO,
            optional_decimal(recording.fields[f"{side}_volume"]) or ZERO,
        )
        for side in ("bought", "sold")
    )
    first, second = (bought, sold) if recording.entry_side is Side.BUY else (sold, bought)
    return Amounts(*first, *second)


def profit_at(price: Decimal, amounts: Amounts, side: Side) -> Decimal:
    """Return what closing at `price` would leave, with the exit fee (threecommas.md 9.4)."""
    worth = amounts.position * price * (1 - side.sign * EXIT_FEE)
    return side.sign * (worth + amounts.exit_quote - amounts.entry_quote)


def progress_at(recording: Recording, at: datetime) -> Progress:
    """Return how far the deal had come at `at`."""
    progress = Progress(recording)
    for happening in recording.timeline:
        if happening.at > at:
            break
        progress.apply(happening)
    return progress
