"""What the venue remembers of orders: status, history, cloids, cancels, modifies."""

from typing import Any

import pytest

from tests.simulators.hyperliquid_desk import (
    BTC,
    DOGE,
    ETH,
    MASTER,
    STRANGER,
    Desk,
    cloid,
    limit,
    oid_of,
    statuses,
)

GONE = {"error": "Order was never placed, already canceled, or filled. asset=3"}
OK = {"status": "ok", "response": {"type": "default"}}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


def modify(which: int | str, order: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modify", "oid": which, "order": order, **more}


def leverage(value: int, *, asset: int = DOGE, cross: bool = True) -> dict[str, Any]:
    return {"type": "updateLeverage", "asset": asset, "isCross": cross, "leverage": value}


def test_an_open_record_keeps_the_size_that_it_opened_with(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))

    desk.control("fills", {"account": MASTER, "oid": oid, "size": "40"})

    record = desk.info("orderStatus", oid=oid)["order"]
    assert (record["status"], record["order"]["sz"]) == ("open", "100.0")
    assert desk.open()[0]["sz"] == "60.0"


def test_a_cancelled_record_keeps_the_unfilled_rest(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))
    desk.control("fills", {"account": MASTER, "oid": oid, "size": "40"})

    desk.cancel(oid)

    record = desk.info("orderStatus", oid=oid)["order"]
    assert (record["status"], record["order"]["sz"]) == ("canceled", "60.0")


def test_history_has_a_row_per_change_of_status_newest_first(desk: Desk) -> None:
    first = oid_of(desk.buy("100", "0.19"))
    second = oid_of(desk.buy("100", "0.18"))
    desk.at(5)
    desk.cancel(first)

    rows = desk.info("historicalOrders")

    found = [(row["order"]["oid"], row["status"]) for row in rows]
    assert found == [(first, "canceled"), (second, "open"), (first, "open")]
    assert rows[0]["statusTimestamp"] - rows[0]["order"]["timestamp"] == 5000


def test_an_order_filled_at_once_leaves_open_and_filled_of_one_moment(desk: Desk) -> None:
    desk.buy("100", "0.21", tif="Ioc")

    filled, opened = desk.info("historicalOrders")

    assert (opened["status"], filled["status"]) == ("open", "filled")
    assert (opened["order"]["sz"], filled["order"]["sz"]) == ("100.0", "0.0")
    assert opened["statusTimestamp"] == filled["statusTimestamp"]


def test_the_same_cloid_executes_again_and_names_the_latest(desk: Desk) -> None:
    first = oid_of(desk.buy("100", "0.21", tif="Ioc", c=cloid(1)))
    second = oid_of(desk.buy("100", "0.19", c=cloid(1)))

    found = desk.info("orderStatus", oid=cloid(1))["order"]["order"]["oid"]

    assert found == second
    assert desk.status(first) == "filled"
    assert len({first, second}) == 2


def test_an_open_cloid_may_be_used_again_unless_the_switch_forbids_it(desk: Desk) -> None:
    desk.buy("100", "0.19", c=cloid(1))

    accepted = desk.buy("100", "0.18", c=cloid(1))
    desk.control("switches", {"duplicate_open_cloid": "reject"})
    rejected = desk.buy("100", "0.17", c=cloid(1))

    assert "resting" in accepted
    assert "error" in rejected


def test_nobody_sees_the_orders_of_another_account(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19", c=cloid(1)))

    for which in (oid, cloid(1)):
        found = desk.info("orderStatus", oid=which, user=STRANGER)
        assert found == {"status": "unknownOid"}


def test_a_cloid_is_found_in_any_case(desk: Desk) -> None:
    desk.buy("100", "0.19", c="0x" + "AB" * 16)

    assert desk.status("0x" + "aB" * 16) == "open"
    assert desk.open()[0]["cloid"] == "0x" + "ab" * 16


def test_only_the_newest_orders_are_remembered_but_open_ones_are(desk: Desk) -> None:
    desk.control("limits", {"orders_kept": 5})
    resting = oid_of(desk.buy("100", "0.1"))
    old = oid_of(desk.buy("100", "0.21", tif="Ioc"))
    for _ in range(5):
        desk.buy("100", "0.21", tif="Ioc")

    assert (desk.status(old), desk.status(resting)) == ("unknownOid", "open")
    assert old in [fill["oid"] for fill in desk.fills()]
    assert old not in [row["order"]["oid"] for row in desk.info("historicalOrders")]


def test_an_order_can_stay_invisible_for_a_while(desk: Desk) -> None:
    desk.control("faults", [{"kind": "slow_visibility", "seconds": 1}])
    oid = oid_of(desk.buy("100", "0.19"))

    early = desk.status(oid)
    desk.at(1)

    assert (early, desk.status(oid)) == ("unknownOid", "open")


def test_a_cancel_ends_the_order_once(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))

    assert desk.cancel(oid) == "success"
    assert desk.cancel(oid) == GONE
    assert desk.status(oid) == "canceled"


def test_a_filled_order_and_one_that_never_was_are_refused_alike(desk: Desk) -> None:
    filled = oid_of(desk.buy("100", "0.21", tif="Ioc"))

    assert desk.cancel(filled) == GONE
    assert desk.cancel(1) == GONE
    assert desk.cancel_by_cloid(cloid(404)) == GONE


