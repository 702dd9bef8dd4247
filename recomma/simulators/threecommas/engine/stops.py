"""The stop loss of a running deal: fixed, trailing, at break-even; and liquidation (9.4)."""

from datetime import datetime, timedelta
from decimal import Decimal

from recomma.simulators.threecommas.engine import ladder
from recomma.simulators.threecommas.engine.closing import Closing
from recomma.simulators.threecommas.engine.running import RunningDeal
from recomma.simulators.threecommas.spelling import ZERO


class Stops:
    """Follows the price, and stops the deal out when it has been beyond the stop long enough."""

    def __init__(self, deal: RunningDeal, closing: Closing) -> None:
        self._deal = deal
        self._closing = closing
        self._beyond_since: datetime | None = None

    def watch(self) -> None:
        """Look at the price that there is now."""
        deal = self._deal
        if not deal.holds:
            return
        deal.stop_price = self._price()
        liquidation = ladder.liquidation_price(deal.settings, deal.average())
        if liquidation is not None and deal.book.position > ZERO and self._beyond(liquidation):
            self._closing.vanish("liquidated")
            return
        if deal.stop_price is None or not self._beyond(deal.stop_price):
            self._beyond_since = None
            return
        timeout = timedelta(seconds=deal.settings.stop.timeout_seconds)
        if self._beyond_since is None:
            self._beyond_since = deal.now
            if timeout:
                deal.later(timeout, self.watch)
        if deal.now - self._beyond_since >= timeout:
            self._closing.stop()

    def _price(self) -> Decimal | None:
        deal, stop = self._deal, self._deal.settings.stop
        found: list[Decimal] = []
        if stop.percent:
            assert deal.known.base_price is not None  # A deal that holds has bought.
            found.append(ladder.stop_price(deal.settings, self._measured_from()))
        if stop.breakeven_after and len(deal.filled_targets) >= stop.breakeven_after:
            found.append(deal.average())
        # A stop only ever moves in the deal's favour.
        return max(found, key=lambda price: price * deal.settings.sign, default=None)

    def _measured_from(self) -> Decimal:
        deal = self._deal
        base_price = deal.known.base_price
        assert base_price is not None
        if not deal.settings.stop.trailing:
            return base_price
        best = deal.stop_best_price
        if best is None or deal.is_past(best):
            deal.stop_best_price = max(
                deal.price, base_price, key=lambda price: price * deal.settings.sign
            )
        assert deal.stop_best_price is not None
        return deal.stop_best_price

    def _beyond(self, price: Decimal) -> bool:
        return (price - self._deal.price) * self._deal.settings.sign >= ZERO
