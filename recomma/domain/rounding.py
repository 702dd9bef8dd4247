"""Prices and sizes that the venue accepts (hyperliquid.md 2.3), and which way we round to them.

The venue rejects what is off its grid; it does not round. A resting order is rounded away from the
market (it must never become worse for the user than the source's), an order that should fill at
once is rounded towards the fill.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

from recomma.domain.money import Price, Side, Size

SIGNIFICANT_FIGURES: Final = 5
PERP_DECIMALS: Final = 6


def tick_at(price: Price, size_decimals: int) -> Decimal:
    """Return the distance between two legal prices around `price` (which must be positive)."""
    by_figures = price.adjusted() - SIGNIFICANT_FIGURES + 1
    by_decimals = size_decimals - PERP_DECIMALS
    # Whole numbers are always legal, however long.
    return Decimal(1).scaleb(min(max(by_figures, by_decimals), 0))


def round_resting(price: Price, side: Side, size_decimals: int) -> Price:
    """Round a limit price away from the market: a buy down, a sell up."""
    return _to_tick(price, size_decimals, ROUND_FLOOR if side is Side.BUY else ROUND_CEILING)


def round_crossing(price: Price, side: Side, size_decimals: int) -> Price:
    """Round the worst price of an order that should fill at once: a buy up, a sell down."""
    return _to_tick(price, size_decimals, ROUND_CEILING if side is Side.BUY else ROUND_FLOOR)


def _to_tick(price: Price, size_decimals: int, rounding: str) -> Price:
    rounded = price.quantize(tick_at(price, size_decimals), rounding=rounding)
    # 99999.5 rounds up to 100000: one figure more, still legal because it is whole or shorter.
    return Price(rounded.normalize() + Decimal(0))


def round_entry_size(size: Size, size_decimals: int) -> Size:
    """Round to the nearest lot: over many orders the mirror is neither larger nor smaller."""
    return Size(size.quantize(Decimal(1).scaleb(-size_decimals), rounding=ROUND_HALF_EVEN))


def round_exit_size(size: Size, size_decimals: int) -> Size:
    """Round down to a lot: a step never takes what belongs to the next one."""
    return Size(size.quantize(Decimal(1).scaleb(-size_decimals), rounding=ROUND_DOWN))
