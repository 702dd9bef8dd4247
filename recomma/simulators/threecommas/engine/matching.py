"""The source's exchange: fills a deal's orders as the price moves."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from recomma.domain.money import Side
from recomma.simulators.threecommas.engine.book import Order
from recomma.simulators.threecommas.engine.lags import MARKET_FILL, MATCHING
from recomma.simulators.threecommas.engine.running import RunningDeal
from recomma.simulators.threecommas.spelling import ZERO


class Matching:
    """Fills limit orders that the price has reached, at their rate, and market orders.

    A limit order that is placed beyond the market fills at the market, which is better for it.
    """

    def __init__(self, deal: RunningDeal, on_fill: Callable[[Order], None]) -> None:
        self._deal = deal
        self._on_fill = on_fill

    def look(self) -> None:
        """Send every limit order that the price has reached to be filled, nearest first."""
        deal = self._deal
        reached: list[tuple[Order, Decimal]] = []
        for order in deal.book.orders:
            if order.row.is_active and not order.market and not order.filling:
                if self._reaches(order):
                    fill_price = order.row.rate if order.resting else deal.price
                    reached.append((order, fill_price))
                order.resting = True
        reached.sort(key=lambda found: -found[0].row.side.sign * found[0].row.rate)
        if deal.nasty.out_of_order:
            deal.lags.random.shuffle(reached)
        delay = timedelta(0)
        for order, price in reached:
            delay += deal.lags.of(MATCHING)
            self._send(order, price, delay)

    def at_market(self, order: Order, delay: timedelta | None = None) -> None:
        """Fill a market order after `delay`, at the price there is then."""
        deal = self._deal
        order.filling = True
        deal.later(
            deal.lags.of(MARKET_FILL) if delay is None else delay,
            lambda: self.fill(order, deal.price),
        )

    def fill(self, order: Order, price: Decimal) -> None:
        """Fill an order now, all of it."""
        deal = self._deal
        deal.book.fill(order, price, deal.now)
        self._on_fill(order)

    def _reaches(self, order: Order) -> bool:
        below = self._deal.price - order.row.rate
        return below <= ZERO if order.row.side is Side.BUY else below >= ZERO

    def _send(self, order: Order, price: Decimal, delay: timedelta) -> None:
        order.filling = True
        part = self._deal.nasty.partial_fills.get(order.leg)
        if part is None:
            self._deal.later(delay, lambda: self.fill(order, price))
            return

        def begin() -> None:
            deal = self._deal
            rest_after = timedelta(0)
            if deal.book.fill_part(order, part.share, price, deal.now):
                rest_after = part.rest_after
            deal.later(rest_after, lambda: self.fill(order, price))

        self._deal.later(delay, begin)
