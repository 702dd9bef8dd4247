"""A rehearsal with one worker that is killed and started again at given moments.

    python -m tests.acceptance.killing '[[2, false, "/exchange"]]' DEAL.json ...

prints the report, the venue's own log and where the worker died, as one JSON object. It is a
program of its own because a rehearsal leaves its connections to the end of its process.
"""

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from recomma.rehearse.cast import Cast, cast, plain
from recomma.rehearse.director import Director
from recomma.rehearse.playing import EVERY_QUEUE, THREADS, report_of, universe_of
from recomma.rehearse.programme import Programme, programme
from recomma.rehearse.recordings import load
from recomma.stage.stage import Stage
from tests.acceptance.gate import Gate, Strike, gate

WORKER: Final = "general"


def play(whole: Programme, strikes: Sequence[Strike]) -> dict[str, Any]:
    """Rehearse the deals, each bot on an account of its own."""
    parts = cast(plain(Decimal(1), {}), whole.bots, shared=False)
    with Stage(parts.venues, simulated_from=whole.begins_at) as stage:

        def kill_and_restart() -> None:
            stage.children.kill(f"worker-{WORKER}")
            stage.start_worker(WORKER, EVERY_QUEUE, THREADS)

        with gate(stage.venue.url, strikes, kill_and_restart) as between:
            stage.children.add_environment({"RECOMMA_HYPERLIQUID_URL": between.url})
            _direct(stage, whole, parts)
            return _told(stage, between)


def _direct(stage: Stage, whole: Programme, parts: Cast) -> None:
    stage.configure(whole.begins_at, parts.config)
    whole.load_on(stage)
    stage.start_worker(WORKER, EVERY_QUEUE, THREADS)
    universe = universe_of(stage)
    director = Director(stage, parts, whole.begins_at)
    director.open(whole.openings(universe))
    director.play(whole.moments(universe), lambda: None)


def _told(stage: Stage, between: Gate) -> dict[str, Any]:
    asked = [entry for entry in stage.venue.get("log") if entry["path"] == "/exchange"]
    return {"report": report_of(stage).as_json(), "log": asked, "died_at": between.struck}


if __name__ == "__main__":
    ordered = [
        Strike(number, delivered, path) for number, delivered, path in json.loads(sys.argv[1])
    ]
    recordings = load([Path(name) for name in sys.argv[2:]])
    print(json.dumps(play(programme(recordings), ordered)))
