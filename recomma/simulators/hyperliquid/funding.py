"""Funding: every hour a position pays its notional times the coin's rate (hyperliquid.md 16)."""

from typing import Final

from recomma.simulators.hyperliquid import margin
from recomma.simulators.hyperliquid.accounts import Account, FundingRow
from recomma.simulators.hyperliquid.positions import MICRODOLLAR
from recomma.simulators.hyperliquid.world import FundingHour, World

HOUR_MS: Final = 60 * 60 * 1000
LAG_MS: Final = 40  # The venue stamps it some tens of milliseconds after the hour.


def due(world: World, now_ms: int) -> list[int]:
    """Return the moments of payment that time has reached since it was asked last.

    A clock that was set back starts anew from there.
    """
    since_ms, world.passed_ms = world.passed_ms, now_ms
    if since_ms is None or since_ms > now_ms or not any(world.funding_rates.values()):
        return []
    first = (since_ms - LAG_MS) // HOUR_MS + 1
    last = (now_ms - LAG_MS) // HOUR_MS
    return [hour * HOUR_MS + LAG_MS for hour in range(first, last + 1)]


def pay(world: World, at_ms: int) -> list[tuple[Account, str]]:
    """Have every position pay for one hour; return which did."""
    paid = []
    for coin, rate in world.funding_rates.items():
        world.funding_history.append(FundingHour(at_ms, coin, rate))
        for account in world.accounts.values():
            position = account.positions.get(coin)
            if rate and position is not None and position.size:
                _pay(world, account, coin, at_ms)
                paid.append((account, coin))
    return paid


def _pay(world: World, account: Account, coin: str, at_ms: int) -> None:
    """Longs pay a positive rate, shorts receive it. The oracle's price is the mark here."""
    position, rate = account.positions[coin], world.funding_rates[coin]
    cost = position.size * margin.mark(world, account, coin) * rate
    cost = cost.quantize(MICRODOLLAR)
    position.funding.pay(cost)
    if margin.is_cross(world, account, coin):
        account.cash -= cost
    else:
        position.stake -= cost
    row = FundingRow(at_ms, coin, -cost, position.size, rate, world.new_hash())
    account.fundings.append(row)
