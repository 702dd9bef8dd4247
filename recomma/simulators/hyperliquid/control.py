"""The control API: what a test or a rehearsal tells the simulated venue (design.md 10)."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Final

from recomma.simulators.hyperliquid import acting, control_market, passing, reading, switches
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.faults import Fault, FaultKind
from recomma.simulators.hyperliquid.limits import Limits
from recomma.simulators.hyperliquid.reading import BadControl
from recomma.simulators.hyperliquid.switches import Switches
from recomma.simulators.hyperliquid.wire import JsonObject
from recomma.simulators.hyperliquid.world import Agent, World

Call = Callable[[World, Any, int], JsonObject | None]
"""Takes the body and the time; what it returns goes into the answer."""

FAULT_FIELDS: Final = (
    *("kind", "count", "rate", "path", "request_type", "coin", "text", "agent"),
    *("seconds", "from", "until"),
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


def set_faults(world: World, body: Any, now_ms: int) -> None:
    """Put these faults in the place of all earlier ones; an empty list ends them all."""
    found = [_fault(one) for one in reading.each(body, "A fault")]
    halted = [coin.name for coin in world.universe.coins if world.faults.halted(coin.name)]
    world.faults.ordered = found
    # What a halted market had kept waiting goes on where trading does.
    for name in halted:
        passing.settle_coin(world, name, now_ms + world.skew_ms)


def _fault(found: JsonObject) -> Fault:
    reading.known(found, "A fault", FAULT_FIELDS)
    kinds = [str(kind) for kind in FaultKind]
    if found.get("kind") not in kinds:
        raise BadControl(f"A fault's kind has to be one of {', '.join(kinds)}.")
    count, rate, agent = found.get("count"), found.get("rate"), found.get("agent")
    names = {key: found.get(key) for key in ("path", "request_type", "coin", "text")}
    kind = FaultKind(found["kind"])
    # Only a clock can go wrong in both directions.
    seconds = reading.signed_decimal if kind is FaultKind.CLOCK_SKEW else reading.decimal
    return Fault(
        kind=kind,
        count=None if count is None else reading.integer(count, "A fault's count"),
        rate=None if rate is None else reading.decimal(rate, "A fault's rate"),
        agent=None if agent is None else reading.account_address(agent, "A fault's agent"),
        seconds=seconds(found.get("seconds", 0), "A fault's seconds"),
        from_ms=_moment_ms(found.get("from")),
        until_ms=_moment_ms(found.get("until")),
        **{k: None if v is None else reading.text(v, f"A fault's {k}") for k, v in names.items()},
    )


def _moment_ms(value: object) -> int | None:
    return None if value is None else reading.moment_us(value, "A fault's time") // 1000


def set_switches(world: World, body: Any, _now_ms: int) -> None:
    found = reading.mapping(body, "The switches")
    reading.known(found, "The switches", vars(Switches()))
    for name, value in found.items():
        allowed = switches.positions(name)
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


CALLS: Final[Mapping[str, Call]] = {
    "accounts": set_accounts,
    "prices": control_market.set_prices,
    "marks": control_market.set_marks,
    "depth": control_market.set_depth,
    "funding": control_market.set_funding,
    "faults": set_faults,
    "switches": set_switches,
    "limits": set_limits,
    "universe": control_market.set_universe,
    "delist": control_market.delist,
    "fills": acting.fill_by_hand,
    "act": acting.act,
}


def shown_faults(world: World) -> list[JsonObject]:
    """Return the faults as they were ordered, with what is left of their counts."""
    return [_shown_fault(fault) for fault in world.faults.ordered]


def _shown_fault(fault: Fault) -> JsonObject:
    found = vars(fault) | {"from": fault.from_ms, "until": fault.until_ms}
    return {
        name: str(value) if isinstance(value, Decimal | FaultKind) else value
        for name, value in found.items()
        if value is not None and name in FAULT_FIELDS
    }
