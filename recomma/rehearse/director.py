"""Lockstep: the market moves, the pipeline settles, 3Commas shows the event, the pipeline settles.

The result does not depend on how fast the machine is, because time stands still until everything
that is due has been done. Due times, ages and nonces are in the simulators' time; how long we wait
for a step is real.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from recomma import wiring
from recomma.domain.money import Price
from recomma.domain.notes import plan, reconcile, watch
from recomma.domain.source import SourceDeal
from recomma.rehearse.timeline import Moment, Opening
from recomma.stage.stage import Stage

POLL_SECONDS: Final = 0.005
NUDGE_SECONDS: Final = 1.0
STUCK_SECONDS: Final = 120.0
AFTER_THE_LAST: Final = timedelta(hours=1)
"""How far the clock runs on for what is still due; an endless retry must not rehearse for ever."""


class DoesNotSettle(Exception):
    """The pipeline has not finished what is due; the message says since when."""


class Director:
    """Moves the clocks and the market of a stage whose workers live in simulated time."""

    def __init__(self, stage: Stage, accounts: dict[int, str], begins_at: datetime) -> None:
        self._stage = stage
        self._accounts = accounts  # The simulated account of each bot.
        self._ledger = wiring.ledger_of(stage.settings)
        self._progress = wiring.progress_of(stage.settings)
        self._now = begins_at
        self._source = wiring.source_of(stage.settings)
        self._listed: dict[int, SourceDeal] | None = None
        self._prices: dict[tuple[int, str], Price] = {}

    def open(self, openings: Sequence[Opening]) -> None:
        """Set each bot's market to its first price."""
        for opening in openings:
            self._move_price(opening.bot_id, opening.coin, opening.price)

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
            self._settle()

    def _let_happen(self, moment: Moment) -> None:
        self._now = max(moment.at, self._now)
        self._stage.venue.set_clock(self._now)
        if moment.coin and moment.price and self._moves(moment):
            self._move_price(moment.bot_id, moment.coin, moment.price)
            for deal_id, venue in self._progress.alive(moment.bot_id):
                self._ledger.leave(reconcile(deal_id, venue), self._now)
            self._settle()
        self._stage.source.set_clock(self._now)
        self._watch()
        if moment.last:
            # The one look of the slow cadence that nothing can stand in for: what a deal's last
            # events change does not always move its place in the list (threecommas.md 13.1).
            self._look_at(moment.deal_id)

    def _look_at(self, deal_id: int) -> None:
        if deal_id in self._progress.deals():
            self._ledger.leave(plan(deal_id), self._now)
            self._settle()

    def _moves(self, moment: Moment) -> bool:
        return self._prices.get((moment.bot_id, moment.coin or "")) != moment.price

    def _move_price(self, bot_id: int, coin: str, price: Price) -> None:
        self._prices[bot_id, coin] = price
        self._stage.venue.move_prices(coin, [(self._now, price)], self._accounts[bot_id])

    def _watch(self) -> None:
        """Have the list of deals read, unless it is what it was at the last look."""
        listed = {deal.id: deal for deal in self._source.active_deals()}
        if listed == self._listed:
            return
        self._listed = listed
        self._ledger.leave(watch(self._stage.settings.account), self._now)
        self._settle()

    def _settle(self) -> None:
        started = nudged = time.monotonic()
        self._ledger.wake()
        while self._progress.unsettled(self._now):
            time.sleep(POLL_SECONDS)
            waited = time.monotonic()
            if waited - nudged > NUDGE_SECONDS:
                nudged = waited
                self._ledger.wake()
                self._stage.children.check()
            if waited - started > STUCK_SECONDS:
                raise DoesNotSettle(
                    f"The pipeline has not settled for {STUCK_SECONDS:.0f} s at {self._now}."
                )
