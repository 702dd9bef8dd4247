"""Lockstep: the market moves, the pipeline settles, 3Commas shows the event, the pipeline settles.

The result does not depend on how fast the machine is, because time stands still until everything
that is due has been done. Due times, ages and nonces are in the simulators' time; how long we wait
for a step is real.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.money import Price
from recomma.domain.notes import plan, reconcile, watch
from recomma.domain.source import SourceDeal
from recomma.rehearse.cast import Cast
from recomma.rehearse.timeline import Moment, Opening
from recomma.stage.bare import BareStage, DoesNotSettle

__all__ = ["Director", "DoesNotSettle"]

AFTER_THE_LAST: Final = timedelta(hours=1)
"""How far the clock runs on for what is still due; an endless retry must not rehearse for ever."""


class Director:
    """Moves the clocks and the markets of a stage whose workers live in simulated time.

    `price_factor`: the venue's prices are those of the recordings, times this.
    """

    def __init__(
        self,
        stage: BareStage,
        cast: Cast,
        begins_at: datetime,
        *,
        price_factor: Decimal = Decimal(1),
    ) -> None:
        self._stage = stage
        self._cast = cast
        self._ledger = stage.ledger
        self._progress = stage.progress
        self._now = begins_at
        self._price_factor = price_factor
        self._listed: dict[int, SourceDeal] | None = None
        self._prices: dict[tuple[str, str], Price] = {}  # By account and coin.
        self._traders: dict[str, set[int]] = defaultdict(set)  # The bots of each coin.

    def open(self, openings: Sequence[Opening]) -> None:
        """Set each market to its first price."""
        for opening in openings:
            self._traders[opening.coin].add(opening.bot_id)
            for account in self._cast.accounts_of(opening.bot_id):
                if (account, opening.coin) not in self._prices:
                    self._move_price(account, opening.coin, opening.price)

    def play(self, moments: Sequence[Moment], on_moment: Callable[[], None]) -> None:
        """Let every moment happen, then everything that is still due. Raises DoesNotSettle."""
        self._watch()
        for moment in moments:
            self._run_clock_to(moment.at)
            self._let_happen(moment)
            on_moment()
        self._run_clock_to(self._now + AFTER_THE_LAST)

    def _run_clock_to(self, at: datetime) -> None:
        """Stop at each due note on the way, in turn."""
        while True:
            due_at = self._progress.next_due_at()
            if due_at is None or due_at > at:
                return
            self._now = max(due_at, self._now)
            self._stage.set_clocks(self._now)
            self._stage.settle(self._now)

    def _let_happen(self, moment: Moment) -> None:
        self._now = max(moment.at, self._now)
        self._stage.venue.set_clock(self._now)
        if moment.coin and moment.price:
            self._let_move(moment.bot_id, moment.coin, moment.price)
        self._stage.source.set_clock(self._now)
        if moment.deal_id is None:
            return
        seen = self._watch()
        if moment.last or (moment.rests and not seen):
            # The one look of the slow cadence that nothing can stand in for: what a deal's last
            # events change does not always move its place in the list (threecommas.md 13.1).
            self._look_at(moment.deal_id)

    def _let_move(self, bot_id: int, coin: str, price: Price) -> None:
        """Move the price where a bot trades, and have a look at whoever that may have filled."""
        moved = False
        for account in self._cast.accounts_of(bot_id):
            if self._prices.get((account, coin)) != price:
                self._move_price(account, coin, price)
                moved = True
        if moved:
            for each in sorted(self._traders[coin].intersection(self._cast.beside(bot_id))):
                for deal_id, venue in self._progress.alive(each):
                    self._ledger.leave(reconcile(deal_id, venue), self._now)
            self._stage.settle(self._now)

    def _look_at(self, deal_id: int) -> None:
        if deal_id in self._progress.deals():
            self._ledger.leave(plan(deal_id), self._now)
            self._stage.settle(self._now)

    def _move_price(self, account: str, coin: str, price: Price) -> None:
        self._prices[account, coin] = price
        there = Price(price * self._price_factor)
        self._stage.venue.move_prices(coin, [(self._now, there)], account)

    def _watch(self) -> bool:
        """Have the list of deals read, unless it is what it was at the last look: then False."""
        listed = {deal.id: deal for deal in self._stage.reader.active_deals()}
        if listed == self._listed:
            return False
        self._listed = listed
        self._ledger.leave(watch(self._stage.settings.account), self._now)
        self._stage.settle(self._now)
        return True
