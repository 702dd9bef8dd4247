"""Deals that all open in the same moment, each with a ladder (threecommas.md 8.3)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from recomma.domain.money import Price

COIN: Final = "SOL"
PRICE: Final = Price(Decimal("150"))
RUNGS: Final = 9
EVENT_GAP: Final = timedelta(milliseconds=50)


def opened(deal_id: int, bot_id: int, at: datetime) -> Mapping[str, Any]:
    """Return a deal that has just bought its base at the market and placed its whole ladder."""
    told = [
        f"Placing base order. Price: market Size: {PRICE} USDT (1.0 {COIN})",
        f"Base order executed.  Price: {PRICE} USDT.  Size: {PRICE} USDT (1.0 {COIN})",
        f"Placing TakeProfit trade.  Price: {PRICE + 5} USDT Size: {PRICE + 5} USDT (1.0 {COIN}), "
        f"the price should rise for 3.33% to close the trade",
    ]
    for k in range(1, RUNGS + 1):
        rung = PRICE - k
        told.append(
            f"Placing averaging order ({k} out of {RUNGS}). "
            f"Price: {rung} USDT Size: {rung} USDT (1.0 {COIN})"
        )
    return {
        "id": deal_id,
        "bot_id": bot_id,
        "pair": f"USDT_{COIN}",
        "strategy": "long",
        "status": "bought",
        "finished?": False,
        "created_at": at.isoformat(),
        "max_safety_orders": RUNGS,
        "active_safety_orders_count": RUNGS,
        "take_profit": "3.0",
        "bot_events": [
            {"message": message, "created_at": (at + i * EVENT_GAP).isoformat()}
            for i, message in enumerate(told)
        ],
    }
