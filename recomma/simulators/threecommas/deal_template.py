"""The fields that every deal is served with (threecommas.md 6.1).

A deal written by hand may leave out what it does not care about; a client must still meet every
field that the API has.
"""

from typing import Final

from recomma.simulators.threecommas.spelling import BadInput, Json

SHOW_ONLY: Final = ("bot_events", "buy_steps")
"""What `show` has and the list has not."""

_DEFAULTS: Final[Json] = {
    "from_currency_id": 0,
    "to_currency_id": 0,
    "id": 0,
    "type": "Deal",
    "bot_id": 1,
    "max_safety_orders": 0,
    "deal_has_error": False,
    "account_id": 1,
    "active_safety_orders_count": 0,
    "created_at": None,
    "updated_at": None,
    "closed_at": None,
    "finished?": False,
    "current_active_safety_orders_count": 0,
    "current_active_safety_orders": 0,
    "completed_safety_orders_count": 0,
    "completed_manual_safety_orders_count": 0,
    "cancellable?": True,
    "panic_sellable?": True,
    "trailing_enabled": False,
    "tsl_enabled": False,
    "stop_loss_timeout_enabled": False,
    "stop_loss_timeout_in_seconds": 0,
    "active_manual_safety_orders": 0,
    "pair": "",
    "status": "base_order_placed",
    "localized_status": "Base order placed",
    "take_profit": None,
    "take_profit_steps": [],
    "base_order_volume": "0.0",
    "safety_order_volume": "0.0",
    "safety_order_step_percentage": "0.0",
    "safety_order_calculation_mode": "base",
    "leverage_type": "not_specified",
    "leverage_custom_value": None,
    "bought_amount": None,
    "bought_volume": None,
    "bought_average_price": "0",
    "base_order_average_price": None,
    "sold_amount": None,
    "sold_volume": None,
    "sold_average_price": "0",
    "take_profit_type": "total",
    "final_profit": "0.0",
    "martingale_coefficient": "1.0",
    "martingale_volume_coefficient": "1.0",
    "martingale_step_coefficient": "1.0",
    "stop_loss_percentage": "0.0",
    "sl_to_breakeven_enabled": False,
    "sl_to_breakeven_data": None,
    "error_message": None,
    "profit_currency": "quote_currency",
    "stop_loss_type": "stop_loss",
    "safety_order_volume_type": "quote_currency",
    "base_order_volume_type": "quote_currency",
    "from_currency": "",
    "to_currency": "",
    "final_profit_percentage": "0",
    "usd_final_profit": "0.0",
    "actual_profit": "0.0",
    "actual_usd_profit": "0.0",
    "failed_message": None,
    "reserved_base_coin": "0",
    "reserved_second_coin": "0",
    "trailing_deviation": "0.2",
    "trailing_max_price": None,
    "tsl_max_price": None,
    "strategy": "long",
    "last_known_position_info": None,
    "min_profit_percentage": "0.0",
    "min_profit_type": None,
    "close_strategy_list": [],
    "safety_strategy_list": [],
    "custom_safety_steps": [],
    "note": None,
    "add_fundable": False,
    "smart_trade_convertable": False,
    "bot_name": "",
    "account_name": "",
    "market_type": "spot",
    "current_price": "0.0",
    "take_profit_price": None,
    "stop_loss_price": None,
    "actual_profit_percentage": "0",
    "reserved_quote_funds": "0.0",
    "reserved_base_funds": "0.0",
    "orderbook_price_currency": "",
    "crypto_widget": None,
    "buy_steps": [],
}


# What the derivation leans on; all other fields are served as they came.
_KINDS: Final[dict[str, type]] = {
    "status": str,
    "finished?": bool,
    "max_safety_orders": int,
    "completed_safety_orders_count": int,
}

FINISHED: Final = frozenset(
    {
        "completed",
        "cancelled",
        "failed",
        "panic_sold",
        "stop_loss_finished",
        "liquidated",
        "settled",
    }
)
"""The statuses of a deal that is over (threecommas.md 6.2)."""


def with_defaults(deal: Json) -> Json:
    """Fill in what a deal leaves out. Raises BadInput if it cannot be a deal at all."""
    pair, strategy = deal.get("pair"), deal.get("strategy", "long")
    if not isinstance(pair, str) or "_" not in pair:
        raise BadInput(f"Deal {deal.get('id')}: 'pair' must look like USDT_DOGE, not {pair!r}.")
    if strategy not in ("long", "short"):
        raise BadInput(f"Deal {deal.get('id')}: 'strategy' must be long or short.")
    steps = deal.get("take_profit_steps") or []
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise BadInput(f"Deal {deal.get('id')}: 'take_profit_steps' must be a list of objects.")
    for name, kind in _KINDS.items():
        if not isinstance(deal.get(name, kind()), kind):
            raise BadInput(f"Deal {deal.get('id')}: {name!r} must be {kind.__name__}.")
    quote, _, coin = pair.partition("_")  # At the first underscore only (6.4).
    fitting = {
        "finished?": deal.get("status") in FINISHED,
        "type": "Deal" if strategy == "long" else "Deal::ShortDeal",
        "from_currency": quote,
        "to_currency": coin,
        "orderbook_price_currency": quote,
        "bot_name": f"Bot {deal.get('bot_id', 1)}",
        "account_name": f"Account {deal.get('account_id', 1)}",
    }
    return {**deal, **{k: v for k, v in (_DEFAULTS | fitting).items() if k not in deal}}
