"""Reduce-only orders: refused, shrunk, and cancelled with the position (hyperliquid.md 8)."""

from decimal import Decimal

import pytest

from tests.simulators.hyperliquid_desk import BTC, DOGE, MASTER, Desk, cloid, limit, oid_of

WOULD_INCREASE = {"error": "Reduce only order would increase position. asset=3"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


@pytest.fixture
def long(desk: Desk) -> Desk:
    desk.long("1000")
    return desk


def exit_at(desk: Desk, price: str, size: str) -> int:
    return oid_of(desk.sell(size, price, reduce_only=True))


@pytest.mark.parametrize("tif", ["Gtc", "Ioc", "Alo"])
def test_without_a_position_an_exit_is_refused(desk: Desk, tif: str) -> None:
    status = desk.sell("100", "0.2", tif=tif, reduce_only=True, c=cloid(1))

    assert status == WOULD_INCREASE
    assert desk.status(cloid(1)) == "reduceOnlyRejected"


def test_an_exit_in_the_direction_of_the_position_is_refused(long: Desk) -> None:
    assert long.buy("100", "0.19", reduce_only=True) == WOULD_INCREASE


def test_an_exit_larger_than_the_position_is_shrunk(long: Desk) -> None:
    exit_at(long, "0.21", "5000")

    (row,) = long.open()
    assert (row["sz"], row["origSz"], row["reduceOnly"]) == ("1000.0", "5000.0", True)


def test_an_exit_never_flips_the_position(long: Desk) -> None:
    status = long.sell("5000", "0.2", tif="Ioc", reduce_only=True)

    assert status["filled"]["totalSz"] == "1000.0"
    assert long.position() == Decimal(0)


def test_exits_of_a_short_are_buys(desk: Desk) -> None:
    desk.sell("1000", "0.2", tif="Ioc")

    oid = oid_of(desk.buy("1000", "0.19", reduce_only=True))
    desk.price("DOGE", "0.19")

    assert (desk.status(oid), desk.position()) == ("filled", Decimal(0))


def test_a_ladder_that_sums_to_the_position_stays(long: Desk) -> None:
    for step in ("0.21", "0.22", "0.23"):
        exit_at(long, step, "300")

    assert len(long.open()) == 3


def test_a_newer_exit_cancels_the_older_one_that_no_longer_fits(long: Desk) -> None:
    older = exit_at(long, "0.21", "1000")

    newer = exit_at(long, "0.22", "1000")

    assert (long.status(older), long.status(newer)) == ("reduceOnlyCanceled", "open")


def test_only_as_many_older_exits_go_as_are_needed(long: Desk) -> None:
    oldest = exit_at(long, "0.21", "500")
    middle = exit_at(long, "0.22", "500")

    exit_at(long, "0.23", "500")

    assert (long.status(oldest), long.status(middle)) == ("reduceOnlyCanceled", "open")


def test_a_resting_exit_shrinks_with_the_position_and_does_not_grow_again(long: Desk) -> None:
    exit_at(long, "0.21", "1000")
    long.sell("400", "0.2", tif="Ioc")
    shrunk = long.open()[0]["sz"]
    long.long("400")

    assert shrunk == "600.0"
    assert long.open()[0]["sz"] == "600.0"


def test_a_resting_exit_ends_when_the_position_closes(long: Desk) -> None:
    oid = exit_at(long, "0.21", "1000")

    long.sell("1000", "0.2", tif="Ioc")

    record = long.info("orderStatus", oid=oid)["order"]
    assert (record["status"], record["order"]["sz"]) == ("reduceOnlyCanceled", "1000.0")


def test_a_resting_exit_ends_when_the_position_turns_around(long: Desk) -> None:
    oid = exit_at(long, "0.21", "1000")

    long.sell("1500", "0.2", tif="Ioc")

    assert long.status(oid) == "reduceOnlyCanceled"


def test_one_step_of_a_ladder_filling_leaves_the_others_alone(long: Desk) -> None:
    first = exit_at(long, "0.21", "500")
    second = exit_at(long, "0.22", "500")

    long.price("DOGE", "0.21")

    assert (long.status(first), long.status(second)) == ("filled", "open")


def test_an_exit_that_only_partly_matches_spares_the_older_ones_that_still_fit(long: Desk) -> None:
    older = exit_at(long, "0.21", "700")
    long.control("depth", {"DOGE": "300"})

    long.sell("1000", "0.2", tif="Ioc", reduce_only=True)

    assert long.position() == Decimal(700)
    assert long.status(older) == "open"


def test_exits_need_no_margin(desk: Desk) -> None:
    desk.control("accounts", {"address": MASTER, "balance": "21"})
    desk.long("1000")

    assert "resting" in desk.sell("1000", "0.25", reduce_only=True)


def test_a_whole_close_may_be_worth_less_than_the_minimum() -> None:
    desk = Desk()
    desk.price("BTC", "20000")
    desk.long("0.0006", "BTC")
    desk.price("BTC", "10000")

    partial = desk.order(limit(False, "0.0005", "10000", asset=BTC, reduce_only=True))[0]
    larger = desk.order(limit(False, "0.0008", "9900", tif="Ioc", asset=BTC, reduce_only=True))[0]

    assert partial == {"error": "Order must have minimum value of $10. asset=0"}
    assert larger["filled"]["totalSz"] == "0.0006"


def test_an_order_of_exactly_the_position_is_exempt_without_being_reduce_only() -> None:
    desk = Desk()
    desk.price("DOGE", "0.2")
    desk.long("60")
    desk.price("DOGE", "0.1")

    assert "filled" in desk.sell("60", "0.1", tif="Ioc")


def test_a_resting_trigger_ends_with_the_position(long: Desk) -> None:
    trigger = {"trigger": {"isMarket": True, "triggerPx": "0.18", "tpsl": "sl"}}
    long.order(
        {"a": DOGE, "b": False, "p": "0.16", "s": "1000", "r": True, "t": trigger},
        grouping="positionTpsl",
    )
    (row,) = long.info("frontendOpenOrders")

    long.sell("1000", "0.2", tif="Ioc")

    assert row["isPositionTpsl"] is True
    assert long.status(row["oid"]) == "reduceOnlyCanceled"
