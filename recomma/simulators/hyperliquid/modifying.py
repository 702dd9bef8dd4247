"""Modifying an order: cancel and place, with a new oid (hyperliquid.md 7.3)."""

from dataclasses import replace

from recomma.simulators.hyperliquid import refusals
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.actions import ModifyOne
from recomma.simulators.hyperliquid.orders import Order, OrderRequest, Tif
from recomma.simulators.hyperliquid.placing import RefusedOrder, Status, error, new_order, place
from recomma.simulators.hyperliquid.refusals import Refusal
from recomma.simulators.hyperliquid.world import World


def modify(
    world: World, account: Account, one: ModifyOne, always_place: bool, at_ms: int
) -> Status:
    """Replace one order. When the new one is refused, the old one is gone all the same."""
    request = one.order if always_place else _posted(one.order)
    coin = world.universe.coins[one.order.asset]
    if request is None:
        return error(world, refusals.NOT_REPLACEABLE, coin)
    old = _find_open(account, one.which)
    if old is not None:
        account.close(old, "canceled", at_ms)
    elif not always_place:
        return {"error": refusals.CANNOT_MODIFY}
    try:
        new = new_order(world, request, at_ms)
        new.replaces = old
        return place(world, account, new, at_ms)
    except RefusedOrder as refused:
        lost = Refusal(refusals.MODIFY_LOST + refused.refusal.text)
        return error(world, lost, coin)


def _posted(request: OrderRequest) -> OrderRequest | None:
    """Return the replacement the venue really places: a Gtc silently becomes post only."""
    return replace(request, tif=Tif.ALO) if request.tif in (Tif.GTC, Tif.ALO) else None


def _find_open(account: Account, which: int | str) -> Order | None:
    if isinstance(which, str):
        named = account.by_cloid(which)
        return next((o for o in reversed(named) if account.is_open(o)), None)
    order = account.by_oid(which)
    return order if order is not None and account.is_open(order) else None
