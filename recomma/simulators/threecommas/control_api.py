"""The control API under `/_control/`: what a test or a demo tells the simulator (design 10).

Bodies are JSON; where a list is meant, one object will do.

    POST reset       {}: forget everything, also the time that was set
    POST deals       [show-shaped deal, with an optional "market_orders" key that lends its ids]
    POST bots        [bot]: instead of those made up from the deals
    POST what_if     {"script": a what-if script as JSON, "name"?, "starts_at"?}: runs its deals
    POST events      [{"deal_id", "events": [{"message", "created_at"?}], "status"?, "finished"?}]
    POST clock       {"at"?: time, "speed"?: number}: 0 stands still
    POST accounts    [{"api_key", "secret" or "public_key", "plan"?, "scopes"?}]
    POST faults      [{"kind": "http" | "slow" | "close", "count"? or "rate"?, "path"?: prefix,
                     "when"?: "before" | "after", "status"?, "html"?, "seconds"?}], replacing all
    POST limits      {"on"?, "plan_refused"?, "persistence"?, "ban_seconds"?, "per_minute"?}
    POST switches    {name: value}: see `switches`
    GET  clock | faults | limits | switches | log | state
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from recomma.simulators.threecommas.accounts import read_account
from recomma.simulators.threecommas.answers import Answer, Request, error, ok
from recomma.simulators.threecommas.exchange import Exchange
from recomma.simulators.threecommas.faults import read_fault
from recomma.simulators.threecommas.recording import read_happenings
from recomma.simulators.threecommas.replayed_deal import ReplayedDeal
from recomma.simulators.threecommas.spelling import (
    BadInput,
    Json,
    as_list,
    read_id,
    read_time,
    time_text,
)
from recomma.simulators.threecommas.what_if import BadScript, parse

PREFIX: Final = "/_control/"


@dataclass(frozen=True)
class Order:
    """One request to the control API, its body read."""

    exchange: Exchange
    body: Any
    real_now: datetime

    @property
    def now(self) -> datetime:
        return self.exchange.clock.read(self.real_now)

    def object(self) -> Json:
        """Return the body if it is one object. Raises BadInput."""
        if not isinstance(self.body, dict):
            raise BadInput("Expected one JSON object.")
        return self.body


def answer(exchange: Exchange, request: Request, real_now: datetime) -> Answer:
    """Obey; what cannot be used is answered with 400 and one sentence, and changes nothing."""
    name = request.path.removeprefix(PREFIX)
    obey = _CALLS.get((request.method, name))
    if obey is None:
        known = ", ".join(f"{method} {call}" for method, call in _CALLS)
        return error(404, f"There is no such control call; there are {known}.")
    try:
        body = request.json() if request.body else {}
        return ok(obey(Order(exchange, body, real_now)))
    except BadInput as refused:
        return error(400, str(refused))


def _reset(order: Order) -> Json:
    order.exchange.reset()
    return {}


def _deals(order: Order) -> Json:
    entries = as_list(order.body, "deal")
    return {"loaded": order.exchange.load_deals(entries, order.now)}


def _bots(order: Order) -> Json:
    return {"loaded": order.exchange.load_bots(as_list(order.body, "bot"))}


def _events(order: Order) -> Json:
    entries = as_list(order.body, "event")
    deals = order.exchange.deals
    unknown = [e.get("deal_id") for e in entries if read_id(e, "deal_id") not in deals]
    if unknown:
        raise BadInput(f"There is no deal {unknown[0]}.")
    for entry in entries:
        if not isinstance(deals[entry["deal_id"]], ReplayedDeal):
            raise BadInput(f"Deal {entry['deal_id']} is not told from events: send it commands.")
    # Read all before the first is added: half a request must not take effect.
    added = [(deals[entry["deal_id"]], read_happenings(entry, order.now)) for entry in entries]
    for deal, happenings in added:
        assert isinstance(deal, ReplayedDeal)  # The others were refused above.
        deal.add(happenings)
    return {"added": sum(len(happenings) for _, happenings in added)}


def _what_if(order: Order) -> Json:
    body = order.object()
    unknown = set(body) - {"script", "name", "starts_at"}
    name, starts_at = body.get("name", "what_if"), body.get("starts_at")
    if unknown or not isinstance(body.get("script"), dict) or not isinstance(name, str):
        raise BadInput('Give {"script": object, "name"?: text, "starts_at"?: time}.')
    try:
        script = parse(body["script"], source=name, name=name)
    except BadScript as refused:
        raise BadInput(str(refused)) from None
    at = order.now if starts_at is None else read_time(starts_at, "'starts_at'")
    played = order.exchange.run_script(script, at)
    return {"loaded": [deal["id"] for deal in played.deals], "ignored": list(played.ignored)}


def _set_clock(order: Order) -> Json:
    order.exchange.clock.set(order.object(), order.real_now)
    return _clock(order)


def _clock(order: Order) -> Json:
    return order.exchange.clock.as_json(order.real_now)


def _accounts(order: Order) -> Json:
    accounts = [read_account(entry) for entry in as_list(order.body, "account")]
    order.exchange.accounts |= {account.api_key: account for account in accounts}
    return {"loaded": [account.api_key for account in accounts]}


def _set_faults(order: Order) -> Json:
    faults = [read_fault(entry) for entry in as_list(order.body, "fault")]
    order.exchange.faults = faults
    return _faults(order)


def _faults(order: Order) -> Json:
    return {"faults": [fault.as_json() for fault in order.exchange.faults]}


def _set_limits(order: Order) -> Json:
    order.exchange.limits.set(order.object())
    return _limits(order)


def _limits(order: Order) -> Json:
    return order.exchange.limits.as_json()


def _set_switches(order: Order) -> Json:
    order.exchange.switches.change(order.object())
    return _switches(order)


def _switches(order: Order) -> Json:
    return vars(order.exchange.switches)


def _log(order: Order) -> list[Json]:
    return list(order.exchange.log)


def _state(order: Order) -> Json:
    now = order.now
    deals = order.exchange.living(now)
    rows = [deal.shown(now) | {"market_orders": deal.market_orders(now)} for deal in deals]
    return {"at": time_text(now), "deals": rows}


_CALLS: Final[Mapping[tuple[str, str], Callable[[Order], Json | list[Json]]]] = {
    ("POST", "reset"): _reset,
    ("POST", "deals"): _deals,
    ("POST", "bots"): _bots,
    ("POST", "what_if"): _what_if,
    ("POST", "events"): _events,
    ("POST", "clock"): _set_clock,
    ("GET", "clock"): _clock,
    ("POST", "accounts"): _accounts,
    ("POST", "faults"): _set_faults,
    ("GET", "faults"): _faults,
    ("POST", "limits"): _set_limits,
    ("GET", "limits"): _limits,
    ("POST", "switches"): _set_switches,
    ("GET", "switches"): _switches,
    ("GET", "log"): _log,
    ("GET", "state"): _state,
}
