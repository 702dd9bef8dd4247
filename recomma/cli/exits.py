"""Exit statuses, fixed and documented (README), and how an error becomes one sentence."""

from enum import IntEnum
from typing import NoReturn

import click


class Exit(IntEnum):
    OK = 0
    FAILED = 1  # A check or comparison failed.
    USAGE = 2  # Bad usage or settings.
    NOT_FOUND = 3
    NOT_REACHABLE = 4
    TIMED_OUT = 5
    INTERRUPTED = 130  # As shells count Ctrl-C.


def fail(status: Exit, sentence: str) -> NoReturn:
    click.echo(f"recomma: {sentence}", err=True)
    raise SystemExit(int(status))
