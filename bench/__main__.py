"""Start everything on this machine, measure, print one line a number."""

import statistics
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from bench.deals import COIN, PRICE, RUNGS, opened
from recomma import wiring
from recomma.domain.notes import Note, refresh, submit, watch
from recomma.embedded import unwinding_on_sigterm
from recomma.rehearse.command import EVERY_QUEUE
from recomma.stage.stage import Stage, StageVenue

BOTS: Final = 10
HOPS: Final = 30
ROUNDS: Final = 5
THREADS: Final = 4
START: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PATIENCE_SECONDS: Final = 120.0


class Bench:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._ledger = wiring.ledger_of(stage.settings)
        self._progress = wiring.progress_of(stage.settings)
        self._now = START

    def seconds_for(self, notes: Iterable[Note]) -> float:
        """Return how long it takes from leaving the notes until nothing is due any more."""
        began = time.monotonic()
        for note in notes:
            self._ledger.leave(note, self._now)
        self._ledger.wake()
        while self._progress.unsettled(self._now):
            time.sleep(0.001)
            self._stage.children.check()
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise SystemExit("bench: the pipeline does not settle.")
        return time.monotonic() - began

    def watch(self) -> float:
        return self.seconds_for([watch(self._stage.settings.account)])

    def empty_submits(self) -> float:
        """Return empty steps a second: every venue is asked for what is due, and nothing is."""
        notes = [submit(venue.name) for venue in self._stage.venues]
        took = [self.seconds_for(notes) for _ in range(ROUNDS)]
        return len(notes) / statistics.median(took)

    def open_deals(self) -> tuple[int, float]:
        """Let all bots open a deal at once; return the orders placed, and how long it took."""
        self._now += timedelta(minutes=1)
        deals = [opened(9000 + i, i, self._now) for i in range(1, BOTS + 1)]
        for venue in self._stage.venues:
            self._stage.venue.move_prices(COIN, [(self._now, PRICE)], venue.account)
        self._stage.source.post("deals", deals)
        self._now += timedelta(seconds=5)
        self._stage.set_clocks(self._now)
        took = self.watch()
        accounts = self._stage.venue.get("state")["accounts"].values()
        return sum(len(account["orders"]) for account in accounts), took


def main() -> None:
    venues = [StageVenue(f"bench-{i}", (i,)) for i in range(1, BOTS + 1)]
    with unwinding_on_sigterm(), Stage(venues, simulated_from=START) as stage:
        stage.configure(enabled_at=START)
        stage.start_worker("bench", EVERY_QUEUE, THREADS)
        bench = Bench(stage)
        # The first steps wait for the worker to come up, the first orders for the markets.
        bench.seconds_for([refresh(venue.name) for venue in venues])
        hops = sorted(bench.watch() for _ in range(HOPS))
        middle, most = statistics.median(hops) * 1000, hops[HOPS * 9 // 10] * 1000
        click.echo(
            f"hop, median       {middle:8.1f} ms, from leaving a note to the end of its step"
        )
        click.echo(f"hop, 9 in 10      {most:8.1f} ms")
        click.echo(f"empty steps       {bench.empty_submits():8.1f} a second, {THREADS} threads")
        placed, took = bench.open_deals()
        click.echo(f"orders            {placed / took:8.1f} a second ({placed} in {took:.2f} s)")
        click.echo(f"                  {BOTS} deals: one base, {RUNGS} averaging orders, one exit")


if __name__ == "__main__":
    main()
