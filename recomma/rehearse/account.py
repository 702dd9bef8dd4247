"""`recomma rehearse --account`: the user's own past, read over the API and rehearsed."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recomma import wiring
from recomma.config import BadSetting, load
from recomma.rehearse.history import History, Told
from recomma.rehearse.pacing import PacedTransport, RealTime, seconds_between
from recomma.rehearse.recordings import BadRecording

UNUSED: Final = {"database_url": "postgresql://unused/unused", "redis_url": "redis://unused"}
LINE_EVERY: Final = 20
FINGERPRINT_LENGTH: Final = 12


def read_account(days: int, cache: Path | None) -> tuple[Path, ...]:
    """Read the account of the settings; return the files of its finished deals.

    Raises BadSetting, BadRecording if there is no such deal, NotAllowed, Unreadable.
    """
    settings = load(UNUSED)
    key = settings.threecommas_api_key.get_secret_value()
    if not key:
        raise BadSetting("RECOMMA_THREECOMMAS_API_KEY is not set: set it in the environment.")
    time = RealTime()
    paced = PacedTransport(settings.threecommas_plan, time)
    outside = wiring.Outside({"http://": paced, "https://": paced})
    folder = (cache or _cache()) / _fingerprint(key)
    with _telling(seconds_between(settings.threecommas_plan)) as tell:
        history = History(wiring.source_of(settings, outside), folder, time, tell)
        files = history.read(days)
    if not files:
        raise BadRecording(f"The account has no deal of the last {days} days that has ended.")
    return files


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "recomma" / "deals"


def _fingerprint(key: str) -> str:
    """Return a name for the account that does not tell its key."""
    return hashlib.sha256(key.encode()).hexdigest()[:FINGERPRINT_LENGTH]


@contextmanager
def _telling(apart_seconds: float) -> Iterator[Callable[[Told], None]]:
    """Show on stderr how far the reading is: a bar on a terminal, now and then a line else."""
    if not sys.stderr.isatty():
        yield _Lines(apart_seconds)
        return
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda told: bar.update(task, completed=told.kept, total=told.wanted)


class _Lines:
    def __init__(self, apart_seconds: float) -> None:
        self._apart_seconds = apart_seconds
        self._begun = False

    def __call__(self, told: Told) -> None:
        left = told.wanted - told.kept
        if not self._begun or left == 0 or told.kept % LINE_EVERY == 0:
            wait = timedelta(seconds=round(left * self._apart_seconds))
            more = f", about {wait} to go" if left else ""
            click.echo(f"{told.kept} of {told.wanted} deals read{more}", err=True)
        self._begun = True
