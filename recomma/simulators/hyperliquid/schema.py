"""Reading an /exchange body: into actions, and into the canonical form that was signed (3, 7).

Everything here is either understood or WrongShape (HTTP 422), before any signature is looked at.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid.actions import (
    Action,
    ApproveAgent,
    CancelOne,
    CancelOrders,
    Envelope,
    ModifyOne,
    ModifyOrders,
    Noop,
    PlaceOrders,
    ScheduleCancel,
    UpdateIsolatedMargin,
    UpdateLeverage,
)
from recomma.simulators.hyperliquid.orders import Exit, OrderRequest, Tif, Trigger
from recomma.simulators.hyperliquid.wire import (
    JsonObject,
    WrongShape,
    address,
    cloid,
    items,
    number,
    obj,
    only,
    stripped,
    truth,
    whole,
)

GROUPINGS: Final = ("na", "normalTpsl", "positionTpsl")
APPROVE_FIELDS: Final = (
    "signatureChainId",
    "hyperliquidChain",
    "agentAddress",
    "agentName",
    "nonce",
)
MICRODOLLARS: Final = 1_000_000
V_VALUES: Final = (0, 1, 27, 28)


Reader = Callable[[Mapping[str, Any]], tuple[Action, JsonObject]]


def envelope(body: object) -> Envelope:
    """Understand the body of an /exchange request. Raises WrongShape."""
    found = obj(body)
    only(found, "action", "nonce", "signature", "vaultAddress", "expiresAfter")
    action, canonical = read_action(found.get("action"))
    vault, expires = found.get("vaultAddress"), found.get("expiresAfter")
    return Envelope(
        action=action,
        canonical=canonical,
        nonce=whole(found.get("nonce")),
        signature=_signature(found.get("signature")),
        vault=None if vault is None else address(vault),
        expires_after_ms=None if expires is None else whole(expires),
    )


def read_action(body: object) -> tuple[Action, JsonObject]:
    found = obj(body)
    kind = found.get("type")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise WrongShape
    return reader(found)


def _signature(value: object) -> Mapping[str, Any]:
    found = obj(value)
    only(found, "r", "s", "v")
    if not all(isinstance(found.get(key), str) for key in ("r", "s")):
        raise WrongShape
    if whole(found.get("v")) not in V_VALUES:
        raise WrongShape
    return found


def _place(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "orders", "grouping", "builder")
    read = [_order(item) for item in items(found.get("orders"))]
    grouping = _grouping(found.get("grouping"))
    canonical: JsonObject = {
        "type": "order",
        "orders": [wire for _, wire in read],
        "grouping": grouping,
    }
    if found.get("builder") is not None:
        builder = obj(found["builder"])
        canonical["builder"] = {"b": address(builder.get("b")), "f": whole(builder.get("f"))}
    name = grouping if isinstance(grouping, str) else "na"
    return PlaceOrders(tuple(order for order, _ in read), name), canonical


def _grouping(value: object) -> str | JsonObject:
    if isinstance(value, str) and value in GROUPINGS:
        return value
    found = obj(value)
    only(found, "p")
    return {"p": whole(found.get("p"))}


def _order(value: object) -> tuple[OrderRequest, JsonObject]:
    """Read one order. Unknown fields inside an order are ignored, unlike those around it (1)."""
    found = obj(value)
    kind, wire_kind = _kind(found.get("t"))
    request = OrderRequest(
        asset=whole(found.get("a")),
        side=Side.BUY if truth(found.get("b")) else Side.SELL,
        price=number(found.get("p")),
        size=number(found.get("s")),
        reduce_only=truth(found.get("r")),
        tif=kind if isinstance(kind, Tif) else None,
        trigger=kind if isinstance(kind, Trigger) else None,
        cloid=None if found.get("c") is None else cloid(found["c"]),
    )
    return request, order_wire(request, wire_kind)


def order_wire(request: OrderRequest, kind: JsonObject) -> JsonObject:
    wire: JsonObject = {
        "a": request.asset,
        "b": request.side is Side.BUY,
        "p": stripped(request.price),
        "s": stripped(request.size),
        "r": request.reduce_only,
        "t": kind,
    }
    if request.cloid is not None:
        wire["c"] = request.cloid
    return wire


def _kind(value: object) -> tuple[Tif | Trigger, JsonObject]:
    found = obj(value)
    if found.keys() == {"limit"}:
        tif = obj(found["limit"]).get("tif")
        if not isinstance(tif, str) or tif not in tuple(Tif):
            raise WrongShape
        return Tif(tif), {"limit": {"tif": tif}}
    if found.keys() != {"trigger"}:
        raise WrongShape
    return _trigger(obj(found["trigger"]))


def _trigger(found: Mapping[str, Any]) -> tuple[Trigger, JsonObject]:
    exit_kind = found.get("tpsl")
    if not isinstance(exit_kind, str) or exit_kind not in tuple(Exit):
        raise WrongShape
    trigger = Trigger(number(found.get("triggerPx")), Exit(exit_kind), truth(found.get("isMarket")))
    wire = {
        "isMarket": trigger.market,
        "triggerPx": stripped(trigger.price),
        "tpsl": str(trigger.exit),
    }
    return trigger, {"trigger": wire}


def _cancel(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "cancels", "f")
    read = [obj(item) for item in items(found.get("cancels"))]
    cancels = tuple(CancelOne(whole(c.get("a")), whole(c.get("o"))) for c in read)
    wires = [{"a": c.asset, "o": c.which} for c in cancels]
    fast = found.get("f") is True
    return CancelOrders(cancels, fast), _fast({"type": "cancel", "cancels": wires}, found)


def _cancel_by_cloid(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "cancels", "f")
    read = [obj(item) for item in items(found.get("cancels"))]
    cancels = tuple(CancelOne(whole(c.get("asset")), cloid(c.get("cloid"))) for c in read)
    wires = [{"asset": c.asset, "cloid": c.which} for c in cancels]
    fast = found.get("f") is True
    return CancelOrders(cancels, fast), _fast({"type": "cancelByCloid", "cancels": wires}, found)


def _fast(canonical: JsonObject, found: Mapping[str, Any]) -> JsonObject:
    if found.get("f") is not None:
        canonical["f"] = truth(found["f"])
    return canonical


def _modify(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "oid", "order", "a")
    modify, wire = _modify_one(found)
    canonical: JsonObject = {"type": "modify", **wire}
    always = _always_place(found, canonical)
    return ModifyOrders((modify,), always, single=True), canonical


def _batch_modify(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "modifies", "a")
    read = [_modify_one(obj(item)) for item in items(found.get("modifies"))]
    canonical: JsonObject = {"type": "batchModify", "modifies": [wire for _, wire in read]}
    always = _always_place(found, canonical)
    return ModifyOrders(tuple(modify for modify, _ in read), always, single=False), canonical


def _modify_one(found: Mapping[str, Any]) -> tuple[ModifyOne, JsonObject]:
    given = found.get("oid")
    which: int | str = cloid(given) if isinstance(given, str) else whole(given)
    order, wire = _order(found.get("order"))
    return ModifyOne(which, order), {"oid": which, "order": wire}


def _always_place(found: Mapping[str, Any], canonical: JsonObject) -> bool:
    if found.get("a") is None:
        return False
    # The venue refuses a literal false: the key has to be left out (7.3).
    if found["a"] is not True:
        raise WrongShape
    canonical["a"] = True
    return True


def _update_leverage(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "asset", "isCross", "leverage")
    action = UpdateLeverage(
        whole(found.get("asset")), truth(found.get("isCross")), whole(found.get("leverage"))
    )
    return action, {
        "type": "updateLeverage",
        "asset": action.asset,
        "isCross": action.cross,
        "leverage": action.leverage,
    }


def _update_isolated_margin(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "asset", "isBuy", "ntli")
    amount = found.get("ntli")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise WrongShape
    dollars = Decimal(amount) / MICRODOLLARS
    action = UpdateIsolatedMargin(whole(found.get("asset")), dollars)
    is_buy = truth(found.get("isBuy"))
    return action, {
        "type": "updateIsolatedMargin",
        "asset": action.asset,
        "isBuy": is_buy,
        "ntli": amount,
    }


def _schedule_cancel(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type", "time")
    if found.get("time") is None:
        return ScheduleCancel(None), {"type": "scheduleCancel"}
    at_ms = whole(found["time"])
    return ScheduleCancel(at_ms), {"type": "scheduleCancel", "time": at_ms}


def _noop(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    only(found, "type")
    return Noop(), {"type": "noop"}


def _approve_agent(found: Mapping[str, Any]) -> tuple[Action, JsonObject]:
    """Read an approval. It is signed field by field, so that nothing is put into order."""
    only(found, "type", *APPROVE_FIELDS)
    name, texts = found.get("agentName"), ("signatureChainId", "hyperliquidChain")
    if not all(isinstance(found.get(key), str) for key in texts):
        raise WrongShape
    if not isinstance(name, str | None):
        raise WrongShape
    whole(found.get("nonce"))
    return ApproveAgent(address(found.get("agentAddress")), name or None), dict(found)


READERS: Final[Mapping[str, Reader]] = {
    "order": _place,
    "cancel": _cancel,
    "cancelByCloid": _cancel_by_cloid,
    "modify": _modify,
    "batchModify": _batch_modify,
    "updateLeverage": _update_leverage,
    "updateIsolatedMargin": _update_isolated_margin,
    "scheduleCancel": _schedule_cancel,
    "approveAgent": _approve_agent,
    "noop": _noop,
}
