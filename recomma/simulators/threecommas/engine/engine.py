"""Runs one deal from its birth to its end, or to the end of the price path (threecommas.md 9)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, Final

from recomma.simulators.threecommas.deal_template import with_defaults
from recomma.simulators.threecommas.engine.actions import Action, Do
from recomma.simulators.threecommas.engine.book import Order
from recomma.simulators.threecommas.engine.closing import Closing
from recomma.simulators.threecommas.engine.entries import Entries
from recomma.simulators.threecommas.engine.exits import Exits
from recomma.simulators.threecommas.engine.fields import changing_fields, opening_fields
from recomma.simulators.threecommas.engine.lags import Lags
from recomma.simulators.threecommas.engine.matching import Matching
from recomma.simulators.threecommas.engine.nasty import Nasty
from recomma.simulators.threecommas.engine.recorder import Recorder
from recomma.simulators.threecommas.engine.running import RunningDeal
from recomma.simulators.threecommas.engine.settings import Settings
from recomma.simulators.threecommas.engine.stops import Stops
from recomma.simulators.threecommas.rows import RowKind
from recomma.simulators.threecommas.spelling import Json, time_text
from recomma.simulators.threecommas.switches import Switches

PricePath = Sequence[tuple[datetime, Decimal]]
"""Steps in time order; each price holds from its time on."""


@dataclass(frozen=True)
class Run:
    """What came of a deal. `payload` is what `POST /_control/deals` takes (see `what_if`)."""

    payload: Json
    finished_at: datetime | None
    exit_filled_at: datetime | None  # When the last of its position was sold.
    refused: tuple[Action, ...]  # What the deal did not allow at its time.
    ignored: tuple[str, ...]  # The same as sentences.


@dataclass(frozen=True)
class DealScript:
    """Everything that decides a deal, but for chance.

    The first price must not be later than `opened_at`.
    """

    settings: Settings
    prices: PricePath
    deal_id: int
    opened_at: datetime
    actions: tuple[Action, ...] = ()
    nasty: Nasty = field(default_factory=Nasty)
    switches: Switches = field(default_factory=Switches)


class Engine:
    """Runs one deal; the same script and a random of the same seed run the same.

    Actions never change what came before them, so a deal can be run again with one more.
    """

    def __init__(self, script: DealScript, random: Random) -> None:
        opened_at = script.opened_at
        self._prices = script.prices
        self._deal = deal = RunningDeal(
            id=script.deal_id,
            settings=script.settings,
            opened_at=opened_at,
            lags=Lags(random),
            switches=script.switches,
            nasty=script.nasty,
            price=[price for at, price in script.prices if at <= opened_at][-1],
        )
        self._exit_filled_at: datetime | None = None
        self._refused: list[Action] = []
        self._matching = Matching(deal, self._filled)
        self._entries = Entries(deal, self._matching)
        self._exits = Exits(deal, self._matching)
        self._closing = Closing(deal, self._entries, self._exits)
        self._stops = Stops(deal, self._closing)
        self._entries.on_cancelled = self._closing.check
        self._exits.on_filled = self._closing.filled
        for at, price in script.prices:
            if at > opened_at:
                deal.agenda.put(at, partial(self._move, price))
        for action in script.actions:
            if action.at >= opened_at:
                deal.agenda.put(action.at, partial(self._act, action))

    def run(self, names: Mapping[str, Any] | None = None) -> Run:
        """Run the deal; `names` are fields of its own, like `bot_id`."""
        deal = self._deal
        recorder = Recorder(deal.switches)
        self._entries.open()
        if deal.nasty.base_fails is not None:
            text = deal.nasty.base_fails
            deal.later(timedelta(milliseconds=600), lambda: self._closing.fail(text))
        recorder.note(deal, changing_fields(deal))
        while not deal.finished and (next_ := deal.agenda.take()) is not None:
            deal.now, job = next_
            job()
            if not deal.finished:
                self._matching.look()
                self._stops.watch()
                self._exits.watch()
            recorder.note(deal, changing_fields(deal))
        return self._result(recorder, names or {})

    def _result(self, recorder: Recorder, names: Mapping[str, Any]) -> Run:
        deal = self._deal
        fields = {"id": deal.id, **opening_fields(deal), **names, **changing_fields(deal)}
        events = sorted(deal.events, key=lambda event: event[0])
        payload = with_defaults(fields) | {
            "bot_events": [{"message": text, "created_at": time_text(at)} for at, text in events],
            "market_orders": recorder.rows(),
            "prices": [[time_text(at), f"{price:f}"] for at, price in self._prices],
            "revisions": recorder.revisions,
        }
        finished_at = deal.now if deal.finished else None
        return Run(
            payload, finished_at, self._exit_filled_at, tuple(self._refused), tuple(deal.ignored)
        )

    # --- what happens

    def _move(self, price: Decimal) -> None:
        self._deal.price = price

    def _filled(self, order: Order) -> None:
        deal = self._deal
        if not order.is_entry:
            self._exits.filled(order)
            if not deal.book.position:
                self._exit_filled_at = deal.now
            return
        told = self._entries.filled(order)
        placed = self._exits.retarget(told)
        if order.row.kind is RowKind.BASE:
            deal.later(placed, self._entries.fill_up)
        self._closing.check()

    def _act(self, action: Action) -> None:
        deal = self._deal
        if not deal.finished and not self._does[action.do](self, action):
            self._refused.append(action)
            deal.ignored.append(
                f"{action.do} at {time_text(deal.now)} is not possible while the deal is "
                f"{deal.status}."
            )

    # --- actions; each says whether the deal allows it

    def _panic_step(self, action: Action) -> bool:
        return self._exits.panic_target(action.number - 1)

    def _add_funds(self, action: Action) -> bool:
        assert action.quantity is not None
        return self._entries.add_funds(action.quantity, action.price) is not None

    def _cancel_order(self, action: Action) -> bool:
        book = self._deal.book
        manual = book.of(RowKind.MANUAL)
        if action.order_id is not None:
            order = book.numbered(action.order_id)
        else:
            order = manual[action.number - 1] if action.number <= len(manual) else None
        return order is not None and self._entries.cancel_manual(order)

    def _edit(self, action: Action) -> bool:
        deal = self._deal
        if not deal.holds:
            return False
        before = deal.settings
        after = replace(before, stop=replace(before.stop, **action.stop_changes), **action.changes)
        if after.custom_rungs:
            # A ladder written by hand has no more rungs than were written.
            after = replace(after, safeties=min(after.safeties, len(after.custom_rungs)))
        deal.settings = after
        deal.error, deal.stamped_at = None, deal.now
        if (before.targets, before.trailing) != (after.targets, after.trailing):
            self._exits.retarget(timedelta(0))
        if (before.safeties, before.active_safeties) != (after.safeties, after.active_safeties):
            self._entries.adjust()
        return True

    def _reprice(self, action: Action) -> bool:
        return self._entries.reprice_base(action.price or self._deal.price)

    def _error(self, action: Action) -> bool:
        self._deal.error = action.text or "Error placing Take Profit trade: Insufficient funds."
        self._deal.tell(self._deal.error)
        self._deal.stamped_at = self._deal.now
        return True

    def _vanish(self, action: Action) -> bool:
        if self._deal.book.position <= 0:
            return False
        self._closing.vanish("liquidated" if action.do is Do.LIQUIDATE else "settled")
        return True

    _does: Final[Mapping[Do, Callable[["Engine", Action], bool]]] = {
        Do.PANIC_SELL: lambda self, _: self._closing.panic(),
        Do.PANIC_SELL_STEP: _panic_step,
        Do.CANCEL: lambda self, _: self._closing.release("cancelled"),
        Do.CONVERT: lambda self, _: self._deal.holds and self._closing.release("cancelled"),
        Do.SWITCH: lambda self, _: self._closing.release("switched"),
        Do.FAIL: lambda self, _: self._closing.release("failed"),
        Do.ADD_FUNDS: _add_funds,
        Do.CANCEL_ORDER: _cancel_order,
        Do.EDIT: _edit,
        Do.AVERAGING_SIGNAL: lambda self, action: self._entries.signal(action.count),
        Do.CLOSE_SIGNAL: lambda self, _: self._exits.close_by_condition(),
        Do.REPRICE_BASE: _reprice,
        Do.ERROR: _error,
        Do.LIQUIDATE: _vanish,
        Do.SETTLE: _vanish,
    }