def test_a_cancel_has_to_name_the_right_asset(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))

    status = desk.cancel(oid, asset=ETH)

    assert status["error"].endswith(f"asset={ETH}")
    assert desk.status(oid) == "open"


def test_cancels_by_cloid_are_answered_like_cancels(desk: Desk) -> None:
    desk.buy("100", "0.19", c=cloid(1))
    cancels = [{"asset": DOGE, "cloid": cloid(1)}, {"asset": DOGE, "cloid": cloid(2)}]

    answer = desk.send({"type": "cancelByCloid", "cancels": cancels})

    assert answer["response"] == {"type": "cancel", "data": {"statuses": ["success", GONE]}}


def test_a_modify_gives_a_new_oid_and_says_nothing_about_it(desk: Desk) -> None:
    old = oid_of(desk.buy("100", "0.19", c=cloid(1)))

    answer = desk.send(modify(old, limit(True, "100", "0.18", c=cloid(1))))

    (row,) = desk.open()
    assert answer == OK
    assert row["oid"] != old
    assert (row["limitPx"], row["cloid"]) == ("0.18", cloid(1))
    assert desk.status(old) == "canceled"


def test_a_modified_gtc_becomes_post_only(desk: Desk) -> None:
    old = oid_of(desk.buy("100", "0.19"))

    desk.send(modify(old, limit(True, "100", "0.18")))

    assert desk.info("frontendOpenOrders")[0]["tif"] == "Alo"


def test_a_modify_that_would_match_loses_the_old_order(desk: Desk) -> None:
    old = oid_of(desk.buy("100", "0.19"))

    answer = desk.send(modify(old, limit(True, "100", "0.21")))

    text = "Error placing new order during modify: Post only order would have immediately matched"
    assert answer["response"].startswith(text)
    assert (desk.status(old), desk.open()) == ("canceled", [])


def test_an_order_that_is_gone_cannot_be_modified(desk: Desk) -> None:
    old = oid_of(desk.buy("100", "0.21", tif="Ioc"))
    order = limit(True, "100", "0.18")
    one = {"oid": old, "order": order}

    single = desk.send(modify(old, order))
    (batched,) = statuses(desk.send({"type": "batchModify", "modifies": [one]}))

    text = "Cannot modify canceled or filled order"
    assert single == {"status": "err", "response": text}
    assert batched == {"error": text}


def test_always_place_places_even_if_the_old_order_is_gone(desk: Desk) -> None:
    old = oid_of(desk.buy("100", "0.21", tif="Ioc"))

    answer = desk.send(modify(old, limit(True, "100", "0.21"), a=True))

    assert answer == OK
    assert len(desk.fills()) == 2


def test_a_batch_of_modifies_answers_per_order_and_takes_cloids(desk: Desk) -> None:
    desk.buy("100", "0.19", c=cloid(1))
    modifies = [
        {"oid": cloid(1), "order": limit(True, "100", "0.18", c=cloid(2))},
        {"oid": cloid(9), "order": limit(True, "100", "0.17")},
    ]

    found = statuses(desk.send({"type": "batchModify", "modifies": modifies}))

    assert [next(iter(status)) for status in found] == ["resting", "error"]
    assert desk.open()[0]["cloid"] == cloid(2)


def test_a_modify_cannot_turn_an_order_into_an_ioc(desk: Desk) -> None:
    old = oid_of(desk.buy("100", "0.19"))

    answer = desk.send(modify(old, limit(True, "100", "0.21", tif="Ioc")))

    assert answer["status"] == "err"
    assert desk.status(old) == "open"


def test_leverage_is_kept_per_coin_and_shown(desk: Desk) -> None:
    answer = desk.send(leverage(3))
    desk.long("300")

    assert answer == OK
    assert desk.positions()[0]["position"]["leverage"] == {"type": "cross", "value": 3}
    assert desk.positions()[0]["position"]["marginUsed"] == "20.0"


@pytest.mark.parametrize("value", [0, 11])
def test_leverage_beyond_the_coins_range_is_refused(desk: Desk, value: int) -> None:
    answer = desk.send(leverage(value))

    assert answer == {"status": "err", "response": "Invalid leverage value"}


def test_leverage_may_change_with_a_position_but_not_its_type(desk: Desk) -> None:
    desk.long("100")

    changed = desk.send(leverage(5))
    switched = desk.send(leverage(5, cross=False))

    text = "Cannot switch leverage type with open position."
    assert changed == OK
    assert switched == {"status": "err", "response": text}


def test_an_isolated_coin_needs_no_cross(desk: Desk) -> None:
    assert desk.send(leverage(5, asset=BTC, cross=False)) == OK
    assert desk.info("activeAssetData", coin="BTC")["leverage"]["type"] == "isolated"


def test_other_actions_are_refused_with_the_venues_texts(desk: Desk) -> None:
    desk.long("1000")
    margin = {"type": "updateIsolatedMargin", "asset": DOGE, "isBuy": True, "ntli": 1000000}

    scheduled = desk.send({"type": "scheduleCancel", "time": desk.now_ms + 60_000})
    isolated = desk.send(margin)

    assert scheduled["response"] == (
        "Cannot set scheduled cancel time until enough volume traded."
        " Required: $1000000. Traded: $200.00."
    )
    assert isolated["response"] == "Position does not use isolated margin."
