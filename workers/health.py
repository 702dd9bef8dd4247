"""A cheap health check: `python -m workers.health --queue deals`, or `--beat`.

A worker touches one file for each of its queues: every few seconds while it is connected to the
broker and its event loop turns, and whenever a task has ended. Beat touches its file when a tick
has reached the broker. Asking the worker itself (`celery inspect ping`) costs a second of
processor time (celery.md 7).
"""

import argparse
import sys
import time
from pathlib import Path

from workers.places import state_folder

TOUCH_SECONDS = 5.0
STALE_SECONDS = 60.0
"""Longer than a broker's restart: Celery comes back by itself, and a restart would help nothing."""

BEAT = "beat"


def touch(name: str) -> None:
    """Say that `name` (a queue, or `beat`) is alive now."""
    _file(name).touch()


def age_seconds(name: str) -> float | None:
    """Return how long ago `name` was alive, or None if it never was.

    A time in the future is no younger than one in the past: a clock that was ahead has written it,
    and whoever lives has written again since.
    """
    try:
        touched_at = _file(name).stat().st_mtime
    except FileNotFoundError:
        return None
    return abs(time.time() - touched_at)


def _file(name: str) -> Path:
    return state_folder() / f"alive-{name}"


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0: alive; 1: not, with one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m workers.health", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--queue", help="a worker that consumes this queue")
    which.add_argument("--beat", action="store_true", help="the beat process")
    parser.add_argument("--stale-seconds", type=float, default=STALE_SECONDS)
    asked = parser.parse_args(arguments)
    name = BEAT if asked.beat else asked.queue
    age = age_seconds(name)
    if age is None:
        sys.stderr.write(f"{name} has never been alive here\n")
        return 1
    if age > asked.stale_seconds:
        sys.stderr.write(f"{name} was last alive {age:.0f} s ago\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
