"""The /info endpoint: what anybody may read about anybody (hyperliquid.md 11)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid import info_accounts, shapes
from recomma.simulators.hyperliquid.asking import Question, Reader
from recomma.simulators.hyperliquid.universe import meta
from recomma.simulators.hyperliquid.wire import JsonObject, WrongShape, dotted, obj, whole
from recomma.simulators.hyperliquid.world import World

FUNDING_ROWS_MAX: Final = 500
RECENT_TRADES: Final = 10
DEEP_SIZE: Final = Decimal(10_000_000)  # What the book shows where any number can be had.
SPOT_META: Final[JsonObject] = {
    "tokens": [
        {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "isCanonical": True},
        {"name": "PURR", "szDecimals": 0, "weiDecimals": 5, "index": 1, "isCanonical": True},
    ],
    "universe": [{"name": "PURR/USDC", "tokens": [1, 0], "index": 0, "isCanonical": True}],
}


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
    coins, viewer = q.world.universe.coins, q.viewer
    return [meta(q.world.universe), [context(q.world, viewer, coin.name) for coin in coins]]


def context(world: World, viewer: str | None, coin: str) -> JsonObject:
    """Return one entry of `metaAndAssetCtxs`. Nobody counts volume or open interest here."""
    price, mark = world.market.price(viewer, coin), world.market.mark(viewer, coin)
    shown, marked = dotted(price or Decimal(0)), dotted(mark or Decimal(0))
    return {
        "funding": dotted(world.funding_rates.get(coin, Decimal(0))),
        "openInterest": "0.0",
        "prevDayPx": shown,
        "dayNtlVlm": "0.0",
        "premium": None if price is None else "0.0",
        "oraclePx": marked,
        "markPx": marked,
        "midPx": None if price is None else shown,
        "impactPxs": None if price is None else [shown, shown],
        "dayBaseVlm": "0.0",
    }


def all_mids(world: World, viewer: str | None = None) -> JsonObject:
    prices = {c.name: world.market.price(viewer, c.name) for c in world.universe.coins}
    return {name: dotted(price) for name, price in prices.items() if price is not None}


def _l2_book(q: Question) -> Any:
    name, viewer = q.asked.get("coin"), q.viewer
    if not isinstance(name, str):
        raise WrongShape
    if q.world.universe.named(name) is None:
        return None
    return {"coin": name, "time": q.now_ms, "levels": levels(q.world, viewer, name)}


def levels(world: World, viewer: str | None, coin: str) -> list[list[JsonObject]]:
    """Return bids and asks; there is one price here, and what is left of the depth at it."""
    # A taker who sells meets the bids.
    return [_level(world, viewer, coin, side) for side in (Side.SELL, Side.BUY)]


def _level(world: World, viewer: str | None, coin: str, taker: Side) -> list[JsonObject]:
    price = world.market.price(viewer, coin)
    available = world.market.available(viewer, coin, taker)
    size = DEEP_SIZE if available is None else available
    if price is None or size <= 0:
        return []
    return [{"px": dotted(price), "sz": dotted(size), "n": 1}]


def _exchange_status(q: Question) -> Any:
    return {"time": q.now_ms, "specialStatuses": None}


def _recent_trades(q: Question) -> Any:
    coin = _known_coin(q)
    return [shapes.trade(row) for row in reversed(q.world.trades[coin][-RECENT_TRADES:])]


def _funding_history(q: Question) -> Any:
    coin, start_ms = _known_coin(q), whole(q.asked.get("startTime"))
    end_ms = q.now_ms if q.asked.get("endTime") is None else whole(q.asked["endTime"])
    rows = [
        {"coin": coin, "fundingRate": dotted(h.rate), "premium": "0.0", "time": h.at_ms}
        for h in q.world.funding_history
        if h.coin == coin and start_ms <= h.at_ms <= end_ms
    ]
    return rows[:FUNDING_ROWS_MAX]


def _known_coin(q: Question) -> str:
    name = q.asked.get("coin")
    if not isinstance(name, str) or q.world.universe.named(name) is None:
        raise WrongShape
    return name


READERS: Final[Mapping[str, Reader]] = {
    "meta": _meta,
    "metaAndAssetCtxs": _meta_and_contexts,
    "spotMeta": lambda _: SPOT_META,
    "perpDexs": lambda _: [None],
    "exchangeStatus": _exchange_status,
    "allMids": lambda q: all_mids(q.world, q.viewer),
    "l2Book": _l2_book,
    "recentTrades": _recent_trades,
    "fundingHistory": _funding_history,
    **info_accounts.READERS,
}
