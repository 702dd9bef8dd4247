"""Isolated margin, funding by the hour, and the venue closing what cannot be carried."""

from decimal import Decimal
from typing import Any

import pytest

from recomma.simulators.hyperliquid.clock import iso
from tests.simulators.hyperliquid_desk import (
    BTC,
    DOGE,
    ETH,
    MASTER,
    NOON_MS,
    STRANGER,
    Desk,
    cloid,
    limit,
    oid_of,
)

HOUR_SECONDS = 3600
OK = {"status": "ok", "response": {"type": "default"}}


def small(balance: str, *, isolated: bool = False, times: int = 10) -> Desk:
    """Return a desk with little money, on DOGE at 0.2 with so much leverage."""
    desk = Desk(balance)
    desk.price("DOGE", "0.2")
    set_leverage(desk, times, isolated=isolated)
    return desk


def set_leverage(desk: Desk, times: int, *, isolated: bool, asset: int = DOGE) -> None:
    action = {"type": "updateLeverage", "asset": asset, "isCross": not isolated, "leverage": times}
    assert desk.send(action) == OK


def balance(desk: Desk) -> Decimal:
    return Decimal(desk.control("state")["accounts"][MASTER]["balance"])


def held(desk: Desk) -> Any:
    return desk.positions()[0]["position"]


def test_a_long_is_closed_where_the_venue_said_it_would_be() -> None:
    desk = small("1010")
    desk.long("40000")
    price = Decimal(held(desk)["liquidationPx"])

    desk.price("DOGE", str((price * Decimal("1.001")).quantize(Decimal("0.00001"))))
    before = desk.position()
    desk.price("DOGE", str((price * Decimal("0.999")).quantize(Decimal("0.00001"))))

    assert (before, desk.position()) == (Decimal(40000), Decimal(0))


def test_a_liquidation_is_told_by_its_fill(desk_underwater: Desk) -> None:
    fill = desk_underwater.fills()[-1]

    assert fill["liquidation"] == {
        "liquidatedUser": MASTER,
        "markPx": "0.184",
        "method": "market",
    }
    assert (fill["dir"], fill["side"], fill["sz"]) == ("Liquidated Cross Long", "A", "40000.0")
    assert "cloid" not in fill
    assert desk_underwater.status(fill["oid"]) == "filled"


@pytest.fixture
def desk_underwater() -> Desk:
    """A desk whose long of 8,000 dollars on 1,010 has just been liquidated at 0.184."""
    desk = small("1010")
    desk.long("40000")
    desk.order(limit(True, "1000", "0.15", c=cloid(1)))
    desk.order(limit(False, "40000", "0.3", reduce_only=True, c=cloid(2)))
    desk.order(limit(True, "0.01", "3000", asset=ETH, c=cloid(3)))
    desk.price("DOGE", "0.184")
    return desk


def test_a_liquidation_ends_every_order_on_the_same_margin(desk_underwater: Desk) -> None:
    ends = [desk_underwater.status(cloid(number)) for number in (1, 2, 3)]

    assert ends == ["liquidatedCanceled"] * 3
    assert desk_underwater.open() == []


def test_what_is_left_after_a_liquidation_can_be_traded_with(desk_underwater: Desk) -> None:
    desk_underwater.long("1000")

    assert desk_underwater.position() == 1000


def test_far_below_the_maintenance_the_position_is_taken_over() -> None:
    desk = small("1010")
    desk.long("40000")

    desk.price("DOGE", "0.15")

    assert desk.fills()[-1]["liquidation"]["method"] == "backstop"
    assert (balance(desk), desk.position()) == (Decimal(0), Decimal(0))


def test_a_short_is_liquidated_when_the_price_rises() -> None:
    desk = small("1010")
    desk.sell("40000", "0.2", tif="Ioc")

    desk.price("DOGE", "0.217")

    assert desk.fills()[-1]["dir"] == "Liquidated Cross Short"
    assert desk.position() == 0


def test_one_coin_can_drag_every_cross_position_down() -> None:
    desk = small("2000")
    desk.long("40000")
    desk.long("0.1", "ETH")

    desk.price("DOGE", "0.155")

    assert desk.positions() == []
    assert {f["coin"] for f in desk.fills() if "liquidation" in f} == {"DOGE", "ETH"}


