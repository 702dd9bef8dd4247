"""Carrying out one admitted action: from what was asked to the answer's `response` (7)."""

from typing import Final

from recomma.simulators.hyperliquid import refusals
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
from recomma.simulators.hyperliquid.orders import OrderRequest, Tif
from recomma.simulators.hyperliquid.placing import RefusedOrder, Status, error, place
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
            found = [_cancel_one(world, account, one, at_ms) for one in action.cancels]
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
    attached = action.grouping == "positionTpsl"
    found = [_place_one(world, account, o, at_ms, attached) for o in action.orders]
    return _statuses("order", found)


def _place_one(
    world: World, account: Account, order: OrderRequest, at_ms: int, attached: bool
) -> Status:
    coin = world.universe.coins[order.asset]
    if order.tif is not Tif.ALO and world.faults.always(FaultKind.POST_ONLY_PHASE):
        return error(world, refusals.POST_ONLY_PHASE, coin)
    try:
        return place(world, account, order, at_ms, position_tpsl=attached)
    except RefusedOrder as refused:
        return error(world, refused.refusal, coin)


def _cancel_one(world: World, account: Account, one: CancelOne, at_ms: int) -> Status:
    if isinstance(one.which, str):
        # Several orders can share a cloid; which of them the venue picks is not known (20).
        named = account.by_cloid(one.which)
        order = next((o for o in reversed(named) if account.is_open(o)), None)
    else:
        order = account.by_oid(one.which)
    if order is None or order.coin.asset != one.asset or not account.is_open(order):
        coin: Coin | None = world.universe.at(one.asset)
        return error(world, refusals.NOT_OPEN, coin)
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
    if coin is None or account.leverage_on(coin).cross:
        raise TurnedDown("Position does not use isolated margin.")
    return DEFAULT_ANSWER


def _schedule_refusal(account: Account) -> TurnedDown:
    # Behind a gate that few wallets pass, also for unsetting it; nobody here passes it (7.5).
    return TurnedDown(
        "Cannot set scheduled cancel time until enough volume traded."
        f" Required: ${SCHEDULE_VOLUME}. Traded: ${account.volume:.2f}."
    )


def _statuses(kind: str, found: list[Status]) -> JsonObject:
    return {"type": kind, "data": {"statuses": found}}
