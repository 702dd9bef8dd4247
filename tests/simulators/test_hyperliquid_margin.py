"""Margin and triggers: what an account can open, and what waits for the mark."""

from decimal import Decimal

import pytest

from tests.simulators.hyperliquid_desk import BTC, DOGE, Desk, cloid, limit, oid_of


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


@pytest.mark.parametrize("tif", ["Gtc", "Ioc"])
def test_an_entry_beyond_the_margin_is_refused(desk: Desk, tif: str) -> None:
    desk.send({"type": "updateLeverage", "asset": BTC, "isCross": True, "leverage": 1})
    desk.control("switches", {"ioc_beyond_margin": "refused"})
    price = desk.mid("BTC")

    refused = desk.order(limit(True, "1.1", price, tif=tif, asset=BTC, c=cloid(4)))[0]
    taken = desk.order(limit(True, "1", price, tif=tif, asset=BTC))[0]

    assert refused == {"error": "Insufficient margin to place order. asset=0"}
    assert desk.status(cloid(4)) == "perpMarginRejected"
    assert "filled" in taken


def test_an_ioc_beyond_the_margin_fills_what_the_margin_covers(desk: Desk) -> None:
    desk.send({"type": "updateLeverage", "asset": BTC, "isCross": True, "leverage": 1})
    price = desk.mid("BTC")

    first = desk.order(limit(True, "1.1", price, tif="Ioc", asset=BTC, c=cloid(4)))[0]
    second = desk.order(limit(True, "1.1", price, tif="Ioc", asset=BTC))[0]

    record = desk.info("orderStatus", oid=cloid(4))["order"]
    assert (first["filled"]["totalSz"], desk.position("BTC")) == ("1.05263", Decimal("1.05263"))
    assert (record["status"], record["order"]["sz"]) == ("marginCanceled", "0.04737")
    assert second == {"error": "Insufficient margin to place order. asset=0"}


def test_resting_entries_hold_margin_only_if_the_switch_says_so(desk: Desk) -> None:
    def two_halves() -> list[str]:
        big = limit(True, "3000000", "0.19")
        return [next(iter(status)) for status in desk.order(big, big)]

    without = two_halves()
    for row in desk.open():
        desk.cancel(row["oid"])
    desk.control("switches", {"resting_orders_hold_margin": True})

    assert without == ["resting", "resting"]
    assert two_halves() == ["resting", "error"]


def test_a_resting_order_that_the_margin_no_longer_covers_is_cancelled(desk: Desk) -> None:
    first = oid_of(desk.buy("3000000", "0.19"))
    second = oid_of(desk.buy("3000000", "0.18"))

    desk.price("DOGE", "0.18")

    assert (desk.status(first), desk.status(second)) == ("filled", "marginCanceled")


def test_a_stop_fires_at_its_trigger_and_closes_at_the_market(desk: Desk) -> None:
    desk.long("100")
    trigger = {"trigger": {"isMarket": True, "triggerPx": "0.18", "tpsl": "sl"}}
    order = {"a": DOGE, "b": False, "p": "0.16", "s": "100", "r": True, "t": trigger}

    (status,) = desk.order(order)
    (row,) = desk.info("frontendOpenOrders")
    desk.price("DOGE", "0.175")

    assert status == "waitingForTrigger"
    assert (row["orderType"], row["triggerCondition"]) == ("Stop Market", "Price below 0.18")
    assert (desk.fills()[-1]["px"], desk.position()) == ("0.175", Decimal(0))
    assert desk.status(row["oid"]) == "filled"


def test_a_trigger_that_is_already_satisfied_is_refused(desk: Desk) -> None:
    desk.long("100")
    trigger = {"trigger": {"isMarket": True, "triggerPx": "0.19", "tpsl": "tp"}}

    (status,) = desk.order(
        {"a": DOGE, "b": False, "p": "0.16", "s": "100", "r": True, "t": trigger}
    )

    assert status == {"error": "Invalid TP/SL price. asset=3"}


def test_turning_a_position_around_frees_its_own_margin(desk: Desk) -> None:
    desk.send({"type": "updateLeverage", "asset": DOGE, "isCross": True, "leverage": 1})
    desk.long("400000")

    status = desk.sell("800000", "0.2", tif="Ioc")

    assert status["filled"]["totalSz"] == "800000.0"


def test_the_liquidation_price_leaves_the_maintenance_margin() -> None:
    desk = Desk("1009")
    desk.price("DOGE", "0.2")
    desk.long("20000")

    shown = desk.positions()[0]["position"]["liquidationPx"]

    # At it, what the account is worth equals half of the margin at the highest leverage, 10.
    price = Decimal(shown)
    value = Decimal("1009") - Decimal("1.8") + 20000 * (price - Decimal("0.2"))
    assert abs(value - 20000 * price / 20) < Decimal("0.001")


def test_a_stop_limit_becomes_a_resting_order_at_its_limit(desk: Desk) -> None:
    desk.long("100")
    trigger = {"trigger": {"isMarket": False, "triggerPx": "0.18", "tpsl": "sl"}}
    desk.order({"a": DOGE, "b": False, "p": "0.19", "s": "100", "r": True, "t": trigger})
    (row,) = desk.open()

    desk.price("DOGE", "0.18")
    triggered = desk.status(row["oid"])
    desk.price("DOGE", "0.185")
    waiting = desk.status(row["oid"])
    desk.price("DOGE", "0.19")

    assert (triggered, waiting, desk.status(row["oid"])) == ("triggered", "triggered", "filled")
    assert desk.fills()[-1]["px"] == "0.19"


def test_a_market_stop_that_the_price_has_leapt_over_is_dropped(desk: Desk) -> None:
    desk.long("100")
    trigger = {"trigger": {"isMarket": True, "triggerPx": "0.18", "tpsl": "sl"}}
    desk.order({"a": DOGE, "b": False, "p": "0.17", "s": "100", "r": True, "t": trigger})
    (row,) = desk.open()

    desk.price("DOGE", "0.15")

    assert (desk.status(row["oid"]), desk.position()) == ("canceled", Decimal(100))
