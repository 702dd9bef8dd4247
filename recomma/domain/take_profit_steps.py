"""Which take-profit step an order row is, and which market closes are of one step alone.

A step's `trade_id` is the `order_id` of its row (threecommas.md 6.3); that is inferred, so where no
row has any of the ids, prices and order tell instead. The number of a row must not change between
two readings, or one target would be mirrored twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from recomma.domain.source import (
    ENTRY_ROLES,
    Role,
    RowStatus,
    SourceDeal,
    SourceOrder,
    TakeProfitStep,
)

WHOLE: Final = Decimal("0.95")
"""From this share of what a deal holds on, a market close is one of the whole deal.

Not 1, because a real account pays fees in the coin that it bought.
"""

_ALIVE: Final = frozenset({RowStatus.ACTIVE, RowStatus.FILLED})


@dataclass(frozen=True)
class MarketCloses:
    """The rows that close at market: the deal, one step each (by number), or nobody knows what."""

    whole: tuple[SourceOrder, ...]
    steps: dict[str, int]  # By order_id.
    untold: tuple[SourceOrder, ...]


def tell_closes(
    stops: Sequence[SourceOrder], rows: Mapping[Role, Sequence[SourceOrder]], deal: SourceDeal
) -> MarketCloses:
    """Tell the closes of one step from those of the deal: taken for such, they would close all.

    The user can close one step at market (threecommas.md 4.5). Whether its row keeps the step's
    trade_id is not known. Without it, a close of less than the running deal holds is taken for
    the step that the settings say is closing or done; where they do not say, a person must look.
    """
    numbers = _by_trade_id(stops, deal)
    rest = [row for row in stops if row.order_id not in numbers]
    if deal.finished:
        return MarketCloses(tuple(rest), numbers, ())
    targets = rows.get(Role.TAKE_PROFIT, ())
    entered = [row for role in ENTRY_ROLES for row in rows.get(role, ())]
    left = [*targets, *(row for row in stops if row.order_id in numbers)]
    held = _filled_size(entered) - _filled_size(left)
    whole: list[SourceOrder] = []
    part: list[SourceOrder] = []
    for row in rest:
        small = row.status in _ALIVE and row.quantity < held * WHOLE
        (part if small else whole).append(row)
        held -= _filled_size([row])
    closed = _closed_by_hand(targets, numbers, deal)
    if len(closed) != len(part):
        return MarketCloses(tuple(whole), numbers, tuple(part))
    told = {row.order_id: number for row, number in zip(part, closed, strict=True)}
    return MarketCloses(tuple(whole), numbers | told, ())


def step_numbers(
    rows: Sequence[SourceOrder], deal: SourceDeal, closes: MarketCloses
) -> dict[str, int]:
    """Number the take-profit rows from 1, by order_id. `rows` is sorted by age.

    Steps count as the settings list them. What is no step (a left-over, a repeated take profit,
    threecommas.md 9.3) is numbered behind them.
    """
    numbers = _by_trade_id(rows, deal)
    trusted = bool(numbers or closes.steps)
    taken = {*numbers.values(), *closes.steps.values()}
    for j, step in enumerate(deal.take_profit_steps, 1):
        same = [r for r in rows if r.order_id not in numbers and _stands_at(r, step.price)]
        if j not in taken and len(same) == 1:
            numbers[same[0].order_id] = j
            taken.add(j)
    if trusted:
        taken |= {j for j, step in enumerate(deal.take_profit_steps, 1) if step.trade_id}
    rest = [row for row in rows if row.order_id not in numbers]
    free = (j for j in range(1, len(rows) + len(taken) + 1) if j not in taken)
    for row in _in_step_order(rest, deal):
        numbers[row.order_id] = next(free)
    return numbers


def is_panic_closing(step: TakeProfitStep) -> bool:
    """Say whether the source is closing this step at market, by itself."""
    return step.status.strip().lower().startswith("panic")


def is_finished(step: TakeProfitStep) -> bool:
    return step.status.strip().lower() == "finished"


def _filled(rows: Iterable[SourceOrder]) -> Iterable[SourceOrder]:
    return (row for row in rows if row.status is RowStatus.FILLED)


def _filled_size(rows: Iterable[SourceOrder]) -> Decimal:
    return sum((row.quantity for row in _filled(rows)), Decimal(0))


def _by_trade_id(rows: Iterable[SourceOrder], deal: SourceDeal) -> dict[str, int]:
    trades = {s.trade_id: j for j, s in enumerate(deal.take_profit_steps, 1) if s.trade_id}
    return {row.order_id: trades[row.order_id] for row in rows if row.order_id in trades}


def _closed_by_hand(
    rows: Sequence[SourceOrder], told: Mapping[str, int], deal: SourceDeal
) -> list[int]:
    """Return the steps that are closing or done though no row of theirs has filled."""
    served = set(told.values()) | set(_by_trade_id(_filled(rows), deal).values())
    return [
        j
        for j, step in enumerate(deal.take_profit_steps, 1)
        if j not in served and (is_panic_closing(step) or is_finished(step))
    ]


def _stands_at(row: SourceOrder, price: Decimal | None) -> bool:
    return price is not None and row.status is RowStatus.ACTIVE and row.rate == price


def _in_step_order(rows: Sequence[SourceOrder], deal: SourceDeal) -> list[SourceOrder]:
    """Put take profits that nothing numbers in order: nearest first, or oldest first.

    Rows that stand side by side are steps, and the nearest target is the first. Without steps a
    second row is a repeated take profit (threecommas.md 9.3), and by rate it could push the filled
    one off its number.
    """
    side_by_side = sum(row.status is RowStatus.ACTIVE for row in rows) > 1
    if not deal.take_profit_steps and not side_by_side:
        return list(rows)
    sign = deal.strategy.entry_side.sign
    return sorted(rows, key=lambda row: (row.status not in _ALIVE, sign * row.rate))
