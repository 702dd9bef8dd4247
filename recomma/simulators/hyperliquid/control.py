"""The control API: what a test or a rehearsal tells the simulated venue (design.md 10)."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Final, get_args, get_type_hints

from recomma.simulators.hyperliquid import matching, reading
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.faults import Fault, FaultKind
from recomma.simulators.hyperliquid.limits import Limits
from recomma.simulators.hyperliquid.orders import Order
from recomma.simulators.hyperliquid.prices import DEEP, Depth, Point
from recomma.simulators.hyperliquid.reading import BadControl
from recomma.simulators.hyperliquid.switches import Switches
from recomma.simulators.hyperliquid.universe import Coin, Universe
from recomma.simulators.hyperliquid.wire import JsonObject
from recomma.simulators.hyperliquid.world import Agent, World

Call = Callable[[World, Any, int], None]

FAULT_FIELDS: Final = ("kind", "count", "rate", "path", "request_type", "coin", "text", "agent")
SECONDS: Final = "seconds"
COIN_FIELDS: Final = (
    "name",
    "szDecimals",
    "maxLeverage",
    "marginTableId",
    "isDelisted",
    "onlyIsolated",
    "price",
)


def set_accounts(world: World, body: Any, _now_ms: int) -> None:
    """`{"address", "agents": [..], "balance", "master"}`; what is not given stays as it is.

    An agent is an address, or `{"address", "name", "valid_until"}` in milliseconds. Agents that
    are given replace the earlier ones. `master` makes the account a sub-account of that master.
    """
    for found in reading.each(body, "An account"):
        reading.known(found, "An account", ("address", "agents", "balance", "master"))
        address = reading.account_address(found.get("address"), "The address")
        agents = _agents(found, address)
        balance = reading.decimal(found.get("balance", 0), "The balance")
        master = found.get("master")
        if master is not None:
            master = reading.account_address(master, "The master")
        account = world.accounts.setdefault(address, Account(address))
        account.cash = balance if "balance" in found else account.cash
        account.master = master or account.master
        if "agents" in found:
            gone = [a.address for a in world.agents.values() if a.master == address]
            for old in gone:
                del world.agents[old]
            world.agents.update({agent.address: agent for agent in agents})


def _agents(found: JsonObject, master: str) -> list[Agent]:
    listed = found.get("agents", [])
    if not isinstance(listed, list):
        raise BadControl("The agents have to be a list.")
    return [_agent(item, master) for item in listed]


def _agent(value: object, master: str) -> Agent:
    if isinstance(value, str):
        return Agent(reading.account_address(value, "An agent"), master)
    found = reading.mapping(value, "An agent")
    reading.known(found, "An agent", ("address", "name", "valid_until"))
    return Agent(
        reading.account_address(found.get("address"), "An agent's address"),
        master,
        reading.text(found.get("name"), "An agent's name"),
        reading.integer(found.get("valid_until", 0), "valid_until"),
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
            matching.settle_path(world, path, now_ms)
    matching.advance(world, now_ms)


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


def set_faults(world: World, body: Any, _now_ms: int) -> None:
    """Put these faults in the place of all earlier ones; an empty list ends them all."""
    world.faults.ordered = [_fault(found) for found in reading.each(body, "A fault")]


def _fault(found: JsonObject) -> Fault:
    reading.known(found, "A fault", (*FAULT_FIELDS, SECONDS))
    kinds = [str(kind) for kind in FaultKind]
    if found.get("kind") not in kinds:
        raise BadControl(f"A fault's kind has to be one of {', '.join(kinds)}.")
    count, rate, agent = found.get("count"), found.get("rate"), found.get("agent")
    names = {key: found.get(key) for key in ("path", "request_type", "coin", "text")}
    return Fault(
        kind=FaultKind(found["kind"]),
        count=None if count is None else reading.integer(count, "A fault's count"),
        rate=None if rate is None else reading.decimal(rate, "A fault's rate"),
        agent=None if agent is None else reading.account_address(agent, "A fault's agent"),
        seconds=reading.decimal(found.get(SECONDS, 0), "A fault's seconds"),
        **{k: None if v is None else reading.text(v, f"A fault's {k}") for k, v in names.items()},
    )


def set_switches(world: World, body: Any, _now_ms: int) -> None:
    found = reading.mapping(body, "The switches")
    choices = get_type_hints(Switches)
    reading.known(found, "The switches", choices)
    for name, value in found.items():
        allowed = get_args(choices[name]) or (True, False)
        if not any(type(value) is type(choice) and value == choice for choice in allowed):
            options = ", ".join(str(choice) for choice in allowed)
            raise BadControl(f"The switch {name} has to be one of {options}.")
    world.switches = replace(world.switches, **found)


def set_limits(world: World, body: Any, _now_ms: int) -> None:
    """`{"ip_weight_per_minute", "address_requests", "orders_kept"}`; null switches one off."""
    found = dict(reading.mapping(body, "The limits"))
    names = [field.name for field in fields(Limits)]
    reading.known(found, "The limits", (*names, "orders_kept"))
    values = {k: None if v is None else reading.integer(v, k) for k, v in found.items()}
    kept = values.pop("orders_kept", world.orders_kept)
    if kept is None:
        raise BadControl("orders_kept has to be a whole number of at least 0.")
    world.orders_kept = kept
    world.limits = replace(world.limits, **values)


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
        made = matching.Trade(size, order.price, now_ms, crossed=False)
        matching.trade(world, account, order, made)


def _find_order(account: Account, found: Mapping[str, Any]) -> Order:
    named = account.by_cloid(str(found["cloid"]).lower()) if "cloid" in found else []
    order = account.by_oid(found["oid"]) if "oid" in found else next(reversed(named), None)
    if order is None or not account.is_open(order) or order.awaits_trigger:
        raise BadControl("There is no such order on the book.")
    return order


def _require_coin(world: World, coin: str) -> None:
    if world.universe.named(coin) is None:
        raise BadControl(f"There is no coin {coin!r} in the universe.")


CALLS: Final[Mapping[str, Call]] = {
    "accounts": set_accounts,
    "prices": set_prices,
    "depth": set_depth,
    "faults": set_faults,
    "switches": set_switches,
    "limits": set_limits,
    "universe": set_universe,
    "fills": fill_by_hand,
}


def shown_faults(world: World) -> list[JsonObject]:
    """Return the faults as they were ordered, with what is left of their counts."""
    return [
        {
            name: str(value) if isinstance(value, Decimal | FaultKind) else value
            for name, value in vars(fault).items()
            if value is not None
        }
        for fault in world.faults.ordered
    ]
