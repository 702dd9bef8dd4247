"""Which leg is which row (threecommas.md 9.5), on deals of our own making."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.joining import join
from recomma.domain.money import Price, Side, Size
from recomma.domain.source import Reading, Role, RowStatus, SourceOrder, Strategy
from tests.domain.source_rows import (
    CANCELLED,
    FILLED,
    averaging,
    deal,
    joined,
    legs,
    row,
    said,
    short,
)

# Averaging orders.


def test_averaging_rows_are_numbered_by_price_and_size_of_their_placing_event() -> None:
    rows = [row(3, rate="0.22"), row(1, rate="0.240"), row(2, rate="0.23", size="50.0")]
    events = said(averaging(1, "0.24"), averaging(3, "0.2200"), averaging(2, "0.23"))

    assert legs(joined(rows, events)) == {"safety/1": "1", "safety/2": "2", "safety/3": "3"}


def test_an_order_that_has_no_row_is_not_wanted() -> None:
    found = joined([row(1, rate="0.24")], said(averaging(1, "0.24"), averaging(2, "0.23")))

    assert legs(found) == {"safety/1": "1"}


def test_a_row_without_event_is_unknown_while_several_steps_remain() -> None:
    found = joined([row(1, rate="0.24"), row(2, rate="0.23")], said(averaging(1, "0.24")))

    assert legs(found) == {"safety/1": "1"}
    assert len(found.unknown) == 1
    assert "row 2" in found.unknown[0]


def test_a_row_without_event_gets_the_only_step_that_remains() -> None:
    rows = [row(1, rate="0.24"), row(2, rate="0.23"), row(3, rate="0.22")]

    found = joined(rows, said(averaging(1, "0.24"), averaging(3, "0.22")))

    assert legs(found) == {"safety/1": "1", "safety/2": "2", "safety/3": "3"}


def test_a_row_off_the_ladder_does_not_get_the_only_step_that_remains() -> None:
    rows = [row(1, rate="0.24"), row(2, rate="0.25"), row(3, rate="0.22")]

    found = joined(rows, said(averaging(1, "0.24"), averaging(3, "0.22")))

    assert legs(found) == {"safety/1": "1", "safety/3": "3"}


def test_a_whole_ladder_without_events_is_numbered_by_age_and_price() -> None:
    rows = [row(1, rate="0.24"), row(2, rate="0.23"), row(3, rate="0.22")]

    assert legs(joined(rows)) == {"safety/1": "1", "safety/2": "2", "safety/3": "3"}


def test_a_whole_ladder_is_unknown_where_age_and_price_do_not_agree() -> None:
    rows = [row(1, rate="0.24"), row(2, rate="0.22"), row(3, rate="0.23")]

    found = joined(rows)

    assert legs(found) == {}
    assert len(found.unknown) == 3


def test_the_ladder_of_a_short_deal_goes_up() -> None:
    rows = short([row(1, rate="0.22"), row(2, rate="0.23"), row(3, rate="0.24")])

    found = joined(rows, of=deal(Strategy.SHORT))

    assert legs(found) == {"safety/1": "1", "safety/2": "2", "safety/3": "3"}


def test_two_equal_market_orders_are_numbered_in_the_order_of_their_placing() -> None:
    rows = [row(n, status=FILLED, rate="0.1", paid="0.1001") for n in (1, 2)]
    events = said(averaging(1, "market"), averaging(2, "market"))

    found = joined(rows, events)

    assert legs(found) == {"safety/1": "1", "safety/2": "2"}
    assert all(leg.market and leg.price is None for leg in found.entries)


def test_the_second_of_two_equal_rows_waits_for_its_event() -> None:
    """Else its number would change between two readings, and it would be mirrored twice."""
    rows = [row(n, rate="0.1") for n in (1, 2)]

    found = joined(rows, said(averaging(1, "market")))

    assert legs(found) == {"safety/1": "1"}


def test_a_filled_row_without_placing_event_is_numbered_by_its_executed_event() -> None:
    filled = row(1, status=FILLED, rate="0.24", paid="0.2403")
    events = said(
        "Averaging order (2 out of 3) executed. Price: 0.2403 USDT Size: 12 USDT (50 ADA)"
    )

    assert legs(joined([filled], events)) == {"safety/2": "1"}


def test_a_market_row_is_numbered_by_the_total_of_its_executed_event() -> None:
    filled = row(1, status=FILLED, rate="0.24", paid="0.25")
    events = said("Averaging order (2 out of 3) executed. Price: market Size: 12.5 USDT (50 ADA)")

    found = joined([filled], events)

    assert legs(found) == {"safety/2": "1"}
    assert found.entries[0].market


def test_averaging_orders_of_2022_are_numbered_in_the_order_of_their_placing() -> None:
    rows = [row(1, rate="0.24"), row(2, rate="0.23")]
    events = said(
        "Placing safety trade. Price: 0.24 USDT Size: 12 USDT (50 ADA)."
        " Network error occurred. HTTP code: 502. Request will be retried.",
        "Placing safety trade. Price: 0.24 USDT Size: 12 USDT (50 ADA)",
        "Placing safety trade. Price: 0.23 USDT Size: 11.5 USDT (50 ADA)",
    )

    assert legs(joined(rows, events)) == {"safety/1": "1", "safety/2": "2"}


def test_a_replaced_row_gives_way_to_the_one_that_replaced_it() -> None:
    rows = [row(1, status=CANCELLED, rate="0.24"), row(2, rate="0.235")]

    found = joined(rows, said(averaging(1, "0.24"), averaging(1, "0.235")))

    assert legs(found) == {"safety/1": "2"}
    assert found.unknown == ()


def test_of_two_live_rows_for_one_step_only_the_older_is_an_order() -> None:
    rows = [row(1, rate="0.24"), row(2, rate="0.235")]

    found = joined(rows, said(averaging(1, "0.24"), averaging(1, "0.235")))

    assert legs(found) == {"safety/1": "1"}
    assert found.unknown == ("row 2: a second live row for safety/1",)


def test_a_cancelled_row_keeps_its_leg_and_says_that_it_is_cancelled() -> None:
    found = joined([row(1, status=CANCELLED, rate="0.24")], said(averaging(1, "0.24")))

    assert [(str(leg.leg), leg.status) for leg in found.entries] == [("safety/1", CANCELLED)]


@pytest.mark.parametrize("seed", range(20))
def test_a_row_that_has_a_number_keeps_it_whatever_is_read_later(seed: int) -> None:
    """A number that changed would be a second order at the venue."""
    chance = random.Random(seed)  # The seed is in the name of the test.
    steps = chance.randint(1, 9)
    rows, messages = [], []
    for step in range(1, steps + 1):
        rate = str(Decimal("0.3") - Decimal("0.01") * step)
        by_signal = chance.random() < 0.5
        rate = chance.choice([rate, "0.1"]) if by_signal else rate
        rows.append(row(step, rate=rate))
        messages.append(averaging(step, "market" if by_signal else rate, of=steps))
    events = said(*messages)
    final = legs(joined(rows, events, of=deal(safeties=steps)))

    for seen in range(steps):
        early = legs(joined(rows, events[:seen], of=deal(safeties=steps)))
        assert early.items() <= final.items()


# Base and manual orders, and how they were placed.


def base_placing(price: str) -> str:
    return f"Placing base order. Price: {price} Size: 12.5 USDT (50.0 ADA)"


def test_a_limit_base_is_wanted_at_its_rate_and_never_at_its_fill_price() -> None:
    filled = row(1, Role.BASE, FILLED, rate="0.25", paid="0.2501")

    (base,) = joined([filled], said(base_placing("0.25 USDT"))).entries

    assert (str(base.leg), base.market, base.price) == ("base", False, Price(Decimal("0.25")))
    assert base.fill_price == Price(Decimal("0.2501"))


def test_a_market_base_has_a_fill_price_only() -> None:
    filled = row(1, Role.BASE, FILLED, rate="0.25", paid="0.2501")

    (base,) = joined([filled], said(base_placing("market"))).entries

    assert (base.market, base.price) == (True, None)
    assert base.fill_price == Price(Decimal("0.2501"))


def test_a_base_that_was_placed_again_is_what_it_was_last() -> None:
    events = said(base_placing("0.26 USDT"), "Updating base order", base_placing("market"))

    (base,) = joined([row(1, Role.BASE, rate="0.25")], events).entries

    assert base.market


@pytest.mark.parametrize(
    ("paid", "market"),
    [("0.25", False), ("0.25025", False), ("0.2515", False), ("0.2499", True), ("0.26", True)],
)
def test_without_event_a_fill_off_its_rate_was_a_market_order(paid: str, market: bool) -> None:
    (base,) = joined([row(1, Role.BASE, FILLED, rate="0.25", paid=paid)]).entries

    assert base.market is market


@pytest.mark.parametrize(("paid", "market"), [("0.2485", False), ("0.251", True), ("0.24", True)])
def test_without_event_a_short_fill_is_judged_the_other_way(paid: str, market: bool) -> None:
    rows = short([row(1, Role.BASE, FILLED, rate="0.25", paid=paid)])

    (base,) = joined(rows, of=deal(Strategy.SHORT)).entries

    assert base.market is market


def test_a_base_whose_event_is_still_on_its_way_is_not_told_yet() -> None:
    """A market base that has not filled looks like a limit order at its rate."""
    resting = row(1, Role.BASE, rate="0.8")

    told = [
        join(Reading(deal(), (resting,), (), resting.created_at + timedelta(seconds=seconds)))
        for seconds in (1, 3)
    ]

    assert [len(legs.entries) for legs in told] == [0, 1]


def test_without_event_a_resting_base_is_a_limit_order() -> None:
    (base,) = joined([row(1, Role.BASE, rate="0.25")]).entries

    assert (base.market, base.price) == (False, Price(Decimal("0.25")))
    assert (base.filled_at, base.fill_price) == (None, None)


def test_a_manual_order_is_named_by_its_row() -> None:
    event = "Placing manual safety trade. Price: 0.2 USDT Size: 10 USDT (50 ADA)"

    (manual,) = joined([row(9, Role.MANUAL, rate="0.2")], said(event)).entries

    assert (str(manual.leg), manual.market) == ("manual/9", False)


def test_a_manual_order_without_rate_went_to_the_market() -> None:
    (manual,) = joined([row(9, Role.MANUAL, FILLED, paid="0.21")]).entries

    assert (manual.market, manual.fill_price) == (True, Price(Decimal("0.21")))


# What must never become an order.


@pytest.mark.parametrize(
    "strange",
    [
        row(1, Role.UNKNOWN, rate="0.24"),
        row(1, Role.BASE, RowStatus.UNKNOWN, rate="0.24"),
        replace(row(1, Role.BASE, rate="0.24"), side=Side.SELL),
        replace(row(1, Role.TAKE_PROFIT, rate="0.24"), side=Side.BUY),
    ],
)
def test_a_row_that_makes_no_sense_is_kept_as_a_text(strange: SourceOrder) -> None:
    found = joined([strange])

    assert legs(found) == {}
    assert len(found.unknown) == 1
    assert found.unknown[0].startswith("row 1 (")


def test_an_unknown_message_is_reported() -> None:
    assert joined([], said("Moon phase changed")).unknown == ("event: Moon phase changed",)


def test_an_order_that_the_source_could_not_place_has_no_size() -> None:
    (manual,) = joined([row(1, Role.MANUAL, RowStatus.INACTIVE, rate="0.3", size="0")]).entries

    assert (manual.status, manual.size) == (RowStatus.INACTIVE, Size(Decimal(0)))


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [row(n, rate=rate) for n, rate in ((1, "0.24"), (2, "0.23"), (3, "0.22"))]
    events = said(averaging(1, "0.24"), averaging(2, "0.23"), averaging(3, "0.22"))

    assert joined(rows, events) == joined(rows[::-1], events)


def test_a_row_that_comes_twice_counts_once_in_its_newest_state() -> None:
    resting = row(1, Role.BASE, rate="0.25")
    filled = replace(resting, status=FILLED, updated_at=resting.updated_at + timedelta(minutes=5))

    (base,) = joined([filled, resting]).entries

    assert base.status is FILLED
