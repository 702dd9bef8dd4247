"""`--now`: a stop, a close or a cancel that does not wait for the workers."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

import click

from recomma.cli.acting import counted, say_json
from recomma.cli.exits import Exit
from recomma.cli.stop_words import left_json, left_lines
from recomma.domain.touched import Touched

WITHIN_SECONDS: Final = 120
"""By default: a doubt lasts 20 s, a lease of a killed worker 8 s, and a close widens its price a
few times."""

LeftOver = Callable[[], Touched]
Command = TypeVar("Command", bound=Callable[..., None])


def now_options(command: Command) -> Command:
    """Let a command act by itself."""
    within = click.option(
        "--within",
        type=click.IntRange(1, 3600),
        default=WITHIN_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="With --now: how long at most.",
    )
    now = click.option(
        "--now", is_flag=True, help="Do it in this process: no worker, Redis or 3Commas is needed."
    )
    return now(within(command))


def seconds_of(asked: Mapping[str, Any]) -> int:
    """Return how long a command may act by itself; 0 if it is not asked to."""
    return int(asked["within"]) if asked["now"] else 0


@dataclass
class _Progress:
    """Tells, for each venue, how much is left there, whenever that changes."""

    left: LeftOver
    aloud: bool
    told: dict[str, str] = field(default_factory=dict)

    def places(self) -> Sequence[tuple[int, str]]:
        there = self.left()
        venues = {venue for _, venue in there.deals}
        for venue in sorted(venues | set(self.told)):
            self._tell(venue, _how_much(there, venue))
        return there.deals

    def _tell(self, venue: str, says: str) -> None:
        if self.told.get(venue) != says:
            self.told[venue] = says
            if self.aloud:
                click.echo(f"{venue}: {says}")


def act(left: LeftOver, *, within_seconds: int, as_json: bool, told: dict[str, Any]) -> None:
    """Act until nothing is left; say what is, and end with status 1, if something is.

    `told` is what the JSON object says besides.
    """
    from recomma import logs, wiring
    from recomma.config import load

    # What failed stands in the notes, and is told below if it still matters then.
    logs.configure("critical", as_json=False)
    settings = load()
    began_at = time.monotonic()
    progress = _Progress(left, aloud=not as_json)
    done = wiring.act_here(settings, progress.places, within=timedelta(seconds=within_seconds))
    there = left()
    whys = wiring.stops_of(settings).last_said(there.deals)
    seconds = round(time.monotonic() - began_at, 1)
    if as_json:
        say_json(told | {"now": {"done": done, "seconds": seconds, **left_json(there, whys)}})
    elif done:
        click.echo(f"Done after {seconds} s.")
    else:
        click.echo("\n".join([f"Not done after {seconds} s.", *left_lines(there, whys)]))
    if not done:
        raise SystemExit(int(Exit.FAILED))


def _how_much(there: Touched, venue: str) -> str:
    orders = sum(order.venue == venue for order in there.orders)
    positions = sum(position.venue == venue for position in there.positions)
    if not orders and not positions:
        return "nothing is left"
    return f"{counted(orders, 'order')} and {counted(positions, 'position')} left"