def test_an_isolated_position_sets_its_own_money_aside() -> None:
    desk = small("1000", isolated=True, times=5)
    desk.long("5000")
    state = desk.info("clearinghouseState")

    position = held(desk)

    assert position["leverage"] == {"type": "isolated", "value": 5, "rawUsd": "-800.0"}
    assert position["marginUsed"] == "200.0"
    assert balance(desk) == Decimal("1000") - 200 - Decimal("0.45")
    assert state["marginSummary"]["accountValue"] == "999.55"
    assert state["crossMarginSummary"]["accountValue"] == "799.55"
    assert state["withdrawable"] == "799.55"


def test_closing_an_isolated_position_brings_its_money_back() -> None:
    desk = small("1000", isolated=True, times=5)
    desk.long("5000")
    desk.price("DOGE", "0.22")
    desk.sell("2500", "0.22", tif="Ioc")
    half = held(desk)["marginUsed"]
    desk.sell("2500", "0.22", tif="Ioc")

    fees = sum(Decimal(fill["fee"]) for fill in desk.fills())
    assert half == "150.0"
    assert balance(desk) == Decimal(1000) + 100 - fees


def test_an_isolated_position_falls_alone() -> None:
    desk = small("10000", isolated=True, times=10)
    desk.long("5000")
    desk.long("0.1", "ETH")
    desk.order(limit(True, "1000", "0.15", c=cloid(1)))
    desk.order(limit(True, "0.01", "3000", asset=ETH, c=cloid(2)))

    desk.price("DOGE", "0.187")

    assert desk.fills()[-1]["dir"] == "Liquidated Isolated Long"
    assert [p["position"]["coin"] for p in desk.positions()] == ["ETH"]
    assert (desk.status(cloid(1)), desk.status(cloid(2))) == ("liquidatedCanceled", "open")


def test_money_can_be_moved_into_an_isolated_position_and_back_but_not_its_first_margin() -> None:
    desk = small("1000", isolated=True, times=5)
    desk.long("5000")

    def move(dollars: int) -> Any:
        millionths = dollars * 1_000_000
        change = {"type": "updateIsolatedMargin", "asset": DOGE, "isBuy": True, "ntli": millionths}
        return desk.send(change)

    added, margin_then = move(100), held(desk)["marginUsed"]
    taken, too_much, more_than_there_is = move(-50), move(-51), move(5000)

    assert (added, margin_then) == (OK, "300.0")
    assert taken == OK
    assert {answer["status"] for answer in (too_much, more_than_there_is)} == {"err"}
    assert held(desk)["marginUsed"] == "250.0"


def test_turning_an_isolated_position_around_needs_only_its_own_money() -> None:
    desk = small("210", isolated=True, times=5)
    desk.long("5000")

    status = desk.sell("9900", "0.2", tif="Ioc")

    assert status["filled"]["totalSz"] == "9900.0"
    assert held(desk)["marginUsed"] == "196.0"


def test_a_coin_that_is_only_isolated_takes_no_cross() -> None:
    desk = Desk()
    coin = {"name": "NEW", "szDecimals": 0, "maxLeverage": 5, "onlyIsolated": True, "price": "1"}
    desk.control("universe", [coin])
    cross = {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 3}

    refused = desk.send(cross)
    desk.order(limit(True, "100", "1", tif="Ioc", asset=0))

    assert refused == {"status": "err", "response": "Invalid leverage value"}
    assert held(desk)["leverage"]["type"] == "isolated"


