"""The arithmetic of a deal (threecommas.md 9.4), mirrored for shorts."""

from decimal import Decimal
from typing import Final

from recomma.simulators.threecommas.engine.settings import Settings, Target
from recomma.simulators.threecommas.spelling import DIVISION

_PERCENT: Final = Decimal(100)


def base_amount(settings: Settings, price: Decimal) -> Decimal:
    """Return how many coins the base order is for at `price`."""
    return _amount(settings, settings.base_volume, price)


def distance_percent(settings: Settings, number: int) -> Decimal:
    """Return how far averaging order `number` is from the base order.

    Step k adds `step * coefficient^(k-1)`: 1%, 5%, 21% with coefficient 4.
    """
    if settings.custom_rungs:
        return settings.custom_rungs[number - 1].percent
    growth = settings.step_coefficient
    return sum((settings.step_percent * growth**k for k in range(number)), Decimal(0))


def safety_price(settings: Settings, base_price: Decimal, number: int) -> Decimal:
    """Return the limit price of averaging order `number`: long floor, short ceiling."""
    away = 1 - settings.sign * distance_percent(settings, number) / _PERCENT
    return settings.terms.price(base_price * away, settings.side)


def safety_amount(settings: Settings, price: Decimal, number: int) -> Decimal:
    if settings.custom_rungs:
        volume = settings.custom_rungs[number - 1].volume
    else:
        volume = settings.safety_volume * settings.volume_coefficient ** (number - 1)
    return _amount(settings, volume, price)


def target_price(
    settings: Settings, target: Target, *, amount: Decimal, volume: Decimal, base_volume: Decimal
) -> Decimal:
    """Return the limit price of a take profit for `amount` coins entered for `volume`.

    The exit fee is earned back: long `avg * (1 + %) / (1 - f)` up, short `avg * (1 - %) / (1 + f)`
    down. With `target_of` base the percentage is of the base order's volume alone.
    """
    sign = settings.sign
    measured = base_volume if settings.target_of == "base" else volume
    gain = measured * target.percent / _PERCENT
    price = DIVISION.divide(volume + sign * gain, amount) / (1 - sign * settings.terms.fee)
    return settings.terms.price(price, settings.side.opposite)


def target_shares(settings: Settings, amount: Decimal) -> list[Decimal]:
    """Share `amount` coins among the targets: each rounded down, the last takes the rest.

    The vendor's example: 0.0324 ETH by 40, 50 and 10 % are 0.0129, 0.0162 and 0.0033.
    """
    shares = [
        settings.terms.amount(amount * target.share, up=False) for target in settings.targets[:-1]
    ]
    return [*shares, amount - sum(shares, Decimal(0))]


def stop_price(settings: Settings, from_price: Decimal) -> Decimal:
    """Return the stop price, unrounded, as seen (22 of 22)."""
    return from_price * (1 - settings.sign * settings.stop.percent / _PERCENT)


def liquidation_price(settings: Settings, average: Decimal) -> Decimal | None:
    """Return where the margin is used up: the average, less what the leverage leaves."""
    if settings.leverage is None or not settings.terms.futures:
        return None
    return average * (1 - settings.sign * DIVISION.divide(Decimal(1), settings.leverage))


def gain_percent(settings: Settings, price: Decimal, average: Decimal) -> Decimal:
    """Return what `price` is ahead of `average` in the deal's direction."""
    return settings.sign * (DIVISION.divide(price, average) - 1) * _PERCENT


def _amount(settings: Settings, volume: Decimal, price: Decimal) -> Decimal:
    """Return the coins for a volume, rounded up; it is a quote amount or already in coins."""
    if settings.volume_type == "base_currency":
        return settings.terms.amount(volume, up=True)
    sized = volume - settings.risk_reduction + settings.reinvested
    return settings.terms.amount(DIVISION.divide(sized, price), up=True)
