"""What an account is worth and what it can still open (hyperliquid.md 16).

Cross positions share the account's cash. An isolated one has its own, the stake, which is taken
from the cash when it opens and comes back with its profit when it closes.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.positions import MICRODOLLAR, Change, Position
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.world import World

ZERO: Final = Decimal(0)
Held = tuple[str, Position]


def mark(world: World, account: Account, coin: str) -> Decimal:
    """Return the mark price; a coin that has lost its price keeps the entry price."""
    price = world.market.mark(account.address, coin)
    return account.positions[coin].entry_price if price is None else price


def held(account: Account) -> list[Held]:
    return [(coin, p) for coin, p in account.positions.items() if p.size]


def is_cross(world: World, account: Account, coin: str) -> bool:
    found = world.universe.named(coin)
    return found is None or account.leverage_on(found).cross


def held_cross(world: World, account: Account) -> list[Held]:
    return [(coin, p) for coin, p in held(account) if is_cross(world, account, coin)]


def profit(world: World, account: Account, coin: str) -> Decimal:
    return account.positions[coin].profit_at(mark(world, account, coin))


def cross_value(world: World, account: Account) -> Decimal:
    profits = (profit(world, account, coin) for coin, _ in held_cross(world, account))
    return account.cash + sum(profits, ZERO)


def value(world: World, account: Account) -> Decimal:
    """Return what everything is worth, isolated stakes included."""
    worth = (p.stake + profit(world, account, coin) for coin, p in held(account))
    return account.cash + sum(worth, ZERO)


def notional(world: World, account: Account, positions: list[Held]) -> Decimal:
    sizes = (abs(p.size) * mark(world, account, coin) for coin, p in positions)
    return sum(sizes, ZERO)


def used(world: World, account: Account, positions: list[Held]) -> Decimal:
    return sum((of_position(world, account, coin) for coin, _ in positions), ZERO)


def free(world: World, account: Account) -> Decimal:
    """Return what cross positions leave over: it can be opened with or withdrawn."""
    crossed = held_cross(world, account)
    return cross_value(world, account) - used(world, account, crossed)


def of_position(world: World, account: Account, coin: str) -> Decimal:
    """Return the margin that a position binds; for an isolated one that is all it is worth."""
    position = account.positions[coin]
    if not is_cross(world, account, coin):
        return position.stake + profit(world, account, coin)
    return initial(world, account, coin)


def initial(world: World, account: Account, coin: str) -> Decimal:
    """Return what the position would need to be opened now."""
    size = abs(account.positions[coin].size)
    return size * mark(world, account, coin) / _leverage(world, account, coin)


def maintenance(world: World, account: Account, positions: list[Held]) -> Decimal:
    """Return half of the initial margin at the highest leverage of each coin."""
    total = ZERO
    for coin, position in positions:
        found = world.universe.named(coin)
        highest = found.max_leverage if found else 1
        total += abs(position.size) * mark(world, account, coin) / (2 * highest)
    return total


def resting(account: Account) -> Decimal:
    """Return what the resting entries would need if they filled."""
    entries = (o for o in account.open_orders() if not o.request.reduce_only)
    needs = (o.remaining * o.price / account.leverage_on(o.coin).value for o in entries)
    return sum(needs, ZERO)


def settle_cash(world: World, account: Account, coin: str, change: Change, price: Decimal) -> None:
    """Move what a fill gains, and the stake of an isolated position, into and out of the cash."""
    position = account.positions[coin]
    account.cash += change.closed_pnl
    if change.closed:
        back = position.stake * change.closed / abs(change.start)
        back = back.quantize(MICRODOLLAR) if position.size and not change.opened else position.stake
        position.stake -= back
        account.cash += back
    if change.opened and not is_cross(world, account, coin):
        stake = change.opened * price / _leverage(world, account, coin)
        stake = stake.quantize(MICRODOLLAR)
        position.stake += stake
        account.cash -= stake


@dataclass(frozen=True)
class Free:
    """What an account can still open. `reserved` is margin that other orders hold."""

    world: World
    account: Account
    reserved: Decimal = ZERO

    def covers(self, coin: Coin, side: Side, size: Decimal, price: Decimal) -> bool:
        """Tell whether it covers what an order would open. Closing is always free."""
        opened = self.account.positions[coin.name].opened_by(side, size)
        needed = opened * price / self.account.leverage_on(coin).value
        return not opened or needed <= self._dollars(coin, flips=opened < size)

    def affordable(self, coin: Coin, side: Side, size: Decimal, price: Decimal) -> Decimal:
        """Return how much of an order could fill at a price, in whole lots."""
        if self.covers(coin, side, size, price):
            return size
        opened = self.account.positions[coin.name].opened_by(side, size)
        closed = size - opened
        dollars = max(ZERO, self._dollars(coin, flips=closed > 0))
        openable = dollars * self.account.leverage_on(coin).value / price
        return (closed + openable).quantize(coin.lot, rounding=ROUND_DOWN)

    def _dollars(self, coin: Coin, *, flips: bool) -> Decimal:
        dollars = free(self.world, self.account) - self.reserved
        # Turning a position around frees its own margin.
        return dollars + of_position(self.world, self.account, coin.name) if flips else dollars


def _leverage(world: World, account: Account, coin: str) -> int:
    found = world.universe.named(coin)
    return account.leverage_on(found).value if found else 1