def funded(rate: str) -> Desk:
    """Return a desk just before a full hour, long of 10,000 DOGE at 0.2."""
    desk = Desk()
    desk.price("DOGE", "0.2")
    desk.at(HOUR_SECONDS - NOON_MS // 1000 % HOUR_SECONDS - 1)
    desk.long("10000")
    desk.control("funding", {"DOGE": rate})
    return desk


def pass_hours(desk: Desk, hours: int) -> None:
    desk.at((desk.now_ms - NOON_MS) // 1000 + hours * HOUR_SECONDS)


def test_a_long_pays_a_positive_rate_every_hour() -> None:
    desk = funded("0.0001")
    before = balance(desk)

    pass_hours(desk, 3)

    rows = desk.info("userFunding", startTime=0)
    assert balance(desk) == before - 3 * Decimal("0.2")
    assert [row["delta"] for row in rows] == [
        {
            "type": "funding",
            "coin": "DOGE",
            "usdc": "-0.2",
            "szi": "10000.0",
            "fundingRate": "0.0001",
            "nSamples": None,
        }
    ] * 3
    assert {row["time"] % (HOUR_SECONDS * 1000) for row in rows} == {40}


def test_a_short_receives_what_longs_pay() -> None:
    desk = funded("0.0001")
    desk.sell("20000", "0.2", tif="Ioc")
    before = balance(desk)

    pass_hours(desk, 1)

    assert balance(desk) == before + Decimal("0.2")
    assert held(desk)["cumFunding"]["allTime"] == "-0.2"


def test_funding_is_summed_since_the_opening_and_since_the_last_change() -> None:
    desk = funded("0.0001")
    pass_hours(desk, 1)
    desk.long("10000")

    pass_hours(desk, 1)

    assert held(desk)["cumFunding"] == {
        "allTime": "0.6",
        "sinceOpen": "0.6",
        "sinceChange": "0.4",
    }


def test_without_a_rate_or_a_position_nobody_pays() -> None:
    desk = funded("0")
    pass_hours(desk, 2)
    desk.control("funding", {"ETH": "0.0001"})
    pass_hours(desk, 2)

    assert desk.info("userFunding", startTime=0) == []
    history = desk.info("fundingHistory", coin="ETH", startTime=0)
    assert [row["fundingRate"] for row in history] == ["0.0001", "0.0001"]


def test_the_rate_is_shown_beside_the_mark() -> None:
    desk = funded("-0.00005")

    names = [coin["name"] for coin in desk.info("metaAndAssetCtxs")[0]["universe"]]
    shown = desk.info("metaAndAssetCtxs")[1][names.index("DOGE")]

    assert shown["funding"] == "-0.00005"


def test_a_clock_that_was_set_back_lives_its_hours_again() -> None:
    desk = funded("0.0001")
    pass_hours(desk, 1)

    pass_hours(desk, -1)
    pass_hours(desk, 1)

    assert len(desk.info("userFunding", startTime=0)) == 2


def test_funding_can_be_what_liquidates() -> None:
    desk = small("1010")
    desk.long("40000")
    desk.control("funding", {"DOGE": "0.04"})

    pass_hours(desk, 3)

    assert desk.fills()[-1]["dir"] == "Liquidated Cross Long"


def test_an_isolated_position_pays_its_funding_itself() -> None:
    desk = small("1000", isolated=True, times=5)
    desk.long("5000")
    before = balance(desk)
    desk.control("funding", {"DOGE": "0.001"})

    pass_hours(desk, 1)

    assert (balance(desk), held(desk)["marginUsed"]) == (before, "199.0")


def test_a_mark_apart_from_the_book_values_and_liquidates() -> None:
    desk = small("1010")
    desk.long("40000")

    desk.control("marks", {"DOGE": "0.19"})
    value = desk.info("clearinghouseState")["marginSummary"]["accountValue"]
    desk.control("marks", {"DOGE": "0.184"})

    assert value == "606.4"
    assert desk.fills()[-1]["liquidation"]["markPx"] == "0.184"
    assert desk.mid("DOGE") == "0.2"


def test_accounts_do_not_pay_for_each_other() -> None:
    desk = small("1010")
    desk.control("accounts", {"address": STRANGER, "balance": "100"})
    desk.long("40000")

    desk.price("DOGE", "0.15")

    assert desk.control("state")["accounts"][STRANGER]["balance"] == "100.0"


def test_leverage_changes_what_can_be_opened() -> None:
    desk = small("1000", times=1)
    set_leverage(desk, 40, isolated=False, asset=BTC)
    price = desk.mid("BTC")

    low = desk.buy("10000", "0.2")
    high = desk.order(limit(True, "0.2", price, asset=BTC))[0]

    assert low == {"error": "Insufficient margin to place order. asset=3"}
    assert oid_of(high)


def test_the_hour_is_paid_at_the_price_of_its_moment() -> None:
    desk = funded("0.0001")
    hour_ms = HOUR_SECONDS * 1000
    next_hour = (desk.now_ms // hour_ms + 1) * hour_ms
    path = [[iso(next_hour), "0.25"], [iso(next_hour + 1000), "0.3"]]
    desk.control("prices", {"DOGE": [[iso(desk.now_ms), "0.2"], *path]})

    pass_hours(desk, 1)

    assert desk.info("userFunding", startTime=0)[0]["delta"]["usdc"] == "-0.25"
