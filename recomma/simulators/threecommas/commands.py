"""The commands of threecommas.md 4.5: what a user does to a deal over the API.

What-if deals take all of them. A recorded deal can only be sold, cancelled or converted; one that
is played from `revisions` takes none, because nobody knows how it would go on.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from recomma.simulators.threecommas.answers import (
    CANNOT_CANCEL,
    FORBIDDEN,
    NOT_FOUND,
    Answer,
    invalid,
    ok,
)
from recomma.simulators.threecommas.calls import Call, Route, route
from recomma.simulators.threecommas.engine.actions import Action, Do
from recomma.simulators.threecommas.live_deal import LiveDeal
from recomma.simulators.threecommas.replayed_deal import ReplayedDeal
from recomma.simulators.threecommas.script_settings import setting_changes, stop_changes
from recomma.simulators.threecommas.script_table import BadScript, Table
from recomma.simulators.threecommas.shown_deal import ShownDeal

_EDITABLE: Final = frozenset({"bought", "close_strategy_activated"})
_NOT_EDITABLE: Final = invalid(base="Can't be edit")  # Their spelling.


def _panic_sell(call: Call) -> Answer:
    return _ended(call, Do.PANIC_SELL, "panic_sellable?", FORBIDDEN)


def _cancel(call: Call) -> Answer:
    return _ended(call, Do.CANCEL, "cancellable?", CANNOT_CANCEL)


def _convert(call: Call) -> Answer:
    return _ended(call, Do.CONVERT, "smart_trade_convertable", FORBIDDEN)


_TURNS: Final = {
    Do.PANIC_SELL: ("panic_sell_pending", "panic_sold"),
    Do.CANCEL: ("cancel_pending", "cancelled"),
    Do.CONVERT: ("cancel_pending", "cancelled"),
}


def _ended(call: Call, do: Do, allowed_by: str, refusal: Answer) -> Answer:
    deal = call.deal()
    if deal is None:
        return NOT_FOUND
    if not deal.listed(call.now)[allowed_by]:
        return refusal
    if isinstance(deal, ReplayedDeal):
        pending, final = _TURNS[do]
        delay = timedelta(seconds=call.exchange.switches.close_delay_seconds)
        deal.command(pending=pending, final=final, at=call.now, final_at=call.now + delay)
    elif not _acted(deal, Action(call.now, do)):
        return refusal
    return ok(deal.shown(call.now), status=201)


def _panic_sell_step(call: Call) -> Answer:
    deal, trade_id = call.deal(), call.request.parameters.get("trade_id")
    if deal is None:
        return NOT_FOUND
    steps = deal.listed(call.now)["take_profit_steps"]
    numbers = [n for n, step in enumerate(steps, 1) if str(step["trade_id"]) == trade_id]
    if not numbers:
        return invalid(trade_id="is invalid")
    return _done(call, deal, Action(call.now, Do.PANIC_SELL_STEP, number=numbers[0]))


def _update(call: Call, keys: frozenset[str] | None) -> Answer:
    """Edit a deal; `keys` are those that this call takes, None: all that can be edited."""
    deal = call.deal()
    if deal is None:
        return NOT_FOUND
    if deal.listed(call.now)["status"] not in _EDITABLE:
        return _NOT_EDITABLE
    given = {key: value for key, value in _values(call).items() if keys is None or key in keys}
    table = Table("", "", given, texts=True)
    changes, stop = setting_changes(table), stop_changes(table)
    if not changes and not stop:
        return invalid(base="is missing")
    return _done(call, deal, Action(call.now, Do.EDIT, changes=changes, stop_changes=stop))


def _add_funds(call: Call) -> Answer:
    deal = call.deal()
    if deal is None:
        return NOT_FOUND
    table = Table("", "", _values(call), texts=True)
    quantity, rate = table.optional_number("quantity"), table.optional_number("rate")
    if quantity is None:
        return invalid(quantity="is missing")
    if not table.flag("is_market") and rate is None:
        return invalid(rate="is missing")
    price = None if table.flag("is_market") else rate
    known = {row["order_id"] for row in deal.market_orders(call.now)}
    if not _acted(deal, Action(call.now, Do.ADD_FUNDS, quantity=quantity, price=price)):
        return FORBIDDEN
    wanted = call.request.parameters.get("response_type", "empty")
    if wanted == "deal":
        return ok(deal.shown(call.now), status=201)
    if wanted == "market_order":
        rows = [row for row in deal.market_orders(call.now) if row["order_id"] not in known]
        return ok(rows[0], status=201)
    return ok({"status": "success"}, status=201)


def _cancel_order(call: Call) -> Answer:
    deal, order_id = call.deal(), call.request.parameters.get("order_id")
    if deal is None:
        return NOT_FOUND
    rows = [row for row in deal.market_orders(call.now) if row["order_id"] == order_id]
    if not rows:
        return NOT_FOUND
    if not _acted(deal, Action(call.now, Do.CANCEL_ORDER, order_id=order_id)):
        return CANNOT_CANCEL
    return ok(deal.market_orders(call.now), status=201)


def _done(call: Call, deal: ShownDeal, action: Action) -> Answer:
    if not _acted(deal, action):
        return _NOT_EDITABLE
    return ok(deal.shown(call.now), status=201)


def _acted(deal: ShownDeal, action: Action) -> bool:
    return isinstance(deal, LiveDeal) and deal.act(action)


def _values(call: Call) -> dict[str, Any]:
    """Return the parameters; a JSON body keeps its lists, and the query wins over it."""
    given: dict[str, Any] = dict(call.request.parameters)
    if call.request.content_type == "application/json" and call.request.body:
        body = call.request.json()
        given = body | given if isinstance(body, dict) else given
        given |= {k: v for k, v in body.items() if isinstance(v, list)}
    steps = given.get("take_profit_steps")
    if isinstance(steps, str):
        try:
            given["take_profit_steps"] = json.loads(steps)
        except ValueError:
            raise BadScript("take_profit_steps is not JSON.") from None
    return given


def _checked(answer: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """Answer 400 where a parameter cannot be read."""

    def checked(call: Call) -> Answer:
        try:
            return answer(call)
        except BadScript as refused:
            return invalid(base=str(refused).lstrip(": "))

    return checked


_COUNT: Final = frozenset({"max_safety_orders"})

ROUTES: Final[tuple[Route, ...]] = tuple(
    route(method, f"/deals/{{id}}/{name}", "BOTS_WRITE", _checked(answer))
    for method, name, answer in (
        ("POST", "panic_sell", _panic_sell),
        ("POST", "panic_sell_step", _panic_sell_step),
        ("POST", "cancel", _cancel),
        ("POST", "convert_to_smart_trade", _convert),
        ("PATCH", "update_deal", partial(_update, keys=None)),
        ("POST", "update_max_safety_orders", partial(_update, keys=_COUNT)),
        ("POST", "add_funds", _add_funds),
        ("POST", "cancel_order", _cancel_order),
    )
)
