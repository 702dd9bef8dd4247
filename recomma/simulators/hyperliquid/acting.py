"""What a person does on an account, beside the program: the control API's hands."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid import matching, reading
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.actions import PlaceOrders
from recomma.simulators.hyperliquid.executing import execute
from recomma.simulators.hyperliquid.orders import Order, OrderRequest, Tif
from recomma.simulators.hyperliquid.reading import BadControl
from recomma.simulators.hyperliquid.refusals import TurnedDown
from recomma.simulators.hyperliquid.universe import SIGNIFICANT_FIGURES_MAX, Coin
from recomma.simulators.hyperliquid.wire import CLOID, JsonObject
from recomma.simulators.hyperliquid.world import World

ACT_FIELDS: Final = (
    *("address", "coin", "side", "size", "price", "reduce_only", "tif", "cloid"),
    "cancel",
)
SIDES: Final = {"buy": Side.BUY, "b": Side.BUY, "sell": Side.SELL, "a": Side.SELL}
TIFS: Final = {str(tif).lower(): tif for tif in Tif}
MARKET_REACH: Final = Decimal("0.08")  # As far as the web page lets a market order slip.


def act(world: World, body: Any, now_ms: int) -> JsonObject:
    """`{"address", "coin", "side", "size", "price"?, "reduce_only"?, "tif"?, "cloid"?}`.

    A person's order, without a signature: at the market if no price is given. Or
    `{"address", "cancel": oid}`, and `"cancel": "all"` for every open order, of `coin` if that is
    named. Returns one entry of `statuses` each, as the venue would have answered.
    """
    at_ms = now_ms + world.skew_ms
    found = [_act_once(world, one, at_ms) for one in reading.each(body, "An act")]
    return {"statuses": [status for statuses in found for status in statuses]}


def _act_once(world: World, found: JsonObject, at_ms: int) -> list[Any]:
    reading.known(found, "An act", ACT_FIELDS)
    account = _account(world, found.get("address"))
    if "cancel" in found:
        return _cancel(account, found, at_ms)
    coin = world.universe.named(reading.text(found.get("coin"), "The coin"))
    if coin is None:
        raise BadControl(f"There is no coin {found['coin']!r} in the universe.")
    request = _request(world, account, coin, found)
    try:
        response = execute(world, account, PlaceOrders((request,), "na"), at_ms)
    except TurnedDown as refused:
        return [{"error": refused.text}]
    statuses: list[Any] = response["data"]["statuses"]
    return statuses


def _account(world: World, value: object) -> Account:
    address = reading.account_address(value, "The address")
    account = world.accounts.get(address)
    if account is None:
        raise BadControl(f"There is no account {address}.")
    return account


def _cancel(account: Account, found: JsonObject, at_ms: int) -> list[Any]:
    which, coin = found["cancel"], found.get("coin")
    if which == "all":
        orders = [o for o in account.open_orders() if coin in (None, o.coin.name)]
    else:
        order = account.by_oid(reading.integer(which, "What to cancel"))
        orders = [] if order is None or not account.is_open(order) else [order]
        if not orders:
            raise BadControl("There is no such open order.")
    for order in orders:
        # The end of one order may have ended its children.
        if account.is_open(order):
            account.close(order, "canceled", at_ms)
    return ["success"] * len(orders)


def _request(world: World, account: Account, coin: Coin, found: JsonObject) -> OrderRequest:
    side = SIDES.get(str(found.get("side")).lower())
    if side is None:
        raise BadControl("The side has to be buy or sell.")
    cloid = found.get("cloid")
    if cloid is not None and not (isinstance(cloid, str) and CLOID.fullmatch(cloid)):
        raise BadControl("The cloid has to be 0x and 32 hex digits.")
    at_market = found.get("price") is None
    tif = TIFS.get(str(found.get("tif", Tif.FRONTEND_MARKET if at_market else Tif.GTC)).lower())
    if tif is None:
        raise BadControl(f"The tif has to be one of {', '.join(map(str, Tif))}.")
    if at_market:
        price = _market_limit(world.market.price(account.address, coin.name), coin, side)
    else:
        price = reading.decimal(found["price"], "The price")
    return OrderRequest(
        asset=coin.asset,
        side=side,
        price=price,
        size=reading.decimal(found.get("size"), "The size"),
        reduce_only=found.get("reduce_only") is True,
        tif=tif,
        trigger=None,
        cloid=None if cloid is None else "0x" + cloid.lower().removeprefix("0x"),
    )


def _market_limit(price: Decimal | None, coin: Coin, side: Side) -> Decimal:
    """Return a limit through the book that lies on the coin's grid."""
    if price is None:
        raise BadControl(f"{coin.name} has no price, so that nobody can trade it at the market.")
    limit = price * (1 + side.sign * MARKET_REACH)
    figures = limit.adjusted() + 1 - SIGNIFICANT_FIGURES_MAX
    exponent = min(0, max(figures, -coin.price_decimals))
    return limit.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_HALF_EVEN)


def fill_by_hand(world: World, body: Any, now_ms: int) -> None:
    """`{"account", "oid" or "cloid", "size"}`: fill some of a resting order at its own price."""
    for found in reading.each(body, "A fill"):
        reading.known(found, "A fill", ("account", "oid", "cloid", "size"))
        address = reading.account_address(found.get("account"), "The account")
        account = world.account(address)
        order = _find_order(account, found)
        size = order.remaining
        if "size" in found:
            size = reading.decimal(found["size"], "The size")
        if not 0 < size <= order.remaining or not order.coin.takes_size(size):
            raise BadControl(f"Order {order.oid} cannot fill {size} of {order.remaining}.")
        made = matching.Trade(size, order.price, now_ms + world.skew_ms, crossed=False)
        matching.trade(world, account, order, made)


def _find_order(account: Account, found: Mapping[str, Any]) -> Order:
    named = account.by_cloid(str(found["cloid"]).lower()) if "cloid" in found else []
    order = account.by_oid(found["oid"]) if "oid" in found else next(reversed(named), None)
    if order is None or not account.is_open(order) or order.awaits_trigger:
        raise BadControl("There is no such order on the book.")
    return order
