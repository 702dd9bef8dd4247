"""A rehearsal with one worker that is killed and started again at given moments.

    python -m tests.acceptance.killing '[[2, false, "/exchange"]]' DEAL.json ...

prints the report, the venue's own log and where the worker died, as one JSON object. It is a
program of its own because a rehearsal leaves its connections to the end of its process.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from recomma import wiring
from recomma.domain.venue import Market
from recomma.rehearse import report as reports
from recomma.rehearse.command import EVERY_QUEUE, THREADS
from recomma.rehearse.director import Director
from recomma.rehearse.recordings import Recording, load
from recomma.rehearse.report import VenueState
from recomma.rehearse.timeline import begins_at, moments, openings
from recomma.stage.stage import Stage, StageVenue
from tests.acceptance.gate import Gate, Strike, gate

WORKER: Final = "general"


def play(deals: Sequence[Recording], strikes: Sequence[Strike]) -> dict[str, Any]:
    """Rehearse the deals, each bot on an account of its own."""
    venues = {deal.bot_id: StageVenue(f"bot-{deal.bot_id}", (deal.bot_id,)) for deal in deals}
    with Stage(tuple(venues.values()), simulated_from=begins_at(deals)) as stage:

        def kill_and_restart() -> None:
            stage.children.kill(f"worker-{WORKER}")
            stage.start_worker(WORKER, EVERY_QUEUE, THREADS)

        with gate(stage.venue.url, strikes, kill_and_restart) as between:
            stage.children.add_environment({"RECOMMA_HYPERLIQUID_URL": between.url})
            _direct(stage, deals, {bot: venue.account for bot, venue in venues.items()})
            return _told(stage, between)


def _direct(stage: Stage, deals: Sequence[Recording], accounts: dict[int, str]) -> None:
    start = begins_at(deals)
    stage.configure(enabled_at=start)
    stage.source.post("deals", [dict(deal.payload) for deal in deals])
    stage.start_worker(WORKER, EVERY_QUEUE, THREADS)
    markets = _markets(stage)
    director = Director(stage, accounts, start)
    director.open(openings(deals, markets, start))
    director.play(moments(deals, markets), lambda: None)


def _markets(stage: Stage) -> Mapping[str, Market]:
    terms = wiring.ledger_of(stage.settings).venues()[0]
    return {m.coin: m for m in wiring.venue_of(stage.settings, terms).markets()}


def _told(stage: Stage, between: Gate) -> dict[str, Any]:
    accounts = stage.venue.get("state")["accounts"]
    books = wiring.books_of(stage.settings)
    states = {venue.name: _state(accounts[venue.account]) for venue in stage.venues}
    report = reports.make(books.deals(), books.dead_letters(), states).as_json()
    asked = [entry for entry in stage.venue.get("log") if entry["path"] == "/exchange"]
    return {"report": report, "log": asked, "died_at": between.struck}


def _state(account: Mapping[str, Any]) -> VenueState:
    positions = {held["coin"]: Decimal(str(held["szi"])) for held in account["positions"]}
    return VenueState(account["orders"], positions)


if __name__ == "__main__":
    ordered = [
        Strike(number, delivered, path) for number, delivered, path in json.loads(sys.argv[1])
    ]
    print(json.dumps(play(load([Path(name) for name in sys.argv[2:]]).deals, ordered)))
