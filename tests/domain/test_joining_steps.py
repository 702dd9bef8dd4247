"""Take-profit steps, and market closes of one step or of the deal (threecommas.md 6.3, 7)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from recomma.domain.money import Price
from recomma.domain.source import Role, RowStatus, SourceOrder, Strategy
from tests.domain.source_rows import (
    ACTIVE,
    CANCELLED,
    FILLED,
    deal,
    in_steps,
    joined,
    legs,
    row,
    short,
    step,
)

BOUGHT = row(1, Role.BASE, FILLED, rate="0.25", paid="0.25", size="100")


def target(order_id: int, rate: str, size: str = "50") -> SourceOrder:
    return row(order_id, Role.TAKE_PROFIT, rate=rate, size=size)


def sold(order_id: int, rate: str, size: str = "50") -> SourceOrder:
    return row(order_id, Role.TAKE_PROFIT, FILLED, rate=rate, paid=rate, size=size)


def close(order_id: int, size: str, status: RowStatus = FILLED) -> SourceOrder:
    return row(order_id, Role.STOP, status, size=size, paid="0.24")


# Numbers.


def test_a_step_that_was_priced_again_keeps_its_number() -> None:
    crossed = in_steps(step("12"), step("11"))

    before = legs(joined([target(11, "0.27"), target(12, "0.26")], of=crossed))
    after = legs(joined([target(11, "0.24"), target(12, "0.25")], of=crossed))

    assert before == after == {"take_profit/1": "12", "take_profit/2": "11"}


def test_four_steps_are_numbered_as_the_settings_list_them() -> None:
    rows = [target(n, f"0.{60 - n}", "25") for n in (11, 12, 13, 14)]

    found = joined(rows, of=in_steps(*(step(str(n), ratio="0.25") for n in (14, 13, 12, 11))))

    assert legs(found) == {f"take_profit/{j}": str(15 - j) for j in range(1, 5)}


def test_trade_ids_that_no_row_has_are_not_believed() -> None:
    """That they are the ids of the rows is inferred. Behind the steps, each would be the whole."""
    found = joined([target(11, "0.26"), target(12, "0.27")], of=deal(steps=["801", "802"]))

    assert legs(found) == {"take_profit/1": "11", "take_profit/2": "12"}


def test_a_step_is_told_by_its_price_while_another_is_between_two_placings() -> None:
    rows = [replace(target(11, "0.26"), status=CANCELLED), target(12, "0.27")]

    found = joined(rows, of=in_steps(step(None, price="0.26"), step(None, price="0.270")))

    assert legs(found) == {"take_profit/1": "11", "take_profit/2": "12"}


def test_a_take_profit_after_the_steps_is_numbered_behind_them() -> None:
    """Averaging orders that filled while they were cancelled get one more target (9.3)."""
    rows = [sold(11, "0.26"), sold(12, "0.27"), target(20, "0.25", "30")]

    found = joined(rows, of=in_steps(step("11", "finished"), step("12", "finished")))

    assert legs(found) == {"take_profit/1": "11", "take_profit/2": "12", "take_profit/3": "20"}


def test_a_single_take_profit_can_fill_more_than_once() -> None:
    rows = [sold(11, "0.26"), sold(12, "0.27"), target(13, "0.25")]

    found = joined(rows)

    assert legs(found) == {f"take_profit/{n}": f"1{n}" for n in (1, 2, 3)}


def test_a_row_that_is_used_again_is_the_same_take_profit() -> None:
    """Whether a repeated take profit gets a new row is not known."""
    before, after = joined([sold(11, "0.26")]), joined([target(11, "0.25", "20")])

    assert legs(before) == legs(after) == {"take_profit/1": "11"}
    assert [leg.status for leg in after.take_profits] == [ACTIVE]


# Closes of one step.


@pytest.mark.parametrize("status", ["Panic closing", "finished"])
def test_a_close_under_an_id_of_its_own_is_of_the_step_that_the_settings_say(status: str) -> None:
    rows = [BOUGHT, replace(target(11, "0.26"), status=CANCELLED), target(12, "0.27")]

    found = joined([*rows, close(30, "50")], of=in_steps(step("11", status), step("12")))

    assert legs(found) == {"base": "1", "take_profit/1": "30", "take_profit/2": "12"}
    assert (found.stops, found.unknown) == ((), ())


def test_two_steps_closed_by_hand_are_told_in_the_order_of_their_closes() -> None:
    steps = (step("11", "finished"), step("12", "Panic closing"), step("13"))

    found = joined([BOUGHT, close(30, "25"), close(31, "25")], of=in_steps(*steps))

    assert legs(found) == {"base": "1", "take_profit/1": "30", "take_profit/2": "31"}


def test_a_step_that_filled_is_not_taken_for_the_one_that_was_closed() -> None:
    steps = (step("11", "finished"), step("12", "Panic closing"), step("13"))
    rows = [BOUGHT, sold(11, "0.26", "25"), target(13, "0.28", "50"), close(30, "25")]

    found = joined(rows, of=in_steps(*steps))

    assert legs(found) == {
        "base": "1",
        "take_profit/1": "11",
        "take_profit/2": "30",
        "take_profit/3": "13",
    }


def test_a_close_of_a_part_that_nobody_can_tell_is_kept_for_a_person() -> None:
    found = joined([BOUGHT, close(30, "50")], of=in_steps(step("11"), step("12")))

    assert (found.stops, found.take_profits) == ((), ())
    assert "closes only a part of the deal" in found.unknown[0]


def test_a_close_of_a_part_of_a_deal_without_steps_closes_nothing_of_ours() -> None:
    found = joined([BOUGHT, close(30, "50")])

    assert found.stops == ()
    assert "closes only a part of the deal" in found.unknown[0]


def test_what_closes_the_rest_after_a_part_is_a_stop_of_the_deal() -> None:
    found = joined([BOUGHT, close(30, "50"), close(31, "50")], of=in_steps(step("11"), step("12")))

    assert [leg.order_id for leg in found.stops] == ["31"]


def test_after_a_step_was_closed_by_its_own_id_the_rest_is_the_whole() -> None:
    found = joined([BOUGHT, close(11, "50"), close(31, "50")], of=in_steps(step("11"), step("12")))

    assert legs(found) == {"base": "1", "take_profit/1": "11", "stop": "31"}


def test_a_close_that_came_to_nothing_is_no_mystery() -> None:
    found = joined([BOUGHT, close(30, "50", CANCELLED)], of=in_steps(step("11"), step("12")))

    assert found.unknown == ()


def test_the_closes_of_a_finished_deal_are_all_of_the_deal() -> None:
    over = replace(in_steps(step("11"), step("12")), finished=True)

    found = joined([BOUGHT, close(30, "50")], of=over)

    assert [leg.order_id for leg in found.stops] == ["30"]


def test_a_short_deal_tells_the_close_of_one_step_as_well() -> None:
    rows = short([BOUGHT, target(12, "0.23"), close(30, "50")])
    of = replace(in_steps(step("11", "Panic closing"), step("12")), strategy=Strategy.SHORT)

    assert legs(joined(rows, of=of)) == {
        "base": "1",
        "take_profit/1": "30",
        "take_profit/2": "12",
    }


# Stops.


def test_a_stop_that_only_waits_has_a_price_and_is_not_at_market() -> None:
    (stop,) = joined([BOUGHT, row(30, Role.STOP, ACTIVE, rate="0.2", size="100")]).stops

    assert (stop.market, stop.price) == (False, Price(Decimal("0.2")))


def test_a_stop_that_is_being_filled_is_at_market() -> None:
    (stop,) = joined([BOUGHT, row(30, Role.STOP, ACTIVE, size="100")]).stops

    assert (stop.market, stop.price) == (True, None)
