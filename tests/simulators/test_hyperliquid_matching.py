"""The book, the price path, and what fills make of an account."""

from decimal import Decimal
from random import Random

import pytest

from tests.simulators.hyperliquid_desk import (
    ETH,
    MASTER,
    Desk,
    cloid,
    limit,
    oid_of,
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


def test_an_ioc_fills_at_the_market_price_which_is_better_than_its_limit(desk: Desk) -> None:
    status = desk.buy("100", "0.21", tif="Ioc", c=cloid(7))

    filled = status["filled"]
    assert (filled["totalSz"], filled["avgPx"], filled["cloid"]) == ("100.0", "0.2", cloid(7))
    assert desk.status(filled["oid"]) == "filled"


def test_an_ioc_that_does_not_reach_the_market_is_refused(desk: Desk) -> None:
    status = desk.buy("100", "0.19", tif="Ioc", c=cloid(1))

    text = "Order could not immediately match against any resting orders. asset=3"
    assert status == {"error": text}
    assert desk.status(cloid(1)) == "iocCancelRejected"


def test_an_ioc_takes_what_the_depth_holds_and_drops_the_rest(desk: Desk) -> None:
    desk.control("depth", {"DOGE": "136"})

    status = desk.buy("200", "0.2", tif="Ioc")

    assert status["filled"]["totalSz"] == "136.0"
    record = desk.info("orderStatus", oid=oid_of(status))["order"]
    assert (record["status"], record["order"]["sz"]) == ("canceled", "64.0")
    assert desk.open() == []


def test_depth_is_used_up_until_the_price_moves(desk: Desk) -> None:
    desk.control("depth", {"DOGE": {"asks": "150", "bids": None}})
    desk.buy("100", "0.2", tif="Ioc")

    second = desk.buy("100", "0.2", tif="Ioc")
    desk.price("DOGE", "0.2001")
    third = desk.buy("100", "0.21", tif="Ioc")

    assert second["filled"]["totalSz"] == "50.0"
    assert third["filled"]["totalSz"] == "100.0"


def test_no_depth_means_that_nothing_can_be_matched(desk: Desk) -> None:
    desk.control("depth", {"DOGE": "0"})

    assert "could not immediately match" in desk.buy("100", "0.21", tif="Ioc")["error"]


def test_a_gtc_below_the_market_rests(desk: Desk) -> None:
    status = desk.buy("100", "0.19", c=cloid(2))

    assert status["resting"]["cloid"] == cloid(2)
    (row,) = desk.open()
    assert (row["limitPx"], row["sz"], row["origSz"]) == ("0.19", "100.0", "100.0")


def test_a_gtc_through_the_market_fills_at_the_market_price(desk: Desk) -> None:
    assert desk.buy("100", "0.22")["filled"]["avgPx"] == "0.2"


def test_the_rest_of_a_gtc_stays_on_the_book(desk: Desk) -> None:
    desk.control("depth", {"DOGE": "30"})

    status = desk.buy("100", "0.21")

    (row,) = desk.open()
    assert row["oid"] == status["resting"]["oid"]
    assert (row["sz"], row["origSz"]) == ("70.0", "100.0")


def test_a_partly_filled_gtc_can_be_reported_as_filled(desk: Desk) -> None:
    desk.control("switches", {"gtc_partial": "filled"})
    desk.control("depth", {"DOGE": "30"})

    assert desk.buy("100", "0.21")["filled"]["totalSz"] == "30.0"
    assert len(desk.open()) == 1


@pytest.mark.parametrize(("is_buy", "bid_or_ask"), [(True, "0.2"), (False, "0.2")])
def test_a_post_only_order_that_would_match_is_refused(
    desk: Desk, is_buy: bool, bid_or_ask: str
) -> None:
    (status,) = desk.order(limit(is_buy, "100", bid_or_ask, tif="Alo", c=cloid(3)))

    text = "Post only order would have immediately matched, bbo was 0.2@0.2. asset=3"
    assert status == {"error": text}
    assert desk.status(cloid(3)) == "badAloPxRejected"


def test_a_post_only_order_beside_the_market_rests(desk: Desk) -> None:
    assert "resting" in desk.sell("100", "0.2001", tif="Alo")


@pytest.mark.parametrize("touch", ["0.19", "0.18"])
def test_a_resting_buy_fills_whole_at_its_own_price_when_touched(desk: Desk, touch: str) -> None:
    oid = oid_of(desk.buy("100", "0.19"))

    desk.price("DOGE", touch)

    (fill,) = desk.fills()
    assert (fill["oid"], fill["px"], fill["sz"]) == (oid, "0.19", "100.0")
    assert fill["crossed"] is False
    assert desk.status(oid) == "filled"


def test_a_resting_sell_fills_when_the_price_rises_to_it(desk: Desk) -> None:
    desk.sell("100", "0.21")

    desk.price("DOGE", "0.2101")

    assert (desk.fills()[0]["px"], desk.position()) == ("0.21", Decimal(-100))


def test_an_order_that_the_price_does_not_reach_stays(desk: Desk) -> None:
    desk.buy("100", "0.19")

    desk.price("DOGE", "0.1901")

    assert len(desk.open()) == 1


def test_points_are_passed_in_order_and_fills_carry_their_time(desk: Desk) -> None:
    desk.buy("100", "0.19")
    desk.sell("100", "0.21")
    desk.path("DOGE", (10, "0.18"), (20, "0.22"), (30, "0.2"))

    desk.at(60)

    start = desk.now_ms - 60_000
    assert [(f["time"] - start, f["px"]) for f in desk.fills()] == [
        (10_000, "0.19"),
        (20_000, "0.21"),
    ]
    assert desk.mid("DOGE") == "0.2"


def test_points_given_in_any_order_are_passed_in_the_order_of_time(desk: Desk) -> None:
    desk.sell("100", "0.21")
    desk.path("DOGE", (20, "0.22"))
    desk.path("DOGE", (30, "0.2"), (10, "0.205"))

    desk.at(15)
    before = desk.mid("DOGE")
    desk.at(40)

    assert before == "0.205"
    assert len(desk.fills()) == 1


def test_two_points_of_one_moment_are_both_passed(desk: Desk) -> None:
    desk.buy("100", "0.19")
    desk.path("DOGE", (10, "0.19"), (10, "0.2"))

    desk.at(10)

    assert (len(desk.fills()), desk.mid("DOGE")) == (1, "0.2")


def test_a_point_in_the_past_takes_effect_now(desk: Desk) -> None:
    desk.at(100)
    desk.buy("100", "0.19")

    desk.path("DOGE", (5, "0.18"))

    (fill,) = desk.fills()
    assert fill["time"] == desk.now_ms
    assert desk.mid("DOGE") == "0.18"


def test_before_its_first_point_a_path_has_that_price() -> None:
    desk = Desk()

    desk.path("DOGE", (60, "0.3"))

    assert desk.mid("DOGE") == "0.3"


def test_one_point_fills_first_what_the_market_met_first(desk: Desk) -> None:
    far, near = oid_of(desk.buy("100", "0.18")), oid_of(desk.buy("100", "0.19"))

    desk.price("DOGE", "0.17")

    assert [fill["oid"] for fill in desk.fills()] == [near, far]


def test_an_account_with_a_path_of_its_own_sees_only_that(desk: Desk) -> None:
    desk.price("DOGE", "0.3", account=MASTER)
    desk.buy("100", "0.29")

    desk.price("DOGE", "0.1")
    untouched = len(desk.open())
    desk.price("DOGE", "0.28", account=MASTER)

    assert untouched == 1
    assert desk.fills()[0]["px"] == "0.29"
    assert desk.mid("DOGE") == "0.1"
    assert desk.info("allMids")["DOGE"] == "0.28"


def test_a_fill_has_every_field_of_the_venue(desk: Desk) -> None:
    oid = oid_of(desk.buy("1000", "0.21", tif="Ioc", c=cloid(9)))

    (fill,) = desk.fills()

    assert {k: v for k, v in fill.items() if k not in ("hash", "tid")} == {
        "coin": "DOGE",
        "px": "0.2",
        "sz": "1000.0",
        "side": "B",
        "time": desk.now_ms,
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "oid": oid,
        "crossed": True,
        "fee": "0.09",
        "feeToken": "USDC",
        "twapId": None,
        "cloid": cloid(9),
    }


def test_a_maker_pays_a_third_of_the_taker_fee(desk: Desk) -> None:
    desk.buy("1000", "0.19")

    desk.price("DOGE", "0.19")

    assert desk.fills()[0]["fee"] == "0.0285"


def test_closing_books_the_profit_and_flipping_names_both_sides(desk: Desk) -> None:
    desk.long("100")
    desk.price("DOGE", "0.25")
    desk.sell("50", "0.25", tif="Ioc")
    desk.sell("150", "0.25", tif="Ioc")

    rows = [(f["startPosition"], f["dir"], f["closedPnl"]) for f in desk.fills()]

    assert rows == [
        ("0.0", "Open Long", "0.0"),
        ("100.0", "Close Long", "2.5"),
        ("50.0", "Long > Short", "2.5"),
    ]
    assert desk.position() == Decimal(-100)


def test_the_entry_price_is_weighted_on_increases_and_stays_on_reductions(desk: Desk) -> None:
    desk.long("100")
    desk.price("DOGE", "0.3")
    desk.long("300")
    increased = desk.positions()[0]["position"]["entryPx"]
    desk.sell("200", "0.3", tif="Ioc")

    assert increased == "0.275"
    assert desk.positions()[0]["position"]["entryPx"] == "0.275"


def test_cash_is_the_deposit_plus_profits_minus_fees(desk: Desk) -> None:
    seed = 20260101
    print(f"seed {seed}")
    random = Random(seed)
    for _ in range(200):
        desk.price("DOGE", f"0.{random.randint(15000, 25000)}")
        price = desk.mid("DOGE")
        size = str(random.randint(100, 5000))
        desk.order(limit(random.random() < 0.5, size, price, tif="Ioc"))

    fills = desk.fills()

    gained = sum(Decimal(f["closedPnl"]) - Decimal(f["fee"]) for f in fills)
    signed = sum(Decimal(f["sz"]) * (1 if f["side"] == "B" else -1) for f in fills)
    state = desk.control("state")["accounts"][MASTER]
    assert abs(Decimal(state["balance"]) - 100000 - gained) < Decimal("0.0001")
    assert signed == desk.position()
    assert len({f["tid"] for f in fills}) == len(fills)


def test_a_fill_ordered_by_hand_is_a_partial_fill_of_a_resting_order(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))

    desk.control("fills", {"account": MASTER, "oid": oid, "size": "40"})

    assert desk.open()[0]["sz"] == "60.0"
    assert desk.info("orderStatus", oid=oid)["order"]["order"]["sz"] == "100.0"
    assert desk.position() == Decimal(40)


