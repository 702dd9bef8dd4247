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
from recomma.rehearse.recordings import Recording

DEMO_FEE: Final = Decimal("1.001")  # threecommas.md 9.4: demo accounts put it into the price.
DEMO_FEE_SOLD: Final = Decimal("0.999")


def price_moves(recording: Recording, size_decimals: int) -> Mapping[int, Price]:
    """Return the price that the market has from each event on, by the event's place in the list."""
    moves: dict[int, Price] = {}
    book = _SourceBook(size_decimals)
    for i, event in enumerate(recording.events):
        price = book.touched_by(event) or _market_fill(recording.events, i)
        if price:
            moves[i] = price
    return moves


class _SourceBook:
    """The source's limit orders, to know at which rate a later event filled one."""

    def __init__(self, size_decimals: int) -> None:
        self._size_decimals = size_decimals
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
                return self._rounded(self._rates.get(_rung(event)), Side.BUY)
            case EventKind.TAKE_PROFIT_EXECUTED:
                filled = _which_filled(event, self._take_profits)
                self._take_profits = [e for e in self._take_profits if e is not filled]
                return self._rounded(filled.price, Side.SELL)
        return None

    def _rounded(self, rate: Price | None, side: Side) -> Price | None:
        return round_resting(rate, side, self._size_decimals) if rate else None


def _which_filled(executed: BotEvent, standing: list[BotEvent]) -> BotEvent:
    """Return the placing that an executed event speaks of: that of its size, else the nearest."""
    price = executed.price or Price(Decimal(0))
    told = price / DEMO_FEE_SOLD
    same = [placed for placed in standing if placed.size == executed.size] or standing
    return min(same, key=lambda e: abs((e.price or told) - told), default=executed)


def first_price(recording: Recording) -> Price | None:
    """Return the price that the market starts at: that of the base order."""
    for i, event in enumerate(recording.events):
        if event.kind is EventKind.BASE_PLACING:
            return event.price or _market_fill(recording.events, i)
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


def _market_fill(events: tuple[BotEvent, ...], i: int) -> Price | None:
    """Return the market's price when the market order placed by event `i` went out."""
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
    sold = placed.kind is EventKind.STOP_PLACING
    if fill is placed:
        return price
    return Price(price / (DEMO_FEE_SOLD if sold else DEMO_FEE))
