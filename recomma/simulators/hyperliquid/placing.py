"""Placing one order that is statically sound: run-time checks, matching, resting (7.1, 8, 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from recomma.simulators.hyperliquid import margin, matching, reduce_only, refusals
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.orders import Order, OrderRequest, Tif
from recomma.simulators.hyperliquid.refusals import Refusal
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.wire import JsonObject, dotted
from recomma.simulators.hyperliquid.world import World

MINIMUM_VALUE: Final = Decimal(10)

Status = str | JsonObject
"""One entry of `statuses`."""


@dataclass(frozen=True)
class Placing:
    """One order about to be placed, and where."""

    world: World
    account: Account
    order: Order

    @property
    def price(self) -> Decimal | None:
        return self.world.market.price(self.account.address, self.order.coin.name)

    @property
    def matches(self) -> bool:
        """Tell whether the book would match the order now."""
        if self.price is None or not self.order.reached_by(self.price):
            return False
        return matching.takeable(self.world, self.account, self.order) > 0


Check = Callable[[Placing], Refusal | None]


class RefusedOrder(Exception):
    """One order was refused at run time. Its record, where it has one, is already made."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


def new_order(
    world: World, request: OrderRequest, at_ms: int, *, position_tpsl: bool = False
) -> Order:
    coin = world.universe.coins[request.asset]
    tif = Tif.GTC if request.trigger and not request.trigger.market else request.tif
    return Order(world.new_oid(), coin, request, request.size, at_ms, position_tpsl, tif)


def place(world: World, account: Account, order: Order, at_ms: int) -> Status:
    """Place one order and return its entry of `statuses`. Raises RefusedOrder."""
    request = order.request
    refusal = _first_refusal(Placing(world, account, order))
    if refusal is not None:
        _remember_refused(account, order, refusal, at_ms)
        raise RefusedOrder(refusal)
    account.add(order)
    if request.trigger is not None:
        return _await_trigger(world, account, order, at_ms)
    return _execute(world, account, order, at_ms)


def error(world: World, refusal: Refusal, coin: Coin | None) -> JsonObject:
    text = refusals.spelled(refusal, coin.asset if coin else None, world.switches)
    return {"error": text}


def _first_refusal(placing: Placing) -> Refusal | None:
    for check in CHECKS:
        refusal = check(placing)
        if refusal is not None:
            return refusal
    return None


def _check_halted(placing: Placing) -> Refusal | None:
    halted = placing.world.faults.halted(placing.order.coin.name)
    return refusals.HALTED if halted else None


def _check_open_orders(placing: Placing) -> Refusal | None:
    limit = placing.world.limits.open_orders
    full = limit is not None and placing.account.open_count >= limit
    return refusals.TOO_MANY_OPEN if full else None


def _ordered_refusal(placing: Placing) -> Refusal | None:
    fault = placing.world.faults.refusal(placing.order.coin.name)
    return refusals.refused_with(fault.text or "Unknown refusal") if fault else None


def _check_cloid(placing: Placing) -> Refusal | None:
    account, cloid = placing.account, placing.order.request.cloid
    if placing.world.switches.duplicate_open_cloid == "accept" or cloid is None:
        return None
    taken = any(account.is_open(order) for order in account.by_cloid(cloid))
    return refusals.DUPLICATE_CLOID if taken else None


def _check_reduce_only(placing: Placing) -> Refusal | None:
    """Refuse an exit that would open something, and shrink one that is too large."""
    order = placing.order
    if not order.request.reduce_only or order.waits_for_fill:
        return None
    if order.follows_position:
        held = placing.account.positions[order.coin.name].closing_side is order.side
        return None if held else refusals.WOULD_INCREASE
    closable = reduce_only.closable(placing.account, order)
    if not closable:
        return refusals.WOULD_INCREASE
    order.remaining = closable
    return None


def _check_trigger(placing: Placing) -> Refusal | None:
    trigger, coin = placing.order.request.trigger, placing.order.coin.name
    if trigger is None or placing.order.waits_for_fill:
        return None
    already = trigger.fires(placing.order.side, margin.mark(placing.world, placing.account, coin))
    return refusals.BAD_TRIGGER if already else None


