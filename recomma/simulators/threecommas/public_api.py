"""The routes of the real API (threecommas.md 4): paths to answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.simulators.threecommas.accounts import Account, authenticate
from recomma.simulators.threecommas.answers import (
    CANNOT_CANCEL,
    FORBIDDEN,
    NO_PERMISSION,
    NO_SUCH_BOT,
    NOT_FOUND,
    Answer,
    Request,
    invalid,
    ok,
)
from recomma.simulators.threecommas.exchange import Exchange
from recomma.simulators.threecommas.lists import bots_list, deals_list
from recomma.simulators.threecommas.replayed_deal import ReplayedDeal
from recomma.simulators.threecommas.spelling import BadInput

PREFIX: Final = "/public/api/ver1"


@dataclass(frozen=True)
class Call:
    """One authenticated request, with the id in its path, if any."""

    exchange: Exchange
    request: Request
    account: Account
    now: datetime
    id: int

    def deal(self) -> ReplayedDeal | None:
        return self.exchange.deal(self.id, self.now)


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    scope: str | None  # Which permission it needs; None: any valid key.
    answer: Callable[[Call], Answer]


def answer(exchange: Exchange, request: Request, now: datetime) -> Answer:
    """Answer one request of the real API as of `now`."""
    path = request.path.removeprefix(PREFIX)
    if request.path.startswith(PREFIX) and request.method == "GET":
        if path == "/ping":
            return ok({"pong": "pong"})
        if path == "/time":
            return ok({"server_time": int(now.timestamp())})
    account = authenticate(request, exchange.accounts)
    if isinstance(account, Answer):
        return account
    refusal = exchange.limits.refusal(account, request.method, now)
    if refusal is not None:
        return refusal
    for route in _ROUTES:
        found = route.pattern.fullmatch(path) if route.method == request.method else None
        if found is not None and request.path.startswith(PREFIX):
            if route.scope is not None and route.scope not in account.scopes:
                return NO_PERMISSION
            number = int(found[1]) if found.groups() else 0
            return _routed(route, Call(exchange, request, account, now, number))
    return NOT_FOUND


def _routed(route: Route, call: Call) -> Answer:
    try:
        return route.answer(call)
    except BadInput:  # Only an unreadable body comes this far.
        return invalid(base="is invalid")


def _validate(_: Call) -> Answer:
    return ok({"valid": True})


def _permissions(call: Call) -> Answer:
    return ok({"permissions": list(call.account.scopes)})  # Its shape is unknown (4.1).


def _mode(call: Call) -> Answer:
    forced = call.request.headers.get("forced-mode", "")
    return ok({"mode": forced if forced in ("real", "paper") else "real"})


def _accounts(call: Call) -> Answer:
    given = call.request.parameters
    size, page = _at_least_one(given.get("per_page"), 100), _at_least_one(given.get("page"), 1)
    size = min(size, 100)
    return ok(call.exchange.exchange_accounts()[(page - 1) * size : page * size])


def _at_least_one(text: str | None, default: int) -> int:
    usable = text is not None and text.isascii() and text.isdigit() and len(text) < 10
    return max(int(text), 1) if usable and text else default


def _bots(call: Call) -> Answer:
    return bots_list(call.exchange.bots(call.now), call.request.parameters)


def _bot_show(call: Call) -> Answer:
    bot = call.exchange.bot(call.id, call.now)
    if bot is None:
        return NO_SUCH_BOT
    deals = [d for d in call.exchange.deals_of(call.id) if d.exists(call.now)]
    listed = [deal.listed(call.now) for deal in deals]
    bot = bot | {"active_deals": [deal for deal in listed if not deal["finished?"]]}
    if call.request.parameters.get("include_events") == "true":
        bot["bot_events"] = [event for deal in deals for event in deal.events(call.now)]
    return ok(bot)


def _deals(call: Call) -> Answer:
    deals = call.exchange.living(call.now)
    if call.request.parameters.get("scope") == "active":
        # Written out only if asked for: a poll must not cost more with every finished deal.
        deals = [deal for deal in deals if not deal.progress(call.now).finished]
    return deals_list((deal.listed(call.now) for deal in deals), call.request.parameters)


def _deal_show(call: Call) -> Answer:
    deal = call.deal()
    return NOT_FOUND if deal is None else ok(deal.shown(call.now))


def _market_orders(call: Call) -> Answer:
    deal = call.deal()
    return NOT_FOUND if deal is None else ok(deal.market_orders(call.now))


def _panic_sell(call: Call) -> Answer:
    deal = call.deal()
    if deal is None:
        return NOT_FOUND
    if not deal.listed(call.now)["panic_sellable?"]:
        return FORBIDDEN
    return _close(call, deal, pending="panic_sell_pending", final="panic_sold")


def _cancel(call: Call) -> Answer:
    deal = call.deal()
    if deal is None:
        return NOT_FOUND
    if not deal.listed(call.now)["cancellable?"]:
        return CANNOT_CANCEL
    return _close(call, deal, pending="cancel_pending", final="cancelled")


def _close(call: Call, deal: ReplayedDeal, *, pending: str, final: str) -> Answer:
    delay = timedelta(seconds=call.exchange.switches.close_delay_seconds)
    deal.command(pending=pending, final=final, at=call.now, final_at=call.now + delay)
    return ok(deal.shown(call.now), status=201)


def _route(method: str, path: str, scope: str | None, answer: Callable[[Call], Answer]) -> Route:
    return Route(method, re.compile(path.replace("{id}", "([0-9]{1,18})")), scope, answer)


_ROUTES: Final = (
    _route("GET", "/deals", "BOTS_READ", _deals),
    _route("GET", "/deals/{id}/show", "BOTS_READ", _deal_show),
    _route("GET", "/deals/{id}/market_orders", "BOTS_READ", _market_orders),
    _route("GET", "/bots", "BOTS_READ", _bots),
    _route("GET", "/bots/{id}/show", "BOTS_READ", _bot_show),
    _route("GET", "/accounts", "ACCOUNTS_READ", _accounts),
    _route("GET", "/validate", None, _validate),
    _route("GET", "/users/permissions_info", None, _permissions),
    _route("GET", "/users/current_mode", None, _mode),
    _route("POST", "/deals/{id}/panic_sell", "BOTS_WRITE", _panic_sell),
    _route("POST", "/deals/{id}/cancel", "BOTS_WRITE", _cancel),
)
