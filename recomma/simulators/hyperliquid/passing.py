"""Time passing: price points, hours of funding, and what they set off, in their order."""

from decimal import Decimal
from operator import itemgetter

from recomma.simulators.hyperliquid import funding, liquidation, matching
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.prices import PricePath
from recomma.simulators.hyperliquid.world import World


def advance(world: World, now_ms: int) -> None:
    """Let the market pass every price point and every full hour up to now.

    What a point reaches is filled with the time of that point, as the venue's own clock shows it.
    """
    moments: list[tuple[int, tuple[PricePath, Decimal] | None]] = [
        (at_ms, (path, price)) for at_ms, price, path in world.market.due(now_ms)
    ]
    hours = funding.due(world, now_ms)
    if hours:
        moments += [(at_ms, None) for at_ms in hours]
        moments.sort(key=itemgetter(0))
    for at_ms, point in moments:
        if point is None:
            _pass_hour(world, at_ms + world.skew_ms)
            continue
        path, price = point
        path.move(price)
        settle_path(world, path, at_ms + world.skew_ms)


def settle_path(world: World, path: PricePath, at_ms: int) -> None:
    """Let the present price of a path do its work for everybody who sees that path."""
    if path.account is not None:
        account = world.accounts.get(path.account)
        if account is not None:
            _settle(world, account, path.coin, at_ms)
        return
    for account in world.accounts.values():
        if not world.market.has_own(account.address, path.coin):
            _settle(world, account, path.coin, at_ms)


def settle_coin(world: World, coin: str, at_ms: int) -> None:
    for path in world.market.of_coin(coin):
        settle_path(world, path, at_ms)


def settle_mark(world: World, coin: str, at_ms: int) -> None:
    """Let a mark that moved without the book fire triggers and liquidate."""
    for account in world.accounts.values():
        matching.fire_triggers(world, account, coin, at_ms)
        liquidation.check(world, account, coin, at_ms)


def _settle(world: World, account: Account, coin: str, at_ms: int) -> None:
    matching.settle(world, account, coin, at_ms)
    liquidation.check(world, account, coin, at_ms)


def _pass_hour(world: World, at_ms: int) -> None:
    for account, coin in funding.pay(world, at_ms):
        liquidation.check(world, account, coin, at_ms)
