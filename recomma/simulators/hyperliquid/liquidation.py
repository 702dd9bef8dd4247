"""The venue closing what an account can no longer carry (hyperliquid.md 16)."""

from decimal import Decimal
from typing import Final

from recomma.simulators.hyperliquid import margin, matching
from recomma.simulators.hyperliquid.accounts import Account, Liquidated, Liquidation
from recomma.simulators.hyperliquid.matching import Trade
from recomma.simulators.hyperliquid.orders import Order, OrderRequest, Tif
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.world import World

ORDERS_END_AS: Final = "liquidatedCanceled"


def check(world: World, account: Account, coin: str, at_ms: int) -> None:
    """Liquidate what the coin's position belongs to, if it is worth less than its maintenance."""
    position = account.positions.get(coin)
    if position is None or not position.size:
        return
    if margin.is_cross(world, account, coin):
        shared, worth = margin.held_cross(world, account), margin.cross_value(world, account)
    else:
        shared, worth = [(coin, position)], margin.of_position(world, account, coin)
    needed = margin.maintenance(world, account, shared)
    if worth >= needed:
        return
    # Below two thirds of it the positions are not sold but taken over.
    method = "market" if 3 * worth >= 2 * needed else "backstop"
    notional = margin.notional(world, account, shared)
    row = Liquidated(at_ms, len(account.liquidations) + 1, notional, worth)
    account.liquidations.append(row)
    _end_orders(world, account, {name for name, _ in shared}, at_ms)
    for name, _ in shared:
        close_position(world, account, name, at_ms, method=method)
    if method == "backstop":
        _forgive(account, coin)


def close_position(
    world: World, account: Account, coin: str, at_ms: int, *, method: str | None = None
) -> None:
    """Close a position at the mark, as a liquidation or as the settlement of a delisted coin."""
    position, found = account.positions[coin], world.universe.named(coin)
    side, price = position.closing_side, margin.mark(world, account, coin)
    if side is None or found is None:
        return
    way = "Long" if position.size > 0 else "Short"
    mode = "Cross" if margin.is_cross(world, account, coin) else "Isolated"
    size = abs(position.size)
    request = OrderRequest(found.asset, side, price, size, True, None, None, None)
    order = _order_of_the_venue(world, account, found, request, at_ms)
    made = Trade(
        size,
        price,
        at_ms,
        crossed=True,
        liquidation=Liquidation(account.address, price, method) if method else None,
        direction=f"Liquidated {mode} {way}" if method else "Settlement",
    )
    matching.trade(world, account, order, made)


def _order_of_the_venue(
    world: World, account: Account, coin: Coin, request: OrderRequest, at_ms: int
) -> Order:
    order = Order(world.new_oid(), coin, request, request.size, at_ms, tif=Tif.FRONTEND_MARKET)
    account.add(order)
    account.record(order, "open", at_ms)
    return order


def _end_orders(world: World, account: Account, coins: set[str], at_ms: int) -> None:
    """End the orders that lean on the same margin: all cross ones, or those of one coin."""
    for order in account.open_orders():
        name = order.coin.name
        shares_cash = margin.is_cross(world, account, name) and any(
            margin.is_cross(world, account, coin) for coin in coins
        )
        if (name in coins or shares_cash) and account.is_open(order):
            account.close(order, ORDERS_END_AS, at_ms)


def _forgive(account: Account, coin: str) -> None:
    """Leave nobody in debt: what is below zero is the loss of whoever took the position over."""
    account.cash = max(Decimal(0), account.cash)
    account.positions[coin].stake = Decimal(0)
