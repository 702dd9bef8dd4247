"""The life of one mirror order: its states, what can happen to it, and nothing else.

Every legal step is one line of ARROWS. A step that is not there is a bug of ours or a
surprise from the venue, and raises; it is never ignored. docs/order-states.md is made from
this table.

Two parties write here: `submit`, which asks and hears the answer, and `reconcile`, which looks at
what the venue holds. They can meet on one order (a fill is seen before the answer to its request
is stored); every arrow that only such a meeting explains says so.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    PLANNED = "planned"  # Wanted here; the venue has not been asked, or certainly knows nothing.
    IN_DOUBT = "in_doubt"  # Asked; the answer is not known. The venue may already have it.
    RESTING = "resting"  # On the venue's book, perhaps partly filled.
    FILLED = "filled"  # All of it.
    CANCELLED = "cancelled"  # Ended before all of it filled; what filled counts.
    REFUSED = "refused"  # The venue will not have it.
    SKIPPED = "skipped"  # Deliberately not mirrored.


class Event(StrEnum):
    ASKED = "asked"  # An attempt is stored; it may be sent from now on.
    RESTED = "rested"
    FILLED = "filled"  # The fills add up to its size.
    ENDED_PARTLY = "ended_partly"  # An IOC whose remainder was dropped: ask again for the rest.
    REFUSED = "refused"
    TURNED_AWAY = "turned_away"  # Certainly not executed, and worth another attempt.
    NEVER_ARRIVED = "never_arrived"  # Expired, and the venue has never heard of it.
    GONE = "gone"  # Cancelled, by us or by the venue.
    WITHDRAWN = "withdrawn"  # Not wanted any more, before the venue was asked.
    SKIPPED = "skipped"


LIVE: Final = frozenset({State.PLANNED, State.IN_DOUBT, State.RESTING})

ARROWS: Final[Mapping[tuple[State, Event], State]] = {
    (State.PLANNED, Event.ASKED): State.IN_DOUBT,
    (State.PLANNED, Event.WITHDRAWN): State.CANCELLED,
    (State.PLANNED, Event.SKIPPED): State.SKIPPED,
    (State.IN_DOUBT, Event.RESTED): State.RESTING,
    (State.IN_DOUBT, Event.FILLED): State.FILLED,
    (State.IN_DOUBT, Event.ENDED_PARTLY): State.PLANNED,
    (State.IN_DOUBT, Event.REFUSED): State.REFUSED,
    (State.IN_DOUBT, Event.TURNED_AWAY): State.PLANNED,
    (State.IN_DOUBT, Event.NEVER_ARRIVED): State.PLANNED,
    (State.IN_DOUBT, Event.GONE): State.CANCELLED,
    (
        State.RESTING,
        Event.RESTED,
    ): State.RESTING,  # Reconcile found it before the answer was stored.
    (State.RESTING, Event.FILLED): State.FILLED,
    (State.RESTING, Event.GONE): State.CANCELLED,
    (State.FILLED, Event.RESTED): State.FILLED,  # The fill was seen before the answer was stored.
    (State.FILLED, Event.FILLED): State.FILLED,
    (State.FILLED, Event.GONE): State.FILLED,  # Our cancel came too late.
    (State.CANCELLED, Event.RESTED): State.CANCELLED,  # Its end was seen before its answer.
    (State.CANCELLED, Event.FILLED): State.FILLED,  # A fill may overtake our own cancel.
    (State.CANCELLED, Event.GONE): State.CANCELLED,
}


class ImpossibleStep(Exception):
    """An order was told of something that cannot happen in its state."""


def step(state: State, event: Event) -> State:
    """Return the state after `event`, or raise ImpossibleStep."""
    try:
        return ARROWS[state, event]
    except KeyError:
        raise ImpossibleStep(f"{event} while {state}") from None
