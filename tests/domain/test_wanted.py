"""What a reading implies (design.md, section 9)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.money import NO_SIZE, Price, Side
from recomma.domain.reasons import Reason
from recomma.domain.source import Reading, Role, RowStatus, SourceDeal, SourceOrder, Strategy
from recomma.domain.wanted import Wanted, remembered_exits, wanted
from tests.domain.mirror_values import BASE, safety, take_profit, target, wish
from tests.domain.source_rows import (
    ACTIVE,
    CANCELLED,
    FILLED,
    LATER,
    NOON,
    averaging,
    deal,
    row,
    said,
    short,
)

BASE_AT_MARKET = "Placing base order. Price: market Size: 10 USDT (50 ADA)"
BOUGHT = row(1, Role.BASE, FILLED, rate="0.2", paid="0.201")
RUNG = row(2, rate="0.18")
EXIT = row(3, Role.TAKE_PROFIT, rate="0.22")
EVENTS = said(BASE_AT_MARKET, averaging(1, "0.18"))


def read(*rows: SourceOrder, of: SourceDeal | None = None, **changes: Any) -> Wanted:
    shown = replace(of or deal(), **changes)
    return wanted(Reading(shown, rows, EVENTS, LATER))


# A running deal.


def test_a_running_deal_wants_its_entries_and_its_exit() -> None:
    found = read(BOUGHT, RUNG, EXIT)

    assert [str(entry.leg) for entry in found.entries] == ["base", "safety/1"]
    assert [(str(e.leg), e.ratio, e.price) for e in found.exits] == [
        ("take_profit/1", Decimal(1), Decimal("0.22"))
    ]
    assert (found.closing, found.released, found.finished) == (None, False, False)


def test_a_market_entry_is_wanted_at_the_source_fill_price() -> None:
    (base,) = read(BOUGHT).entries

    assert (base.market, base.price) == (True, Decimal("0.201"))


def test_a_limit_entry_is_wanted_at_its_limit_even_when_filled() -> None:
    filled = row(2, status=FILLED, rate="0.18", paid="0.1801")

    (rung,) = read(filled).entries

    assert (rung.market, rung.price) == (False, Decimal("0.18"))


def test_a_market_entry_that_has_not_filled_is_not_wanted_yet() -> None:
    assert read(row(1, Role.BASE, ACTIVE, rate="0.2")).entries == ()


def test_a_short_deal_sells_to_enter() -> None:
    found = read(*short([BOUGHT, RUNG]), of=deal(Strategy.SHORT))

    assert found.side is Side.SELL
    assert {entry.side for entry in found.entries} == {Side.SELL}


def test_a_cancelled_entry_is_withdrawn() -> None:
    found = read(BOUGHT, replace(RUNG, status=CANCELLED))

    assert found.withdrawn == {safety(1)}
    assert [entry.leg for entry in found.entries] == [BASE]


def test_an_entry_that_3commas_could_not_place_is_neither_wanted_nor_withdrawn() -> None:
    found = read(replace(RUNG, status=RowStatus.INACTIVE, quantity=NO_SIZE))

    assert (found.entries, found.withdrawn) == ((), frozenset())


def test_a_row_of_an_unknown_kind_is_reported_and_becomes_no_order() -> None:
    found = read(replace(RUNG, role=Role.UNKNOWN))

    assert found.entries == ()
    assert "deal_order_type" in found.unknown[0]


def test_a_status_that_nobody_knows_ends_nothing() -> None:
    found = read(BOUGHT, RUNG, EXIT, status="reticulating_splines")

    assert len(found.entries) == 2
    assert (found.closing, found.released, found.withdrawn) == (None, False, frozenset())


# Exits.


def test_a_take_profit_between_two_placings_shows_no_exit() -> None:
    assert read(BOUGHT, replace(EXIT, status=CANCELLED)).exits == ()


def test_steps_have_the_ratios_of_the_settings() -> None:
    steps = [row(3, Role.TAKE_PROFIT, rate="0.22"), row(4, Role.TAKE_PROFIT, rate="0.24")]

    found = read(BOUGHT, *steps, of=deal(steps=("3", "4")))

    assert [(e.leg, e.ratio) for e in found.exits] == [
        (take_profit(1), Decimal("0.5")),
        (take_profit(2), Decimal("0.5")),
    ]


def test_without_settings_the_rows_say_the_ratios() -> None:
    steps = [
        row(3, Role.TAKE_PROFIT, rate="0.22", size="10"),
        row(4, Role.TAKE_PROFIT, rate="0.24", size="30"),
    ]

    found = read(BOUGHT, *steps)

    assert [e.ratio for e in found.exits] == [Decimal("0.25"), Decimal("0.75")]


def test_a_take_profit_at_market_has_no_price_to_rest_at() -> None:
    assert read(BOUGHT, row(3, Role.TAKE_PROFIT, rate="0")).exits == ()


def test_a_filled_take_profit_is_told() -> None:
    steps = [
        row(3, Role.TAKE_PROFIT, FILLED, rate="0.22", paid="0.22"),
        row(4, Role.TAKE_PROFIT, rate="0.24"),
    ]

    found = read(BOUGHT, *steps, of=deal(steps=("3", "4")))

    assert found.exits_filled == {take_profit(1)}
    assert [e.leg for e in found.exits] == [take_profit(2)]


# The end.


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("panic_sell_pending", Reason.SOURCE_PANIC_SOLD),
        ("panic_sell_order_placed", Reason.SOURCE_PANIC_SOLD),
        ("panic_sold", Reason.SOURCE_PANIC_SOLD),
        ("stop_loss_pending", Reason.SOURCE_STOPPED),
        ("stop_loss_order_placed", Reason.SOURCE_STOPPED),
        ("stop_loss_finished", Reason.SOURCE_STOPPED),
        ("liquidated", Reason.SOURCE_LIQUIDATED),
        ("settled", Reason.SOURCE_LIQUIDATED),
    ],
)
def test_a_deal_that_stops_is_closed_at_once_without_waiting_for_a_row(
    status: str, reason: Reason
) -> None:
    closing = read(BOUGHT, EXIT, status=status).closing

    assert closing is not None
    assert (closing.reason, closing.at_once) == (reason, True)


def test_a_stop_row_closes_whatever_the_status_says() -> None:
    stop = row(5, Role.STOP, FILLED, paid="0.17")

    closing = read(BOUGHT, stop).closing

    assert closing is not None
    assert (closing.reason, closing.at) == (Reason.SOURCE_STOPPED, stop.created_at)


@pytest.mark.parametrize("status", [RowStatus.CANCELLED, RowStatus.INACTIVE])
def test_a_stop_that_came_to_nothing_closes_nothing(status: RowStatus) -> None:
    assert read(BOUGHT, EXIT, row(5, Role.STOP, status)).closing is None


def test_a_completed_deal_is_closed_after_a_grace() -> None:
    closed_at = NOON + timedelta(minutes=9)

    closing = read(BOUGHT, status="completed", finished=True, closed_at=closed_at).closing

    assert closing is not None
    assert (closing.reason, closing.at, closing.at_once) == (
        Reason.SOURCE_TOOK_PROFIT,
        closed_at,
        False,
    )


@pytest.mark.parametrize(
    "status", ["cancel_pending", "cancelled", "switched", "switched_take_profit", "failed"]
)
def test_a_deal_that_lets_go_of_its_coins_closes_nothing(status: str) -> None:
    found = read(BOUGHT, RUNG, EXIT, status=status, finished=status != "cancel_pending")

    assert found.released
    assert found.closing is None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "completed", "finished": True},
        {"status": "cancelled", "finished": True},
        {"status": "panic_sell_pending"},
    ],
)
def test_a_deal_that_ends_wants_no_entries_and_withdraws_all(changes: dict[str, Any]) -> None:
    found = read(BOUGHT, RUNG, EXIT, **changes)

    assert found.entries == ()
    assert found.withdrawn == {BASE, safety(1)}


# What is remembered.


def test_a_reading_without_exit_changes_nothing() -> None:
    known = (target("0.22"),)

    assert remembered_exits(known, wish()) == known


def test_another_exit_takes_the_place_of_the_known_one() -> None:
    moved = target("0.21")

    assert remembered_exits((target("0.22"),), wish(exits=(moved,))) == (moved,)


def test_a_step_that_only_the_source_has_filled_stays() -> None:
    first, second = target("0.22", "0.5", 1), target("0.24", "0.5", 2)
    seen = wish(exits=(second,), exits_filled=frozenset({take_profit(1)}))

    assert remembered_exits((first, second), seen) == (first, second)


def test_a_step_that_vanished_unfilled_is_forgotten() -> None:
    first, second = target("0.22", "0.5", 1), target("0.24", "0.5", 2)

    assert remembered_exits((first, second), wish(exits=(second,))) == (second,)


def test_a_repeated_take_profit_takes_the_place_of_the_one_that_filled() -> None:
    again = target("0.22", step=2)
    seen = wish(exits=(again,), exits_filled=frozenset({take_profit(1)}))

    assert remembered_exits((target("0.23"),), seen) == (again,)


def test_a_stop_price_is_no_entry() -> None:
    assert read(BOUGHT, stop_loss_price=Price(Decimal("0.1"))).closing is None
