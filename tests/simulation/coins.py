"""The coins that are traded, at the source and at the venue."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True)
class Coin:
    """`unit`: how many of the source's coins are one of the venue's."""

    pair: str
    name: str
    unit: int
    price: Decimal  # At the source, when the run begins.
    price_step: Decimal
    amount_step: Decimal


FIGURES: Final = 5  # Of a price at the venue (hyperliquid.md 2.3).
COINS: Final = (
    Coin("USDT_DOGE", "DOGE", 1, Decimal("0.2"), Decimal("0.00001"), Decimal(1)),
    Coin("USDT_ETH", "ETH", 1, Decimal(3200), Decimal("0.01"), Decimal("0.0001")),
    Coin("USDT_SOL", "SOL", 1, Decimal(180), Decimal("0.01"), Decimal("0.001")),
    Coin("USDT_PEPE", "kPEPE", 1000, Decimal("0.000009"), Decimal("0.0000000001"), Decimal(1)),
)


def on_grid(price: Decimal, coin: Coin) -> Decimal:
    """Round a price of the source to its step."""
    return price.quantize(coin.price_step)


def on_venue_grid(price: Decimal) -> Decimal:
    """Round a price so that the venue takes it."""
    exponent = min(0, price.adjusted() + 1 - FIGURES)
    return price.quantize(Decimal(1).scaleb(exponent))
