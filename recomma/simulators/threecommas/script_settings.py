"""The `[bot]`, `[market]` and `[nasty]` tables of a what-if script, and edits of a deal."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from recomma.domain.money import Side
from recomma.simulators.threecommas.engine.nasty import Nasty, PartialFill
from recomma.simulators.threecommas.engine.settings import (
    TARGETS_MAX,
    Rung,
    Settings,
    Stop,
    Target,
    Terms,
)
from recomma.simulators.threecommas.script_table import Table

_PERCENT: Final = Decimal(100)
_ONE: Final = Decimal(1)


def read_settings(bot: Table, pair: str) -> Settings:
    """Read a bot's settings, under the names that the API gives them. Raises BadScript."""
    rungs = _rungs(bot)
    safeties = bot.whole("max_safety_orders", len(rungs), most=100)
    if rungs and safeties > len(rungs):
        raise bot.wrong("max_safety_orders", f"must be at most the {len(rungs)} custom steps")
    by_signal = bot.flag("averaging_by_signal")
    active = bot.whole("active_safety_orders_count", safeties, most=100)
    quote, base = "quote_currency", "base_currency"
    volume_type = bot.choice("base_order_volume_type", (quote, base))
    settings = Settings(
        pair=pair,
        side=Side.BUY if bot.choice("strategy", ("long", "short")) == "long" else Side.SELL,
        base_order="market"
        if bot.choice("start_order_type", ("market", "limit")) == "market"
        else "limit",
        base_price=bot.optional_number("base_order_price"),
        base_volume=bot.positive("base_order_volume", Decimal(25)),
        safety_volume=bot.positive("safety_order_volume", Decimal(25)),
        volume_type="quote_currency" if volume_type == quote else "base_currency",
        safeties=safeties,
        active_safeties=0 if by_signal else active,
        step_percent=bot.positive("safety_order_step_percentage", _ONE),
        volume_coefficient=bot.positive("martingale_volume_coefficient", _ONE),
        step_coefficient=bot.positive("martingale_step_coefficient", _ONE),
        custom_rungs=rungs,
        by_signal=by_signal,
        targets=read_targets(bot) or (Target(Decimal(2)),),
        target_of="total"
        if bot.choice("take_profit_type", ("total", "base")) == "total"
        else "base",
        close_condition=bot.flag("close_by_condition"),
        min_profit_percent=bot.number("min_profit_percentage", Decimal(0)),
        trailing=bot.flag("trailing_enabled"),
        trailing_percent=bot.positive("trailing_deviation", Decimal("0.2")),
        stop=Stop(**stop_changes(bot)),
        leverage=bot.optional_number("leverage_custom_value", least=_ONE),
        leverage_type=bot.choice("leverage_type", ("not_specified", "cross", "isolated")),
        risk_reduction=bot.number("risk_reduction_volume", Decimal(0)),
        reinvested=bot.number("reinvested_volume", Decimal(0)),
    )
    _check(bot, settings)
    return settings


def read_targets(table: Table) -> tuple[Target, ...]:
    """Read `take_profit` or `take_profit_steps`; nothing where both are left out."""
    single = table.optional_number("take_profit")
    steps = table.tables("take_profit_steps")
    if single is not None and steps:
        raise table.wrong("take_profit", "and take_profit_steps exclude each other: keep one")
    if single is not None:
        return (Target(single),)
    targets = []
    for step in steps:
        share = step.positive("amount_percentage", Decimal(0)) / _PERCENT
        targets.append(Target(step.positive("profit_percentage", Decimal(0)), share))
        step.close()
    if targets and (sum(target.share for target in targets) != 1 or len(targets) > TARGETS_MAX):
        raise table.wrong(
            "take_profit_steps",
            f"must be at most {TARGETS_MAX} steps whose amount_percentage add up to 100",
        )
    return tuple(targets)


def stop_changes(table: Table) -> dict[str, Any]:
    """Return what a table says about the stop, by the names of Stop."""
    kind = table.choice("stop_loss_type", ("stop_loss", "stop_loss_and_disable_bot"))
    found: dict[str, tuple[str, Any]] = {
        "stop_loss_percentage": ("percent", table.number("stop_loss_percentage", Decimal(0))),
        "tsl_enabled": ("trailing", table.flag("tsl_enabled")),
        "breakeven_after_step": (
            "breakeven_after",
            table.whole("breakeven_after_step", 0, most=TARGETS_MAX),
        ),
        "stop_loss_timeout_in_seconds": (
            "timeout_seconds",
            table.whole("stop_loss_timeout_in_seconds", 0, most=86_400),
        ),
        "stop_loss_type": ("disables_bot", kind != "stop_loss"),
    }
    return _given(table, found)


