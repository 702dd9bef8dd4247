"""What a deal implies now: the entries and exits that the source has, and how it is ending.

Values in, values out. Unknown statuses and texts lead to no order and to no cancel.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.endings import KNOWN, OPENING, PANICKING, Closing, Release, ending
from recomma.domain.joining import join
from recomma.domain.money import Price, Side, Size
from recomma.domain.source import (
    EventKind,
    Leg,
    Reading,
    Role,
    RowStatus,
    SourceDeal,
    SourceLegs,
)
from recomma.domain.source_exits import (
    WantedExit,
    filled_exits,
    shown_exits,
    steps_closing,
    stop_price,
    unseen_exits,
)
from recomma.domain.take_profit_steps import is_panic_closing

__all__ = [
    "PANICKING",
    "Closing",
    "Release",
    "Wanted",
    "WantedEntry",
    "WantedExit",
    "remembered_exits",
    "wanted",
]

STEP_STATUSES: Final = {"", "placed", "to_process", "finished"}
_BASE_PLACED: Final = {EventKind.BASE_PLACING, EventKind.BASE_REPRICED, EventKind.BASE_EXECUTED}


@dataclass(frozen=True)
class WantedEntry:
    """A base, averaging or manual order that the source has or had and that we want as well."""

    leg: Leg
    side: Side
    price: Price  # The limit price; for a market order the source's fill price.
    size: Size
    market: bool
    filled_at: datetime | None  # When the source filled it.


@dataclass(frozen=True)
class Wanted:
    """Everything one reading implies.

    `exits` is empty when the source shows no take-profit, which is not a wish for none.
    """

    side: Side  # Of the entries.
    entries: tuple[WantedEntry, ...]
    withdrawn: frozenset[Leg]  # Entries that the source cancelled.
    exits: tuple[WantedExit, ...]
    exits_filled: frozenset[Leg]  # Take-profits that the source has filled.
    closing: Closing | None
    released: bool  # The source let go of its coins; entries end, the last exit stays.
    finished: bool
    unknown: tuple[str, ...]  # What nobody understands: shown and counted, acted on by no one.
    stop_price: Price | None = None  # The source's stop, while the deal runs.
    release: Release | None = None  # How the source let go; set exactly where `released` is.
    # Take-profits that the source still means to have although no row that we can read shows
    # them. While there are any, an exit that is missing in `exits` was not taken away.
    exits_unseen: frozenset[Leg] = frozenset()
    # Steps that the source closes or closed at market, each by itself while the deal runs on.
    steps_closing: frozenset[Leg] = frozenset()
    ladder: Decimal | None = None  # What base and all averaging orders may cost, in quote currency.
    held: Size | None = None  # What the source holds now.


def wanted(reading: Reading) -> Wanted:
    """Say what `reading` implies. Never raises: what it cannot tell stands in `unknown`."""
    legs = join(reading)
    deal = reading.deal
    closing, release = ending(reading, legs)
    over = deal.finished or release is not None or closing is not None
    exits = shown_exits(deal, legs.take_profits)
    filled = filled_exits(deal, legs.take_profits)
    told = filled | {exit_.leg for exit_ in exits}
    none: frozenset[Leg] = frozenset()
    return Wanted(
        side=deal.strategy.entry_side,
        entries=() if over else _entries(legs),
        withdrawn=_withdrawn(reading, legs, over=over),
        exits=exits,
        exits_filled=filled,
        closing=closing,
        released=release is not None,
        finished=deal.finished,
        unknown=(*_strange_words(deal), *legs.unknown),
        stop_price=None if over else stop_price(deal, legs),
        release=release,
        ladder=deal.ladder,
        held=deal.held,
        exits_unseen=none if over else unseen_exits(reading, legs, told),
        steps_closing=none if over else steps_closing(deal, legs),
    )


def remembered_exits(known: tuple[WantedExit, ...], wanted: Wanted) -> tuple[WantedExit, ...]:
    """Return the exits to keep after a reading: what it shows, and what it cannot have meant away.

    A reading without an exit changes nothing. A step that the source has filled and we have not
    stays as it was last seen, and so does one that is only out of sight, because it is just being
    placed again; a ratio below 1 tells a step from a repeated take-profit.
    """
    if not wanted.exits:
        return known
    shown = {exit_.leg for exit_ in wanted.exits}
    still = (wanted.exits_filled | wanted.exits_unseen | wanted.steps_closing) - shown
    kept = [e for e in known if e.leg in still and e.ratio < 1]
    return tuple(sorted([*wanted.exits, *kept], key=lambda e: str(e.leg)))


def _entries(legs: SourceLegs) -> tuple[WantedEntry, ...]:
    found = []
    for leg in legs.entries:
        if leg.status is RowStatus.FILLED:
            price = leg.fill_price if leg.market else leg.price
        elif leg.status is RowStatus.ACTIVE and not leg.market:
            price = leg.price
        else:
            continue  # A market order that has not filled has no price to measure ours against.
        if price and leg.size:
            found.append(WantedEntry(leg.leg, leg.side, price, leg.size, leg.market, leg.filled_at))
    return tuple(found)


def _withdrawn(reading: Reading, legs: SourceLegs, *, over: bool) -> frozenset[Leg]:
    gone = {leg.leg for leg in legs.entries if over or leg.status is RowStatus.CANCELLED}
    if not over and _base_is_moving(reading):
        gone -= {Leg(Role.BASE)}
    return frozenset(gone)


def _base_is_moving(reading: Reading) -> bool:
    """Say whether a cancelled base is about to be placed again at another price.

    "Updating base order" is followed by a new placing (threecommas.md 8.3); and while a deal still
    opens its base is wanted, or the deal would be over.
    """
    said = [e.kind for e in reading.events if e.kind in _BASE_PLACED]
    return reading.deal.status in OPENING or said[-1:] == [EventKind.BASE_REPRICED]


def _strange_words(deal: SourceDeal) -> tuple[str, ...]:
    found = [] if deal.status in KNOWN else [f"status: {deal.status}"]
    found += [
        f"take-profit step status: {step.status}"
        for step in deal.take_profit_steps
        if step.status.strip().lower() not in STEP_STATUSES and not is_panic_closing(step)
    ]
    return tuple(found)
