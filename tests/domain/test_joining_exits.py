"""Fills and exits of a joined deal (threecommas.md 9.5), on deals of our own making."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from recomma.domain.money import Price
from recomma.domain.source import Role, Strategy
from tests.domain.source_rows import (
    CANCELLED,
    FILLED,
    NOON,
    averaging,
    deal,
    joined,
    legs,
    row,
    said,
    short,
)

# Fills.


def test_a_fill_happened_when_its_executed_event_says() -> None:
    filled = row(1, Role.BASE, FILLED, rate="0.25", paid="0.26")
    events = said("Base order executed.  Price: 0.26 USDT.  Size: 13 USDT (50.0 ADA)")

    (base,) = joined([filled], events).entries

    assert base.filled_at == NOON + timedelta(seconds=1)


def test_twins_each_have_the_time_of_their_own_executed_event() -> None:
    rows = [row(n, status=FILLED, rate="0.1", paid="0.11") for n in (1, 2)]
    done = "Averaging order ({} out of 3) executed. Price: market Size: 5.5 USDT (50 ADA)"
    placed = (averaging(1, "market"), averaging(2, "market"))

    found = joined(rows, said(*placed, done.format(2), done.format(1)))

    seconds = [(leg.filled_at or NOON) - NOON for leg in found.entries]
    assert seconds == [timedelta(seconds=4), timedelta(seconds=3)]


def test_without_event_a_fill_happened_at_the_last_change_of_its_row() -> None:
    filled = row(1, Role.BASE, FILLED, rate="0.25", paid="0.25")

    (base,) = joined([filled]).entries

    assert base.filled_at == filled.updated_at


def test_a_missing_average_price_follows_from_the_total() -> None:
    filled = replace(row(1, Role.BASE, FILLED, rate="0.25"), total=Decimal("12.6"))

    (base,) = joined([filled]).entries

    assert base.fill_price == Price(Decimal("0.252"))


# Exits.


def test_a_single_take_profit_is_the_first() -> None:
    (exit_,) = joined([row(1, Role.TAKE_PROFIT, rate="0.26")]).take_profits

    assert (str(exit_.leg), exit_.price) == ("take_profit/1", Price(Decimal("0.26")))


def test_take_profit_steps_are_numbered_by_trade_id() -> None:
    rows = [row(n, Role.TAKE_PROFIT, rate=rate) for n, rate in ((1, "0.3"), (2, "0.2"))]

    found = joined(rows, of=deal(steps=["1", "2"]))

    assert legs(found) == {"take_profit/1": "1", "take_profit/2": "2"}


def test_steps_without_trade_id_are_numbered_from_the_nearest_target() -> None:
    rates = {1: "0.3", 2: "0.26", 3: "0.28"}
    rows = [row(n, Role.TAKE_PROFIT, rate=rate) for n, rate in rates.items()]

    found = joined(rows, of=deal(steps=[None, None, None]))

    assert legs(found) == {"take_profit/1": "2", "take_profit/2": "3", "take_profit/3": "1"}


def test_the_nearest_target_of_a_short_deal_is_the_highest() -> None:
    rows = short([row(n, Role.TAKE_PROFIT, rate=rate) for n, rate in ((1, "0.2"), (2, "0.22"))])

    found = joined(rows, of=deal(Strategy.SHORT))

    assert legs(found) == {"take_profit/1": "2", "take_profit/2": "1"}


def test_a_repeated_take_profit_leaves_the_filled_one_its_number() -> None:
    filled = row(1, Role.TAKE_PROFIT, FILLED, rate="0.26", paid="0.26")

    found = joined([filled, row(2, Role.TAKE_PROFIT, rate="0.25")])

    assert legs(found) == {"take_profit/1": "1", "take_profit/2": "2"}


def test_a_left_over_row_does_not_take_the_number_of_a_step() -> None:
    rows = [
        row(1, Role.TAKE_PROFIT, CANCELLED, rate="0.25"),
        row(2, Role.TAKE_PROFIT, rate="0.26"),
        row(3, Role.TAKE_PROFIT, rate="0.27"),
    ]

    found = joined(rows, of=deal(steps=["2", "3"]))

    assert legs(found) == {"take_profit/1": "2", "take_profit/2": "3", "take_profit/3": "1"}


def test_a_trailing_close_is_a_market_exit() -> None:
    (exit_,) = joined([row(1, Role.TAKE_PROFIT, FILLED, paid="0.27")]).take_profits

    assert (exit_.market, exit_.price, exit_.fill_price) == (True, None, Price(Decimal("0.27")))


def test_a_stop_has_no_limit_price() -> None:
    (stop,) = joined([row(1, Role.STOP, FILLED, rate="0.2", paid="0.19")]).stops

    assert (str(stop.leg), stop.market, stop.price) == ("stop", True, None)


def test_one_step_closed_at_market_is_not_a_stop_of_the_deal() -> None:
    closed = row(2, Role.STOP, FILLED, paid="0.24")

    found = joined([closed], of=deal(steps=["1", "2"]))

    assert legs(found) == {"take_profit/2": "2"}
    assert found.stops == ()


def test_a_market_close_of_a_part_is_not_a_stop_of_the_deal() -> None:
    """A step closed by hand under an id of its own must not close the rest of ours."""
    rows = [
        row(1, Role.BASE, FILLED, rate="0.25", paid="0.25"),
        row(5, Role.STOP, FILLED, size="20", paid="0.24"),
    ]

    found = joined(rows, of=deal(steps=["2", "3"]))

    assert found.stops == ()
    assert "closes only a part of the deal" in found.unknown[0]


def test_a_market_close_of_what_the_steps_left_is_a_stop() -> None:
    rows = [
        row(1, Role.BASE, FILLED, rate="0.25", paid="0.25"),
        row(2, Role.TAKE_PROFIT, FILLED, rate="0.26", size="30", paid="0.26"),
        row(5, Role.STOP, FILLED, size="19.9", paid="0.24"),
    ]

    found = joined(rows, of=deal(steps=["2", "3"]))

    assert [leg.order_id for leg in found.stops] == ["5"]
    assert found.unknown == ()