def test_a_path_of_many_points_is_passed_in_one_go(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.15"))
    points = [(n, f"0.2{n % 100:03d}") for n in range(1, 5000)]

    desk.path("DOGE", *points, (6000, "0.15"))
    desk.at(7000)

    assert desk.status(oid) == "filled"


def test_a_coin_without_a_price_has_no_book() -> None:
    desk = Desk()
    desk.control("universe", [{"name": "NEW", "szDecimals": 0, "maxLeverage": 3}])

    (ioc,) = desk.order(limit(True, "100", "1", tif="Ioc", asset=0))
    (gtc,) = desk.order(limit(True, "100", "1", asset=0))

    assert "could not immediately match" in ioc["error"]
    assert "resting" in gtc


def test_a_flip_starts_a_new_entry_price(desk: Desk) -> None:
    desk.long("100")
    desk.price("DOGE", "0.25")

    desk.sell("300", "0.25", tif="Ioc")

    held = desk.positions()[0]["position"]
    assert (held["szi"], held["entryPx"], held["unrealizedPnl"]) == ("-200.0", "0.25", "0.0")


def test_points_of_several_coins_are_passed_in_the_order_of_time(desk: Desk) -> None:
    desk.price("ETH", "3000")
    desk.buy("100", "0.19")
    desk.order(limit(True, "0.1", "2900", asset=ETH))
    desk.path("ETH", (20, "2900"))
    desk.path("DOGE", (10, "0.19"))

    desk.at(30)

    assert [fill["coin"] for fill in desk.fills()] == ["DOGE", "ETH"]


def test_fees_are_cut_off_at_six_decimals(desk: Desk) -> None:
    desk.price("ETH", "3123.7")

    desk.order(limit(True, "0.0037", "3200", tif="Ioc", asset=ETH))

    # 3123.7 x 0.0037 x 0.00045 = 0.00520096...
    assert desk.fills()[0]["fee"] == "0.0052"


def test_the_profit_of_a_close_leaves_the_fee_out(desk: Desk) -> None:
    desk.price("ETH", "3000")
    desk.long("0.01", "ETH")
    desk.price("ETH", "2998.5")

    desk.order(limit(False, "0.01", "2900", tif="Ioc", asset=ETH, reduce_only=True))

    assert [(f["closedPnl"], f["fee"]) for f in desk.fills()] == [
        ("0.0", "0.0135"),
        ("-0.015", "0.013493"),
    ]


def test_an_order_that_would_meet_an_own_one_cancels_that(desk: Desk) -> None:
    resting = oid_of(desk.buy("100", "0.19"))
    desk.control("depth", {"DOGE": "0"})

    selling = oid_of(desk.sell("100", "0.19"))

    assert desk.status(resting) == "selfTradeCanceled"
    assert (desk.status(selling), desk.fills()) == ("open", [])


def test_more_open_orders_than_allowed_are_refused_with_a_record(desk: Desk) -> None:
    desk.control("limits", {"open_orders": 2})

    statuses = [desk.buy("100", "0.19", c=cloid(number)) for number in range(3)]

    assert ["resting" in status for status in statuses] == [True, True, False]
    assert desk.status(cloid(2)) == "tooManyOpenOrdersRejected"
