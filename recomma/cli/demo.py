"""`recomma demo`: the script in front of the user."""

import os
import sys
from typing import Final

import click

from recomma.cli.exits import Exit

KILLS_MAX: Final = 5  # As many bases does the script have: each kill waits for one.


@click.command()
@click.option("--keep", is_flag=True, help="Stay until Ctrl-C afterwards, and say how to look in.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option(
    "--kills",
    type=click.IntRange(0, KILLS_MAX),
    default=1,
    show_default=True,
    help="How often the worker of orders is killed (SIGKILL) while the script plays.",
)
def demo(keep: bool, as_json: bool, kills: int) -> None:
    """Mirror a few scripted deals between two simulated exchanges, and report.

    Needs nothing but this program: servers, exchanges, workers and beat are started for it, as
    real processes on free ports, and are gone afterwards.
    """
    from recomma.demo.command import demo as run

    try:
        status = run(as_json=as_json, keep=keep, kills=kills)
    except BrokenPipeError:
        # Whoever read us has left, as `head` does. Python would complain again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = int(Exit.FAILED)
    raise SystemExit(status)
