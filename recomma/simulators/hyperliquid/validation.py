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
    # A parent with its exits in one action is not simulated; we never send one.
    triggers = sum(order.trigger is not None for order in found)
    if grouping == "normalTpsl" or (grouping == "positionTpsl" and triggers != len(found)):
        raise StaticDefect(refusals.TRIGGER_GROUPING, found[0].asset)
    for order in found:
        refusal = _defect(world, account, order)
        if refusal is not None:
            raise StaticDefect(refusal, order.asset)


def _defect(world: World, account: Account, order: OrderRequest) -> Refusal | None:
    coin = world.universe.at(order.asset)
    if coin is None:
        return refusals.UNKNOWN_ASSET
    if coin.delisted:
        return refusals.HALTED
    if not order.size:
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
