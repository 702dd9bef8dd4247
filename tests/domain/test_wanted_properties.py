"""What holds for every reading, tried on random deals of our own making."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomma.domain.money import Price
from recomma.domain.source import (
    BotEvent,
    Reading,
    Role,
    RowStatus,
    SourceDeal,
    SourceOrder,
    Strategy,
)
from recomma.domain.wanted import Wanted, remembered_exits, wanted
from tests.domain.source_rows import LATER, averaging, deal, row, said, step

# A busy machine is no reason to fail.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

RUNNING = ("created", "base_order_placed", "bought", "close_strategy_activated", "ttp_activated")
OVER = ("completed", "cancelled", "failed", "panic_sold", "stop_loss_finished", "perished")
STANDING = st.sampled_from([RowStatus.ACTIVE, RowStatus.FILLED, RowStatus.CANCELLED])
MIRROR = Decimal(1)  # A long deal at p is a short one at 1 - p.


@dataclass(frozen=True)
class Made:
    deal: SourceDeal
    rows: tuple[SourceOrder, ...]
    events: tuple[BotEvent, ...]

    @property
    def wanted(self) -> Wanted:
        return wanted(Reading(self.deal, self.rows, self.events, LATER))


def _row(order_id: int, role: Role, status: RowStatus, rate: Decimal) -> SourceOrder:
    paid = rate if status is RowStatus.FILLED else Decimal(0)
    return row(order_id, role, status, rate=str(rate), paid=str(paid))


@st.composite
def deals(draw: st.DrawFn, statuses: tuple[str, ...] = (*RUNNING, *OVER)) -> Made:
    rungs = draw(st.integers(0, 5))
    targets = draw(st.integers(0, 4))
    rows, said_of = [], []
    if draw(st.booleans()):
        rows.append(_row(1, Role.BASE, draw(STANDING), Decimal("0.5")))
    for k in range(1, rungs + 1):
        rate = Decimal("0.5") - Decimal("0.01") * k
        rows.append(_row(10 + k, Role.SAFETY, draw(STANDING), rate))
        said_of.append(averaging(k, str(rate), of=rungs))
    by_hand = draw(st.lists(STANDING, max_size=2))
    rows += [_row(30 + k, Role.MANUAL, held, Decimal("0.3")) for k, held in enumerate(by_hand)]
    for j in range(1, targets + 1):
        rate = Decimal("0.5") + Decimal("0.01") * j
        rows.append(_row(50 + j, Role.TAKE_PROFIT, draw(STANDING), rate))
    if draw(st.integers(0, 9)) == 0:
        rows.append(_row(90, Role.STOP, draw(STANDING), Decimal(0)))
    status = draw(st.sampled_from(statuses))
    share = str(1 / Decimal(targets or 1))
    steps = tuple(step(str(50 + j), ratio=share) for j in range(1, targets + 1))
    made = replace(
        deal(safeties=rungs),
        status=status,
        finished=status in OVER,
        take_profit_steps=steps if targets > 1 and draw(st.booleans()) else (),
        trailing=draw(st.booleans()),
        stop_loss_price=draw(st.sampled_from([None, Price(Decimal("0.4"))])),
    )
    return Made(made, tuple(rows), said(*said_of))


def mirrored(long: Made) -> Made:
    """Make the short deal that does everything that the long one does, the other way round."""

    def flip(price: Decimal) -> Price:
        return Price(MIRROR - price if price else Decimal(0))

    rows = [
        replace(
            r,
            side=r.side.opposite,
            rate=flip(r.rate),
            average_price=flip(r.average_price),
            total=flip(r.average_price) * r.quantity,
        )
        for r in long.rows
    ]
    events = [
        replace(e, price=flip(e.price), quote=flip(e.price) * e.size)
        for e in long.events
        if e.price and e.size
    ]
    stop = long.deal.stop_loss_price
    turned = replace(long.deal, strategy=Strategy.SHORT, stop_loss_price=stop and flip(stop))
    return Made(turned, tuple(rows), tuple(events))


def legs_of(found: Wanted) -> tuple[object, ...]:
    """Return everything but sides, prices and texts."""
    return (
        [(e.leg, e.size, e.market, e.filled_at) for e in found.entries],
        [(e.leg, e.ratio) for e in found.exits],
        (found.withdrawn, found.exits_filled, found.exits_unseen, found.steps_closing),
        (found.closing, found.release, found.released, found.finished),
        (found.stop_price is None, len(found.unknown)),
    )


@UNTIMED
@given(deals())
def test_a_short_deal_is_a_long_one_the_other_way_round(long: Made) -> None:
    short = mirrored(long)

    assert legs_of(short.wanted) == legs_of(long.wanted)
    assert {entry.side for entry in short.wanted.entries} <= {short.deal.strategy.entry_side}


@UNTIMED
@given(deals(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_means_nothing(made: Made, chance: Random) -> None:
    rows = list(made.rows)
    chance.shuffle(rows)

    assert replace(made, rows=tuple(rows)).wanted == made.wanted


STRANGE: list[Callable[[SourceOrder], SourceOrder]] = [
    lambda odd: replace(odd, role=Role.UNKNOWN),
    lambda odd: replace(odd, status=RowStatus.UNKNOWN),
    lambda odd: replace(odd, side=odd.side.opposite),
]


@UNTIMED
@given(deals(RUNNING), st.sampled_from(STRANGE), st.sampled_from(list(Role)))
def test_what_nobody_understands_is_never_an_order_and_never_a_cancel(
    made: Made, strange: Callable[[SourceOrder], SourceOrder], role: Role
) -> None:
    odd = strange(row(99, role, RowStatus.ACTIVE, rate="0.7"))

    before, after = made.wanted, replace(made, rows=(*made.rows, odd)).wanted

    assert len(after.unknown) == len(before.unknown) + 1
    assert after.exits_unseen >= before.exits_unseen
    assert replace(after, unknown=(), exits_unseen=frozenset()) == replace(
        before, unknown=(), exits_unseen=frozenset()
    )


@UNTIMED
@given(deals(OVER))
def test_a_deal_that_is_over_wants_no_entry_and_either_closes_or_lets_go(made: Made) -> None:
    found = made.wanted

    assert found.entries == ()
    assert (found.closing is None) is found.released
    assert found.released is (found.release is not None)


@UNTIMED
@given(deals(), deals(RUNNING))
def test_a_leg_is_wanted_at_most_once(first: Made, second: Made) -> None:
    known = remembered_exits((), first.wanted)

    kept = remembered_exits(known, second.wanted)

    for exits in (known, kept):
        assert len({e.leg for e in exits}) == len(exits)
    entries = second.wanted.entries
    assert len({e.leg for e in entries}) == len(entries)


@UNTIMED
@given(deals(RUNNING))
def test_a_running_deal_without_a_stop_at_market_closes_nothing(made: Made) -> None:
    calm = replace(made, rows=tuple(r for r in made.rows if r.role is not Role.STOP))

    assert (calm.wanted.closing, calm.wanted.released) == (None, False)


@UNTIMED
@given(deals(RUNNING), st.integers(1, 500))
def test_later_times_of_the_same_rows_change_no_leg(made: Made, seconds: int) -> None:
    """`updated_at` moves for its own reasons."""
    by = timedelta(seconds=seconds)
    later = replace(
        made,
        deal=replace(made.deal, updated_at=made.deal.updated_at + by),
        rows=tuple(replace(r, updated_at=r.updated_at + by) for r in made.rows),
    )

    assert [e.leg for e in later.wanted.entries] == [e.leg for e in made.wanted.entries]
    assert later.wanted.exits == made.wanted.exits
