"""The exits of a running deal: take profits, in steps, trailing, at market (threecommas.md 9.1)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from recomma.simulators.threecommas.engine import ladder
from recomma.simulators.threecommas.engine.book import Order
from recomma.simulators.threecommas.engine.lags import (
    CLOSING,
    FIRST_TARGET,
    MARKET_FILL,
    NEXT_PLACING,
    PLACING_TOLD,
    TARGET_AGAIN,
    TARGET_CANCELLED,
    TARGET_CANCELLING,
    TARGET_LATE,
)
from recomma.simulators.threecommas.engine.matching import Matching
from recomma.simulators.threecommas.engine.running import TICK, RunningDeal
from recomma.simulators.threecommas.rows import RowKind, RowState
from recomma.simulators.threecommas.spelling import CENT, EXACT, ZERO

_MAY_TARGET: Final = (None, "completed")
"""What a deal may be heading for while it still places take profits."""


class Exits:
    """Keeps the exits of the position. `on_filled` is told of every exit's fill."""

    def __init__(self, deal: RunningDeal, matching: Matching) -> None:
        self._deal = deal
        self._matching = matching
        self._round = 0
        self.on_filled: Callable[[Order, timedelta], None] = _nothing

    # --- resting take profits

    def retarget(self, told: timedelta) -> timedelta:
        """Have the take profits placed anew for all that is held; once for fills close together.

        `told` is how late the fill is told of, which comes first. Return when they are placed, at
        the earliest.
        """
        if self._deal.replacing:
            return told
        self._deal.replacing = True
        self._round += 1
        resting = self._deal.book.active(RowKind.TAKE_PROFIT)
        after = told + self._deal.lags.of(TARGET_CANCELLING if resting else FIRST_TARGET)
        self._deal.later(after, self._take_away if resting else self._place)
        return after

    def _take_away(self) -> None:
        deal = self._deal
        self.cancel_targets()
        usual = deal.lags.now_and_then(TARGET_AGAIN, TARGET_LATE)
        deal.later(TARGET_CANCELLED[1] * TICK + (deal.nasty.replacing or usual), self._place)

    def cancel_targets(self, takes: timedelta | None = None) -> None:
        """Cancel the resting take profits; the exchange confirms within some 15 ms."""
        deal = self._deal
        for order in deal.book.active(RowKind.TAKE_PROFIT):
            deal.tell(self._sentence("Cancelling TakeProfit trade", order))
            delay = takes or deal.lags.of(TARGET_CANCELLED)
            deal.later(delay, partial(self._cancelled, order))

    def _cancelled(self, order: Order) -> None:
        if order.row.is_active and not order.filling:
            order.row.cancel(self._deal.now)
            self._deal.tell(self._sentence("TakeProfit trade cancelled", order))

    def _place(self) -> None:
        deal, settings = self._deal, self._deal.settings
        deal.replacing = False
        if deal.ending not in _MAY_TARGET or deal.book.position <= ZERO:
            return
        if settings.close_condition or settings.trailing:
            self._place_none()
            return
        delay, round_ = timedelta(0), self._round
        for number, quantity in self._shares():
            deal.later(delay, partial(self._place_one, number, quantity, round_))
            delay += deal.lags.of(NEXT_PLACING)

    def _shares(self) -> list[tuple[int, Decimal]]:
        """Return what each unfilled target is for; the last of them takes what is left.

        Exits that the market has reached already count as gone: they fill whatever we do.
        """
        deal = self._deal
        shares = ladder.target_shares(deal.settings, deal.book.lot.entry)
        exits = deal.book.active(RowKind.TAKE_PROFIT, RowKind.CLOSED)
        moving = [order for order in exits if order.filling]
        done = deal.filled_targets | deal.panicking_targets | {order.target for order in moving}
        if deal.settings.single_target:
            done = set()  # A single target is repeated for what fills after it (9.3).
        left = [j for j in range(len(shares)) if j not in done] or [len(shares) - 1]
        free = deal.book.position - sum((order.left for order in moving), ZERO)
        rest = free - sum((shares[j] for j in left[:-1]), ZERO)
        found = [(j, shares[j]) for j in left[:-1]] + [(left[-1], rest)]
        return [(j, quantity) for j, quantity in found if quantity > ZERO]

    def _place_one(self, number: int, quantity: Decimal, round_: int) -> None:
        deal, settings = self._deal, self._deal.settings
        if round_ != self._round or self._deal.replacing or deal.ending not in _MAY_TARGET:
            return
        lot = deal.book.lot
        if not lot.entry:
            return
        price = ladder.target_price(
            settings,
            settings.targets[number],
            amount=lot.entry,
            volume=lot.entry_quote,
            base_volume=deal.book.base_volume,
        )
        order = self._row_for(number)
        if order is None:
            order = deal.book.place(RowKind.TAKE_PROFIT, quantity=quantity, rate=price, at=deal.now)
            order.target = number
        else:
            order.row.amend(quantity + order.row.part, price, deal.now)
            order.resting = order.filling = False
        deal.target_price = price
        size = deal.sentences.size(quantity * price, quantity)
        told = deal.sentences.target_placing(price, size, deal.price)
        deal.tell(told, deal.lags.of(PLACING_TOLD))

    def _row_for(self, number: int) -> Order | None:
        """Return the row that is amended in place; a filled one only if the switch says so."""
        rows = [o for o in self._deal.book.of(RowKind.TAKE_PROFIT) if o.target == number]
        if not rows or (rows[-1].filling and rows[-1].row.is_active):
            return None
        again = self._deal.switches.repeated_take_profit == "same_row"
        usable = rows[-1].row.state is not RowState.FILLED or again
        return rows[-1] if usable else None

    # --- trailing, conditions, market

    def _place_none(self) -> None:
        """Wait for the price or a signal; what fills while the deal winds up goes at once."""
        if self._deal.ending is not None:
            self.take_profit_now()
        elif self._deal.settings.trailing:
            self._arm()

    def _arm(self) -> None:
        deal = self._deal
        lot = deal.book.lot
        price = ladder.target_price(
            deal.settings,
            deal.settings.targets[0],
            amount=lot.entry,
            volume=lot.entry_quote,
            base_volume=deal.book.base_volume,
        )
        deal.target_price, deal.best_price = price, None
        if deal.status == "ttp_activated":
            deal.turn("bought")
        size = deal.sentences.size(lot.entry * price, lot.entry)
        deal.tell(deal.sentences.trailing_armed(price, size, deal.price))

    def watch(self) -> None:
        """Follow the price while the take profit trails."""
        deal, target = self._deal, self._deal.target_price
        if not deal.settings.trailing or target is None or not deal.holds or self._deal.replacing:
            return
        if deal.best_price is None:
            if deal.is_past(target):
                deal.best_price = deal.price
                deal.turn("ttp_activated")
                gain = ladder.gain_percent(deal.settings, deal.price, deal.average())
                percent = gain.quantize(CENT, context=EXACT)
                deal.tell(f"Trailing Take Profit Activated, current profit is {percent:f}%")
            return
        if deal.is_past(deal.best_price):
            deal.best_price = deal.price
        away = deal.settings.sign * deal.settings.trailing_percent / 100
        if not deal.is_past(deal.best_price * (1 - away)):
            deal.ending = "completed"
            deal.turn("ttp_order_placed")
            self.take_profit_now()

    def close_by_condition(self) -> bool:
        """Take profit at market as a signal asks, unless the profit is below the minimum."""
        deal = self._deal
        if not deal.holds or not deal.settings.close_condition:
            return False
        gain = ladder.gain_percent(deal.settings, deal.price, deal.average())
        if gain < deal.settings.min_profit_percent:
            return False
        deal.ending = "completed"
        deal.turn("close_strategy_activated")
        self.take_profit_now()
        return True

    def take_profit_now(self) -> None:
        """Close at market; the row appears only when it has filled (threecommas.md 7.3)."""
        deal = self._deal
        quantity = deal.book.position
        size = deal.sentences.size(quantity * deal.price, quantity)
        deal.tell(deal.sentences.order("Placing TakeProfit trade", None, f"≈{size}"))

        def fill() -> None:
            held = deal.book.position
            order = deal.book.place(RowKind.TAKE_PROFIT, quantity=held, rate=ZERO, at=deal.now)
            order.target = 0
            self._matching.fill(order, deal.price)

        deal.later(deal.lags.of(MARKET_FILL), fill)

    def sell_now(self, kind: RowKind) -> None:
        """Close the whole position at market, as a stop or a panic sell does."""
        deal = self._deal
        quantity = deal.book.position
        order = deal.book.place(kind, quantity=quantity, rate=ZERO, at=deal.now)
        if kind is RowKind.STOP:
            size = deal.sentences.size(quantity * deal.price, quantity)
            told = deal.sentences.order("Placing StopLoss trade", None, size)
            deal.tell(told, deal.lags.of(PLACING_TOLD))
        self._matching.at_market(order)

    def panic_target(self, number: int) -> bool:
        """Close one take-profit target at market; return False if it does not rest."""
        deal = self._deal
        rows = [o for o in deal.book.active(RowKind.TAKE_PROFIT) if o.target == number]
        if not rows or rows[0].filling or not deal.holds or deal.settings.single_target:
            return False
        order = rows[0]
        deal.panicking_targets.add(number)
        deal.stamped_at = deal.now
        deal.tell(self._sentence("Cancelling TakeProfit trade", order))
        deal.later(deal.lags.of(CLOSING), lambda: self._panic_target(order))
        return True

    def _panic_target(self, order: Order) -> None:
        deal = self._deal
        if order.filling or not order.row.is_active:
            deal.panicking_targets.discard(order.target)
            return
        quantity, number = order.left, order.target
        self._cancelled(order)
        if deal.switches.panic_step_row == "same_row":
            order.row.kind = RowKind.CLOSED
            order.row.amend(quantity, ZERO, deal.now)
            order.market = True
        else:
            order = deal.book.place(RowKind.CLOSED, quantity=quantity, rate=ZERO, at=deal.now)
            order.target = number
        self._matching.at_market(order)

    # --- what happens to them

    def filled(self, order: Order) -> None:
        """Tell of a fill; what follows from it is not decided here."""
        deal, row = self._deal, order.row
        deal.know()
        if order.target >= 0:
            deal.panicking_targets.discard(order.target)
            deal.filled_targets.add(order.target)
        size, told = deal.sentences.size(row.total, row.quantity), deal.told_lag()
        if row.kind is RowKind.TAKE_PROFIT and not order.market:
            done = deal.sentences.order("TakeProfit trade finished", row.average_price, size)
            deal.tell(done, told)
        elif row.kind is RowKind.STOP:
            shown = deal.settings.terms.price(row.average_price, row.side)
            quote = deal.sentences.size(shown * row.quantity, row.quantity)
            done = deal.sentences.order("Stop loss trade completed", shown, quote)
            deal.tell(done, told)
        self.on_filled(order, told)

    def _sentence(self, what: str, order: Order) -> str:
        sentences, row = self._deal.sentences, order.row
        return sentences.order(what, row.rate, sentences.size(order.left * row.rate, order.left))


def _nothing(_: Order, _told: timedelta) -> None:
    """Follow nothing: the engine says what follows a fill."""
