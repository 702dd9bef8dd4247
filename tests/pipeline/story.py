"""What 3Commas says of a deal, in its own words (threecommas.md 8.3), with numbers of ours."""

from datetime import datetime
from decimal import Decimal
from typing import Any

SUMMARY = (
    "(USDT_DOGE): Trade completed. Profit:  +0.721 USDT (0.72 $) (1.85% from total volume) "
    "💰💰💰). #profit 1 minute"
)


def clause(price: str, coins: str, dot: str = "") -> str:
    quote = Decimal(price) * Decimal(coins)
    return f"Price: {price} USDT{dot} Size: {quote} USDT ({coins} DOGE)"


def base_placing(price: str = "0.2", coins: str = "100", *, market: bool = True) -> str:
    quote = Decimal(price) * Decimal(coins)
    where = "market" if market else f"{price} USDT"
    return f"Placing base order. Price: {where} Size: {quote} USDT ({coins} DOGE)"


def base_executed(price: str = "0.2", coins: str = "100") -> str:
    quote = Decimal(price) * Decimal(coins)
    return f"Base order executed.  Price: {price} USDT.  Size: {quote} USDT ({coins} DOGE)"


def safety_placing(step: int, price: str, coins: str = "100", *, of: int = 2) -> str:
    return f"Placing averaging order ({step} out of {of}). {clause(price, coins)}"


def safety_executed(step: int, price: str, coins: str = "100", *, of: int = 2) -> str:
    return f"Averaging order ({step} out of {of}) executed. {clause(price, coins)}"


def safety_cancelled(step: int, price: str, coins: str = "100", *, of: int = 2) -> str:
    return f"Averaging order ({step} out of {of}) cancelled. {clause(price, coins)}"


def target_placing(price: str, coins: str = "100") -> str:
    rise = "the price should rise for 2.00% to close the trade"
    return f"Placing TakeProfit trade.  {clause(price, coins)}, {rise}"


def target_cancelled(price: str, coins: str = "100") -> str:
    return f"TakeProfit trade cancelled. {clause(price, coins)}"


def target_executed(price: str, coins: str = "100") -> str:
    return f"TakeProfit trade finished. {clause(price, coins)}"


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def deal(deal_id: int, created_at: datetime, **fields: Any) -> dict[str, Any]:
    """Make a deal that has just opened: everything else is told by events."""
    return {
        "id": deal_id,
        "bot_id": 7,
        "account_id": 3,
        "pair": "USDT_DOGE",
        "created_at": text(created_at),
        "max_safety_orders": 2,
        "bot_events": [],
    } | fields
