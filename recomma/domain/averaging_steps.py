"""Which averaging step an order row is: only the event messages number them (threecommas.md 9.5).

The number of a row must not change between two readings, or one rung would be mirrored twice as
two legs. So what was said first wins: the placing event (there from the start) before the executed
one, and a row is never numbered by its place in the list.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from recomma.domain.source import (
    BotEvent,
    EventKind,
    Reading,
    RowStatus,
    SourceDeal,
    SourceOrder,
)

_QUOTE_ROUNDING: Final = Decimal("0.00000001")  # Messages round quote amounts to 8 decimals.

Same = Callable[[SourceOrder, BotEvent], bool]


@dataclass(frozen=True)
class Told:
    """An averaging row and its step. `market` is None where no event says how it was placed."""

    row: SourceOrder
    step: int
    market: bool | None


def averaging_steps(rows: Sequence[SourceOrder], reading: Reading) -> list[Told]:
    """Number the averaging rows that can be numbered; the others are missing in the answer.

    Sorted by step, then by age. Two rows can have the same step, when the source placed it twice.
    `rows` is sorted by age.
    """
    placed = _numbered_placings(reading.events)
    told = [Told(row, step, e.market) for row, step, e in _matched(rows, placed, says_placed)]
    known, taken = {t.row.order_id for t in told}, {t.step for t in told}
    filled = [r for r in rows if r.order_id not in known and r.status is RowStatus.FILLED]
    executed = [
        (e.step, e)
        for e in reading.events
        if e.kind is EventKind.SAFETY_EXECUTED and e.step is not None and e.step not in taken
    ]
    for row, step, event in _matched(filled, executed, says_executed):
        # An executed event with a price does not say how the order was placed.
        told.append(Told(row, step, event.market or None))
    told += _by_what_remains(rows, told, reading.deal)
    return sorted(told, key=lambda t: (t.step, t.row.created_at))


def says_placed(row: SourceOrder, event: BotEvent) -> bool:
    """Say whether a placing event speaks of this row: same price, same coins, as numbers."""
    if event.size != row.quantity:
        return False
    if not event.market:
        return event.price == row.rate
    if row.rate == 0:
        return True  # Rows of market exits have no rate; perhaps those of entries do not either.
    # A market row's rate is the price at submission, and so is the quote amount of its message.
    return event.quote is not None and abs(event.quote - row.rate * row.quantity) < _QUOTE_ROUNDING


def says_executed(row: SourceOrder, event: BotEvent) -> bool:
    """Say whether an executed event speaks of this row: same coins, and same total or price.

    On a real account the event's price has the fee in it and the row's has not (7, `total`).
    """
    if event.size != row.quantity:
        return False
    return event.quote == row.total or event.price == row.average_price


def _numbered_placings(events: Iterable[BotEvent]) -> list[tuple[int, BotEvent]]:
    """Give each averaging placing its step; those of 2022, which say none, in order of time."""
    placings = [e for e in events if e.kind is EventKind.SAFETY_PLACING]
    said = {e.step for e in placings}
    following = (step for step in range(1, 2 * len(placings) + 1) if step not in said)
    ladder: dict[tuple[object, ...], int] = {}
    numbered = []
    for event in placings:
        step = event.step
        if step is None:
            # Prices are unique within a ladder: the same price again is a repeated request.
            rung = (event.price, event.size) if event.price is not None else (event.at, event.size)
            step = ladder[rung] if rung in ladder else ladder.setdefault(rung, next(following))
        numbered.append((step, event))
    return numbered


def _matched(
    rows: Sequence[SourceOrder], events: Sequence[tuple[int, BotEvent]], same: Same
) -> Iterator[tuple[SourceOrder, int, BotEvent]]:
    """Pair rows and numbered events that say the same of each other, both in order of time.

    Several steps can be alike: signal averaging placed two equal market orders 45 ms apart
    (threecommas.md 9.3). Rows are alike then too, and age decides.
    """
    left = list(rows)
    while left:
        alike = [(step, event) for step, event in events if same(left[0], event)]
        twins = [row for row in left if any(same(row, event) for _, event in alike)]
        steps: dict[int, BotEvent] = {}
        for step, event in alike:
            steps.setdefault(step, event)
        # A step that was placed twice (request repeated) counts once, unless it has two rows.
        said = alike if len(twins) > len(steps) else steps.items()
        for row, (step, event) in zip(twins, said, strict=False):
            yield row, step, event
        left = [row for row in left[1:] if row not in twins]


def _by_what_remains(
    rows: Iterable[SourceOrder], told: Sequence[Told], deal: SourceDeal
) -> list[Told]:
    """Number rows without an event, if as many steps as rows remain and nothing speaks against it.

    Steps are placed one after another, each deeper than the one before. Where age and price do not
    agree on that (signal averaging), or steps would be left over, any number would be a guess,
    and the next reading would correct it into a second order. `rows` is sorted by age.
    """
    known, taken = {t.row.order_id for t in told}, {t.step for t in told}
    rest = [row for row in rows if row.order_id not in known and row.quantity > 0]
    if not rest or len(rest) != deal.max_safety_orders - len(taken):
        return []
    deeper = -deal.strategy.entry_side.sign
    free = [step for step in range(1, deal.max_safety_orders + 1) if step not in taken]
    if len(free) != len(rest):
        return []
    found = [Told(row, step, None) for row, step in zip(rest, free, strict=True)]
    rungs = sorted((*told, *found), key=lambda t: t.step)
    agreed = all(
        upper.step < lower.step
        and upper.row.created_at < lower.row.created_at
        and deeper * upper.row.rate < deeper * lower.row.rate
        for upper, lower in pairwise(rungs)
    )
    return found if agreed else []
