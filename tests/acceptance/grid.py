"""The venue's grid, written down a second time (hyperliquid.md 2.2 to 2.4)."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

LOT_DECIMALS: Final[Mapping[str, int]] = {
    "BTC": 5,
    "ETH": 4,
    "SOL": 2,
    "LTC": 2,
    "AVAX": 2,
    "LINK": 1,
    "DOGE": 0,
    "ADA": 0,
    "XRP": 0,
}
"""Coins of the venue that recordings may use; any other is expected to be skipped as unknown."""

MINIMUM: Final = Decimal(10)
SURELY_ENOUGH: Final = Decimal("10.5")
"""What a market order must be worth: the venue values it at the price that it meets, so between
the minimum and this a mirror may place it or not."""


def buy_price(price: Decimal, coin: str) -> Decimal:
    """Round a resting buy down to five significant figures and the coin's decimals."""
    return _on_grid(price, coin, ROUND_FLOOR)


def sell_price(price: Decimal, coin: str) -> Decimal:
    return _on_grid(price, coin, ROUND_CEILING)


def lots(size: Decimal, coin: str) -> Decimal:
    """Round an entry's size to the nearest lot."""
    return size.quantize(Decimal(10) ** -LOT_DECIMALS[coin], rounding=ROUND_HALF_EVEN)


def whole_lots(size: Decimal, coin: str) -> Decimal:
    return size.quantize(Decimal(10) ** -LOT_DECIMALS[coin], rounding=ROUND_FLOOR)


def _on_grid(price: Decimal, coin: str, rounding: str) -> Decimal:
    decimals = 6 - LOT_DECIMALS[coin]
    whole = len(str(int(price))) if price >= 1 else 0
    if whole >= 5:
        return price.quantize(Decimal(1), rounding=rounding)
    leading = whole or price.adjusted() + 1  # Zeros behind the point do not count as figures.
    return price.quantize(Decimal(10) ** -min(decimals, 5 - leading), rounding=rounding)
