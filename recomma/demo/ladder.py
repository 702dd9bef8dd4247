"""The arithmetic of a long DCA deal on a demo account of 3Commas (threecommas.md 9.4)."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from recomma.domain.money import Price, Size

FEE: Final = Decimal("0.001")
"""Demo accounts put it into the fill price: a buy costs more than its rate, a sale brings less."""

HUNDRED: Final = Decimal(100)


@dataclass(frozen=True)
class Ladder:
    """A bot's settings for one pair, and what follows from them once the base has been bought.

    `tick` and `lot` are the steps of prices and sizes at the source's exchange; percentages count
    to 100, as 3Commas writes them.
    """

    coin: str
    market_price: Price  # When the base is bought.
    tick: Decimal
    lot: Decimal
    base_size: Size
    safety_volume: Decimal
    step_percent: Decimal
    safety_count: int
    take_profit_percents: tuple[Decimal, ...]  # More than one: equal take-profit steps.
    stop_loss_percent: Decimal = Decimal(0)

    @property
    def pair(self) -> str:
        return f"USDT_{self.coin}"

    @property
    def base_fill_price(self) -> Price:
        return bought_at(self.market_price)

    def safety_price(self, k: int) -> Price:
        away = self.step_percent * k / HUNDRED
        return Price(_to(self.base_fill_price * (1 - away), self.tick, ROUND_FLOOR))

    def safety_size(self, k: int) -> Size:
        return Size(_to(self.safety_volume / self.safety_price(k), self.lot, ROUND_CEILING))

    def target_price(self, percent: Decimal, average: Decimal) -> Price:
        wanted = average * (1 + percent / HUNDRED) / (1 - FEE)
        return Price(_to(wanted, self.tick, ROUND_CEILING))

    def target_sizes(self, size: Size) -> tuple[Size, ...]:
        """Share `size` out over the take-profit steps; the last one takes the remainder."""
        count = len(self.take_profit_percents)
        share = Size(_to(size / count, self.lot, ROUND_FLOOR))
        return (*[share] * (count - 1), Size(size - share * (count - 1)))

    @property
    def stop_price(self) -> Price:
        """A price at which the stop has been reached: the first tick below it."""
        trigger = self.base_fill_price * (1 - self.stop_loss_percent / HUNDRED)
        return Price(_to(trigger, self.tick, ROUND_FLOOR))


def bought_at(rate: Price) -> Price:
    return Price(rate * (1 + FEE))


def sold_at(rate: Price) -> Price:
    return Price(rate * (1 - FEE))


def _to(number: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (number / step).quantize(Decimal(1), rounding=rounding) * step
