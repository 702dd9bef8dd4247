"""How a deal ends: winding up, stops, panic sells, releases, failures (threecommas.md 6.2, 9.1)."""

from datetime import timedelta
from typing import Final

from recomma.simulators.threecommas.engine import ladder
from recomma.simulators.threecommas.engine.book import Order
from recomma.simulators.threecommas.engine.entries import Entries
from recomma.simulators.threecommas.engine.exits import Exits
from recomma.simulators.threecommas.engine.lags import (
    CLOSING,
    FINISHING,
    NEXT_CANCELLING,
    SUMMARY_TOLD,
    TARGET_CANCELLED,
    WINDING_UP,
)
from recomma.simulators.threecommas.engine.running import TICK, RunningDeal
from recomma.simulators.threecommas.rows import RowKind
from recomma.simulators.threecommas.spelling import ZERO

_RELEASING: Final = frozenset({"cancelled", "failed", "switched"})
"""Ends that leave the coins with the user (threecommas.md 6.2)."""

_SOLD_AS: Final = {
    "stop_loss_finished": (RowKind.STOP, "stop_loss_order_placed"),
    "panic_sold": (RowKind.CLOSED, "panic_sell_order_placed"),
}


class Closing:
    """Decides that a deal ends, and lets it finish when nothing rests and nothing is held."""

    def __init__(self, deal: RunningDeal, entries: Entries, exits: Exits) -> None:
        self._deal = deal
        self._entries = entries
        self._exits = exits
        self._finishing = False
        self._selling = False

    # --- reasons to end

    def _take_profit_filled(self, told: timedelta) -> None:
        """End the deal when nothing is left of the position; else it goes on."""
        deal = self._deal
        if deal.book.position <= ZERO:
            if deal.ending is None:
                deal.ending = "completed"
            deal.later(told + deal.lags.of(NEXT_CANCELLING), self._entries.cancel_all)
        self.check()

    def stop(self) -> None:
        """Begin to stop out: the take profit goes first, which can take long (9.2)."""
        deal = self._deal
        deal.ending = "stop_loss_finished"
        deal.turn("stop_loss_pending")
        takes = deal.nasty.stop_cancel or deal.lags.of((14, 400))
        self._exits.cancel_targets(takes)
        deal.later(takes + deal.lags.of(CLOSING), self._sell)

    def panic(self) -> bool:
        """Close everything at market, as the user asks; False if the deal holds nothing."""
        deal = self._deal
        if not deal.holds or deal.book.position <= ZERO:
            return False
        deal.ending = "panic_sold"
        deal.turn("panic_sell_pending")
        self._exits.cancel_targets()
        deal.later(deal.lags.of(WINDING_UP), self._entries.cancel_all)
        deal.later(deal.lags.of((300, 900)), self._sell)
        return True

    def release(self, final: str) -> bool:
        """Stop managing and keep the coins; False if the deal is ending already."""
        deal = self._deal
        if deal.ending is not None or deal.finished:
            return False
        deal.ending = final
        if final == "cancelled":
            deal.turn("cancel_pending")
        self._exits.cancel_targets()
        self._entries.cancel_all()
        deal.later(TARGET_CANCELLED[1] * TICK, self.check)
        return True

    def fail(self, text: str) -> None:
        """Fail the base order: the deal ends without having bought (recorded in 2022)."""
        deal = self._deal
        for order in deal.book.active(RowKind.BASE):
            order.row.fail(deal.now)
        deal.error = f"Error placing base order: {text}"
        deal.tell(deal.error)
        deal.ending = "failed"
        self.check()

    def vanish(self, final: str) -> None:
        """End at once without an order: liquidated or settled by the exchange."""
        deal = self._deal
        if deal.finished or deal.book.position <= ZERO:
            return
        average = deal.average()
        price = ladder.liquidation_price(deal.settings, average) if final == "liquidated" else None
        deal.book.close_unseen(price or deal.price)
        for order in deal.book.orders:
            if order.row.is_active:
                order.row.cancel(deal.now)
        deal.ending = final
        self._finish()

    # --- on the way

    def _sell(self) -> None:
        deal = self._deal
        if deal.book.position <= ZERO or self._selling or deal.ending not in _SOLD_AS:
            self.check()
            return
        kind, status = _SOLD_AS[deal.ending]
        self._selling = True
        deal.turn(status)
        self._exits.sell_now(kind)

    def _sold(self, told: timedelta) -> None:
        """Go on after a stop or a panic sell has filled."""
        self._selling = False
        deal = self._deal
        deal.later(told + deal.lags.of(NEXT_CANCELLING), self._entries.cancel_all)
        self.check()

    def check(self) -> None:
        """Finish, once an end is decided, nothing rests and nothing is held."""
        deal = self._deal
        if deal.ending is None or self._finishing or deal.finished:
            return
        if any(order.row.is_active for order in deal.book.orders):
            return
        if deal.ending in _RELEASING or deal.book.position <= ZERO:
            self._finishing = True
            deal.later(deal.lags.of(FINISHING), self._finish_if_still)
        elif deal.ending in _SOLD_AS and not self._selling:
            deal.later(deal.lags.of(CLOSING), self._sell)

    def _finish_if_still(self) -> None:
        self._finishing = False
        deal = self._deal
        resting = any(order.row.is_active for order in deal.book.orders)
        held = deal.book.position > ZERO and deal.ending not in _RELEASING
        if not resting and not held:
            self._finish()

    def _finish(self) -> None:
        deal = self._deal
        assert deal.ending is not None
        deal.known.amounts = deal.book.amounts
        amounts = deal.book.amounts
        profit = deal.settings.sign * (amounts.exit_quote - amounts.entry_quote)
        deal.known.profit = profit if amounts.entry else ZERO
        deal.turn(deal.ending)
        deal.finished = True
        deal.closed_at = deal.now - timedelta(milliseconds=deal.lags.random.randint(1, 10))
        self._tell_summary()

    def _tell_summary(self) -> None:
        deal = self._deal
        profit, volume = deal.known.profit, deal.known.amounts.entry_quote
        # The summary closes the list: what was done before is told of before.
        told_until = max(at for at, _ in deal.events) + deal.lags.of(NEXT_CANCELLING)
        lag = max(deal.lags.of(SUMMARY_TOLD), told_until - deal.now)
        if deal.ending == "completed":
            lasted = deal.now - deal.opened_at
            deal.tell(deal.sentences.completed(profit, volume, lasted), lag)
        elif deal.ending == "stop_loss_finished":
            deal.tell(deal.sentences.stopped(profit, volume), lag)
        elif deal.ending == "panic_sold" and deal.switches.panic_sentence:
            deal.tell(deal.sentences.panic_sold(profit, volume), lag)

    def filled(self, order: Order, told: timedelta) -> None:
        """Follow an exit's fill, which is told of that much later."""
        if order.row.kind is RowKind.TAKE_PROFIT or order.target >= 0:
            self._take_profit_filled(told)
        else:
            self._sold(told)
