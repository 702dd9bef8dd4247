"""When a mere cadence looks at a deal on a venue again: looks stand in one line.

A look costs 40 of the 1200 weights that a network address has in a minute (hyperliquid.md 14.1),
because open orders and fills are those of the whole account. So one look finds the fills of all its
deals, and a line of them finds a fill as soon as looks at each deal by itself would, for a fraction
of the price. Work that is known to be due does not stand in this line.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LOOK_SPACING: Final = timedelta(seconds=5)
"""Between two looks of the line. Twelve a minute cost 504, surveys 124, and entries must have room:
with a look at each deal every 3 s, one deal at rest used up what entries may fill."""

NAKED_AGAIN: Final = timedelta(seconds=3)
NAKED_AGAIN_MAX: Final = timedelta(seconds=30)


@dataclass(frozen=True)
class Looks:
    """The looks that others wait for: how many, and when the last of them is."""

    waiting: int = 0
    last_at: datetime | None = None


def next_look(others: Looks, now: datetime) -> datetime:
    """Return the time behind the last of the line, or one space from now if nobody waits.

    It is never longer than all of them need: a line made by a clock that was ahead, or one with
    gaps where deals have ended, is joined in the middle.
    """
    full = now + others.waiting * LOOK_SPACING
    end = min(others.last_at or now, full)
    return max(end, now) + LOOK_SPACING


def naked_again(since: datetime, now: datetime) -> datetime:
    """Return when to look again at a position that is naked: for ever, but the less often the
    longer it lasts. One that nobody can help must not use up what all the others need."""
    return now + min(max((now - since) / 5, NAKED_AGAIN), NAKED_AGAIN_MAX)
