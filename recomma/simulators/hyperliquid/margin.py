"""What an account is worth and what it can still open (hyperliquid.md 16)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.positions import Position
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.world import World

ZERO: Final = Decimal(0)


def mark(world: World, account: Account, coin: str) -> Decimal:
    """Return the mark price; a coin that has lost its price keeps the entry price."""
    price = world.market.price(account.address, coin)
    return account.positions[coin].entry_price if price is None else price


def held(account: Account) -> list[tuple[str, Position]]:
    return [(coin, p) for coin, p in account.positions.items() if p.size]


def value(world: World, account: Account) -> Decimal:
    profits = (p.profit_at(mark(world, account, coin)) for coin, p in held(account))
    return account.cash + sum(profits, ZERO)


def notional(world: World, account: Account) -> Decimal:
    sizes = (abs(p.size) * mark(world, account, coin) for coin, p in held(account))
    return sum(sizes, ZERO)


def used(world: World, account: Account) -> Decimal:
    return sum((of_position(world, account, coin) for coin, _ in held(account)), ZERO)


def of_position(world: World, account: Account, coin: str) -> Decimal:
    size = abs(account.positions[coin].size)
    return size * mark(world, account, coin) / _leverage(world, account, coin)


def maintenance(world: World, account: Account) -> Decimal:
    """Return half of the initial margin at the highest leverage of each coin."""
    total = ZERO
    for coin, position in held(account):
        found = world.universe.named(coin)
        highest = found.max_leverage if found else 1
        total += abs(position.size) * mark(world, account, coin) / (2 * highest)
    return total


def resting(account: Account) -> Decimal:
    """Return what the resting entries would need if they filled."""
    entries = (o for o in account.open_orders() if not o.request.reduce_only)
    needs = (o.remaining * o.price / account.leverage_on(o.coin).value for o in entries)
    return sum(needs, ZERO)


@dataclass(frozen=True)
class Free:
    """What an account can still open. `reserved` is margin that other orders hold."""

    world: World
    account: Account
    reserved: Decimal = ZERO

    def covers(self, coin: Coin, side: Side, size: Decimal, price: Decimal) -> bool:
        """Tell whether it covers what an order would open. Closing is always free."""
        opened = self.account.positions[coin.name].opened_by(side, size)
        if not opened:
            return True
        world, account = self.world, self.account
        needed = opened * price / account.leverage_on(coin).value
        free = value(world, account) - used(world, account) - self.reserved
        if opened < size:  # It flips the position, whose own margin comes free.
            free += of_position(world, account, coin.name)
        return needed <= free


def _leverage(world: World, account: Account, coin: str) -> int:
    found = world.universe.named(coin)
    return account.leverage_on(found).value if found else 1
