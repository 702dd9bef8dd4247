"""What a deal takes over from its bot when it opens, and the market it trades on."""

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal

from recomma.domain.money import Side
from recomma.simulators.threecommas.spelling import ZERO

TARGETS_MAX: Final = 4
"""Partial targets of one deal (threecommas.md 6.3)."""

DEMO_FEE: Final = Decimal("0.001")


@dataclass(frozen=True)
class Terms:
    """The source's market: steps of price and amount, and where the fee goes.

    Demo accounts put the fee into the price, real ones into the total (threecommas.md 13.13).
    """

    price_step: Decimal = Decimal("0.00001")
    amount_step: Decimal = Decimal(1)
    fee: Decimal = DEMO_FEE
    fee_in_price: bool = True
    futures: bool = False

    def price(self, number: Decimal, side: Side) -> Decimal:
        """Round a price to the step so that the order gets no worse: buys down, sells up."""
        return _to_step(number, self.price_step, up=side is Side.SELL)

    def amount(self, number: Decimal, *, up: bool) -> Decimal:
        return _to_step(number, self.amount_step, up=up)


@dataclass(frozen=True)
class Target:
    """One take-profit step: how far from the average, and which share of the position (1: all)."""

    percent: Decimal
    share: Decimal = Decimal(1)


@dataclass(frozen=True)
class Rung:
    """One averaging order in the settings: percent away from the base order, and its volume."""

    percent: Decimal
    volume: Decimal


@dataclass(frozen=True)
class Stop:
    """The stop loss; percent 0 is none. `breakeven_after` is a number of filled targets, 0: never.

    `trailing` lets the stop follow the best price; `timeout_seconds` is how long the price has to
    stay beyond it.
    """

    percent: Decimal = ZERO
    trailing: bool = False
    breakeven_after: int = 0
    timeout_seconds: int = 0
    disables_bot: bool = False


@dataclass(frozen=True)
class Settings:
    """All settings of one deal. Volumes are in `volume_type`, percents are of 100."""

    pair: str = "USDT_DOGE"
    side: Side = Side.BUY
    base_order: Literal["market", "limit"] = "market"
    base_price: Decimal | None = None  # Of a limit base order; None: the market's.
    base_volume: Decimal = Decimal(25)
    safety_volume: Decimal = Decimal(25)
    volume_type: Literal["quote_currency", "base_currency"] = "quote_currency"
    safeties: int = 0
    active_safeties: int = 0
    step_percent: Decimal = Decimal(1)
    volume_coefficient: Decimal = Decimal(1)
    step_coefficient: Decimal = Decimal(1)
    custom_rungs: tuple[Rung, ...] = ()
    by_signal: bool = False
    targets: tuple[Target, ...] = (Target(Decimal(2)),)
    target_of: Literal["total", "base"] = "total"
    close_condition: bool = False
    min_profit_percent: Decimal = ZERO
    trailing: bool = False
    trailing_percent: Decimal = Decimal("0.2")
    stop: Stop = Stop()
    leverage: Decimal | None = None
    leverage_type: str = "not_specified"
    risk_reduction: Decimal = ZERO  # Quote amount taken from each order (threecommas.md 8.2).
    reinvested: Decimal = ZERO  # Quote amount added to each order.
    terms: Terms = field(default_factory=Terms)

    @property
    def quote(self) -> str:
        return self.pair.partition("_")[0]  # At the first underscore only (threecommas.md 6.4).

    @property
    def coin(self) -> str:
        return self.pair.partition("_")[2]

    @property
    def sign(self) -> int:
        return self.side.sign

    @property
    def single_target(self) -> bool:
        return len(self.targets) == 1


def _to_step(number: Decimal, step: Decimal, *, up: bool) -> Decimal:
    steps = (number / step).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)
    return steps * step
