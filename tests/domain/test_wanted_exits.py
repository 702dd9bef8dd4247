"""Exits that a reading shows, hides, or has not yet placed (design.md, section 9, Exits)."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.money import Price
from recomma.domain.source import (
    Reading,
    Role,
    RowStatus,
    SourceDeal,
    SourceOrder,
    Strategy,
)
from recomma.domain.wanted import Wanted, remembered_exits, wanted
from tests.domain.mirror_values import take_profit, target
from tests.domain.source_rows import (
    ACTIVE,
    CANCELLED,
    FILLED,
    LATER,
    deal,
    in_steps,
    row,
    short,
    step,
)

BOUGHT = row(1, Role.BASE, FILLED, rate="0.2", paid="0.201", size="100")
STEPS = in_steps(step("3"), step("4"))


def exit_row(
    order_id: int = 3, rate: str = "0.22", *, size: str = "100", **changes: Any
) -> SourceOrder:
    return replace(row(order_id, Role.TAKE_PROFIT, rate=rate, size=size), **changes)


def filled_exit(order_id: int = 3, rate: str = "0.22", size: str = "100") -> SourceOrder:
    return row(order_id, Role.TAKE_PROFIT, FILLED, rate=rate, paid=rate or "0.22", size=size)


def read(*rows: SourceOrder, of: SourceDeal | None = None, **changes: Any) -> Wanted:
    return wanted(Reading(replace(of or deal(), **changes), (BOUGHT, *rows), (), LATER))


# Shown.


def test_a_repeated_take_profit_is_for_everything_that_is_left() -> None:
    found = read(filled_exit(3), exit_row(4, "0.21", size="10"))

    assert [(e.leg, e.ratio) for e in found.exits] == [(take_profit(2), Decimal(1))]
    assert found.exits_filled == {take_profit(1)}


def test_a_take_profit_that_is_used_again_has_not_filled() -> None:
    found = read(exit_row(3, "0.21", size="10"))

    assert [(e.leg, e.ratio) for e in found.exits] == [(take_profit(1), Decimal(1))]
    assert found.exits_filled == frozenset()


def test_a_row_that_was_replaced_takes_no_share_from_the_new_one() -> None:
    found = read(exit_row(3, status=CANCELLED), exit_row(4, "0.23"))

    assert [e.ratio for e in found.exits] == [Decimal(1)]


def test_a_left_over_beside_steps_is_no_target() -> None:
    rows = [exit_row(3), exit_row(4, "0.24"), exit_row(9, "0.23")]

    assert [e.leg for e in read(*rows, of=STEPS).exits] == [take_profit(1), take_profit(2)]


def test_after_all_steps_one_more_target_is_for_what_was_bought_since() -> None:
    rows = [filled_exit(3, size="50"), filled_exit(4, "0.24", "50"), exit_row(9, "0.23")]

    assert [(e.leg, e.ratio) for e in read(*rows, of=STEPS).exits] == [(take_profit(3), Decimal(1))]


def test_settings_without_percentages_leave_the_shares_to_the_rows() -> None:
    of = in_steps(step("3", ratio="0"), step("4", ratio="0"))

    found = read(exit_row(3, size="75"), exit_row(4, "0.24", size="25"), of=of)

    assert [e.ratio for e in found.exits] == [Decimal("0.75"), Decimal("0.25")]


def test_the_exits_of_a_short_deal_are_its_buys() -> None:
    rows = short([BOUGHT, exit_row(3, "0.18"), exit_row(4, "0.16")])
    of = replace(STEPS, strategy=Strategy.SHORT)

    found = wanted(Reading(of, tuple(rows), (), LATER))

    assert [(e.leg, e.price) for e in found.exits] == [
        (take_profit(1), Decimal("0.18")),
        (take_profit(2), Decimal("0.16")),
    ]


def test_a_step_that_the_settings_call_finished_has_filled() -> None:
    found = read(exit_row(4, "0.24"), of=in_steps(step("3", "finished"), step("4")))

    assert found.exits_filled == {take_profit(1)}


# Out of sight.


def test_a_single_take_profit_between_two_placings_is_still_meant() -> None:
    assert read(exit_row(status=CANCELLED)).exits_unseen == {take_profit(1)}
    assert read().exits_unseen == {take_profit(1)}


@pytest.mark.parametrize(
    "changes",
    [
        {"trailing": True},
        {"take_profit_percent": Decimal(0)},  # By close condition.
        {"take_profit_percent": None},
    ],
    ids=str,
)
def test_a_deal_that_asks_for_no_resting_exit_hides_none(changes: dict[str, Any]) -> None:
    assert read(**changes).exits_unseen == frozenset()


def test_an_exit_that_is_shown_or_filled_is_not_out_of_sight() -> None:
    assert read(exit_row()).exits_unseen == frozenset()
    assert read(filled_exit()).exits_unseen == frozenset()


def test_a_step_between_two_placings_is_still_meant() -> None:
    found = read(exit_row(3, status=CANCELLED), exit_row(4, "0.24"), of=STEPS)

    assert [e.leg for e in found.exits] == [take_profit(2)]
    assert found.exits_unseen == {take_profit(1)}


def test_the_last_step_trails_and_has_no_row_before_it_fires() -> None:
    found = read(exit_row(3), of=replace(STEPS, trailing=True))

    assert found.exits_unseen == frozenset()


@pytest.mark.parametrize(
    "strange",
    [
        exit_row(status=RowStatus.UNKNOWN),
        exit_row(role=Role.UNKNOWN),
        exit_row(status=RowStatus.INACTIVE),  # 3Commas could not place it.
        exit_row(side=BOUGHT.side),
    ],
    ids=["status", "role", "inactive", "side"],
)
def test_a_row_that_may_be_an_exit_says_that_one_may_be_there(strange: SourceOrder) -> None:
    found = read(strange, trailing=True)

    assert found.exits == ()
    assert found.exits_unseen == {take_profit(1)}


@pytest.mark.parametrize("status", ["completed", "cancelled", "panic_sold"])
def test_a_deal_that_is_over_hides_nothing(status: str) -> None:
    found = read(status=status, finished=True)

    assert (found.exits_unseen, found.steps_closing, found.stop_price) == (
        frozenset(),
        frozenset(),
        None,
    )


# Remembered.

KNOWN = (target("0.22", "0.5", 1), target("0.24", "0.5", 2))


@pytest.mark.parametrize("gone", [CANCELLED, RowStatus.INACTIVE, RowStatus.UNKNOWN])
def test_a_step_that_is_only_out_of_sight_is_remembered(gone: RowStatus) -> None:
    seen = read(exit_row(3, status=gone), exit_row(4, "0.25"), of=STEPS)

    assert remembered_exits(KNOWN, seen) == (KNOWN[0], target("0.25", "0.5", 2))


def test_a_step_that_the_user_took_away_is_forgotten() -> None:
    seen = read(
        exit_row(3, status=CANCELLED), exit_row(4, "0.25"), of=in_steps(step("4", ratio="1"))
    )

    assert remembered_exits(KNOWN, seen) == (target("0.25"),)


def test_steps_in_the_place_of_one_target_leave_nothing_of_it() -> None:
    seen = read(exit_row(4, "0.24"), of=STEPS)

    assert remembered_exits((target("0.22"),), seen) == (target("0.24", "0.5", 2),)


def test_one_target_in_the_place_of_steps_leaves_nothing_of_them() -> None:
    assert remembered_exits(KNOWN, read(exit_row(9, "0.23"))) == (target("0.23"),)


def test_a_step_that_is_closed_by_hand_keeps_its_share() -> None:
    of = in_steps(step("3", "Panic closing"), step("4"))

    seen = read(exit_row(3, status=CANCELLED), exit_row(4, "0.24"), of=of)

    assert remembered_exits(KNOWN, seen) == KNOWN


# One step closed by hand.


def closed(order_id: int, status: RowStatus = FILLED) -> SourceOrder:
    return row(order_id, Role.STOP, status, size="50", paid="0.19")


@pytest.mark.parametrize(
    "panicked",
    [
        lambda: read(exit_row(4, "0.24"), of=in_steps(step("3", "Panic closing"), step("4"))),
        lambda: read(closed(3), exit_row(4, "0.24"), of=STEPS),
        lambda: read(closed(3, ACTIVE), exit_row(4, "0.24"), of=STEPS),
        lambda: read(closed(9), exit_row(4, "0.24"), of=in_steps(step("3", "finished"), step("4"))),
        lambda: read(replace(closed(3), role=Role.TAKE_PROFIT), exit_row(4, "0.24"), of=STEPS),
    ],
    ids=["settings", "row", "row that fills", "row of its own", "take profit at market"],
)
def test_a_step_closed_by_hand_closes_that_step_and_never_the_deal(
    panicked: Callable[[], Wanted],
) -> None:
    found = panicked()

    assert found.steps_closing == {take_profit(1)}
    assert (found.closing, found.released, found.withdrawn) == (None, False, frozenset())
    assert [e.leg for e in found.exits] == [take_profit(2)]
    assert [str(e.leg) for e in found.entries] == ["base"]


def test_no_step_closes_by_itself_in_a_deal_without_steps() -> None:
    assert read(filled_exit(rate="0")).steps_closing == frozenset()


def test_a_step_status_that_nobody_knows_is_reported_and_changes_nothing() -> None:
    of = in_steps(step("3", "Pondering"), step("4"))

    found = read(exit_row(3), exit_row(4, "0.24"), of=of)

    assert found.unknown == ("take-profit step status: Pondering",)
    assert len(found.exits) == 2


# The stop.


def test_the_stop_of_the_settings_is_told_while_the_deal_runs() -> None:
    assert read(stop_loss_price=Price(Decimal("0.17"))).stop_price == Decimal("0.17")
    assert read().stop_price is None
    assert read(stop_loss_price=Price(Decimal(0))).stop_price is None


def test_a_stop_that_moved_to_break_even_is_where_it_is_now() -> None:
    moved = read(stop_loss_price=Price(Decimal("0.201")), stop_loss_percent=Decimal(10))

    assert moved.stop_price == Decimal("0.201")


@pytest.mark.parametrize("status", ["stop_loss_pending", "panic_sell_pending", "cancel_pending"])
def test_a_deal_that_is_ending_has_no_stop_any_more(status: str) -> None:
    assert read(stop_loss_price=Price(Decimal("0.17")), status=status).stop_price is None


def test_a_stop_that_waits_as_an_order_closes_nothing_and_says_its_price() -> None:
    found = read(exit_row(), row(9, Role.STOP, ACTIVE, rate="0.17", size="100"))

    assert found.closing is None
    assert found.stop_price == Decimal("0.17")


def test_a_stop_at_market_closes_while_it_fills() -> None:
    assert read(row(9, Role.STOP, ACTIVE, size="100")).closing is not None