def setting_changes(table: Table) -> dict[str, Any]:
    """Return what an edit of a deal changes, by the names of Settings (threecommas.md 4.5)."""
    targets = read_targets(table)
    found: dict[str, tuple[str, Any]] = {
        "trailing_enabled": ("trailing", table.flag("trailing_enabled")),
        "trailing_deviation": ("trailing_percent", table.positive("trailing_deviation", _ONE)),
        "max_safety_orders": ("safeties", table.whole("max_safety_orders", 0, most=100)),
        "active_safety_orders_count": (
            "active_safeties",
            table.whole("active_safety_orders_count", 0, most=100),
        ),
    }
    return _given(table, found) | ({"targets": targets} if targets else {})


def _given(table: Table, found: dict[str, tuple[str, Any]]) -> dict[str, Any]:
    """Leave out what the table does not say; it was read so that the table knows its keys."""
    return {name: value for key, (name, value) in found.items() if key in table}


def read_nasty(table: Table) -> Nasty:
    """Read what is to go wrong. Raises BadScript."""
    parts = {}
    for part in table.tables("partial_fills"):
        order = part.text("order")
        if order is None:
            raise part.wrong("order", 'must name an order like "safety/1"')
        share = part.positive("share", Decimal("0.5"))
        rest_after = part.as_duration("rest_after", part.raw("rest_after") or "30s")
        parts[order] = PartialFill(share, rest_after)
        part.close()
    nasty = Nasty(
        out_of_order=table.flag("out_of_order_fills"),
        replacing=table.duration("replacing"),
        slow_cancel=table.duration("slow_cancel"),
        stop_cancel=table.duration("stop_cancel"),
        slow_base=table.duration("slow_base"),
        cancel_fills=table.wholes("cancel_fills"),
        safety_fails=table.wholes("safety_fails"),
        base_fails=table.text("base_fails"),
        partial_fills=parts,
    )
    table.close()
    return nasty


def _rungs(bot: Table) -> tuple[Rung, ...]:
    rungs = []
    for step in bot.tables("custom_safety_steps"):
        away = step.number("deviation", Decimal(0), least=Decimal(-100))
        rungs.append(Rung(abs(away), step.positive("size", Decimal(0))))
        step.close()
    if any(not rung.percent for rung in rungs):
        raise bot.wrong("custom_safety_steps", 'need a "deviation" like "-1.1" each')
    return tuple(rungs)


def read_terms(bot: Table, market: Table, pairs: Sequence[str]) -> dict[str, Terms]:
    """Read `[market]` for all pairs, and `[market.PAIR]` over it for one. Raises BadScript."""
    futures = bot.choice("market_type", ("spot", "futures")) == "futures"
    if "leverage_custom_value" in bot and not futures:
        raise bot.wrong("leverage_custom_value", 'needs market_type = "futures"')
    common = _terms(market, Terms(futures=futures))
    found = {}
    for pair in pairs:
        own = market.table(pair)
        found[pair] = _terms(own, common)
        own.close()
    market.close()
    return found


def _terms(market: Table, common: Terms) -> Terms:
    where = ("price", "total") if common.fee_in_price else ("total", "price")
    return Terms(
        price_step=market.positive("price_step", common.price_step),
        amount_step=market.positive("amount_step", common.amount_step),
        fee=market.number("fee", common.fee),
        fee_in_price=market.choice("fee_in", where) == "price",
        futures=common.futures,
    )


def _check(bot: Table, settings: Settings) -> None:
    """Refuse settings that 3Commas itself would not take together."""
    if settings.trailing and not settings.single_target:
        raise bot.wrong("trailing_enabled", "goes with one take_profit, not with steps: keep one")
    if settings.close_condition and (settings.trailing or "take_profit" in bot):
        raise bot.wrong("close_by_condition", "goes without take_profit and trailing: keep one")
    if settings.base_price is not None and settings.base_order == "market":
        raise bot.wrong("base_order_price", 'needs start_order_type = "limit"')
