"""The /info endpoint: what anybody may read about anybody (hyperliquid.md 11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid import margin, shapes
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.faults import FaultKind
from recomma.simulators.hyperliquid.orders import Order
from recomma.simulators.hyperliquid.universe import meta
from recomma.simulators.hyperliquid.wire import (
    JsonObject,
    WrongShape,
    address,
    cloid,
    dotted,
    obj,
    whole,
)
from recomma.simulators.hyperliquid.world import World

ROWS_MAX: Final = 2000
DEEP_SIZE: Final = Decimal(10_000_000)  # What the book shows where any number can be had.
SPOT_META: Final[JsonObject] = {
    "tokens": [
        {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "isCanonical": True},
        {"name": "PURR", "szDecimals": 0, "weiDecimals": 5, "index": 1, "isCanonical": True},
    ],
    "universe": [{"name": "PURR/USDC", "tokens": [1, 0], "index": 0, "isCanonical": True}],
}


@dataclass(frozen=True)
class Question:
    """One info request, the world it is asked of, and the time."""

    world: World
    asked: Mapping[str, Any]
    now_ms: int

    @property
    def account(self) -> Account:
        """Return whom it is about. Raises WrongShape where `user` is not an address."""
        return self.world.account(address(self.asked.get("user")))

    @property
    def viewer(self) -> str | None:
        """Return whose prices are asked for: an account may have price paths of its own.

        The venue ignores a `user` here; in the simulator it makes an account's own market visible.
        """
        return None if self.asked.get("user") is None else address(self.asked["user"])


Reader = Callable[[Question], Any]


def info(world: World, body: object, now_ms: int) -> Any:
    """Answer an info request. Raises WrongShape; unknown fields are ignored here (1)."""
    found = obj(body)
    kind = found.get("type")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    # Only the main dex is simulated.
    if reader is None or found.get("dex"):
        raise WrongShape
    return reader(Question(world, found, now_ms))


def _meta(q: Question) -> Any:
    return meta(q.world.universe)


def _meta_and_contexts(q: Question) -> Any:
    viewer = q.viewer
    prices = (q.world.market.price(viewer, coin.name) for coin in q.world.universe.coins)
    return [meta(q.world.universe), [_context(price) for price in prices]]


def _context(price: Decimal | None) -> JsonObject:
    shown = dotted(price or Decimal(0))
    return {
        "funding": "0.0",
        "openInterest": "0.0",
        "prevDayPx": shown,
        "dayNtlVlm": "0.0",
        "premium": None if price is None else "0.0",
        "oraclePx": shown,
        "markPx": shown,
        "midPx": None if price is None else shown,
        "impactPxs": None if price is None else [shown, shown],
        "dayBaseVlm": "0.0",
    }


def _all_mids(q: Question) -> Any:
    viewer = q.viewer
    prices = {c.name: q.world.market.price(viewer, c.name) for c in q.world.universe.coins}
    return {name: dotted(price) for name, price in prices.items() if price is not None}


def _l2_book(q: Question) -> Any:
    name, viewer = q.asked.get("coin"), q.viewer
    if not isinstance(name, str):
        raise WrongShape
    if q.world.universe.named(name) is None:
        return None
    # A taker who sells meets the bids.
    levels = [_level(q.world, viewer, name, side) for side in (Side.SELL, Side.BUY)]
    return {"coin": name, "time": q.now_ms, "levels": levels}


def _level(world: World, viewer: str | None, coin: str, taker: Side) -> list[JsonObject]:
    price = world.market.price(viewer, coin)
    available = world.market.available(viewer, coin, taker)
    size = DEEP_SIZE if available is None else available
    if price is None or size <= 0:
        return []
    return [{"px": dotted(price), "sz": dotted(size), "n": 1}]


def _open_orders(q: Question) -> Any:
    return [shapes.open_order(order) for order in q.account.open_orders()]


def _frontend_open_orders(q: Question) -> Any:
    orders = q.account.open_orders()
    return [shapes.frontend_order(order, order.remaining) for order in orders]


def _order_status(q: Question) -> Any:
    account, which = q.account, q.asked.get("oid")
    order: Order | None
    if isinstance(which, str):
        order = next(reversed(account.by_cloid(cloid(which))), None)
    else:
        order = account.by_oid(whole(which))
    if order is None or not _visible(q.world, account, order, q.now_ms):
        return {"status": "unknownOid"}
    return {"status": "order", "order": shapes.record(order.last)}


def _visible(world: World, account: Account, order: Order, now_ms: int) -> bool:
    slow = world.faults.always(FaultKind.SLOW_VISIBILITY)
    if slow is not None and now_ms < order.placed_ms + int(slow.seconds * 1000):
        return False
    return account.remembers(order, world.orders_kept)


def _historical_orders(q: Question) -> Any:
    account = q.account
    newest = account.records[: -ROWS_MAX - 1 : -1]
    return [shapes.record(r) for r in newest if account.remembers(r.order, q.world.orders_kept)]


def _user_fills(q: Question) -> Any:
    newest = q.account.fills[: -ROWS_MAX - 1 : -1]
    return [shapes.fill(row) for row in newest]


def _user_fills_by_time(q: Question) -> Any:
    start_ms = whole(q.asked.get("startTime"))
    end_ms = q.now_ms if q.asked.get("endTime") is None else whole(q.asked["endTime"])
    fills = q.account.fills
    within = [row for row in fills if start_ms <= row.at_ms <= end_ms]
    return [shapes.fill(row) for row in within[:ROWS_MAX]]


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
    initial = q.world.limits.address_requests
    return {
        "cumVlm": dotted(account.volume),
        "nRequestsUsed": q.world.budget(account.address).used,
        "nRequestsCap": (10_000 if initial is None else initial) + int(account.volume),
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
    leverage, price = account.leverage_on(coin), margin.mark(q.world, account, coin.name)
    free = max(Decimal(0), margin.value(q.world, account) - margin.used(q.world, account))
    size = free * leverage.value / price if price else Decimal(0)
    lot = Decimal(1).scaleb(-coin.size_decimals)
    return {
        "user": account.address,
        "coin": coin.name,
        "leverage": shapes.leverage_shape(leverage),
        "maxTradeSzs": [dotted(size.quantize(lot))] * 2,
        "availableToTrade": [dotted(free)] * 2,
        "markPx": dotted(price),
    }


READERS: Final[Mapping[str, Reader]] = {
    "meta": _meta,
    "metaAndAssetCtxs": _meta_and_contexts,
    "spotMeta": lambda _: SPOT_META,
    "perpDexs": lambda _: [None],
    "allMids": _all_mids,
    "l2Book": _l2_book,
    "openOrders": _open_orders,
    "frontendOpenOrders": _frontend_open_orders,
    "orderStatus": _order_status,
    "historicalOrders": _historical_orders,
    "userFills": _user_fills,
    "userFillsByTime": _user_fills_by_time,
    "clearinghouseState": _clearinghouse,
    "spotClearinghouseState": _spot_clearinghouse,
    "activeAssetData": _active_asset,
    "userRateLimit": _user_rate_limit,
    "userRole": _user_role,
    "extraAgents": _extra_agents,
    "subAccounts": _sub_accounts,
}
