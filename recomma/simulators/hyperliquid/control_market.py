"""The control API's half about the market: prices, marks, depth, funding, coins (design.md 10)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from recomma.simulators.hyperliquid import liquidation, passing, reading
from recomma.simulators.hyperliquid.prices import DEEP, Depth, Point
from recomma.simulators.hyperliquid.reading import BadControl
from recomma.simulators.hyperliquid.universe import Coin, Universe
from recomma.simulators.hyperliquid.wire import JsonObject
from recomma.simulators.hyperliquid.world import World

FUNDING_RATE_MAX: Final = Decimal("0.04")  # The venue's cap (16).
COIN_FIELDS: Final = (
    "name",
    "szDecimals",
    "maxLeverage",
    "marginTableId",
    "isDelisted",
    "onlyIsolated",
    "price",
)


def set_prices(world: World, body: Any, now_ms: int) -> None:
    """`{"DOGE": [[iso, "0.2381"], ...], "account": address}`: points to merge into the paths.

    A price instead of a list holds from now on. A point that is not in the future takes effect
    now, in its place among the others: fills are never stamped before their order was placed.
    """
    for found in reading.each(body, "Prices"):
        account = found.get("account")
        if account is not None:
            account = reading.account_address(account, "The account")
        paths = {c: _points(world, c, v, now_ms) for c, v in found.items() if c != "account"}
        for coin, points in paths.items():
            path = world.market.add(account, coin, points)
            passing.settle_path(world, path, now_ms + world.skew_ms)
    passing.advance(world, now_ms)


def _points(world: World, coin: str, value: Any, now_ms: int) -> list[Point]:
    _require_coin(world, coin)
    if not isinstance(value, list):
        value = [[now_ms, value]]
    points = sorted((_point(item, coin) for item in value), key=lambda point: point[0])
    return [(max(at_ms, now_ms), price) for at_ms, price in points]


def _point(value: Any, coin: str) -> Point:
    if not isinstance(value, list) or len(value) != 2:
        raise BadControl(f"A point of the path of {coin} has to be a pair of time and price.")
    price = reading.decimal(value[1], f"A price of {coin}")
    if not price:
        raise BadControl(f"A price of {coin} has to be above 0.")
    return reading.moment_us(value[0], f"A time in the path of {coin}") // 1000, price


def set_depth(world: World, body: Any, _now_ms: int) -> None:
    """`{"DOGE": "136"}` or `{"DOGE": {"asks": "136", "bids": null}}`; null is any number.

    It is what a taker finds at the price until the price moves. Resting orders are not limited.
    """
    for found in reading.each(body, "A depth"):
        for coin in found:
            _require_coin(world, coin)
        for coin, value in found.items():
            world.market.set_depth(coin, _depth(value, coin))


def _depth(value: Any, coin: str) -> Depth:
    what = f"The depth of {coin}"
    if value is None:
        return DEEP
    if not isinstance(value, dict):
        size = reading.decimal(value, what)
        return Depth(size, size)
    reading.known(value, what, ("asks", "bids"))
    sizes = {k: None if v is None else reading.decimal(v, what) for k, v in value.items()}
    return Depth(**sizes)


def set_marks(world: World, body: Any, now_ms: int) -> None:
    """`{"DOGE": "0.19"}`: a mark and oracle price apart from the book's; null ties it back."""
    for found in reading.each(body, "Marks"):
        for coin in found:
            _require_coin(world, coin)
        for coin, value in found.items():
            price = None if value is None else reading.decimal(value, f"The mark of {coin}")
            if price is not None and not price:
                raise BadControl(f"The mark of {coin} has to be above 0.")
            world.market.set_mark(coin, price)
            passing.settle_mark(world, coin, now_ms + world.skew_ms)


def set_funding(world: World, body: Any, _now_ms: int) -> None:
    """`{"DOGE": "0.0001"}`: what a position pays from now on at every full hour; may be below 0."""
    for found in reading.each(body, "Funding rates"):
        for coin in found:
            _require_coin(world, coin)
        for coin, value in found.items():
            rate = reading.signed_decimal(value, f"The funding rate of {coin}")
            if abs(rate) > FUNDING_RATE_MAX:
                raise BadControl(f"A funding rate is at most {FUNDING_RATE_MAX} an hour.")
            world.funding_rates[coin] = rate


def delist(world: World, body: Any, now_ms: int) -> None:
    """`{"coin": "DOGE"}`: its orders end, its positions are settled at the mark."""
    for found in reading.each(body, "What to delist"):
        reading.known(found, "What to delist", ("coin",))
        name = reading.text(found.get("coin"), "The coin")
        _require_coin(world, name)
        at_ms = now_ms + world.skew_ms
        for account in world.accounts.values():
            for order in account.open_on(name):
                if account.is_open(order):
                    account.close(order, "delistedCanceled", at_ms)
            liquidation.close_position(world, account, name, at_ms)
        coins = (replace(c, delisted=c.delisted or c.name == name) for c in world.universe.coins)
        world.universe = Universe(tuple(coins))
        world.market.delist(name)
        world.funding_rates.pop(name, None)


def set_universe(world: World, body: Any, now_ms: int) -> None:
    """A list of coins, or `{"universe": [...]}` as `meta` gives it; each may have a `price`."""
    if isinstance(body, dict) and "universe" in body:
        body = body["universe"]
    entries = reading.each(body, "A coin")
    coins = tuple(_coin(found, asset) for asset, found in enumerate(entries))
    if len({coin.name for coin in coins}) < len(coins):
        raise BadControl("Every coin of the universe needs a name of its own.")
    world.universe = Universe(coins)
    for coin, found in zip(coins, entries, strict=True):
        if found.get("price") is not None:
            set_prices(world, {coin.name: found["price"]}, now_ms)


def _coin(found: JsonObject, asset: int) -> Coin:
    reading.known(found, "A coin", COIN_FIELDS)
    decimals = reading.integer(found.get("szDecimals"), "szDecimals")
    leverage = reading.integer(found.get("maxLeverage"), "maxLeverage")
    if decimals > 6 or not leverage:
        raise BadControl("A coin has szDecimals of at most 6 and a maxLeverage of at least 1.")
    return Coin(
        reading.text(found.get("name"), "A coin's name"),
        asset,
        decimals,
        leverage,
        delisted=found.get("isDelisted") is True,
        only_isolated=found.get("onlyIsolated") is True,
    )


def _require_coin(world: World, coin: str) -> None:
    if world.universe.named(coin) is None:
        raise BadControl(f"There is no coin {coin!r} in the universe.")
