"""The market that a recording implies: what the price must have done for the source to fill.

A step function: it starts at the first base's price; where the source filled a limit order it
touches that order's rate, rounded to the venue's tick the way our own order is; for a market
order it is the fill price without the demo account's fee, set when the order is placed.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from recomma.domain.money import Price, Side
from recomma.domain.rounding import round_resting
from recomma.domain.source import BotEvent, EventKind
from recomma.domain.symbols import Listing
from recomma.rehearse.recordings import Recording

# threecommas.md 9.4: demo accounts put their fee into the price.
DEMO_FEE: Final[Mapping[Side, Decimal]] = {
    Side.BUY: Decimal("1.001"),
    Side.SELL: Decimal("0.999"),
}


def price_moves(recording: Recording, listing: Listing) -> Mapping[int, Price]:
    """Return the price that the venue's market has from each event on, by the event's place."""
    moves: dict[int, Price] = {}
    book = _SourceBook(recording.entry_side, listing)
    for i, event in enumerate(recording.events):
        price = book.touched_by(event)
        if price is None:
            told = _market_fill(recording, i)
            price = Price(told * listing.unit) if told else None
        if price:
            moves[i] = price
    return moves


class _SourceBook:
    """The source's limit orders, to know at which rate a later event filled one."""

    def __init__(self, entry_side: Side, listing: Listing) -> None:
        self._entry_side = entry_side
        self._listing = listing
        self._rates: dict[object, Price] = {}
        self._take_profits: list[BotEvent] = []

    def touched_by(self, event: BotEvent) -> Price | None:
        """Note the event; return the price that the market must touch for it to happen."""
        match event.kind:
            case EventKind.SAFETY_PLACING | EventKind.BASE_PLACING | EventKind.MANUAL_PLACING:
                if event.price:
                    self._rates[_rung(event)] = event.price
            case EventKind.TAKE_PROFIT_PLACING if event.price:
                self._take_profits.append(event)
            case EventKind.TAKE_PROFIT_CANCELLING | EventKind.TAKE_PROFIT_CANCELLED:
                gone = (event.price, event.size)
                self._take_profits = [e for e in self._take_profits if (e.price, e.size) != gone]
            case EventKind.BASE_EXECUTED | EventKind.SAFETY_EXECUTED:
                return self._rounded(self._rates.get(_rung(event)), self._entry_side)
            case EventKind.TAKE_PROFIT_EXECUTED:
                exit_side = self._entry_side.opposite
                filled = _which_filled(event, self._take_profits, exit_side)
                self._take_profits = [e for e in self._take_profits if e is not filled]
                return self._rounded(filled.price, exit_side)
        return None

    def _rounded(self, rate: Price | None, side: Side) -> Price | None:
        if not rate:
            return None
        price = Price(rate * self._listing.unit)
        return round_resting(price, side, self._listing.market.size_decimals)


def _which_filled(executed: BotEvent, standing: list[BotEvent], side: Side) -> BotEvent:
    """Return the placing that an executed event speaks of: that of its size, else the nearest."""
    price = executed.price or Price(Decimal(0))
    told = price / DEMO_FEE[side]
    same = [placed for placed in standing if placed.size == executed.size] or standing
    return min(same, key=lambda e: abs((e.price or told) - told), default=executed)


def first_price(recording: Recording) -> Price | None:
    """Return the price that the market starts at, as the source counts: that of the base order."""
    for i, event in enumerate(recording.events):
        if event.kind is EventKind.BASE_PLACING:
            return event.price or _market_fill(recording, i)
    return next((event.price for event in recording.events if event.price), None)


def _rung(event: BotEvent) -> object:
    if event.kind in (EventKind.BASE_PLACING, EventKind.BASE_EXECUTED):
        return "base"
    return event.step


_FILLED_BY: Final = {
    EventKind.BASE_PLACING: EventKind.BASE_EXECUTED,
    EventKind.SAFETY_PLACING: EventKind.SAFETY_EXECUTED,
    EventKind.STOP_PLACING: EventKind.STOP_EXECUTED,
}


def _market_fill(recording: Recording, i: int) -> Price | None:
    """Return the market's price when the market order placed by event `i` went out."""
    events = recording.events
    placed = events[i]
    executed_kind = _FILLED_BY.get(placed.kind)
    if not placed.market or executed_kind is None:
        return None
    fills = (e for e in events[i + 1 :] if e.kind is executed_kind and e.step == placed.step)
    fill = next(fills, placed)
    price = fill.price
    if price is None and fill.quote and fill.size:
        price = Price(fill.quote / fill.size)
    if price is None:
        return None
    if fill is placed:
        return price
    side = recording.entry_side
    if placed.kind is EventKind.STOP_PLACING:
        side = side.opposite
    return Price(price / DEMO_FEE[side])
