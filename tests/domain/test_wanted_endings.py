"""How a deal ends, told by what became of its coins (threecommas.md 6.2; design.md, section 9)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.money import Size
from recomma.domain.reasons import Reason
from recomma.domain.source import Reading, Role, RowStatus, SourceDeal, SourceOrder, Strategy
from recomma.domain.wanted import Release, Wanted, wanted
from tests.domain.mirror_values import BASE, safety
from tests.domain.source_rows import (
    ACTIVE,
    CANCELLED,
    FILLED,
    LATER,
    NOON,
    averaging,
    deal,
    in_steps,
    row,
    said,
    short,
    step,
)

BOUGHT = row(1, Role.BASE, FILLED, rate="0.2", paid="0.2", size="100")
RESTING = row(1, Role.BASE, ACTIVE, rate="0.2", size="100")
GONE = replace(RESTING, status=CANCELLED)
RUNG = row(2, rate="0.18")
EXIT = row(3, Role.TAKE_PROFIT, rate="0.22", size="100")
EVENTS = said(averaging(1, "0.18"))
HUNDRED = Size(Decimal(100))
STATUSES = (
    *("created", "base_order_placed", "bought", "bought_safety_pending"),
    *("bought_take_profit_pending", "ttp_activated", "ttp_order_placed"),
    *("close_strategy_activated", "cancel_pending", "panic_sell_pending"),
    *("panic_sell_order_placed", "stop_loss_pending", "stop_loss_order_placed", "completed"),
    *("cancelled", "failed", "panic_sold", "stop_loss_finished", "liquidated", "settled"),
    *("switched", "switched_take_profit"),
)


def read(*rows: SourceOrder, of: SourceDeal | None = None, **changes: Any) -> Wanted:
    return wanted(Reading(replace(of or deal(), **changes), rows, EVENTS, LATER))


def ended(status: str, *rows: SourceOrder, **changes: Any) -> Wanted:
    return read(*rows, status=status, finished=True, closed_at=NOON, **changes)


# Released.


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ("cancelled", Release.CANCELLED),  # Also what becomes of a deal made a smart trade.
        ("switched", Release.SWITCHED),
        ("switched_take_profit", Release.SWITCHED),
        ("failed", Release.FAILED),
    ],
)
def test_coins_that_stay_with_the_user_are_released_and_it_is_told_how(
    status: str, how: Release
) -> None:
    found = ended(status, BOUGHT, RUNG, EXIT)

    assert (found.released, found.release, found.closing) == (True, how, None)
    assert found.withdrawn == {BASE, safety(1)}


def test_a_deal_that_is_being_cancelled_lets_go_before_it_is_over() -> None:
    found = read(BOUGHT, RUNG, EXIT, status="cancel_pending")

    assert (found.released, found.release, found.finished) == (True, Release.CANCELLED, False)


def test_a_running_deal_is_not_released() -> None:
    found = read(BOUGHT)

    assert (found.released, found.release) == (False, None)


@pytest.mark.parametrize("status", ["failed", "cancelled", "perished"])
@pytest.mark.parametrize("rows", [(), (GONE,), (RESTING,)], ids=["none", "cancelled", "resting"])
def test_a_deal_that_ends_without_having_bought_has_nothing_to_release(
    status: str, rows: tuple[SourceOrder, ...]
) -> None:
    """What filled only here would stay for ever, without an exit and with nobody to follow."""
    found = ended(status, *rows)

    assert (found.released, found.release) == (False, None)
    assert found.closing is not None
    assert (found.closing.reason, found.closing.at_once) == (Reason.SOURCE_ENDED, True)
    assert found.entries == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"bought_amount": HUNDRED},
        {"rows": (replace(GONE, remaining=Size(Decimal(40))),)},
        {"rows": (replace(RESTING, status=RowStatus.UNKNOWN),)},
        {"rows": (replace(RESTING, role=Role.UNKNOWN),)},
    ],
    ids=["total", "part", "status", "role"],
)
def test_where_anything_speaks_for_a_position_the_coins_are_released(
    changes: dict[str, Any],
) -> None:
    rows = changes.pop("rows", (GONE,))

    found = ended("failed", *rows, **changes)

    assert (found.release, found.closing) == (Release.FAILED, None)


def test_of_a_short_deal_the_sold_amount_is_the_entry() -> None:
    of = deal(Strategy.SHORT)

    entered = ended("failed", *short([GONE]), of=of, sold_amount=HUNDRED, bought_amount=None)
    nothing = ended("failed", *short([GONE]), of=of, sold_amount=None, bought_amount=HUNDRED)

    assert entered.release is Release.FAILED
    assert nothing.closing is not None


# Ends that nobody knows.


def test_an_unknown_end_with_coins_unsold_releases_them() -> None:
    found = ended("perished", BOUGHT, RUNG, EXIT)

    assert (found.release, found.closing) == (Release.UNKNOWN, None)
    assert found.unknown == ("status: perished",)


def test_an_unknown_end_with_everything_sold_is_an_end_by_profit() -> None:
    sold = replace(EXIT, status=FILLED, remaining=Size(Decimal(0)))

    found = ended("perished", BOUGHT, sold)

    assert (found.release, found.released) == (None, False)
    assert found.closing is not None
    assert (found.closing.reason, found.closing.at_once) == (Reason.SOURCE_TOOK_PROFIT, False)


def test_a_deal_cancelled_after_everything_was_sold_has_nothing_to_release() -> None:
    sold = replace(EXIT, status=FILLED, quantity=Size(Decimal("99.9")))  # A fee went off in coins.

    found = ended("cancelled", BOUGHT, sold)

    assert not found.released
    assert found.closing is not None


@pytest.mark.parametrize("status", STATUSES)
def test_every_known_status_is_known(status: str) -> None:
    assert read(BOUGHT, status=status).unknown == ()


@pytest.mark.parametrize("status", ["", "BOUGHT", "hedging", "bought_again"])
def test_a_status_that_nobody_knows_is_reported_and_changes_nothing(status: str) -> None:
    found = read(BOUGHT, RUNG, EXIT, status=status)

    assert found.unknown == (f"status: {status}",)
    assert replace(found, unknown=()) == read(BOUGHT, RUNG, EXIT)


def test_an_error_of_the_deal_changes_nothing() -> None:
    assert read(BOUGHT, RUNG, EXIT, has_error=True) == read(BOUGHT, RUNG, EXIT)


# Completed.


def exit_filled(order_id: int, rate: str, at: int, size: str = "100") -> SourceOrder:
    made = row(order_id, Role.TAKE_PROFIT, FILLED, rate=rate, paid="0.22", size=size)
    return replace(made, updated_at=NOON + timedelta(minutes=at))


@pytest.mark.parametrize(("rate", "at_once"), [("0.22", False), ("0", True)])
def test_ours_gets_time_to_fill_only_where_one_rested_at_the_source(
    rate: str, at_once: bool
) -> None:
    """A trailing or conditional close is at market: nothing of ours rests that could fill."""
    closing = ended("completed", BOUGHT, exit_filled(3, rate, 5)).closing

    assert closing is not None
    assert (closing.reason, closing.at_once) == (Reason.SOURCE_TOOK_PROFIT, at_once)


def test_the_last_of_several_exits_says_whether_it_was_at_market() -> None:
    of = in_steps(step("3"), step("4"))
    by_hand = row(3, Role.STOP, FILLED, paid="0.21", size="50")
    resting = exit_filled(4, "0.24", 9, "50")

    closing = ended("completed", BOUGHT, by_hand, resting, of=of).closing

    assert closing is not None
    assert (closing.reason, closing.at_once) == (Reason.SOURCE_TOOK_PROFIT, False)


def test_a_trailing_take_profit_that_has_fired_ends_no_deal_that_runs() -> None:
    found = read(BOUGHT, exit_filled(3, "0", 5), trailing=True)

    assert found.closing is None
    assert [str(leg) for leg in found.exits_filled] == ["take_profit/1"]


# The base while the deal opens.


@pytest.mark.parametrize("status", ["created", "base_order_placed"])
@pytest.mark.parametrize("strategy", Strategy)
def test_a_limit_base_that_rests_is_wanted_at_its_limit(status: str, strategy: Strategy) -> None:
    rows = [RESTING] if strategy is Strategy.LONG else short([RESTING])

    (base,) = read(*rows, of=deal(strategy), status=status).entries

    assert (base.leg, base.market, base.price) == (BASE, False, Decimal("0.2"))
    assert (base.side, base.filled_at) == (strategy.entry_side, None)


@pytest.mark.parametrize("status", ["created", "base_order_placed"])
def test_a_base_that_is_being_moved_is_not_withdrawn(status: str) -> None:
    assert read(GONE, status=status).withdrawn == frozenset()


def test_a_base_is_being_moved_until_it_is_placed_again() -> None:
    updating = said("Updating base order")
    placed = said(
        "Updating base order", "Placing base order. Price: 0.2 USDT Size: 20 USDT (100 A)"
    )

    moving, still = (
        wanted(Reading(deal(), (GONE,), events, LATER)) for events in (updating, placed)
    )

    assert moving.withdrawn == frozenset()
    assert still.withdrawn == {BASE}


def test_a_base_that_was_moved_is_wanted_at_its_new_price() -> None:
    moved = row(2, Role.BASE, ACTIVE, rate="0.21", size="95")

    (base,) = read(GONE, moved, status="base_order_placed").entries

    assert (base.leg, base.price, base.size) == (BASE, Decimal("0.21"), Decimal(95))


def test_a_base_that_is_cancelled_in_a_running_deal_is_withdrawn() -> None:
    assert read(GONE).withdrawn == {BASE}
