"""What the API says about a deal that has come so far (threecommas.md 6.1, formulas 9.4)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.domain.source import EventKind
from recomma.simulators.threecommas.deal_template import SHOW_ONLY
from recomma.simulators.threecommas.deal_values import (
    amount_fields,
    live_values,
    result_fields,
    status_fields,
)
from recomma.simulators.threecommas.order_ids import Leg, made_up_id
from recomma.simulators.threecommas.progress import EVENT_LAG_MAX, Progress
from recomma.simulators.threecommas.rows import Row, RowKind, RowState
from recomma.simulators.threecommas.spelling import (
    Json,
    decimal_text,
    optional_decimal,
    time_text,
)

_PERCENT: Final = Decimal(100)

_UNPLACED: Final[Json] = {
    "trade_id": None,
    "status": "to_process",
    "editable": True,
    "panic_sellable": False,
    "initial_amount": "0.0",
    "execution_timestamp": None,
}


def settled_fields(progress: Progress, ids: Mapping[Leg, str]) -> Json:
    """Return the fields that stay the same until something happens to the deal.

    `ids` are the order ids that are not made up.
    """
    recording = progress.recording
    fields = recording.fields | status_fields(
        progress.status,
        finished=progress.finished,
        closed_at=progress.closed_at,
        error=progress.error,
    )
    long = recording.entry_side is Side.BUY
    fields |= amount_fields(progress.amounts(), progress.base_price, long=long)
    fields |= _order_fields(progress) | _exit_fields(progress, ids) | _result_fields(progress)
    if progress.as_recorded:
        fields |= {name: recording.fields[name] for name in recording.given}
    return fields


def live_fields(progress: Progress, price: Decimal) -> Json:
    """Return the fields that follow the price; it is the live one of this read (9.4)."""
    target = None if progress.target_price is None else decimal_text(progress.target_price)
    settled: Json = {
        "finished?": progress.finished,
        "status": progress.status,
        "take_profit_price": target,
        "take_profit_steps": progress.recording.steps,
        "stop_loss_price": _stop_price(progress),
    }
    return live_values(settled, progress.amounts(), price, progress.recording.entry_side)


def list_shape(fields: Json) -> Json:
    """Leave out what the list does not have (threecommas.md 6)."""
    return {key: value for key, value in fields.items() if key not in SHOW_ONLY}


def _order_fields(progress: Progress) -> Json:
    resting = [row for row in progress.rows(RowKind.SAFETY) if row.is_active]
    manual = [row for row in progress.rows(RowKind.MANUAL) if row.is_active]
    recording = progress.recording
    known = (event.steps for event in recording.known_events() if event.steps)
    maximum = progress.max_safety_orders or next(known, recording.fields["max_safety_orders"])
    return {
        "max_safety_orders": maximum,
        "completed_safety_orders_count": progress.filled_safety_orders(),
        "current_active_safety_orders_count": len(resting),
        "current_active_safety_orders": len(resting),
        "active_manual_safety_orders": len(manual),
        "buy_steps": _buy_steps(progress, resting),
    }


def _buy_steps(progress: Progress, resting: list[Row]) -> list[Json]:
    sign = progress.recording.entry_side.sign
    if resting:
        nearest = max(row.rate * sign for row in resting) * sign
        return [{"price": decimal_text(nearest), "filled": "0.0"}]
    if progress.recording.fields["safety_strategy_list"] and not progress.finished:
        # Averaging by signal: nothing rests, and only the recording knows the next price.
        steps: list[Json] = progress.recording.fields["buy_steps"]
        return steps
    return []


def _exit_fields(progress: Progress, ids: Mapping[Leg, str]) -> Json:
    fields = progress.recording.fields
    steps = _steps(progress, ids)
    target: str | None = None
    if progress.finished:
        # Finished deals said null in 2022 and say "0" today (6.1).
        target = fields["take_profit_price"] if progress.recording.finished else "0"
    elif progress.base_price is not None:
        price = progress.target_price or _first_target(progress)
        target = None if price is None else decimal_text(price)
    stop = None if progress.finished else _stop_price(progress)
    return {"take_profit_price": target, "stop_loss_price": stop, "take_profit_steps": steps}


def _first_target(progress: Progress) -> Decimal | None:
    """Return the target between the base's fill and the first placing of the take profit."""
    planned = (
        event.price
        for event in progress.recording.known_events()
        if event.kind is EventKind.TAKE_PROFIT_PLACING and event.price is not None
    )
    return next(planned, None)


def _stop_price(progress: Progress) -> str | None:
    percent = optional_decimal(progress.recording.fields["stop_loss_percentage"])
    if not percent or progress.base_price is None:
        return None
    away = 1 - progress.recording.entry_side.sign * percent / _PERCENT
    return decimal_text(progress.base_price * away)


def _steps(progress: Progress, ids: Mapping[Leg, str]) -> list[Json]:
    """Return the partial targets with what their rows say; step j is the j-th row (6.3)."""
    recording = progress.recording
    rows = dict(enumerate(progress.rows(RowKind.TAKE_PROFIT)))
    steps = []
    for index, recorded in enumerate(recording.steps):
        row = rows.get(index)
        if row is None:
            steps.append(recorded | _UNPLACED)
        else:
            order_id = ids.get(row.leg) or made_up_id(recording.id, row.leg)
            steps.append(recorded | _placed_step(row, order_id))
    return steps


def _placed_step(row: Row, order_id: str) -> Json:
    filled = row.state is RowState.FILLED
    return {
        "trade_id": int(order_id) if order_id.isdigit() else order_id,
        "status": "finished" if filled else "Placed" if row.is_active else "to_process",
        "editable": not filled,
        "panic_sellable": not filled,
        "initial_amount": decimal_text(row.quantity),
        "price": decimal_text(row.rate),
        "execution_timestamp": time_text(row.updated_at) if filled else None,
    }


def _result_fields(progress: Progress) -> Json:
    paid = progress.amounts().entry_quote
    return result_fields(progress.stale_profit, paid, finished=progress.finished)


def updated_at(progress: Progress, at: datetime, *, honest: bool) -> datetime:
    """Return `updated_at`: it lies, as the real one does (threecommas.md 13.1).

    The recorded time of an active deal is a moment of its own; of a finished deal it belongs to
    the finish, so it must not show before that does.
    """
    if honest:
        return progress.changed_at
    recorded = progress.recording.updated_at
    if recorded is None or recorded > at:
        return progress.stamped_at
    if progress.as_recorded and progress.stamped_at - recorded < EVENT_LAG_MAX:
        return recorded
    if progress.recording.finished:
        own = progress.finished and progress.status == progress.recording.status
        return recorded if own else progress.stamped_at
    return max(recorded, progress.stamped_at)
