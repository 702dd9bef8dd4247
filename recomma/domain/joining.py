"""Tell each order row of a deal which leg it is (threecommas.md 9.5).

Rows say exactly what stands at the source's exchange; only the event messages number the averaging
steps and say which orders went to the market. A row whose leg cannot be told becomes a text in
`unknown`, never an order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.averaging_steps import averaging_steps, says_executed, says_placed
from recomma.domain.money import Price, Size
from recomma.domain.source import (
    ENTRY_ROLES,
    BotEvent,
    EventKind,
    Leg,
    Reading,
    Role,
    RowStatus,
    SourceLeg,
    SourceLegs,
    SourceOrder,
    Strategy,
)
from recomma.domain.take_profit_steps import MarketCloses, step_numbers, tell_closes

FEE_IN_PRICE_MAX: Final = Decimal("0.01")
"""How much worse than its limit an average price may be because a fee is in it.

Demo accounts put 0.1 % into the price (threecommas.md 9.4), one documented account 0.6 %.
"""

_EXECUTED: Final = {
    Role.BASE: EventKind.BASE_EXECUTED,
    Role.SAFETY: EventKind.SAFETY_EXECUTED,
    Role.TAKE_PROFIT: EventKind.TAKE_PROFIT_EXECUTED,
    Role.STOP: EventKind.STOP_EXECUTED,
}
TOLD_WITHIN: Final = timedelta(seconds=2)

_ALIVE: Final = frozenset({RowStatus.ACTIVE, RowStatus.FILLED})


def join(reading: Reading) -> SourceLegs:
    """Return the legs of a deal, each at most once (stops: all), and what could not be told.

    Left out without a word are only cancelled or inactive rows of a leg that has another row.
    """
    unknown = [f"event: {e.message}" for e in reading.events if e.kind is EventKind.UNKNOWN]
    rows: dict[Role, list[SourceOrder]] = defaultdict(list)
    for row in _by_age(reading.orders):
        why = _strange(row, reading.deal.strategy)
        if why:
            unknown.append(_text(row, why))
        else:
            rows[row.role].append(row)
    closes = tell_closes(rows[Role.STOP], rows, reading.deal)
    base = _base(rows[Role.BASE], reading)
    safety = _safety(rows[Role.SAFETY], reading)
    entries = [*_one_per_leg(base + safety, unknown), *_manual(rows[Role.MANUAL], reading)]
    unknown += _untold(rows[Role.SAFETY], safety)
    unknown += [_text(row, "closes only a part of the deal") for row in closes.untold]
    return SourceLegs(
        entries=tuple(entries),
        take_profits=tuple(_take_profits(rows, closes, reading)),
        stops=tuple(_exit(row, Leg(Role.STOP), reading) for row in closes.whole),
        unknown=tuple(unknown),
    )


def _by_age(rows: Iterable[SourceOrder]) -> list[SourceOrder]:
    """Put rows in order, oldest first; of one that is there twice, the newest state counts."""
    newest = {row.order_id: row for row in sorted(rows, key=lambda row: row.updated_at)}
    return sorted(newest.values(), key=lambda r: (r.created_at, len(r.order_id), r.order_id))


def _strange(row: SourceOrder, strategy: Strategy) -> str | None:
    if row.role is Role.UNKNOWN:
        return "its deal_order_type is not known"
    if row.status is RowStatus.UNKNOWN:
        return "its status is not known"
    side = strategy.entry_side if row.role in ENTRY_ROLES else strategy.entry_side.opposite
    return None if row.side is side else f"the wrong side for a {strategy} deal"


def _text(row: SourceOrder, why: str) -> str:
    what = f"{row.role} {row.side} {row.quantity} at {row.rate}, {row.status}"
    return f"row {row.order_id} ({what}): {why}"


def _one_per_leg(legs: Iterable[SourceLeg], unknown: list[str]) -> Iterator[SourceLeg]:
    """Let a replaced row give way to the one that replaced it; report two that are both alive."""
    same: dict[Leg, list[SourceLeg]] = defaultdict(list)
    for leg in legs:
        same[leg.leg].append(leg)
    for rivals in same.values():
        alive = [leg for leg in rivals if leg.status in _ALIVE]
        # The oldest stays, because it is the one that may be mirrored already.
        yield alive[0] if alive else rivals[-1]
        unknown += [f"row {leg.order_id}: a second live row for {leg.leg}" for leg in alive[1:]]


# Entries.


def _base(rows: Sequence[SourceOrder], reading: Reading) -> list[SourceLeg]:
    # The last one: "Updating base order" (2022) is followed by a new placing.
    placed = [e for e in reading.events if e.kind is EventKind.BASE_PLACING]
    market = placed[-1].market if placed else None
    return [
        _entry(row, Leg(Role.BASE), market, reading)
        for row in rows
        if not _still_to_be_told(row, market, reading)
    ]


def _safety(rows: Sequence[SourceOrder], reading: Reading) -> list[SourceLeg]:
    return [
        _entry(told.row, Leg(Role.SAFETY, str(told.step)), told.market, reading)
        for told in averaging_steps(rows, reading)
    ]


def _manual(rows: Iterable[SourceOrder], reading: Reading) -> Iterator[SourceLeg]:
    for row in rows:
        market = _market_said(row, reading)
        if not _still_to_be_told(row, market, reading):
            yield _entry(row, Leg(Role.MANUAL, row.order_id), market, reading)


def _still_to_be_told(row: SourceOrder, market: bool | None, reading: Reading) -> bool:
    """Say whether the event that tells a market order from a limit order is still on its way.

    It comes 28 to 61 ms after the row (threecommas.md 8.1). A market order that has not filled
    looks like a limit order at its rate, and taken for one it would rest here.
    """
    young = reading.at - row.created_at < TOLD_WITHIN
    return market is None and row.status is RowStatus.ACTIVE and young


def _untold(rows: Iterable[SourceOrder], told: Iterable[SourceLeg]) -> Iterator[str]:
    known = {leg.order_id for leg in told}
    return (
        _text(row, "no event tells its averaging step") for row in rows if row.order_id not in known
    )


def _market_said(row: SourceOrder, reading: Reading) -> bool | None:
    for event in reading.events:
        if event.kind is EventKind.MANUAL_PLACING and says_placed(row, event):
            return event.market
    return None


def _was_market(row: SourceOrder) -> bool:
    """Guess from the row alone, for want of a placing event.

    An order without a limit price is a market order. One that filled is, if its average price is
    better than its rate, or worse by more than a fee. All others are limit orders at their rate.
    """
    if row.rate == 0:
        return True
    fill = _fill_price(row)
    if not _filled(row) or fill is None:
        return False
    worse = (fill / row.rate - 1) * row.side.sign
    return not 0 <= worse <= FEE_IN_PRICE_MAX


def _entry(row: SourceOrder, leg: Leg, market: bool | None, reading: Reading) -> SourceLeg:
    return _leg(row, leg, _was_market(row) if market is None else market, reading)


# Exits.


def _take_profits(
    rows: Mapping[Role, Sequence[SourceOrder]], closes: MarketCloses, reading: Reading
) -> Iterator[SourceLeg]:
    """Give each take profit its step, and each step that was closed by itself its close.

    A step that was closed has two rows, of which the close says what became of it.
    """
    targets = rows.get(Role.TAKE_PROFIT, ())
    numbers = step_numbers(targets, reading.deal, closes) | closes.steps
    closed = set(closes.steps.values())
    own = [row for row in targets if numbers[row.order_id] not in closed]
    own += [row for row in rows.get(Role.STOP, ()) if row.order_id in closes.steps]
    for row in sorted(own, key=lambda row: numbers[row.order_id]):
        yield _exit(row, Leg(Role.TAKE_PROFIT, str(numbers[row.order_id])), reading)


def _exit(row: SourceOrder, leg: Leg, reading: Reading) -> SourceLeg:
    # A stop that fills or fell at market has no limit. One that only waits has its own price: no
    # such row has been seen, and taken for a close it would end a deal that runs.
    waits = row.status is RowStatus.ACTIVE
    return _leg(row, leg, row.rate == 0 or (row.role is Role.STOP and not waits), reading)


# Both.


def _leg(row: SourceOrder, leg: Leg, market: bool, reading: Reading) -> SourceLeg:
    status, size = row.status, row.quantity
    if market and _fell_short(row):
        status, size = RowStatus.FILLED, Size(row.quantity - row.remaining)
    filled = status is RowStatus.FILLED
    return SourceLeg(
        leg=leg,
        side=row.side,
        status=status,
        market=market,
        price=None if market else row.rate,
        size=size,
        placed_at=row.created_at,
        filled_at=_filled_at(row, leg, reading.events) if filled else None,
        fill_price=_fill_price(row) if filled else None,
        order_id=row.order_id,
    )


def _fell_short(row: SourceOrder) -> bool:
    """Say whether a row was cancelled when it had filled in part (its form is not recorded)."""
    part = 0 < row.remaining < row.quantity
    return row.status is RowStatus.CANCELLED and part and _fill_price(row) is not None


def _filled(row: SourceOrder) -> bool:
    return row.status is RowStatus.FILLED


def _fill_price(row: SourceOrder) -> Price | None:
    if row.average_price > 0:
        return row.average_price
    filled = row.quantity if _filled(row) else row.quantity - row.remaining
    return Price(row.total / filled) if row.total > 0 and filled > 0 else None


def _filled_at(row: SourceOrder, leg: Leg, events: Iterable[BotEvent]) -> datetime:
    kind = _EXECUTED.get(row.role)
    said = [event for event in events if event.kind is kind and says_executed(row, event)]
    # Of twins each has its own event, and the step tells whose it is.
    said.sort(key=lambda event: str(event.step) != leg.which)
    return said[0].at if said else row.updated_at
