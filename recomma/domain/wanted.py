"""What a deal implies now: the entries and exits that the source has, and how it is ending.

Values in, values out. Unknown statuses and texts lead to no order and to no cancel.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.joining import join
from recomma.domain.money import Price, Side, Size
from recomma.domain.reasons import Reason
from recomma.domain.source import (
    Leg,
    Reading,
    Role,
    RowStatus,
    SourceDeal,
    SourceLeg,
    SourceLegs,
)

STOPPING: Final = {"stop_loss_pending", "stop_loss_order_placed", "stop_loss_finished"}
PANICKING: Final = {"panic_sell_pending", "panic_sell_order_placed", "panic_sold"}
LIQUIDATED: Final = {"liquidated", "settled"}
ALIVE: Final = {RowStatus.ACTIVE, RowStatus.FILLED}
# The coins stay with the user (threecommas.md 6.2).
RELEASED: Final = {"cancel_pending", "cancelled", "switched", "switched_take_profit", "failed"}


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
class WantedExit:
    """A take-profit step: `ratio` of everything entered, at `price`."""

    leg: Leg
    ratio: Decimal
    price: Price


@dataclass(frozen=True)
class Closing:
    """The source closes or closed the position at market; ours follows."""

    reason: Reason
    at: datetime  # When the source did; grace counts from here.
    at_once: bool


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
    unknown: tuple[str, ...]


def wanted(reading: Reading) -> Wanted:
    """Say what `reading` implies. Never raises: what it cannot tell stands in `unknown`."""
    legs = join(reading)
    deal = reading.deal
    closing = _closing(reading, legs)
    released = deal.status in RELEASED
    over = deal.finished or released or closing is not None
    return Wanted(
        side=deal.strategy.entry_side,
        entries=() if over else _entries(legs),
        withdrawn=frozenset(
            leg.leg for leg in legs.entries if over or leg.status is RowStatus.CANCELLED
        ),
        exits=_exits(deal, legs.take_profits),
        exits_filled=frozenset(
            leg.leg for leg in legs.take_profits if leg.status is RowStatus.FILLED
        ),
        closing=closing,
        released=released,
        finished=deal.finished,
        unknown=legs.unknown,
    )


def remembered_exits(known: tuple[WantedExit, ...], wanted: Wanted) -> tuple[WantedExit, ...]:
    """Return the exits to keep after a reading: what it shows, and what it cannot have meant away.

    A reading without an exit changes nothing. A step that the source has filled and we have not
    stays as it was last seen; its ratio below 1 tells a step from a repeated take-profit.
    """
    if not wanted.exits:
        return known
    shown = {exit_.leg for exit_ in wanted.exits}
    kept = [e for e in known if e.leg in wanted.exits_filled - shown and e.ratio < 1]
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


def _exits(deal: SourceDeal, take_profits: tuple[SourceLeg, ...]) -> tuple[WantedExit, ...]:
    active = [leg for leg in take_profits if leg.status is RowStatus.ACTIVE and leg.price]
    if not active:
        return ()
    ratios = _ratios(deal, take_profits)
    return tuple(
        WantedExit(leg.leg, ratios.get(leg.leg, Decimal(1)), leg.price)
        for leg in active
        if leg.price is not None
    )


def _ratios(deal: SourceDeal, take_profits: tuple[SourceLeg, ...]) -> dict[Leg, Decimal]:
    """Return each step's share of everything entered.

    The settings say it in percent; rows alone say it only while none of them has filled.
    """
    steps = {
        Leg(Role.TAKE_PROFIT, str(j)): step.ratio
        for j, step in enumerate(deal.take_profit_steps, start=1)
    }
    if steps:
        return steps
    total = sum((leg.size for leg in take_profits), Decimal(0))
    if len(take_profits) <= 1 or not total:
        return {leg.leg: Decimal(1) for leg in take_profits}
    return {leg.leg: leg.size / total for leg in take_profits}


def _closing(reading: Reading, legs: SourceLegs) -> Closing | None:
    deal = reading.deal
    at = deal.closed_at or deal.updated_at
    if deal.status in PANICKING:
        return Closing(Reason.SOURCE_PANIC_SOLD, at, at_once=True)
    stops = [leg.placed_at for leg in legs.stops if leg.status in ALIVE]
    if deal.status in STOPPING or stops:
        return Closing(Reason.SOURCE_STOPPED, min(stops, default=at), at_once=True)
    if deal.status in LIQUIDATED:
        return Closing(Reason.SOURCE_LIQUIDATED, at, at_once=True)
    if deal.finished and deal.status not in RELEASED:
        return Closing(Reason.SOURCE_TOOK_PROFIT, at, at_once=False)
    return None
