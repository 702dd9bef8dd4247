"""A rehearsal whose workers and broker are struck at given moments.

    python -m tests.acceptance.killing 1 '[[2, false, "/exchange", "kill", false]]' DEAL.json ...

plays with so many workers of every queue, and prints the report, the venue's own log and where it
struck, as one JSON object. It is a program of its own because a rehearsal leaves its connections to
the end of its process.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import redis

from recomma.rehearse.cast import Cast, cast, plain
from recomma.rehearse.director import Director
from recomma.rehearse.playing import EVERY_QUEUE, THREADS, report_of, universe_of
from recomma.rehearse.programme import Programme, programme
from recomma.rehearse.recordings import load
from recomma.stage.stage import Stage
from tests.acceptance.gate import Gate, Strike, gate
from tests.chaos.messages import redeliver
from tests.chaos.tally import Tally

PATIENCE_SECONDS: Final = 60.0
"""Only ends a wait that would never end."""


class Strikes:
    """What can happen to the workers and to Redis while a request stands at the gate."""

    def __init__(self, stage: Stage, workers: int) -> None:
        self._stage = stage
        self._workers = [f"general-{number}" for number in range(workers)]
        self._hired = workers
        self.between: Gate | None = None
        self._kinds: Mapping[str, Callable[[], None]] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "flush": self._flush,
            "replace": self._replace,
            "redeliver": self._redeliver,
        }

    def start(self) -> None:
        for name in self._workers:
            self._stage.start_worker(name, EVERY_QUEUE, THREADS)

    def happen(self, kind: str) -> None:
        self._kinds[kind]()

    def _kill(self) -> None:
        for name in self._workers:
            self._stage.children.kill(f"worker-{name}")
        self.start()

    def _freeze(self) -> None:
        """Stop all workers, hire as many others, and let the first go on when these have acted."""
        assert self.between is not None
        self._signal(signal.SIGSTOP)
        before = self.between.carried
        others = [f"general-{self._hired + number}" for number in range(len(self._workers))]
        self._hired += len(others)
        for name in others:
            self._stage.start_worker(name, EVERY_QUEUE, THREADS)
        try:
            until = time.monotonic() + PATIENCE_SECONDS
            while self.between.carried == before and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            self._signal(signal.SIGCONT)
        self._workers += others

    def _signal(self, what: signal.Signals) -> None:
        for name in self._workers:
            os.killpg(self._stage.children.pid_of(f"worker-{name}"), what)

    def _flush(self) -> None:
        with self._redis() as client:
            client.flushdb()

    def _replace(self) -> None:
        """As if another, empty server had taken its place: every connection ends, too."""
        with self._redis() as client:
            client.flushdb()
            client.client_kill_filter(_type="normal", skipme=True)

    def _redeliver(self) -> None:
        redeliver(self._stage.environment["RECOMMA_REDIS_URL"], Tally())

    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(self._stage.environment["RECOMMA_REDIS_URL"])


def play(whole: Programme, strikes: Sequence[Strike], workers: int) -> dict[str, Any]:
    """Rehearse the deals, each bot on an account of its own."""
    parts = cast(plain(Decimal(1), {}), whole.bots, shared=False)
    with Stage(parts.venues, simulated_from=whole.begins_at) as stage:
        struck = Strikes(stage, workers)
        with gate(stage.venue.url, strikes, struck.happen) as between:
            struck.between = between
            stage.children.add_environment({"RECOMMA_HYPERLIQUID_URL": between.url})
            stage.configure(whole.begins_at, parts.config)
            whole.load_on(stage)
            struck.start()
            _direct(stage, whole, parts)
            return _told(stage, between)


def _direct(stage: Stage, whole: Programme, parts: Cast) -> None:
    universe = universe_of(stage)
    director = Director(stage, parts, whole.begins_at)
    director.open(whole.openings(universe))
    director.play(whole.moments(universe), lambda: None)


def _told(stage: Stage, between: Gate) -> dict[str, Any]:
    asked = [entry for entry in stage.venue.get("log") if entry["path"] == "/exchange"]
    return {"report": report_of(stage).as_json(), "log": asked, "died_at": between.struck}


if __name__ == "__main__":
    ordered = [Strike(*each) for each in json.loads(sys.argv[2])]
    recordings = load([Path(name) for name in sys.argv[3:]])
    print(json.dumps(play(programme(recordings), ordered, int(sys.argv[1]))))
