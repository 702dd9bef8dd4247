"""`recomma rehearse`: recordings in, the whole pipeline in lockstep, a report out."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recomma import wiring
from recomma.domain.venue import Market
from recomma.embedded import unwinding_on_sigterm
from recomma.rehearse import report as reports
from recomma.rehearse.director import Director
from recomma.rehearse.recordings import Recording, load
from recomma.rehearse.report import Report, VenueState
from recomma.rehearse.timeline import begins_at, moments, openings
from recomma.rehearse.words import tell
from recomma.stage.stage import Stage, StageVenue

EVERY_QUEUE: Final = "take_profit,orders,deals,maintenance"
THREADS: Final = 3


def rehearse(paths: Sequence[Path], *, as_json: bool) -> int:
    """Rehearse the recordings in `paths`; print the report; return the exit status.

    Raises BadRecording, CannotStart, CannotPlay, DoesNotSettle.
    """
    recordings = load(paths)
    for sentence in recordings.ignored:
        click.echo(sentence, err=True)
    with unwinding_on_sigterm():
        found = play(recordings.deals)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        tell(found)
    return 0 if found.clean else 1


def play(deals: Sequence[Recording]) -> Report:
    """Run the pipeline over `deals` and return what came of it."""
    bots = sorted({deal.bot_id for deal in deals})
    venues = {bot_id: StageVenue(f"bot-{bot_id}", (bot_id,)) for bot_id in bots}
    start = begins_at(deals)
    with Stage(tuple(venues.values()), simulated_from=start) as stage:
        stage.configure(enabled_at=start)
        stage.source.post("deals", [dict(deal.payload) for deal in deals])
        stage.start_worker("general", EVERY_QUEUE, THREADS)
        universe = _universe(stage)
        accounts = {bot_id: venue.account for bot_id, venue in venues.items()}
        director = Director(stage, accounts, start)
        director.open(openings(deals, universe, start))
        script = moments(deals, universe)
        with _progress(len(script)) as advance:
            director.play(script, advance)
        books = wiring.books_of(stage.settings)
        return reports.make(books.deals(), books.dead_letters(), _venue_states(stage))


def _universe(stage: Stage) -> Mapping[str, Market]:
    venue = stage.venues[0]
    terms = next(t for t in wiring.ledger_of(stage.settings).venues() if t.name == venue.name)
    markets = wiring.venue_of(stage.settings, terms).markets()
    return {market.coin: market for market in markets}


def _venue_states(stage: Stage) -> Mapping[str, VenueState]:
    accounts: Mapping[str, Any] = stage.venue.get("state")["accounts"]
    states = {}
    for venue in stage.venues:
        told = accounts[venue.account]
        positions = {p["coin"]: Decimal(str(p["szi"])) for p in told["positions"]}
        states[venue.name] = VenueState(told["orders"], positions)
    return states


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Show a bar on a terminal's stderr, and nothing when it is piped."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn("rehearsing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