def _check_match(placing: Placing) -> Refusal | None:
    """Refuse what cannot match now (Ioc) or must not (Alo)."""
    tif = placing.order.tif
    if tif in (Tif.GTC, None):
        return None
    if tif is not Tif.ALO:
        return None if placing.matches else refusals.NO_MATCH
    if not placing.matches:
        return None
    price = dotted(placing.price or Decimal(0))
    return refusals.would_match(price, price)


def _check_minimum(placing: Placing) -> Refusal | None:
    """Refuse less than 10 dollars, unless it closes the whole position (2.4)."""
    order, asked = placing.order, placing.order.request
    whole = placing.account.closes_whole(order.coin.name, order.side, asked.size, asked.reduce_only)
    if whole or order.follows_position:
        return None
    # An Ioc is measured at the price that it would meet.
    takes = order.tif in (Tif.IOC, Tif.FRONTEND_MARKET)
    price = (placing.price if takes else None) or order.price
    return refusals.MINIMUM_VALUE if asked.size * price < MINIMUM_VALUE else None


def _check_margin(placing: Placing) -> Refusal | None:
    world, account, order = placing.world, placing.account, placing.order
    if order.request.reduce_only:
        return None
    # What matches at once costs the market's price, not the limit.
    price = (placing.price if placing.matches else None) or order.price
    holds = world.switches.resting_orders_hold_margin
    reserved = margin.resting(account) if holds else Decimal(0)
    free = margin.Free(world, account, reserved)
    if free.covers(order.coin, order.side, order.remaining, price):
        return None
    takes = order.tif in (Tif.IOC, Tif.FRONTEND_MARKET)
    if not takes or world.switches.ioc_beyond_margin == "refused":
        return refusals.NO_MARGIN
    # It fills what the margin allows, and the rest is dropped (7.1).
    affordable = free.affordable(order.coin, order.side, order.remaining, price)
    return None if affordable else refusals.NO_MARGIN


# In this order: "no match" is answered before "too small" (2.4).
CHECKS: Final[tuple[Check, ...]] = (
    _check_halted,
    _ordered_refusal,
    _check_cloid,
    _check_open_orders,
    _check_reduce_only,
    _check_trigger,
    _check_match,
    _check_minimum,
    _check_margin,
)


def _remember_refused(account: Account, order: Order, refusal: Refusal, at_ms: int) -> None:
    if refusal.status is not None:
        order.remaining = order.request.size
        account.add(order)
        account.record(order, refusal.status, at_ms)


def _await_trigger(world: World, account: Account, order: Order, at_ms: int) -> Status:
    order.awaits_trigger = True
    account.rest(order)
    account.record(order, "open", at_ms)
    if order.waits_for_fill:
        return "waitingForFill"
    if world.switches.trigger_status == "resting":
        return {"resting": _named(order)}
    return "waitingForTrigger"


def _execute(world: World, account: Account, order: Order, at_ms: int) -> Status:
    account.rest(order)
    account.record(order, "open", at_ms)
    price = world.market.price(account.address, order.coin.name)
    offered = matching.takeable(world, account, order)
    taken = matching.take(world, account, order, at_ms)
    # Beside the market there is no own order that it could meet: that would have filled.
    if order.remaining and (price is None or order.reached_by(price)):
        matching.meet_own(account, order, at_ms)
    if account.is_open(order) and not order.on_book:
        # The rest of an Ioc is dropped without a word; only `totalSz` tells.
        account.close(order, "canceled" if taken == offered else "marginCanceled", at_ms)
    if account.is_open(order):
        if order.request.reduce_only:
            reduce_only.make_room(account, order, at_ms)
        if not taken or world.switches.gtc_partial == "resting":
            return {"resting": _named(order)}
    average = dotted(price) if price is not None else "0.0"
    return {"filled": {"totalSz": dotted(taken), "avgPx": average, **_named(order)}}


def _named(order: Order) -> JsonObject:
    named: JsonObject = {"oid": order.oid}
    if order.request.cloid is not None:
        named["cloid"] = order.request.cloid
    return named
