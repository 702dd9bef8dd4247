"""`recomma demo`: everything as real processes, the script in front of the user, a report."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma import wiring
from recomma.config import PREFIX, Settings
from recomma.demo import report as reports
from recomma.demo import scene, words
from recomma.demo.deal import BOTS, ScriptedDeal
from recomma.demo.happenings import Told
from recomma.demo.kills import WORKER, Kills, Victim
from recomma.demo.performance import Performance
from recomma.demo.report import Report
from recomma.demo.scene import Observer, Scene
from recomma.demo.screen import Screen, choose
from recomma.demo.script import script
from recomma.domain.notes import refresh
from recomma.embedded import unwinding_on_sigterm
from recomma.ports import Ledger
from recomma.stage.children import CannotPlay
from recomma.stage.stage import Stage, StageVenue

VENUE: Final = StageVenue("demo", tuple(BOTS), balance=Decimal(10_000))
QUEUES: Final = ("take_profit", "orders", "deals", "maintenance")
THREADS: Final = 2
WATCH_SECONDS: Final = 1
LOOK_SECONDS: Final = 0.3
WAKE_SECONDS: Final = 60
PATIENCE: Final = timedelta(seconds=40)
"""How long after its last event the script may take to end here: an exit's grace (20 s), and the
looks that follow it, on a slow machine."""


def demo(*, as_json: bool, keep: bool, kills: int) -> int:
    """Play the script; print the report; return 0 if everything ended as scripted, else 1.

    `keep` stays until Ctrl-C after that; `kills` says how often the worker of `orders` is killed.
    Raises CannotStart, CannotPlay, ControlFailed.
    """
    deals = script()
    screen = choose(deals, silent=as_json)
    with unwinding_on_sigterm():
        screen.say("Starting Postgres, Valkey, two simulated exchanges, five workers and beat ...")
        with Stage((VENUE,)) as stage:
            found = _play(stage, deals, screen, kills)
            _tell(found, as_json=as_json)
            status = 1 if found.wrong else 0
            if keep:
                _stay(stage)
            elif not as_json:
                _print(["", *words.next_steps()])
    return status


def _play(stage: Stage, deals: Sequence[ScriptedDeal], screen: Screen, kills: int) -> Report:
    up_at = datetime.now(UTC)
    stage.configure(enabled_at=up_at)
    ledger = wiring.ledger_of(stage.settings)
    # Else the first deal would have to wait for its venue's markets to be read.
    ledger.leave(refresh(VENUE.name), up_at)
    _start_first(stage)
    _wait_for_the_first_look(stage, ledger)
    _start_others(stage)
    start = datetime.now(UTC)
    took = (start - up_at).total_seconds()
    screen.say(f"3Commas was read for the first time after {took:.1f} s; the market opens.")
    performance = Performance(stage.source, stage.venue, deals, start)
    performance.load()
    observer = Observer(stage.source, stage.venue, VENUE.account, _ledger(stage.settings))
    show = _Show(stage, screen, performance, Kills(_victim(stage), kills), up_at)
    with screen.playing():
        return show.watch(observer)


def _victim(stage: Stage) -> Victim:
    return Victim(
        restart=lambda: stage.restart_worker(WORKER, WORKER, THREADS),
        is_up=lambda: stage.is_up(WORKER),
    )


def _ledger(settings: Settings) -> scene.Ledger:
    books, letters = wiring.books_of(settings), wiring.dead_letters(settings)

    def dead_letters() -> Sequence[str]:
        return [f"{letter.note or letter.task}: {letter.why}" for letter in letters.list()]

    return scene.Ledger(books.deals, dead_letters)


@dataclass(frozen=True)
class _Show:
    """What happens in front of the user while the script plays."""

    stage: Stage
    screen: Screen
    performance: Performance
    kills: Kills
    up_at: datetime

    def watch(self, observer: Observer) -> Report:
        """Look again and again until the script has ended and the mirror stands as it should."""
        told, ends_at = Told(), self.performance.ends_at
        while True:
            self.performance.click(datetime.now(UTC))
            seen = observer.look()
            found = self._tell(seen, told)
            if (seen.at > ends_at and not found.wrong) or seen.at > ends_at + PATIENCE:
                return found
            self.stage.children.check()
            time.sleep(LOOK_SECONDS)

    def _tell(self, seen: Scene, told: Told) -> Report:
        start = self.performance.start
        done = list(self.kills.go_on(seen))
        first = _first_order_after(seen, self.up_at)
        found = reports.make(self.performance.deals, seen, first, self.kills.planned)
        self.screen.show(found.deals, told.news(seen), start)
        for sentence in done:
            self.screen.say(f"{(seen.at - start).total_seconds():5.1f} s  {sentence}")
        return found


def _first_order_after(seen: Scene, up_at: datetime) -> timedelta | None:
    times = [at for order in seen.orders for at, _ in order.history]
    return min(times) - up_at if times else None


def _start_first(stage: Stage) -> None:
    """Start beat and the general worker, which can do everything.

    The other workers come up while the market is open already: six processes that start at once
    on two processors keep each other waiting.
    """
    more = {f"{PREFIX}WATCH_SECONDS": str(WATCH_SECONDS)}
    stage.environment |= more
    stage.children.add_environment(more)
    stage.start_worker("general", ",".join(QUEUES), THREADS)
    stage.start_beat()


def _start_others(stage: Stage) -> None:
    """Start the worker that each queue has to itself (design.md, section 5)."""
    for queue in QUEUES:
        stage.start_worker(queue, queue, THREADS)


def _wait_for_the_first_look(stage: Stage, ledger: Ledger) -> None:
    """Return when 3Commas has been read once: beat, broker and workers then work together.

    Raises CannotPlay.
    """
    give_up_at = time.monotonic() + WAKE_SECONDS
    while time.monotonic() < give_up_at:
        stage.children.check()
        with ledger.account(stage.settings.account, None) as book:
            if book.read_at():
                return
        time.sleep(LOOK_SECONDS)
    said = stage.children.last_words("worker-general")
    raise CannotPlay(f"no worker has read 3Commas within {WAKE_SECONDS} s: {said}")


def _tell(found: Report, *, as_json: bool) -> None:
    if as_json:
        _print([json.dumps(found.as_json(), ensure_ascii=False)])
    else:
        _print(["", *words.report_lines(found)])


def _stay(stage: Stage) -> None:
    """Return on Ctrl-C. Raises CannotPlay if a process ends by itself."""
    try:
        _print(["", *words.kept(stage.environment, str(stage.folder / "logs"))])
        while True:
            stage.children.check()
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        return


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        print(line, flush=True)
