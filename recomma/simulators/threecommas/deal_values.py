"""The fields that follow from a deal's numbers, wherever these come from (6.1, formulas 9.4)."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.simulators.threecommas.progress import OPENING, Amounts, profit_at
from recomma.simulators.threecommas.spelling import (
    CENT,
    DIVISION,
    EIGHT_PLACES,
    EXACT,
    ZERO,
    Json,
    decimal_text,
    ratio,
    short_text,
    time_text,
)

_LABELS: Final = {
    "bought": "Active",
    "stop_loss_finished": "StopLoss",
    "panic_sell_pending": "Closing at Market Price",
    "cancel_pending": "Cancel pending",
}

_PERCENT: Final = Decimal(100)


def status_fields(
    status: str, *, finished: bool, closed_at: datetime | None, error: str | None
) -> Json:
    """Return what follows from a deal's status."""
    running = not finished and not status.endswith("_pending")
    holds = running and status not in OPENING
    return {
        "status": status,
        "localized_status": _LABELS.get(status, status.replace("_", " ").capitalize()),
        "finished?": finished,
        "closed_at": time_text(closed_at) if closed_at else None,
        # The vendor's examples: a panic sell can still be cancelled, a cancellation cannot.
        "cancellable?": not finished and status != "cancel_pending",
        "panic_sellable?": holds and status != "stop_loss_order_placed",
        "add_fundable": holds,
        "smart_trade_convertable": holds,
        "deal_has_error": error is not None,
        "error_message": error,
    }


def amount_fields(amounts: Amounts, base: Decimal | None, *, long: bool) -> Json:
    """Return what a deal has bought and sold; a short one's entry stands in `sold_*` (6.1)."""
    fields: Json = {
        "base_order_average_price": None if base is None else decimal_text(base),
        "reserved_base_coin": decimal_text(amounts.entry_quote - amounts.exit_quote),
        "reserved_second_coin": decimal_text(amounts.position),
    }
    if not amounts.entry:
        nothing = {"bought_amount", "bought_volume", "sold_amount", "sold_volume"}
        empty = {"reserved_second_coin": "0", "reserved_base_coin": "0"}
        averages = {"bought_average_price": "0", "sold_average_price": "0"}
        return fields | dict.fromkeys(nothing, None) | averages | empty
    entry = (amounts.entry, amounts.entry_quote)
    leave = (amounts.exit, amounts.exit_quote)
    bought, sold = (entry, leave) if long else (leave, entry)
    for side, (amount, volume) in (("bought", bought), ("sold", sold)):
        fields[f"{side}_amount"] = decimal_text(amount)
        fields[f"{side}_volume"] = decimal_text(volume)
        fields[f"{side}_average_price"] = short_text(ratio(volume, amount))
    return fields


def result_fields(profit: Decimal, paid: Decimal, *, finished: bool) -> Json:
    """Return the profit as it was when the deal last changed; of a finished deal, for good."""
    profit = profit.quantize(EIGHT_PLACES, context=EXACT)
    result: Json = {
        "final_profit": decimal_text(profit),
        "usd_final_profit": decimal_text(profit.quantize(CENT, context=EXACT)),
        "final_profit_percentage": "0",
    }
    if not finished:
        return result
    percent = (
        DIVISION.divide(profit * _PERCENT, paid).quantize(CENT, context=EXACT) if paid else ZERO
    )
    return result | {
        "final_profit_percentage": short_text(percent),
        "current_price": "0.0",
        "actual_profit": decimal_text(profit),
        "actual_usd_profit": decimal_text(profit),
        "actual_profit_percentage": "0",
        "crypto_widget": None,
    }


def live_values(settled: Json, amounts: Amounts, price: Decimal, side: Side) -> Json:
    """Return the live fields of a deal that has `settled` ones and entered on `side`."""
    if settled["finished?"]:
        return {}
    shown = decimal_text(price)
    if not price or settled["status"] in OPENING or not amounts.entry:
        return {"current_price": shown}
    average = ratio(amounts.entry_quote, amounts.entry)
    percent = (ratio(price, average) - 1) * _PERCENT * side.sign
    profit = decimal_text(profit_at(price, amounts, side))
    stop, target = settled["stop_loss_price"], settled["take_profit_price"]
    live: Json = {
        "current_price": shown,
        "actual_profit": profit,
        "actual_usd_profit": profit,
        "actual_profit_percentage": decimal_text(percent.quantize(CENT, context=EXACT)),
        "crypto_widget": _widget(price, average, side, stop=stop, target=target),
    }
    if settled["take_profit_steps"]:
        # With steps it repeats the live price in the vendor's examples (6.1).
        live["take_profit_price"] = shown
    return live


def _widget(
    price: Decimal, average: Decimal, side: Side, *, stop: str | None, target: str | None
) -> Json:
    """Return the chart's data; one key has a Cyrillic letter, as in the recordings (6.1)."""
    marks = [
        {"type": kind, "label": kind.upper(), "price": text, "position": "down"}
        for kind, text in (("tp", target), ("sl", stop))
        if text
    ]
    return {
        "progressAccuracy": 2,
        "TTP\u0410ctivated": False,
        "buyPrice": decimal_text(average),
        "currentPrice": decimal_text(price),
        "inverted": side is Side.SELL,
        "stopLosses": [[stop, False]] if stop else [],
        "LP": None,
        "buySteps": [],
        "marks": marks,
    }
