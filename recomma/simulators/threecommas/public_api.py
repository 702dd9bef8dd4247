"""The routes of the real API (threecommas.md 4): paths to answers."""

from datetime import datetime
from typing import Final

from recomma.simulators.threecommas import commands
from recomma.simulators.threecommas.accounts import authenticate
from recomma.simulators.threecommas.answers import (
    NO_PERMISSION,
    NO_SUCH_BOT,
    NOT_FOUND,
    Answer,
    Request,
    invalid,
    ok,
)
from recomma.simulators.threecommas.calls import Call, Route, route
from recomma.simulators.threecommas.exchange import Exchange
from recomma.simulators.threecommas.lists import bots_list, deals_list
from recomma.simulators.threecommas.spelling import BadInput

PREFIX: Final = "/public/api/ver1"


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
    refusal = exchange.limits.refusal(account, request, now)
    if refusal is not None:
        return refusal
    for each in _ROUTES:
        found = each.pattern.fullmatch(path) if each.method == request.method else None
        if found is not None and request.path.startswith(PREFIX):
            if each.scope is not None and each.scope not in account.scopes:
                return NO_PERMISSION
            number = int(found[1]) if found.groups() else 0
            return _routed(each, Call(exchange, request, account, now, number))
    return NOT_FOUND


def _routed(found: Route, call: Call) -> Answer:
    try:
        return found.answer(call)
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
    exchange = call.exchange
    return bots_list(exchange.bots(call.now), call.request.parameters, exchange.switches)


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
        deals = [deal for deal in deals if not deal.finished(call.now)]
    listed = (deal.listed(call.now) for deal in deals)
    return deals_list(listed, call.request.parameters, call.exchange.switches)


def _deal_show(call: Call) -> Answer:
    deal = call.deal()
    return NOT_FOUND if deal is None else ok(deal.shown(call.now))


def _market_orders(call: Call) -> Answer:
    deal = call.deal()
    return NOT_FOUND if deal is None else ok(deal.market_orders(call.now))


_ROUTES: Final = (
    route("GET", "/deals", "BOTS_READ", _deals),
    route("GET", "/deals/{id}/show", "BOTS_READ", _deal_show),
    route("GET", "/deals/{id}/market_orders", "BOTS_READ", _market_orders),
    route("GET", "/bots", "BOTS_READ", _bots),
    route("GET", "/bots/{id}/show", "BOTS_READ", _bot_show),
    route("GET", "/accounts", "ACCOUNTS_READ", _accounts),
    route("GET", "/validate", None, _validate),
    route("GET", "/users/permissions_info", None, _permissions),
    route("GET", "/users/current_mode", None, _mode),
    *commands.ROUTES,
)
