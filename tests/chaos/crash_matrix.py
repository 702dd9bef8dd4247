"""`make crash-matrix`: something dies at each crash point, for each kind of order.

    python -m tests.chaos.crash_matrix --victims worker,redis --points store.after,send.after

For each point and victim one deal is played in lockstep (docs/rehearse.md), in five acts: its base,
an exit that grows, one that is replaced, averaging orders, and a close at market. In each act the
point is armed for one kind of order, and strikes once. What is measured is real time: from when
everything that was killed is up again until nothing is due any more.

Exit status 0: nothing twice, nothing lost; 1: something was.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

from recomma.embedded import unwinding_on_sigterm
from recomma.rehearse.cast import cast, plain
from recomma.rehearse.director import Director
from recomma.rehearse.playing import universe_of
from recomma.rehearse.programme import Programme, programme
from recomma.rehearse.recordings import Recordings
from recomma.rehearse.timeline import BEFORE_THE_FIRST
from recomma.simulators.threecommas.what_if import parse
from recomma.stage.bare import DoesNotSettle
from recomma.stage.control import Control
from tests.chaos import books, crash_table
from tests.chaos.crash_points import (
    FOLDER,
    POINTS,
    Armed,
    Kind,
    Victim,
    arm,
    disarm,
    go_on,
    take_struck,
)
from tests.chaos.healing import open_notes
from tests.chaos.proxy import Proxy, proxy
from tests.chaos.tally import Tally
from tests.chaos.theatre import QUEUES, Theatre, worker

WORKER: Final = "worker-general"
POLL_SECONDS: Final = 0.02
NUDGE_SECONDS: Final = 1.0
STUCK_SECONDS: Final = 120.0
DEATH: Final = timedelta(seconds=2)
"""What a death takes in the program's time: less than a request lives."""

AFTERMATH_SECONDS: Final = 0.3
"""A worker may die after its last note is done: at its acknowledgement."""

STORY: Final[dict[str, Any]] = {
    "prices": [["0s", "0.25"], ["60s", "0.2474"], ["2m", "0.2449"], ["270s", "0.2424"]],
    "bot": {
        "pair": "USDT_DOGE",
        "max_safety_orders": 2,
        "base_order_volume": "50",
        "safety_order_volume": "50",
        "safety_order_step_percentage": "1.0",
        "take_profit": "2.0",
    },
    "actions": [
        {"at": "4m", "do": "edit", "max_safety_orders": 4, "active_safety_orders_count": 4},
        {"at": "6m", "do": "panic_sell"},
    ],
}
ACTS: Final = (
    (timedelta(seconds=0), Kind.BASE),
    (timedelta(seconds=45), Kind.TAKE_PROFIT),
    (timedelta(seconds=105), Kind.CANCEL),
    (timedelta(seconds=200), Kind.SAFETY),
    (timedelta(seconds=330), Kind.STOP),
)
"""From when on after the deal's start which kind of order is awaited: one at a time, so that no
death falls into the healing of another."""


@dataclass
class Played:
    """One point and one victim: how long each kind took to heal, and what was not right."""

    point: str
    victim: Victim
    healed_seconds: dict[Kind, float] = field(default_factory=dict)
    stuck: str = ""  # It did not settle: what this says is no longer measured.
    duplicates: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


class ForwardOnly(Control):
    """A simulator whose time never goes back: a death has moved it on, the director knows not."""

    now = datetime.min.replace(tzinfo=UTC)

    def set_clock(self, at: datetime, *, speed: float = 0) -> None:
        self.now = max(self.now, at)
        super().set_clock(self.now, speed=speed)


