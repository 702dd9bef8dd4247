"""Named points at which a worker dies, or waits while something else does.

A file `<point>.<kind>` in a folder arms a point for one kind of order. Whoever reaches it takes the
file away, so each strikes once, whichever process comes first and however often it is started.
"""

import os
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

FOLDER: Final = "CRASH_POINTS"
"""The environment variable that names the folder."""

GIVE_UP_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.01
GO: Final = "go"
STRUCK: Final = "struck"


class Kind(StrEnum):
    BASE = "base"
    SAFETY = "safety"
    TAKE_PROFIT = "take_profit"
    STOP = "stop"
    CANCEL = "cancel"


class Victim(StrEnum):
    WORKER = "worker"
    REDIS = "redis"
    POSTGRES = "postgres"
    CONNECTION = "connection"


POINTS: Final[Sequence[tuple[str, str]]] = (
    ("decide.before", "an order is decided on, and the decision is not committed"),
    ("decide.after", "the decision and its note are committed"),
    ("publish.before", "the note is marked as published, and its message is not sent"),
    ("publish.after", "the message is sent"),
    ("store.before", "the request is signed, and not committed"),
    ("store.after", "the request is committed, and not sent"),
    ("send.after", "the venue has answered, and nobody has written it down"),
    ("answer.before", "the answer is written, and not committed"),
    ("answer.after", "the answer is committed"),
    ("book.before", "fills were read, and not booked"),
    ("book.after", "fills are booked, and nothing was concluded from them"),
    ("rule.before", "the step has ended, and its note is still in hand"),
    ("rule.after", "the note is done"),
    ("ack.before", "everything is done, and the message is not acknowledged"),
    ("ack.after", "the message is acknowledged"),
)
"""Before and after each commit, sending, publication and acknowledgement. What one piece of work
ends with is what the next begins with: after the request's commit is before its sending."""


@dataclass(frozen=True)
class Armed:
    point: str
    kind: Kind

    @property
    def file(self) -> str:
        return f"{self.point}.{self.kind}"


def arm(folder: Path, armed: Armed, victim: Victim) -> None:
    (folder / armed.file).write_text(victim)


def disarm(folder: Path, armed: Armed) -> None:
    (folder / armed.file).unlink(missing_ok=True)


def reach(point: str, kinds: Iterable[str]) -> None:
    """Called by a worker: die here, or wait until the director has killed something else."""
    folder = Path(os.environ[FOLDER])
    for kind in sorted(set(kinds)):
        armed = folder / f"{point}.{kind}"
        try:
            victim = armed.read_text()
            armed.unlink()
        except FileNotFoundError:
            continue
        unfinished = folder / "striking"
        unfinished.write_text(f"{point} {kind} {victim}")
        unfinished.rename(folder / STRUCK)
        if victim == Victim.WORKER:
            os.kill(os.getpid(), signal.SIGKILL)
        _wait_for(folder / GO)


def _wait_for(file: Path) -> None:
    give_up = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < give_up:
        if file.exists():
            file.unlink()
            return
        time.sleep(LOOK_SECONDS)


def take_struck(folder: Path) -> tuple[Armed, Victim] | None:
    """Return what was reached since the last call, for the director."""
    file = folder / STRUCK
    try:
        point, kind, victim = file.read_text().split()
    except FileNotFoundError:
        return None
    file.unlink()
    return Armed(point, Kind(kind)), Victim(victim)


def go_on(folder: Path) -> None:
    (folder / GO).touch()
