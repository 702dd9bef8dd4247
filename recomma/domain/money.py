"""Prices, sizes and sides. Always Decimal: a float cannot say what 0.1 DOGE is."""

from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

Price = NewType("Price", Decimal)
"""Quote currency for one coin (for example USDC per DOGE)."""

Size = NewType("Size", Decimal)
"""An amount of coins, never negative; the side says which way."""

Notional = NewType("Notional", Decimal)
"""An amount of quote currency: price times size."""

NO_SIZE: Final = Size(Decimal(0))


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """Return what one coin bought or sold adds to a position: +1 or -1."""
        return 1 if self is Side.BUY else -1


def notional(price: Price, size: Size) -> Notional:
    return Notional(price * size)
