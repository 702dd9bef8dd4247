"""Play a programme on a stage and bring back the report."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recomma import wiring
from recomma.domain.venue import Market
from recomma.rehearse import report as reports
from recomma.rehearse.advice import advice
from recomma.rehearse.cast import Cast
from recomma.rehearse.director import Director
from recomma.rehearse.programme import Programme
from recomma.rehearse.report import Report, VenueState
from recomma.rehearse.totals import VenueTotals, totals
from recomma.rehearse.turning import Turned
from recomma.stage.alone import LoneStage
from recomma.stage.bare import BareStage
from recomma.stage.stage import Stage

EVERY_QUEUE: Final = "take_profit,orders,deals,maintenance"
THREADS: Final = 3


@dataclass(frozen=True)
class Wish:
    """How a programme is to be played. `price_shift` is a share: 0.02 is 2 % above."""

    in_process: bool = False
    price_shift: Decimal = Decimal(0)
    turned: Turned = field(default_factory=Turned)


@dataclass(frozen=True)
class Rehearsal:
    """What came of it: every deal, every venue, and what a person might change."""

    report: Report
    venues: tuple[VenueTotals, ...]
    advice: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return self.report.as_json() | {
            "naked_seconds": self.report.naked.as_json(),
            "venues": {venue.name: venue.as_json() for venue in self.venues},
            "advice": list(self.advice),
        }


def play(programme: Programme, cast: Cast, wish: Wish) -> Rehearsal:
    """Run the pipeline over the programme and return what came of it."""
    stage_of = LoneStage if wish.in_process else Stage
    with stage_of(cast.venues, simulated_from=programme.begins_at) as stage:
        wish.turned.set_on(stage)
        stage.configure(programme.begins_at, cast.config)
        programme.load_on(stage)
        if isinstance(stage, Stage):
            stage.start_worker("general", EVERY_QUEUE, THREADS)
        universe = universe_of(stage)
        factor = 1 + wish.price_shift
        director = Director(stage, cast, programme.begins_at, price_factor=factor)
        director.open(programme.openings(universe))
        moments = programme.moments(universe)
        with _progress(len(moments)) as advance:
            director.play(moments, advance)
        report = report_of(stage)
        venues = totals(report, _venue_states(stage), cast)
        return Rehearsal(report, venues, advice(report, venues, cast))


def universe_of(stage: BareStage) -> Mapping[str, Market]:
    """Return the markets of the simulated venue, as its adapter reads them."""
    terms = stage.ledger.venues()[0]
    markets = wiring.venue_of(stage.settings, terms, stage.outside).markets()
    return {market.coin: market for market in markets}


def report_of(stage: BareStage) -> Report:
    """Compare the ledger with what the simulated venue says itself."""
    books = wiring.books_of(stage.settings, stage.outside)
    return reports.make(books.deals(), books.dead_letters(), _venue_states(stage))


def _venue_states(stage: BareStage) -> Mapping[str, VenueState]:
    accounts: Mapping[str, Any] = stage.venue.get("state")["accounts"]
    states = {}
    for venue in stage.venues:
        told = accounts[venue.account]
        positions = {p["coin"]: Decimal(str(p["szi"])) for p in told["positions"]}
        states[venue.name] = VenueState(told["orders"], positions, told["fills"])
    return states


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal's stderr, and nothing when it is piped."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn("rehearsing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
