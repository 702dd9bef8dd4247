"""The story of one deal: what was said, wanted, decided, sent, answered and filled, in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from recomma.domain.lifecycle import Event
from recomma.domain.money import Price, Side, Size
from recomma.domain.reasons import Reason


class Told(StrEnum):
    """Who tells, or what kind of thing is told."""

    SOURCE = "3commas"  # What 3Commas showed or said.
    WANTED = "wanted"  # What follows from it.
    DECIDED = "decided"  # What we made of it here.
    SENT = "sent"
    ANSWERED = "answered"  # What the venue said, or what looking there showed.
    FILLED = "filled"
    MOVED = "moved"  # Coins that changed deals without a fill, or were lost.
    STOP = "stop"
    LETTER = "dead letter"
    PERSON = "person"  # The audit log.


@dataclass(frozen=True)
class Line:
    """`venue` and `leg` are empty where the line is about the deal as a whole."""

    at: datetime
    told: Told
    text: str
    venue: str = ""
    leg: str = ""
    reason: Reason | None = None
    rule: str = ""  # Which of our rules decided it.
    settings_version: int | None = None
    place: tuple[int, int] = (0, 0)  # Among lines of one moment: whose order, and which step of it.


@dataclass(frozen=True)
class BookedFill:
    """A fill as it was booked; `deal_id` None: it is not ours."""

    at: datetime
    venue: str
    coin: str
    side: Side
    price: Price
    size: Size
    fee: Decimal  # Taken by the venue, in USDC; negative for a rebate.
    closed_pnl: Decimal  # The venue's own, against the account's net position, without the fee.
    deal_id: int | None
    leg: str
    oid: int


HAPPENED: Final[Mapping[str, tuple[Told, str]]] = {
    "planned": (Told.DECIDED, "planned"),
    "waits": (Told.DECIDED, "waits"),
    "retermed": (Told.DECIDED, "other terms"),
    "cancel_wanted": (Told.DECIDED, "should go"),
    str(Event.WITHDRAWN): (Told.DECIDED, "dropped before it was asked for"),
    str(Event.SKIPPED): (Told.DECIDED, "not sent"),
    str(Event.ASKED): (Told.SENT, "asked for"),
    "cancel_asked": (Told.SENT, "cancel asked for"),
    str(Event.RESTED): (Told.ANSWERED, "rests on the book"),
    str(Event.FILLED): (Told.ANSWERED, "filled completely"),
    str(Event.ENDED_PARTLY): (Told.ANSWERED, "ended before all of it filled"),
    str(Event.REFUSED): (Told.ANSWERED, "refused"),
    str(Event.TURNED_AWAY): (Told.ANSWERED, "turned away, to be asked again"),
    str(Event.NEVER_ARRIVED): (Told.ANSWERED, "never arrived, to be asked again"),
    str(Event.GONE): (Told.ANSWERED, "gone from the book"),
    "adopted": (Told.ANSWERED, "found on the venue and adopted"),
    "unclear": (Told.ANSWERED, "an answer that settles nothing"),
}
"""What each line of an order's history is called. What is not here is told by its own name."""


def happened(event: str) -> tuple[Told, str]:
    return HAPPENED.get(event, (Told.ANSWERED, event.replace("_", " ")))


_FIRST: Final = (Told.SOURCE, Told.WANTED, Told.STOP)
_LAST: Final = (Told.MOVED, Told.LETTER, Told.PERSON)


def in_order(line: Line) -> tuple[datetime, int, tuple[int, int]]:
    """Sort by time; of one moment, what was said stands before what was made of it, and the lines
    of an order stand together, step by step. In a rehearsal much happens in one moment."""
    if line.told in _FIRST:
        return line.at, _FIRST.index(line.told), line.place
    after = _LAST.index(line.told) + 1 if line.told in _LAST else 0
    return line.at, len(_FIRST) + after, line.place
