"""Carrying out one admitted action: from what was asked to the answer's `response` (7)."""

from typing import Final

from recomma.simulators.hyperliquid import margin, refusals
from recomma.simulators.hyperliquid.accounts import Account, Leverage
from recomma.simulators.hyperliquid.actions import (
    Action,
    ApproveAgent,
    CancelOne,
    CancelOrders,
    ModifyOrders,
    Noop,
    PlaceOrders,
    ScheduleCancel,
    UpdateIsolatedMargin,
    UpdateLeverage,
)
from recomma.simulators.hyperliquid.approving import approve
from recomma.simulators.hyperliquid.faults import FaultKind
from recomma.simulators.hyperliquid.modifying import modify
from recomma.simulators.hyperliquid.orders import Order, Tif
from recomma.simulators.hyperliquid.placing import RefusedOrder, Status, error, new_order, place
from recomma.simulators.hyperliquid.refusals import TurnedDown, spelled
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.validation import StaticDefect, check_batch
from recomma.simulators.hyperliquid.wire import JsonObject
from recomma.simulators.hyperliquid.world import World

DEFAULT_ANSWER: Final[JsonObject] = {"type": "default"}
SCHEDULE_VOLUME: Final = "1000000"


def execute(world: World, account: Account, action: Action, at_ms: int) -> JsonObject:
    """Return the `response` object. Raises TurnedDown for a refusal of the whole action."""
    try:
        return _carry_out(world, account, action, at_ms)
    except StaticDefect as defect:
        text = spelled(defect.refusal, defect.asset, world.switches)
        if world.switches.static_error == "top_level":
            raise TurnedDown(text) from defect
        return _statuses("order", [{"error": text}])


def _carry_out(world: World, account: Account, action: Action, at_ms: int) -> JsonObject:
    match action:
        case PlaceOrders():
            return _place_orders(world, account, action, at_ms)
        case CancelOrders():
            found = [_cancel_one(world, account, one, action.fast, at_ms) for one in action.cancels]
            return _statuses("cancel", found)
        case ModifyOrders():
            return _modify_orders(world, account, action, at_ms)
        case UpdateLeverage():
            return _update_leverage(world, account, action)
        case UpdateIsolatedMargin():
            return _update_isolated_margin(world, account, action)
        case ScheduleCancel():
            raise _schedule_refusal(account)
        case ApproveAgent():
            approve(world, account, action, at_ms)
            return DEFAULT_ANSWER
        case Noop():
            return DEFAULT_ANSWER


def _place_orders(world: World, account: Account, action: PlaceOrders, at_ms: int) -> JsonObject:
    check_batch(world, account, action.orders, action.grouping)
    if action.grouping == "normalTpsl":
        orders = [new_order(world, one, at_ms) for one in action.orders]
        return _statuses("order", _place_family(world, account, orders, at_ms))
    attached = action.grouping == "positionTpsl"
    found = [
        _place_one(world, account, new_order(world, one, at_ms, position_tpsl=attached), at_ms)
        for one in action.orders
    ]
    return _statuses("order", found)


def _place_family(world: World, account: Account, orders: list[Order], at_ms: int) -> list[Status]:
    """Place an entry with the exits that live only once it has filled completely (8)."""
    parent, *children = orders
    first = _place_one(world, account, parent, at_ms)
    rests = account.is_open(parent)
    if not rests and (not parent.records or parent.last.status != "filled"):
        orphaned = error(world, refusals.NO_PARENT, parent.coin)
        refused = first if isinstance(first, dict) and "error" in first else orphaned
        return [first, *(refused for _ in children)]
    parent.children = children
    for child in children:
        child.waits_for_fill = rests
        child.siblings = [other for other in children if other is not child]
    return [first, *(_place_one(world, account, child, at_ms) for child in children)]


def _place_one(world: World, account: Account, order: Order, at_ms: int) -> Status:
    if order.tif is not Tif.ALO and world.faults.always(FaultKind.POST_ONLY_PHASE):
        return error(world, refusals.POST_ONLY_PHASE, order.coin)
    try:
        return place(world, account, order, at_ms)
    except RefusedOrder as refused:
        return error(world, refused.refusal, order.coin)


def _cancel_one(world: World, account: Account, one: CancelOne, fast: bool, at_ms: int) -> Status:
    if isinstance(one.which, str):
        named = [o for o in account.by_cloid(one.which) if account.is_open(o)]
        oldest = world.switches.cancel_by_cloid_hits == "oldest"
        order = named[0 if oldest else -1] if named else None
    else:
        order = account.by_oid(one.which)
    if order is None or order.coin.asset != one.asset or not account.is_open(order):
        coin: Coin | None = world.universe.at(one.asset)
        return error(world, refusals.NOT_OPEN, coin)
    if fast and order.request.trigger is not None:
        return error(world, refusals.FAST_TRIGGER, order.coin)
    account.close(order, "canceled", at_ms)
    return "success"


def _modify_orders(world: World, account: Account, action: ModifyOrders, at_ms: int) -> JsonObject:
    check_batch(world, account, [one.order for one in action.modifies])
    found = [modify(world, account, one, action.always_place, at_ms) for one in action.modifies]
    if not action.single:
        return _statuses("order", found)
    only = found[0]
    if isinstance(only, dict) and "error" in only:
        raise TurnedDown(only["error"])
    return DEFAULT_ANSWER


def _update_leverage(world: World, account: Account, action: UpdateLeverage) -> JsonObject:
    coin = world.universe.at(action.asset)
    if coin is None:
        raise TurnedDown(refusals.UNKNOWN_ASSET.text)
    if not 1 <= action.leverage <= coin.max_leverage or (action.cross and coin.only_isolated):
        raise TurnedDown("Invalid leverage value")
    switches_type = account.leverage_on(coin).cross is not action.cross
    if switches_type and account.positions[coin.name].size:
        raise TurnedDown("Cannot switch leverage type with open position.")
    account.leverages[coin.name] = Leverage(action.leverage, action.cross)
    return DEFAULT_ANSWER


def _update_isolated_margin(
    world: World, account: Account, action: UpdateIsolatedMargin
) -> JsonObject:
    coin = world.universe.at(action.asset)
    position = account.positions[coin.name] if coin is not None else None
    if coin is None or position is None or account.leverage_on(coin).cross or not position.size:
        raise TurnedDown("Position does not use isolated margin.")
    initial = margin.initial(world, account, coin.name)
    spare = margin.of_position(world, account, coin.name) - initial
    if not -spare <= action.dollars <= margin.free(world, account):
        raise TurnedDown(refusals.NO_SPARE_MARGIN.text)
    position.stake += action.dollars
    account.cash -= action.dollars
    return DEFAULT_ANSWER


def _schedule_refusal(account: Account) -> TurnedDown:
    # Behind a gate that few wallets pass, also for unsetting it; nobody here passes it (7.5).
    return TurnedDown(
        "Cannot set scheduled cancel time until enough volume traded."
        f" Required: ${SCHEDULE_VOLUME}. Traded: ${account.volume:.2f}."
    )


def _statuses(kind: str, found: list[Status]) -> JsonObject:
    return {"type": kind, "data": {"statuses": found}}
