"""The entries of a running deal: base, averaging and manual orders (threecommas.md 9.1)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

from recomma.domain.money import Side
from recomma.simulators.threecommas.engine import ladder
from recomma.simulators.threecommas.engine.book import Order
from recomma.simulators.threecommas.engine.lags import (
    CANCELLING,
    MARKET_FILL,
    NEXT_CANCELLING,
    NEXT_PLACING,
    NEXT_SAFETY,
    OPENING,
    PLACING_TOLD,
    SLOW_PLACING,
)
from recomma.simulators.threecommas.engine.matching import Matching
from recomma.simulators.threecommas.engine.running import RunningDeal
from recomma.simulators.threecommas.engine.sentences import LAST_SAFETY, step
from recomma.simulators.threecommas.rows import RowKind

TWINS_APART = timedelta(milliseconds=45)


class Entries:
    """Places, re-prices and cancels entries. `on_cancelled` is told of each cancellation."""

    def __init__(self, deal: RunningDeal, matching: Matching) -> None:
        self._deal = deal
        self._matching = matching
        self._placing = False
        self._failed: set[int] = set()
        self.on_cancelled: Callable[[], None] = lambda: None

    # --- the base order

    def open(self) -> None:
        """Begin the deal: place the base order soon after its birth."""
        self._deal.later(self._deal.lags.of(OPENING), self._place_base)

    def _place_base(self) -> None:
        deal, settings = self._deal, self._deal.settings
        rate = settings.base_price if settings.base_order == "limit" else None
        rate = settings.terms.price(rate or deal.price, settings.side)
        amount = ladder.base_amount(settings, rate)
        order = deal.book.place(RowKind.BASE, quantity=amount, rate=rate, at=deal.now)
        order.market = settings.base_order == "market"
        deal.status = "base_order_placed"
        self._tell_placing(order, "Placing base order")
        if deal.nasty.base_fails is not None:
            order.market = True  # It never reaches the market.
        elif order.market:
            self._matching.at_market(order, deal.nasty.slow_base or self._base_delay())

    def _base_delay(self) -> timedelta:
        # 0.6 s in the median, over 13 s for one in ten (threecommas.md 9.1).
        return self._deal.lags.now_and_then(MARKET_FILL, (2_000, 14_000))

    def reprice_base(self, price: Decimal) -> bool:
        """Move a resting limit base order; return False if there is none."""
        resting = self._deal.book.active(RowKind.BASE)
        if not resting or resting[0].market or resting[0].filling:
            return False
        deal, order = self._deal, resting[0]
        deal.tell("Updating base order")
        rate = deal.settings.terms.price(price, deal.settings.side)
        order.row.amend(ladder.base_amount(deal.settings, rate), rate, deal.now)
        order.resting = False
        self._tell_placing(order, "Placing base order")
        return True

    # --- averaging orders

    def fill_up(self) -> None:
        """Place averaging orders, one after another, until as many rest as the settings say."""
        if not self._placing:
            self._placing = True
            self._deal.later(self._next_delay(), self._place_next)

    def _next_delay(self) -> timedelta:
        return self._deal.lags.now_and_then(NEXT_PLACING, SLOW_PLACING)

    def _place_next(self) -> None:
        deal = self._deal
        resting = len(deal.book.active(RowKind.SAFETY))
        number = self.next_number()
        wanted = deal.holds and resting < deal.settings.active_safeties
        if number is None or not wanted or deal.settings.by_signal:
            self._placing = False
            return
        base_price = deal.known.base_price
        assert base_price is not None  # A deal that holds has bought.
        self._place_safety(number, ladder.safety_price(deal.settings, base_price, number), None)
        deal.later(self._next_delay(), self._place_next)

    def next_number(self) -> int | None:
        """Return the number of the next averaging order that was never placed."""
        deal = self._deal
        placed = {order.row.number for order in deal.book.of(RowKind.SAFETY)} | self._failed
        free = (k for k in range(1, deal.settings.safeties + 1) if k not in placed)
        return next(free, None)

    def signal(self, count: int) -> bool:
        """Average at market, as a signal asks; two come 45 ms apart, the second fills first."""
        deal = self._deal
        if not deal.holds or self.next_number() is None:
            return False
        delays = sorted((deal.lags.of(MARKET_FILL) for _ in range(count)), reverse=True)
        for place, delay in enumerate(delays):
            deal.later(TWINS_APART * place, partial(self._average_now, delay))
        return True

    def _average_now(self, delay: timedelta) -> None:
        number = self.next_number()
        if number is not None and self._deal.holds:
            self._place_safety(number, self._deal.price, delay)

    def _place_safety(self, number: int, rate: Decimal, market_delay: timedelta | None) -> None:
        deal = self._deal
        if number in deal.nasty.safety_fails:
            self._failed.add(number)
            text = f"Error placing safety trade {step(number, deal.settings.safeties)}: "
            deal.error = f"{text}Insufficient funds. ERR_805Y Not enough {deal.settings.quote}."
            deal.tell(deal.error)
            deal.stamped_at = deal.now
            return
        amount = ladder.safety_amount(deal.settings, rate, number)
        order = deal.book.place(
            RowKind.SAFETY, quantity=amount, rate=rate, at=deal.now, number=number
        )
        order.market = market_delay is not None
        self._tell_placing(order, f"Placing averaging order {self._step(order)}")
        if market_delay is not None:
            self._matching.at_market(order, market_delay)

    def adjust(self) -> None:
        """Follow an edit of the counts: cancel what is too much, place what is missing."""
        settings = self._deal.settings
        resting = sorted(self._deal.book.active(RowKind.SAFETY), key=lambda order: order.row.number)
        keep = [order for order in resting if order.row.number <= settings.safeties]
        for order in resting:
            if order not in keep[: settings.active_safeties]:
                self._cancel(order, self._deal.lags.of(CANCELLING))
        self.fill_up()

    # --- manual orders

    def add_funds(self, quantity: Decimal, price: Decimal | None) -> Order | None:
        """Place a manual order, at market without a price; None if the deal takes none now."""
        deal = self._deal
        if not deal.holds:
            return None
        market = price is None
        rate = deal.settings.terms.price(price or deal.price, deal.settings.side)
        order = deal.book.place(RowKind.MANUAL, quantity=quantity, rate=rate, at=deal.now)
        order.market = market
        self._tell_placing(order, "Placing manual safety trade")
        if not quantity:
            order.row.fail(deal.now)  # 3Commas could not place it (threecommas.md 7).
        elif market:
            self._matching.at_market(order)
        deal.stamped_at = deal.now
        return order

    def cancel_manual(self, order: Order) -> bool:
        """Cancel a manual order; return False if it does not rest."""
        if not order.row.is_active or order.filling or order.row.kind is not RowKind.MANUAL:
            return False
        self._deal.later(self._deal.lags.of(CANCELLING), lambda: self._cancelled(order))
        return True

    # --- what happens to them

    def filled(self, order: Order) -> timedelta:
        """Tell of a fill, place what it makes room for, and return how late it was told."""
        deal, row = self._deal, order.row
        deal.know()
        size = deal.sentences.size(row.total, row.quantity)
        lag = deal.told_lag()
        if row.kind is RowKind.BASE:
            deal.tell(deal.sentences.base_executed(row.average_price, size), lag)
        elif row.kind is RowKind.SAFETY:
            self._tell_averaged(order, size, lag)
            deal.later(deal.lags.of(NEXT_SAFETY), self.fill_up)
        elif deal.switches.manual_executed_told:
            done = "Manual safety trade executed"
            deal.tell(deal.sentences.order(done, row.average_price, size), lag)
        return lag

    def _tell_averaged(self, order: Order, size: str, lag: timedelta) -> None:
        deal = self._deal
        price = None if order.market else order.row.average_price
        done = f"Averaging order {self._step(order)} executed"
        last = LAST_SAFETY if order.row.number == deal.settings.safeties else ""
        deal.tell(deal.sentences.order(done, price, size) + last, lag)

    def cancel_all(self) -> None:
        """Cancel every resting entry; the confirmations come in any order (8.4)."""
        deal = self._deal
        resting = [order for order in deal.book.orders if order.is_entry and order.row.is_active]
        slowest = resting[-1] if resting else None
        after = timedelta(0)
        for order in resting:
            takes = deal.lags.of(CANCELLING)
            if order is slowest and deal.nasty.slow_cancel is not None:
                takes = deal.nasty.slow_cancel
            deal.later(after, partial(self._cancel, order, takes))
            after += deal.lags.of(NEXT_CANCELLING)

    def _cancel(self, order: Order, takes: timedelta) -> None:
        deal = self._deal
        if not order.row.is_active:
            return
        if order.row.kind is RowKind.SAFETY:
            side = "buy" if deal.settings.side is Side.BUY else deal.switches.short_cancelling
            asked = f"Cancelling {side} order {self._step(order)}"
            deal.tell(deal.sentences.order(asked, order.row.rate, self._size(order)))
        deal.later(takes, lambda: self._cancelled(order))

    def _cancelled(self, order: Order) -> None:
        deal = self._deal
        if not order.row.is_active or order.filling:
            return  # It has filled before the cancellation arrived (threecommas.md 9.3).
        if order.row.kind is RowKind.SAFETY and order.row.number in deal.nasty.cancel_fills:
            self._matching.fill(order, order.row.rate)
            return
        order.row.cancel(deal.now)
        if order.row.kind is RowKind.SAFETY:
            done = f"Averaging order {self._step(order)} cancelled"
            told = deal.sentences.order(done, order.row.rate, self._size(order))
            deal.tell(told, deal.told_lag())
        self.on_cancelled()

    def _tell_placing(self, order: Order, what: str) -> None:
        deal, row = self._deal, order.row
        size = deal.sentences.size(row.quantity * row.rate, row.quantity, entry=True)
        price = None if order.market else row.rate
        deal.tell(deal.sentences.order(what, price, size), deal.lags.of(PLACING_TOLD))

    def _size(self, order: Order) -> str:
        row = order.row
        return self._deal.sentences.size(row.quantity * row.rate, row.quantity)

    def _step(self, order: Order) -> str:
        return step(order.row.number, self._deal.settings.safeties)
