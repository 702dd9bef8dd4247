"""What `show` says of a running deal at this moment (threecommas.md 6.1)."""

from decimal import Decimal
from typing import Any, Final

from recomma.domain.money import Side
from recomma.simulators.threecommas.deal_values import (
    amount_fields,
    result_fields,
    status_fields,
)
from recomma.simulators.threecommas.engine import ladder
from recomma.simulators.threecommas.engine.running import RunningDeal
from recomma.simulators.threecommas.engine.settings import Settings, Stop
from recomma.simulators.threecommas.rows import RowKind, RowState
from recomma.simulators.threecommas.spelling import ZERO, Json, decimal_text, time_text

_PERCENT: Final = Decimal(100)


def changing_fields(deal: RunningDeal) -> Json:
    """Return every field that can change while the deal runs, live ones left out."""
    known, settings = deal.known, deal.settings
    fields = status_fields(
        _shown_status(deal), finished=deal.finished, closed_at=deal.closed_at, error=deal.error
    )
    fields |= amount_fields(known.amounts, known.base_price, long=settings.side is Side.BUY)
    fields |= result_fields(known.profit, known.amounts.entry_quote, finished=deal.finished)
    return fields | _order_fields(deal) | _exit_fields(deal) | _setting_fields(deal)


def _shown_status(deal: RunningDeal) -> str:
    replacing = deal.status == "bought" and deal.replacing and deal.ending is None
    if deal.switches.pending_statuses and replacing:
        return "bought_take_profit_pending"
    return deal.status


def _order_fields(deal: RunningDeal) -> Json:
    resting = deal.book.active(RowKind.SAFETY)
    return {
        "updated_at": time_text(deal.stamped_at),
        "failed_message": deal.error,
        "completed_safety_orders_count": deal.known.safeties,
        "completed_manual_safety_orders_count": deal.known.manuals,
        "current_active_safety_orders_count": len(resting),
        "current_active_safety_orders": len(resting),
        "active_manual_safety_orders": len(deal.book.active(RowKind.MANUAL)),
        "buy_steps": _next_price(deal),
    }


def _next_price(deal: RunningDeal) -> list[Json]:
    """Return the nearest averaging price; on shorts its `filled` is "NaN" (6.1)."""
    if deal.finished or deal.known.base_price is None:
        return []
    sign = deal.settings.sign
    resting = [order.row.rate for order in deal.book.active(RowKind.SAFETY)]
    if resting:
        price = max(resting, key=lambda rate: rate * sign)
    elif deal.settings.by_signal and deal.known.safeties < deal.settings.safeties:
        number = deal.known.safeties + 1
        price = ladder.safety_price(deal.settings, deal.known.base_price, number)
    else:
        return []
    return [{"price": decimal_text(price), "filled": "0.0" if sign > 0 else "NaN"}]


def _exit_fields(deal: RunningDeal) -> Json:
    target: str | None = None
    if deal.finished:
        target = "0"
    elif deal.known.base_price is not None and deal.target_price is not None:
        target = decimal_text(deal.target_price)
    return {
        "take_profit_price": target,
        "take_profit_steps": [] if deal.settings.single_target else _steps(deal),
        "stop_loss_price": None if deal.finished else _text(deal.stop_price),
        "trailing_max_price": _text(deal.best_price),
        "tsl_max_price": _text(deal.stop_best_price),
    }


def _steps(deal: RunningDeal) -> list[Json]:
    return [_step(deal, number) for number in range(len(deal.settings.targets))]


def _step(deal: RunningDeal, number: int) -> Json:
    """Return one partial target; percentages are JSON numbers there (threecommas.md 6.3)."""
    target = deal.settings.targets[number]
    orders = [o for o in deal.book.of(RowKind.TAKE_PROFIT, RowKind.CLOSED) if o.target == number]
    row = orders[0].row if orders else None
    filled = number in deal.filled_targets
    panicking = number in deal.panicking_targets
    status = "to_process"
    if filled:
        status = "finished"
    elif panicking:
        status = "Panic closing"
    elif row is not None and row.state is RowState.ACTIVE:
        status = "Placed"
    return {
        "id": number,
        "amount_percentage": as_json_number(target.share * _PERCENT),
        "profit_percentage": as_json_number(target.percent),
        "editable": not filled and not panicking,
        "panic_sellable": not filled and not panicking and row is not None,
        "trade_id": int(orders[0].order_id) if orders else None,
        "execution_timestamp": time_text(orders[-1].row.updated_at) if filled else None,
        "initial_amount": decimal_text(row.quantity) if row else "0.0",
        "price": decimal_text(row.rate) if row else "0.0",
        "status": status,
    }


