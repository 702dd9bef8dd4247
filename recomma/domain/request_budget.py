"""How the requests that 3Commas allows are shared between lists and details, and in which order.

A list says which of all deals have changed; a detail is everything about one deal. Both have their
part: lists so that no change stays unseen, details so that what was seen is read. Details that
find no room stand in line. What is known to have changed goes before what only a cadence asks for,
but two of them at most: so every deal has its turn (docs/decisions/0031).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(seconds=62)
"""A minute as 3Commas counts it, and what a request may take to arrive: it counts arrivals."""

CHANGED_IN_A_ROW: Final = 2
ABSENT_AFTER: Final = timedelta(seconds=15)
"""Who does not come at its time keeps its place, but holds up nobody any more."""
FORGOTTEN_AFTER: Final = timedelta(minutes=30)


@dataclass(frozen=True)
class Allowance:
    """What may be asked in any window (threecommas.md 11)."""

    limit: int
    lists: int  # Kept for lists.
    lists_most: int  # What lists may use while no detail waits.


PLANS: Final = {
    "starter": Allowance(limit=5, lists=1, lists_most=3),
    "pro": Allowance(limit=50, lists=12, lists_most=20),
    # The plan says 120, but the whole API 100, and a breach of that blocks for 300 s.
    "expert": Allowance(limit=100, lists=30, lists_most=50),
}


@dataclass(frozen=True)
class Request:
    """A request that was made."""

    at: datetime
    is_list: bool


@dataclass(frozen=True)
class Line:
    """Who waits for a detail, as one sees it that asks for its own; the absent not counted."""

    changed_ahead: int = 0
    looks_ahead: int = 0
    changed: int = 0  # All others that wait because something changed.
    looks: int = 0
    in_row: int = 0  # How many changed ones went since the last look.


def ahead(line: Line, *, changed: bool) -> int:
    """Return how many go before one that waits: two changed ones, then a look, and so on."""
    if changed:
        before = (line.changed_ahead + min(line.in_row, CHANGED_IN_A_ROW)) // CHANGED_IN_A_ROW
        return line.changed_ahead + min(line.looks, before)
    turns = CHANGED_IN_A_ROW * (line.looks_ahead + 1) - min(line.in_row, CHANGED_IN_A_ROW)
    return line.looks_ahead + min(line.changed, turns)


def list_from(
    allowance: Allowance,
    made: Sequence[Request],
    weight: int,
    now: datetime,
    *,
    details_wait: bool,
) -> datetime:
    """Return from when on a list of `weight` pages may be asked for; `now`, if at once.

    `made` are the requests of the last window, oldest first. A list that is larger than its part
    has room once in a window.
    """
    weight = min(weight, allowance.limit)
    lists = [request for request in made if request.is_list]
    most = max(weight, allowance.lists if details_wait else allowance.lists_most)
    return max(_room(made, weight, allowance.limit, now), _room(lists, weight, most, now))


def detail_from(
    allowance: Allowance,
    made: Sequence[Request],
    weight: int,
    now: datetime,
    *,
    before: int,
    list_weight: int,
) -> datetime:
    """Return from when on a detail of `weight` requests may be asked for; `now`, if at once.

    `before` is how many details go first, `list_weight` how many pages a list has. The time is an
    estimate where others go first.
    """
    lists = max(allowance.lists, min(list_weight, allowance.limit - weight))
    listed = sum(request.is_list for request in made)
    most = allowance.limit - max(0, lists - listed)
    if len(made) + (before + 1) * weight <= most:
        return now
    own = _room(made, weight, most, now)
    return max(own, now) + before * WINDOW / details_in_window(allowance, weight, list_weight)


def details_in_window(allowance: Allowance, weight: int, list_weight: int) -> int:
    """Return how many details always have room in a window, whatever lists do."""
    lists = max(allowance.lists, list_weight)
    return max(1, (allowance.limit - lists) // weight)


def _room(made: Sequence[Request], weight: int, most: int, now: datetime) -> datetime:
    too_many = len(made) + weight - most
    if too_many <= 0:
        return now
    return made[min(too_many, len(made)) - 1].at + WINDOW if made else now
