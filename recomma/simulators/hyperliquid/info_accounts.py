"""Reads about one account: orders, fills, positions, roles (hyperliquid.md 11)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from recomma.simulators.hyperliquid import margin, shapes
from recomma.simulators.hyperliquid.accounts import Account, FundingRow
from recomma.simulators.hyperliquid.asking import Question, Reader
from recomma.simulators.hyperliquid.faults import FaultKind
from recomma.simulators.hyperliquid.orders import Order
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.wire import (
    JsonObject,
    WrongShape,
    address,
    cloid,
    dotted,
    whole,
)
from recomma.simulators.hyperliquid.world import World

ROWS_MAX: Final = 2000
TIMED_ROWS_MAX: Final = 500


def _open_orders(q: Question) -> Any:
    return [shapes.open_order(order) for order in _seen_open(q)]


def _frontend_open_orders(q: Question) -> Any:
    return [shapes.frontend_order(order, order.remaining) for order in _seen_open(q)]


def _seen_open(q: Question) -> list[Order]:
    newest_ms = q.newest_ms
    return [order for order in q.account.open_orders() if order.placed_ms <= newest_ms]


def _order_status(q: Question) -> Any:
    account, which = q.account, q.asked.get("oid")
    order: Order | None
    if isinstance(which, str):
        order = next(reversed(account.by_cloid(cloid(which))), None)
        if q.world.switches.modified_cloid_names == "original":
            order = _original(order)
    else:
        order = account.by_oid(whole(which))
    forgotten = order is not None and not account.remembers(order, q.world.orders_kept)
    if order is None or forgotten or order.placed_ms > q.newest_ms:
        return {"status": "unknownOid"}
    return {"status": "order", "order": shapes.record(order.last)}


def _original(order: Order | None) -> Order | None:
    """Follow an order back to the first that had its cloid before it was modified."""
    while order is not None and order.replaces is not None:
        if order.replaces.request.cloid != order.request.cloid:
            break
        order = order.replaces
    return order


def _historical_orders(q: Question) -> Any:
    account, newest_ms = q.account, q.newest_ms
    newest = account.records[: -ROWS_MAX - 1 : -1]
    return [
        shapes.record(row)
        for row in newest
        if row.at_ms <= newest_ms and account.remembers(row.order, q.world.orders_kept)
    ]


def _user_fills(q: Question) -> Any:
    newest_ms = q.newest_ms
    newest = q.account.fills[: -ROWS_MAX - 1 : -1]
    return [shapes.fill(row) for row in newest if row.at_ms <= newest_ms]


def _user_fills_by_time(q: Question) -> Any:
    within = [row for row in _within(q, q.account.fills) if row.at_ms <= q.newest_ms]
    return [shapes.fill(row) for row in within[:ROWS_MAX]]


class _Timed(Protocol):
    @property
    def at_ms(self) -> int: ...


TimedRow = TypeVar("TimedRow", bound=_Timed)


def _within(q: Question, rows: Sequence[TimedRow]) -> list[TimedRow]:
    """Return the rows between `startTime` and `endTime`, both included, oldest first."""
    start_ms = whole(q.asked.get("startTime"))
    end_ms = q.now_ms if q.asked.get("endTime") is None else whole(q.asked["endTime"])
    return [row for row in rows if start_ms <= row.at_ms <= end_ms]


def _user_funding(q: Question) -> Any:
    return [
        {"time": row.at_ms, "hash": row.hash, "delta": {"type": "funding", **_delta(row)}}
        for row in _within(q, q.account.fundings)[:TIMED_ROWS_MAX]
    ]


def _delta(row: FundingRow) -> JsonObject:
    return {key: value for key, value in shapes.funding(row).items() if key != "time"}


def _clearinghouse(q: Question) -> Any:
    return shapes.clearinghouse(q.world, q.account, q.now_ms)


def _spot_clearinghouse(q: Question) -> Any:
    address(q.asked.get("user"))
    return {"balances": []}


def _user_role(q: Question) -> Any:
    user = address(q.asked.get("user"))
    agent, account = q.world.agents.get(user), q.world.accounts.get(user)
    if agent is not None:
        return {"role": "agent", "data": {"user": agent.master}}
    if account is None:
        return {"role": "missing"}
    if account.master is not None:
        return {"role": "subAccount", "data": {"master": account.master}}
    return {"role": "user"}


def _user_rate_limit(q: Question) -> Any:
    account = q.account
    budget = q.world.budget(account.address)
    cap = budget.cap(q.world.limits, account.volume)
    exhausted = q.world.faults.stands(FaultKind.ADDRESS_BUDGET_EXHAUSTED)
    return {
        "cumVlm": dotted(account.volume),
        "nRequestsUsed": max(budget.used, cap + 1) if exhausted else budget.used,
        "nRequestsCap": cap,
        "nRequestsSurplus": 0,
    }


def _extra_agents(q: Question) -> Any:
    user = address(q.asked.get("user"))
    return [
        {"name": agent.name, "address": agent.address, "validUntil": agent.valid_until_ms}
        for agent in q.world.agents.values()
        if agent.master == user and agent.name is not None
    ]


def _sub_accounts(q: Question) -> Any:
    user = address(q.asked.get("user"))
    rows = [
        {
            "name": account.address[:10],
            "subAccountUser": account.address,
            "master": user,
            "clearinghouseState": shapes.clearinghouse(q.world, account, q.now_ms),
            "spotState": {"balances": []},
        }
        for account in q.world.accounts.values()
        if account.master == user
    ]
    return rows or None


def _active_asset(q: Question) -> Any:
    account, name = q.account, q.asked.get("coin")
    coin = q.world.universe.named(name) if isinstance(name, str) else None
    if coin is None:
        raise WrongShape
    return active_asset(q.world, account, coin)


def active_asset(world: World, account: Account, coin: Coin) -> JsonObject:
    leverage, price = account.leverage_on(coin), margin.mark(world, account, coin.name)
    free = max(Decimal(0), margin.free(world, account))
    size = free * leverage.value / price if price else Decimal(0)
    held = account.positions[coin.name]
    return {
        "user": account.address,
        "coin": coin.name,
        "leverage": shapes.leverage_shape(leverage, held),
        "maxTradeSzs": [dotted(size.quantize(coin.lot))] * 2,
        "availableToTrade": [dotted(free)] * 2,
        "markPx": dotted(price),
    }


READERS: Final[Mapping[str, Reader]] = {
    "openOrders": _open_orders,
    "frontendOpenOrders": _frontend_open_orders,
    "orderStatus": _order_status,
    "historicalOrders": _historical_orders,
    "userFills": _user_fills,
    "userFillsByTime": _user_fills_by_time,
    "userFunding": _user_funding,
    "clearinghouseState": _clearinghouse,
    "spotClearinghouseState": _spot_clearinghouse,
    "activeAssetData": _active_asset,
    "userRateLimit": _user_rate_limit,
    "userRole": _user_role,
    "extraAgents": _extra_agents,
    "subAccounts": _sub_accounts,
}
