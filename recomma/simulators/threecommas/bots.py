"""Bots and accounts: loaded as they are, or made up to fit the deals (threecommas.md 4.6, 5)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.simulators.threecommas.shown_deal import ShownDeal
from recomma.simulators.threecommas.spelling import (
    ZERO,
    BadInput,
    Json,
    decimal_text,
    optional_decimal,
    read_id,
    read_time,
    time_text,
)

# What a deal takes over from its bot when it opens (threecommas.md 5).
FROM_DEAL: Final = (
    "account_id",
    "max_safety_orders",
    "active_safety_orders_count",
    "close_strategy_list",
    "safety_strategy_list",
    "custom_safety_steps",
    "trailing_enabled",
    "tsl_enabled",
    "stop_loss_timeout_enabled",
    "stop_loss_timeout_in_seconds",
    "take_profit_steps",
    "take_profit",
    "min_profit_percentage",
    "base_order_volume",
    "safety_order_volume",
    "safety_order_step_percentage",
    "safety_order_calculation_mode",
    "take_profit_type",
    "min_profit_type",
    "martingale_volume_coefficient",
    "martingale_step_coefficient",
    "stop_loss_percentage",
    "strategy",
    "profit_currency",
    "stop_loss_type",
    "safety_order_volume_type",
    "base_order_volume_type",
    "account_name",
    "trailing_deviation",
    "leverage_type",
    "leverage_custom_value",
)

_DEFAULTS: Final[Json] = {
    "id": 0,
    "account_id": 1,
    "is_enabled": True,
    "max_safety_orders": 0,
    "active_safety_orders_count": 0,
    "pairs": [],
    "strategy_list": [{"options": {}, "strategy": "nonstop"}],
    "close_strategy_list": [],
    "safety_strategy_list": [],
    "max_active_deals": 1,
    "active_deals_count": 0,
    "deletable?": False,
    "created_at": None,
    "updated_at": None,
    "trailing_enabled": False,
    "tsl_enabled": False,
    "deal_start_delay_seconds": None,
    "stop_loss_timeout_enabled": False,
    "stop_loss_timeout_in_seconds": 0,
    "disable_after_deals_count": None,
    "deals_counter": None,
    "allowed_deals_on_same_pair": None,
    "easy_form_supported": False,
    "close_deals_timeout": None,
    "url_secret": "0000000000",
    "take_profit_steps": [],
    "name": "",
    "take_profit": None,
    "min_profit_percentage": "0.0",
    "base_order_volume": "0.0",
    "safety_order_volume": "0.0",
    "safety_order_step_percentage": "0.0",
    "safety_order_calculation_mode": "base",
    "take_profit_type": "total",
    "min_profit_type": None,
    "type": "Bot::SingleBot",
    "martingale_volume_coefficient": "1.0",
    "martingale_step_coefficient": "1.0",
    "stop_loss_percentage": "0.0",
    "cooldown": "0",
    "btc_price_limit": "0.0",
    "strategy": "long",
    "min_volume_btc_24h": "0.0",
    "profit_currency": "quote_currency",
    "min_price": None,
    "max_price": None,
    "stop_loss_type": "stop_loss",
    "safety_order_volume_type": "quote_currency",
    "base_order_volume_type": "quote_currency",
    "account_name": "",
    "trailing_deviation": "0.2",
    "finished_deals_profit_usd": "0.0",
    "finished_deals_count": "0",
    "leverage_type": "not_specified",
    "leverage_custom_value": None,
    "start_order_type": "market",
    "active_deals_usd_profit": "0.0",
    "reinvesting_percentage": "0.0",
    "risk_reduction_percentage": "100.0",
    "reinvested_volume_usd": None,
    "min_price_percentage": None,
    "max_price_percentage": None,
    "custom_safety_steps": [],
}

# A made-up bot is older than its first deal, by more than any window a client looks back.
_BOT_AGE: Final = timedelta(days=30)
_UNDATED: Final = datetime(2025, 1, 1, tzinfo=UTC)


def read_bot(entry: Json) -> Json:
    """Read one bot of `/_control/bots`; what it leaves out is filled in. Raises BadInput."""
    bot_id = read_id(entry, "id")
    pairs = entry.get("pairs", [])
    if not isinstance(pairs, list) or not all(isinstance(pair, str) for pair in pairs):
        raise BadInput(f"Bot {bot_id}: 'pairs' must be a list of texts.")
    bot = _DEFAULTS | {"name": f"Bot {bot_id}"} | entry
    for name in ("created_at", "updated_at"):
        bot[name] = bot[name] or time_text(_UNDATED)
        read_time(bot[name], f"{name!r}")
    return bot


def bot_for(deals: Sequence[ShownDeal]) -> Json:
    """Make up the bot that opened these deals, enabled, with their settings."""
    first = min(deals, key=lambda deal: deal.created_at)
    pairs = sorted({str(deal.fields["pair"]) for deal in deals})
    born = time_text(first.created_at - _BOT_AGE)
    settings = {name: first.fields[name] for name in FROM_DEAL if name in first.fields}
    own: Json = {
        "id": first.fields["bot_id"],
        "name": first.fields["bot_name"],
        "pairs": pairs,
        "type": "Bot::SingleBot" if len(pairs) == 1 else "Bot::MultiBot",
        "created_at": born,
        "updated_at": born,
    }
    return _DEFAULTS | settings | own


def counted(bot: Json, deals: Sequence[Json]) -> Json:
    """Return the bot with the counts and sums of its deals as they are now."""
    active = [deal for deal in deals if not deal["finished?"]]
    finished = [deal for deal in deals if deal["finished?"]]
    if not deals:
        return bot
    return bot | {
        "active_deals_count": len(active),
        "finished_deals_count": str(len(finished)),
        "finished_deals_profit_usd": decimal_text(_sum(finished, "usd_final_profit")),
        "active_deals_usd_profit": decimal_text(_sum(active, "actual_usd_profit")),
    }


def exchange_account(account_id: int, name: str) -> Json:
    """Make up the exchange account that deals run on (threecommas.md 4.6)."""
    born = time_text(_UNDATED)
    nothing: Json = {"currency": "USD", "amount": "0.0"}
    return {
        "id": account_id,
        "name": name,
        "market_code": "paper_trading",
        "exchange_name": "Paper trading account",
        "pretty_display_type": "PaperTrading",
        "supported_market_types": ["spot"],
        "api_key_invalid": False,
        "api_keys_state": "ok",
        "is_locked": False,
        "lock_reason": None,
        "hedge_mode_available": False,
        "hedge_mode_enabled": False,
        "bots_allowed": True,
        "bots_ttp_allowed": True,
        "bots_tsl_allowed": True,
        "multi_bots_allowed": True,
        "trading_supported": True,
        "smart_trading_supported": True,
        "market_buy_supported": True,
        "market_sell_supported": True,
        "conditional_buy_supported": True,
        "deposit_enabled": True,
        "include_in_summary": True,
        "created_at": born,
        "updated_at": born,
        "btc_amount": "0.0",
        "usd_amount": "0.0",
        "primary_display_currency_amount": nothing,
        "primary_display_currency_profit": nothing,
        "total_primary_display_currency_profit": {"currency": "USD", "amount": 0},
    }


def _sum(deals: Sequence[Json], field: str) -> Decimal:
    return sum((optional_decimal(deal[field]) or ZERO for deal in deals), ZERO)