def _setting_fields(deal: RunningDeal) -> Json:
    """Return the settings that the user can edit in mid-deal (threecommas.md 4.5)."""
    settings = deal.settings
    single = settings.single_target
    percent = decimal_text(settings.targets[0].percent) if single else None
    return {
        "take_profit": "0.0" if settings.close_condition else percent,
        "trailing_enabled": None if settings.close_condition else settings.trailing,
        "trailing_deviation": decimal_text(settings.trailing_percent),
        "stop_loss_percentage": decimal_text(settings.stop.percent),
        "tsl_enabled": settings.stop.trailing,
        "stop_loss_timeout_enabled": bool(settings.stop.timeout_seconds),
        "stop_loss_timeout_in_seconds": settings.stop.timeout_seconds,
        "sl_to_breakeven_enabled": bool(settings.stop.breakeven_after),
        "max_safety_orders": settings.safeties,
        "active_safety_orders_count": settings.active_safeties,
    }


def opening_fields(deal: RunningDeal) -> Json:
    """Return the settings that a deal copies when it opens and never changes."""
    settings, coin = deal.settings, deal.settings.coin
    if settings.terms.futures and deal.switches.futures_to_currency == "coin":
        coin = coin.removesuffix(settings.quote)
    return {
        "pair": settings.pair,
        "from_currency": settings.quote,
        "to_currency": coin,
        "strategy": "long" if settings.side is Side.BUY else "short",
        "market_type": "futures" if settings.terms.futures else "spot",
        "created_at": time_text(deal.opened_at),
        **_ladder_fields(settings),
        "take_profit_type": settings.target_of,
        "close_strategy_list": _signal if settings.close_condition else [],
        "min_profit_percentage": decimal_text(settings.min_profit_percent),
        "min_profit_type": "average_buy_price" if settings.min_profit_percent else None,
        **_stop_fields(settings.stop),
        "leverage_type": settings.leverage_type,
        "leverage_custom_value": _text(settings.leverage),
    }


def _ladder_fields(settings: Settings) -> Json:
    return {
        "base_order_volume": decimal_text(settings.base_volume),
        "safety_order_volume": decimal_text(settings.safety_volume),
        "base_order_volume_type": settings.volume_type,
        "safety_order_volume_type": settings.volume_type,
        "safety_order_step_percentage": decimal_text(settings.step_percent),
        "martingale_volume_coefficient": decimal_text(settings.volume_coefficient),
        "martingale_step_coefficient": decimal_text(settings.step_coefficient),
        "custom_safety_steps": [
            {
                "deviation": decimal_text(-settings.sign * rung.percent),
                "size": as_json_number(rung.volume),
                "editable": True,
            }
            for rung in settings.custom_rungs
        ],
        "safety_strategy_list": _signal if settings.by_signal else [],
    }


def _stop_fields(stop: Stop) -> Json:
    return {
        "stop_loss_type": "stop_loss_and_disable_bot" if stop.disables_bot else "stop_loss",
        "sl_to_breakeven_data": (
            {"upper_breakeven_limit": stop.breakeven_after} if stop.breakeven_after else None
        ),
    }


_signal: Final[list[Json]] = [{"options": {}, "strategy": "tv_custom_signal"}]


def as_json_number(number: Decimal) -> Any:
    """Return what `json` writes as a bare number; only percentages and sizes of settings are."""
    return int(number) if number == number.to_integral_value() else float(number)


def _text(number: Decimal | None) -> str | None:
    return None if number is None or number == ZERO else decimal_text(number)
