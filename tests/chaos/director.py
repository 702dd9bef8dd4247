"""`make chaos`: the real thing under a scripted market, while everything that can die does.

    python -m tests.chaos.director --seed 7 --minutes 2

Time runs as fast as real time by default: the relations that matter here (a lock and a lease of
8 s, a request's life of 15 s, a worker's restart of some seconds) are partly in real and partly in
simulated time, and only at speed 1 do they stand to each other as in production. What is compressed
is the life of a deal: see market.py.

Exit status 0: no violation; 1: at least one, with the seed to replay it.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from random import Random
from typing import Final

from recomma.embedded import unwinding_on_sigterm
from tests.chaos import books, telling
from tests.chaos.healing import Probe, open_notes, unread
from tests.chaos.market import VENUES, Market, market
from tests.chaos.proxy import proxy
from tests.chaos.script import Planned, script
from tests.chaos.strikes import Arsenal
from tests.chaos.tally import Tally
from tests.chaos.theatre import Theatre
from tests.chaos.venue_books import Gap
from tests.chaos.wall_clock import wall_clock

LOOK_SECONDS: Final = 0.1
WARM_UP_SECONDS: Final = 180
"""A budget without history begins spent: its first minute is silence."""

SETTLE_SECONDS: Final = 150
"""The longest that anything may rightly wait for: an exit's grace, a back-off, a slow look."""

QUIET_SECONDS: Final = 4.0
SAMPLES: Final = 8


class Director:
    """Plays one seed. `surprises` are processes that ended although nobody killed them."""

    def __init__(
        self, theatre: Theatre, tally: Tally, seed: int, seconds: float, *, calm: bool = False
    ) -> None:
        self._theatre = theatre
        self._tally = tally
        self._seed = seed
        self._seconds = seconds
        self._calm = calm
        self.probe = Probe()
        self.surprises: list[str] = []

    def play(self) -> None:
        """Let market and strikes happen, then heal everything that is still struck."""
        self._warm_up()
        self._load_market()
        arsenal = Arsenal(self._theatre, self._tally, Random(f"strikes/{self._seed}"))
        chance = Random(f"script/{self._seed}")
        self._strike(() if self._calm else script(arsenal, chance, self._seconds))
        self.probe.strike_begins()
        self.probe.strike_ends("the end", self._theatre.clock.shown())

    def settle(self) -> Sequence[str]:
        """Wait until the deals were read again and nothing is being worked on; return what still
        waits after all patience."""
        healed_at = self._theatre.clock.true()
        give_up = time.monotonic() + SETTLE_SECONDS
        quiet_since: float | None = None
        waiting: Sequence[tuple[object, ...]] = ()
        while time.monotonic() < give_up:
            self._look_after()
            waiting = [
                *unread(self._dsn, healed_at, self._theatre.clock.true()),
                *open_notes(self._dsn),
            ]
            now = time.monotonic()
            quiet_since = None if waiting else quiet_since or now
            if quiet_since and now - quiet_since > QUIET_SECONDS and self.probe.is_well:
                return ()
            time.sleep(5 * LOOK_SECONDS)
        return [str(note) for note in waiting]

    def sample(self) -> list[Sequence[Gap]]:
        """Look at exits and positions several times."""
        found = []
        for _ in range(SAMPLES):
            found.append(books.sample(self._theatre))
            self._look_after()
            time.sleep(5 * LOOK_SECONDS)
        return found

    @property
    def _dsn(self) -> str:
        return self._theatre.postgres.url.replace("+psycopg", "", 1)

    def _warm_up(self) -> None:
        """Return when the source has been read once: then beat, broker and workers are up."""
        theatre = self._theatre
        theatre.configure(enabled_at=theatre.clock.true())
        theatre.open()
        give_up = time.monotonic() + WARM_UP_SECONDS
        while time.monotonic() < give_up:
            self._look_after()
            with theatre.ledger.account(theatre.settings.account, None) as account:
                if account.read_at() and theatre.troupe.all_up():
                    return
            time.sleep(5 * LOOK_SECONDS)
        raise SystemExit(f"Nothing came up: {theatre.troupe.last_words('worker-general')}")

    def _load_market(self) -> None:
        found: Market = market(self._seed, self._theatre.clock.true(), self._seconds)
        found.load(self._theatre.source, self._theatre.venue)

    def _strike(self, planned: Sequence[Planned]) -> None:
        began = time.monotonic()
        coming = list(planned)
        under_way: list[Planned] = []
        while (passed := time.monotonic() - began) < self._seconds or under_way:
            for each in [e for e in under_way if e.ends_at_seconds <= passed]:
                each.strike.end()
                under_way.remove(each)
                self.probe.strike_ends(each.strike.kind, self._theatre.clock.shown())
            while coming and coming[0].at_seconds <= passed:
                each = coming.pop(0)
                telling.note(passed, each.strike)
                self.probe.strike_begins()
                each.strike.begin()
                under_way.append(each)
            self._look_after()
            time.sleep(LOOK_SECONDS)

    def _look_after(self) -> None:
        self.surprises += self._theatre.troupe.supervise()
        self.probe.look(self._dsn)


def main(arguments: list[str]) -> int:
    asked = _asked(arguments)
    seed = secrets.randbelow(2**31) if asked.seed is None else int(asked.seed)
    tally = Tally()
    telling.begin(seed, asked.minutes)
    with ExitStack() as undo:
        undo.enter_context(unwinding_on_sigterm())
        clock = undo.enter_context(wall_clock(asked.speed))
        relays = undo.enter_context(proxy(tally, seed))
        theatre = undo.enter_context(Theatre(VENUES, relays, clock, guards=asked.guards))
        if asked.keep_logs:
            undo.callback(telling.keep_logs, theatre.folder / "troupe", asked.keep_logs)
        director = Director(theatre, tally, seed, asked.minutes * 60, calm=asked.calm)
        director.play()
        waiting = director.settle()
        found = books.compare(theatre, director.sample())
        telling.end(found, tally, director.probe, waiting, director.surprises)
        if found.violations:
            telling.how_to_replay(seed, asked.minutes, guards=asked.guards)
        return 1 if found.violations else 0


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", help="replay the script of this seed; without it a new one")
    parser.add_argument("--minutes", type=float, default=2.0, help="of strikes, before it heals")
    parser.add_argument("--speed", type=int, default=1, help="of the simulated time")
    parser.add_argument(
        "--calm", action="store_true", help="no strikes: what the market alone does"
    )
    parser.add_argument(
        "--guards",
        action="store_true",
        help="with breakers and the exchanges' limits: needs minutes enough for forty deals",
    )
    parser.add_argument("--keep-logs", help="a folder for the logs of beat and the workers")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
