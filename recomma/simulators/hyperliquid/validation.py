"""Pre-validation: what can be refused without looking at the account (hyperliquid.md 7.2)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from recomma.simulators.hyperliquid import refusals
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.orders import OrderRequest
from recomma.simulators.hyperliquid.refusals import Refusal
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.world import World

# Measured on spot; assumed for perps: 80 % away downwards, and its inverse upwards (2.4).
LOWEST_RATIO: Final = Decimal("0.2")
HIGHEST_RATIO: Final = Decimal(5)


class StaticDefect(Exception):
    """One order of a batch can never be right; none of the batch is looked at further."""

    def __init__(self, refusal: Refusal, asset: int | None) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal
        self.asset = asset


def check_batch(
    world: World, account: Account, orders: Iterable[OrderRequest], grouping: str = "na"
) -> None:
    """Raise StaticDefect for the first defect found. One error speaks for all orders."""
    found = list(orders)
    if not found:
        raise StaticDefect(refusals.NO_ORDERS, None)
    if not _fits_grouping(found, grouping):
        raise StaticDefect(refusals.TRIGGER_GROUPING, found[0].asset)
    for order in found:
        refusal = _defect(world, account, order, sized=grouping != "positionTpsl")
        if refusal is not None:
            raise StaticDefect(refusal, order.asset)


def _fits_grouping(orders: list[OrderRequest], grouping: str) -> bool:
    """Tell whether the triggers stand where the grouping wants them (7.1).

    `normalTpsl` is an entry and one or two exits of the other side, `positionTpsl` only exits.
    """
    exits = [order for order in orders if order.trigger is not None]
    if grouping == "positionTpsl":
        return len(exits) == len(orders)
    if grouping != "normalTpsl":
        return True
    parent = orders[0]
    if parent.trigger is not None or len(exits) != len(orders) - 1 or not 1 <= len(exits) <= 2:
        return False
    return all(o.side is not parent.side and o.asset == parent.asset for o in exits)


def _defect(world: World, account: Account, order: OrderRequest, *, sized: bool) -> Refusal | None:
    coin = world.universe.at(order.asset)
    if coin is None:
        return refusals.UNKNOWN_ASSET
    if coin.delisted:
        return refusals.HALTED
    if not order.size and sized:
        return refusals.ZERO_SIZE
    if not coin.takes_size(order.size):
        return refusals.INVALID_SIZE
    if not _prices_fit(coin, order):
        return refusals.INVALID_PRICE
    if order.trigger is not None and not order.reduce_only:
        return refusals.OPEN_TRIGGER
    return _distance_defect(world.market.price(account.address, coin.name), order)


def _prices_fit(coin: Coin, order: OrderRequest) -> bool:
    prices = [order.price] if order.trigger is None else [order.price, order.trigger.price]
    return all(coin.takes_price(price) for price in prices)


def _distance_defect(reference: Decimal | None, order: OrderRequest) -> Refusal | None:
    if reference is None:
        return None
    if LOWEST_RATIO * reference < order.price <= HIGHEST_RATIO * reference:
        return None
    return refusals.TOO_FAR
