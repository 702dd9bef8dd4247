"""Averaging and manual orders of every kind of deal (threecommas.md 7, 9), in our own numbers."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.money import Price, Size
from recomma.domain.source import Role, RowStatus, Strategy
from tests.domain.source_rows import (
    ACTIVE,
    CANCELLED,
    FILLED,
    NOON,
    averaged,
    averaging,
    deal,
    joined,
    legs,
    row,
    said,
    short,
)

LADDERS = {
    "even": ["0.24", "0.23", "0.22", "0.21"],
    "with coefficients": ["0.2475", "0.2425", "0.2225", "0.1425"],
    "custom": ["0.249", "0.248", "0.2", "0.1999"],
}
SIZES = ["50", "100", "200", "400"]


@pytest.mark.parametrize("prices", LADDERS.values(), ids=LADDERS)
@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("told", [True, False], ids=["with events", "without events"])
def test_any_ladder_is_numbered_from_the_base_outwards(
    prices: list[str], strategy: Strategy, told: bool
) -> None:
    outward = prices if strategy is Strategy.LONG else prices[::-1]
    rungs = list(zip(outward, SIZES, strict=True))
    rows = [row(n, rate=rate, size=size) for n, (rate, size) in enumerate(rungs, 1)]
    if strategy is Strategy.SHORT:
        rows = short(rows)
    events = [averaging(n, rate, size, of=4) for n, (rate, size) in enumerate(rungs, 1)]

    found = joined(rows[::-1], said(*events) if told else (), of=deal(strategy, safeties=4))

    assert legs(found) == {f"safety/{n}": str(n) for n in range(1, 5)}
    assert found.unknown == ()


def test_only_the_rungs_that_stand_are_wanted_and_the_next_one_when_it_is_placed() -> None:
    events = [averaging(n, rate, of=5) for n, rate in ((1, "0.24"), (2, "0.23"))]
    rows = [row(1, status=FILLED, rate="0.24", paid="0.2402"), row(2, rate="0.23")]
    five = deal(safeties=5)

    before = joined(rows, said(*events), of=five)
    after = joined([*rows, row(3, rate="0.22")], said(*events, averaging(3, "0.22", of=5)), of=five)

    assert legs(before) == {"safety/1": "1", "safety/2": "2"}
    assert legs(after) == {"safety/1": "1", "safety/2": "2", "safety/3": "3"}


# By signal.


def test_two_signals_45_ms_apart_that_execute_in_reverse_keep_their_steps() -> None:
    rows = [
        replace(row(1, status=FILLED, rate="0.21", paid="0.2101"), created_at=NOON),
        replace(
            row(2, status=FILLED, rate="0.2", paid="0.2002"),
            created_at=NOON + timedelta(milliseconds=45),
        ),
    ]
    placing = "Placing averaging order ({} out of 9). Price: market Size: {} USDT (50 ADA)"
    done = "Averaging order ({} out of 9) executed. Price: market Size: {} USDT (50 ADA)"
    events = said(
        placing.format(8, "10.5"),
        placing.format(9, "10"),
        done.format(9, "10.01"),
        done.format(8, "10.505"),
    )

    found = joined(rows, events, of=deal(safeties=9))

    assert legs(found) == {"safety/8": "1", "safety/9": "2"}
    assert [leg.filled_at for leg in found.entries] == [
        NOON + timedelta(seconds=4),
        NOON + timedelta(seconds=3),
    ]


def test_a_signal_whose_placing_does_not_match_is_told_by_its_executed_event() -> None:
    filled = row(1, status=FILLED, rate="0.21", paid="0.2101")
    events = said(averaging(1, "market", of=9), averaged(1, "0.2101", of=9))

    assert legs(joined([filled], events, of=deal(safeties=9))) == {"safety/1": "1"}


def test_a_market_row_without_a_rate_is_told_by_its_size() -> None:
    rows = [row(n, status=FILLED, paid="0.2", size=size) for n, size in ((1, "50"), (2, "60"))]
    events = said(averaging(2, "market", "60"), averaging(1, "market", "50"))

    found = joined(rows, events)

    assert legs(found) == {"safety/1": "1", "safety/2": "2"}
    assert all(leg.market for leg in found.entries)


# Edits.


def test_a_rung_that_was_moved_in_place_waits_for_the_event_that_says_so() -> None:
    moved = [row(1, rate="0.235")]
    placed = averaging(1, "0.24")

    early = joined(moved, said(placed))
    late = joined(moved, said(placed, averaging(1, "0.235")))

    assert legs(early) == {}
    assert "row 1" in early.unknown[0]
    assert legs(late) == {"safety/1": "1"}


def test_a_total_that_the_user_changed_changes_no_number() -> None:
    rows = [row(1, status=FILLED, rate="0.24", paid="0.2402"), row(2, rate="0.23")]
    events = said(averaging(1, "0.24", of=3), averaging(2, "0.23", of=3), averaged(1, "0.24", of=6))

    assert legs(joined(rows, events, of=deal(safeties=6))) == {"safety/1": "1", "safety/2": "2"}


def test_a_rung_that_was_taken_away_and_put_back_is_the_same_leg() -> None:
    rows = [row(1, status=CANCELLED, rate="0.24"), row(2, rate="0.24")]
    events = said(averaging(1, "0.24"), averaging(1, "0.24"))

    found = joined(rows, events)

    assert [(str(leg.leg), leg.order_id, leg.status) for leg in found.entries] == [
        ("safety/1", "2", ACTIVE)
    ]


# Fills.


def test_a_rung_that_fills_while_it_is_cancelled_is_filled() -> None:
    """A "Cancelling" without "cancelled" happens; the row says what became of it."""
    rows = [
        row(1, status=FILLED, rate="0.24", paid="0.2402"),
        row(2, status=CANCELLED, rate="0.23"),
    ]
    events = said(
        averaging(1, "0.24"),
        averaging(2, "0.23"),
        "Cancelling buy order (1 out of 3). Price: 0.24 USDT Size: 12 USDT (50.0 ADA)",
        "Cancelling buy order (2 out of 3). Price: 0.23 USDT Size: 11.5 USDT (50.0 ADA)",
        averaged(1, "0.2402"),
        "Averaging order (2 out of 3) cancelled. Price: 0.23 USDT Size: 11.5 USDT (50.0 ADA)",
    )

    found = joined(rows, events)

    assert [(str(leg.leg), leg.status) for leg in found.entries] == [
        ("safety/1", FILLED),
        ("safety/2", CANCELLED),
    ]


def test_fills_out_of_order_each_have_their_own_time() -> None:
    rates = {1: "0.24", 2: "0.23", 3: "0.22"}
    rows = [row(n, status=FILLED, rate=rate, paid=rate) for n, rate in rates.items()]
    events = said(
        *(averaging(n, rate) for n, rate in rates.items()),
        *(averaged(n, rates[n]) for n in (1, 3, 2)),
    )

    found = joined(rows, events)

    seconds = [(leg.filled_at or NOON) - NOON for leg in found.entries]
    assert seconds == [timedelta(seconds=n) for n in (4, 6, 5)]


def test_an_order_that_has_filled_in_part_is_the_order_that_it_was() -> None:
    part = replace(row(1, rate="0.24", paid="0.2401"), remaining=Size(Decimal(20)))

    (leg,) = joined([part], said(averaging(1, "0.24"))).entries

    assert (leg.status, leg.size, leg.filled_at) == (ACTIVE, Size(Decimal(50)), None)


def test_a_market_order_that_was_cancelled_in_the_middle_is_what_it_filled() -> None:
    cut = replace(
        row(1, Role.BASE, CANCELLED, rate="0.25"),
        remaining=Size(Decimal(20)),
        total=Decimal("7.5"),
    )

    (base,) = joined(
        [cut], said("Placing base order. Price: market Size: 12.5 USDT (50 ADA)")
    ).entries

    assert (base.status, base.fill_price) == (FILLED, Price(Decimal("0.25")))
    assert base.size == 30


def test_a_limit_order_that_was_cancelled_in_the_middle_is_cancelled() -> None:
    cut = replace(row(1, status=CANCELLED, rate="0.24", paid="0.24"), remaining=Size(Decimal(20)))

    (leg,) = joined([cut], said(averaging(1, "0.24"))).entries

    assert leg.status is CANCELLED


# By hand.


@pytest.mark.parametrize(
    ("placed", "market"),
    [("0.2 USDT Size: 10 USDT (50 ADA)", False), ("market Size: 10 USDT (50 ADA)", True)],
)
@pytest.mark.parametrize("wording", ["safety trade", "averaging order"])
def test_a_manual_order_is_what_its_placing_says(placed: str, market: bool, wording: str) -> None:
    filled = row(9, Role.MANUAL, FILLED, rate="0.2", paid="0.2001")

    (manual,) = joined([filled], said(f"Placing manual {wording}. Price: {placed}")).entries

    assert (str(manual.leg), manual.market) == ("manual/9", market)


@pytest.mark.parametrize("strategy", Strategy)
def test_manual_orders_are_never_numbered_and_never_mixed_up(strategy: Strategy) -> None:
    rows = [
        row(7, Role.MANUAL, FILLED, paid="0.24"),
        row(8, Role.MANUAL, rate="0.2"),
        row(9, Role.MANUAL, CANCELLED, rate="0.2"),
        row(10, Role.MANUAL, RowStatus.INACTIVE, rate="0.3", size="0"),
        row(11, Role.MANUAL, RowStatus.INACTIVE, size="0"),
    ]

    found = joined(
        rows if strategy is Strategy.LONG else short(rows), of=deal(strategy, safeties=0)
    )

    assert [(str(leg.leg), leg.status) for leg in found.entries] == [
        ("manual/7", FILLED),
        ("manual/8", ACTIVE),
        ("manual/9", CANCELLED),
        ("manual/10", RowStatus.INACTIVE),
        ("manual/11", RowStatus.INACTIVE),
    ]
