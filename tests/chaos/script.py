"""Which strikes fall when: follows from the seed alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.chaos.strikes import WORKERS, Arsenal, Strike

MEAN_GAP_SECONDS: Final = 1.6
QUIET_CHANCE: Final = 0.12
QUIET_SECONDS: Final = (8.0, 14.0)
"""Now and then nothing is struck for a while, so that time to heal can be measured."""

TRIES: Final = 50


@dataclass(frozen=True)
class Planned:
    at_seconds: float
    strike: Strike

    @property
    def ends_at_seconds(self) -> float:
        return self.at_seconds + self.strike.seconds


def script(arsenal: Arsenal, chance: Random, seconds: float) -> Sequence[Planned]:
    """Return strikes that all end within `seconds`, by their beginning."""
    planned: list[Planned] = []
    at = 3.0
    while at < seconds:
        found = _free(arsenal, planned, at, seconds)
        if found is not None:
            planned.append(found)
        at += chance.expovariate(1 / MEAN_GAP_SECONDS)
        if chance.random() < QUIET_CHANCE:
            at = max([at, *(each.ends_at_seconds for each in planned)])
            at += chance.uniform(*QUIET_SECONDS)
    return planned


def _free(
    arsenal: Arsenal, planned: Sequence[Planned], at: float, seconds: float
) -> Planned | None:
    """Return a strike on something that no other strike has in hand; None if time is short."""
    busy = {each.strike.target for each in planned if each.ends_at_seconds >= at}
    if busy & {*WORKERS, "beat"}:
        busy.add("troupe")  # Who is frozen would be thawed by nobody after a power cut.
    if "troupe" in busy:
        busy |= {*WORKERS, "beat"}
    for _ in range(TRIES):
        strike = arsenal.any()
        if strike.target not in busy and at + strike.seconds < seconds:
            return Planned(at, strike)
    return None