class CrashStage(Theatre):
    """Settles through deaths: it starts again what has died, and takes the time."""

    venue: ForwardOnly

    def _open_exchanges(self) -> None:
        super()._open_exchanges()
        self.source, self.venue = ForwardOnly(self.source.url), ForwardOnly(self.venue.url)

    def begin(self, played: Played, folder: Path, starts_at: datetime) -> None:
        self.played = played
        self.points = folder
        self.starts_at = starts_at
        self._act = -1
        self._up_again: dict[Kind, float] = {}
        self.troupe.add_environment({FOLDER: str(folder)})
        self.start_mortal_worker()

    def start_mortal_worker(self) -> None:
        app = "tests.chaos.mortal_app"
        self.troupe.hire(WORKER, worker("general", ",".join(QUEUES), app=app, threads=1))

    def settle(self, now: datetime) -> None:
        self._open_act(now)
        started = nudged = time.monotonic()
        quiet_since: float | None = None
        while quiet_since is None or time.monotonic() - quiet_since < AFTERMATH_SECONDS:
            self._attend()
            settled = self._is_settled(self.venue.now)
            quiet_since = (quiet_since or time.monotonic()) if settled else None
            if settled:
                self._close_wounds()
            if time.monotonic() - nudged > NUDGE_SECONDS:
                nudged = time.monotonic()
                self._ask("NOTIFY recomma_notes")
            if time.monotonic() - started > STUCK_SECONDS:
                waiting = open_notes(self._dsn)
                raise DoesNotSettle(f"not settled for {STUCK_SECONDS:.0f} s at {now}: {waiting}")
            time.sleep(POLL_SECONDS)

    def _open_act(self, now: datetime) -> None:
        """Arm the point for the kind of order that comes now, and for no other."""
        act = max(i for i, (after, _) in enumerate(ACTS) if i == 0 or now >= self.starts_at + after)
        if act == self._act:
            return
        if self._act >= 0:
            disarm(self.points, self._armed(self._act))
        self._act = act
        arm(self.points, self._armed(act), self.played.victim)

    def _armed(self, act: int) -> Armed:
        return Armed(self.played.point, ACTS[act][1])

    def _attend(self) -> None:
        """If a point was reached, kill what is to be killed, and have it up again.

        Meanwhile time goes on: a request that is signed anew must not get the nonce of the old one,
        and with it the protection of a venue that refuses what it has had.
        """
        struck = take_struck(self.points)
        if struck is None:
            return
        armed, victim = struck
        match victim:
            case Victim.WORKER:
                self.troupe.dismiss(WORKER)
            case Victim.REDIS:
                self.valkey.fall()
                self.raise_redis()
            case Victim.POSTGRES:
                self.kill_postgres()
                self.raise_postgres()
            case Victim.CONNECTION:
                for relay in vars(self.relays).values():
                    self.proxy.break_all(relay, "reset")
        # Ours are broken as well, and the director's would only find out when it asks.
        for reader in (self.ledger, self.progress):
            reader._engine.dispose()
        self.set_clocks(self.venue.now + DEATH)
        if victim is Victim.WORKER:
            self._bring_worker()
        else:
            go_on(self.points)
        self._up_again[armed.kind] = time.monotonic()

    def _bring_worker(self) -> None:
        """Return when the new worker consumes: then it has touched its files (workers.health)."""
        alive = self.folder / "state" / f"alive-{QUEUES[-1]}"
        alive.unlink(missing_ok=True)
        self.start_mortal_worker()
        give_up = time.monotonic() + STUCK_SECONDS
        while not alive.exists():
            if time.monotonic() > give_up:
                raise DoesNotSettle(f"no worker: {self.troupe.last_words(WORKER)}")
            time.sleep(POLL_SECONDS)

    def _is_settled(self, now: datetime) -> bool:
        told = self._ask(
            "SELECT EXISTS (SELECT FROM notes WHERE NOT dead AND due_at <= %s)"
            " OR EXISTS (SELECT FROM notes WHERE leased_until IS NOT NULL)",
            now,
        )
        return told is not None and not told[0]

    def _ask(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Ask beside the proxy; a database that is just coming up says nothing."""
        try:
            with psycopg.connect(self._dsn, connect_timeout=2, autocommit=True) as connection:
                found = connection.execute(statement, values or None)
                return found.fetchone() if found.description else None
        except psycopg.OperationalError:
            return None

    @property
    def _dsn(self) -> str:
        return self.postgres.url.replace("+psycopg", "", 1)

    def _close_wounds(self) -> None:
        for kind, since in self._up_again.items():
            self.played.healed_seconds[kind] = time.monotonic() - since
        self._up_again.clear()


def play(point: str, victim: Victim, relays: Proxy) -> Played:
    """Play the story once with this point armed for every kind of order."""
    whole = story(point)
    parts = cast(plain(Decimal(1), {}), whole.bots, shared=False)
    stage = CrashStage(parts.venues, relays, None, simulated_from=whole.begins_at)
    played = Played(point, victim)
    with stage, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage.configure(whole.begins_at, parts.config)
        whole.load_on(stage)
        stage.begin(played, folder, whole.begins_at + BEFORE_THE_FIRST)
        universe = universe_of(stage)
        director = Director(stage, parts, whole.begins_at)
        director.open(whole.openings(universe))
        try:
            director.play(whole.moments(universe), lambda: None)
        except DoesNotSettle as error:
            played.stuck = str(error)
        found = books.compare(stage, ())
    played.duplicates = found.duplicates
    stuck = (played.stuck,) if played.stuck else ()
    played.lost = (*stuck, *found.lost, *found.unexplained, *found.exits, *found.dead_letters)
    return played


def story(point: str) -> Programme:
    name = f"crash {point}"
    script = parse(STORY, source=name, name=name)
    return programme(Recordings(deals=(), scripts=(script,), ignored=()))


def main(arguments: list[str]) -> int:
    asked = _asked(arguments)
    structlog.configure(processors=[], logger_factory=lambda *_: structlog.ReturnLogger())
    if asked.write:
        crash_table.check(Path(asked.write))  # Before an hour goes by.
    points = asked.points.split(",") if asked.points else [point for point, _ in POINTS]
    victims = [Victim(victim) for victim in asked.victims.split(",")]
    rows: list[Played] = []
    with unwinding_on_sigterm(), proxy(Tally(), 0) as relays:
        for victim in victims:
            for point in points:
                rows.append(play(point, victim, relays))
                print(crash_table.line(rows[-1]), flush=True)
    if asked.write:
        crash_table.write(Path(asked.write), rows)
    return 1 if any(row.duplicates or row.lost for row in rows) else 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make crash-matrix", description=__doc__)
    parser.add_argument("--victims", default=",".join(Victim), help="of: " + ", ".join(Victim))
    parser.add_argument(
        "--points", default="", help="of: " + ", ".join(point for point, _ in POINTS)
    )
    parser.add_argument("--write", help="a page whose table is replaced")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
