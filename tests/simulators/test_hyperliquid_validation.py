"""What is refused without looking at the account, and the shapes that are not even read."""

from typing import Any

import pytest

from recomma.simulators.hyperliquid import schema
from recomma.simulators.hyperliquid.delivery import HttpRefusal, Request
from recomma.simulators.hyperliquid.universe import Coin
from recomma.simulators.hyperliquid.wire import number
from tests.simulators.hyperliquid_desk import (
    BTC,
    DOGE,
    ETH,
    MATIC,
    Desk,
    cloid,
    limit,
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


@pytest.mark.parametrize(
    ("decimals", "price", "legal"),
    [
        (1, "1234.5", True),
        (1, "1234.56", False),
        (1, "0.01234", True),
        (1, "0.012345", False),
        (0, "0.001234", True),
        (0, "0.0012345", False),
        (0, "123456", True),
        (0, "12345.6", False),
        (5, "95000.1", False),
        (5, "9500.1", True),
        (5, "9500.10000", True),
        (5, "1234567", True),
        (2, "0.12345", False),
    ],
)
def test_a_price_has_five_figures_and_few_decimals_unless_it_is_whole(
    decimals: int, price: str, legal: bool
) -> None:
    coin = Coin("ANY", 0, decimals, 10)

    assert coin.takes_price(number(price)) is legal


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (limit(True, "100", "0.1900001"), "Order has invalid price. asset=3"),
        (limit(True, "100", "0"), "Order has invalid price. asset=3"),
        (limit(True, "100.5", "0.19"), "Order has invalid size. asset=3"),
        (limit(True, "0", "0.19"), "Order has zero size. asset=3"),
        (limit(True, "100", "1", asset=500), "Order has invalid asset. asset=500"),
        (limit(True, "100", "1", asset=MATIC), "Trading is halted asset=8"),
    ],
)
def test_a_static_defect_is_refused_and_leaves_no_record(
    desk: Desk, order: dict[str, Any], text: str
) -> None:
    order["c"] = cloid(5)

    assert desk.order(order) == [{"error": text}]
    assert desk.status(cloid(5)) == "unknownOid"


@pytest.mark.parametrize(
    ("price", "refused"), [("0.04", True), ("0.041", False), ("1", False), ("1.01", True)]
)
def test_a_price_far_from_the_reference_is_refused(desk: Desk, price: str, refused: bool) -> None:
    status = desk.sell("1000", price)

    text = "Order price cannot be more than 80% away from the reference price asset=3"
    assert (status == {"error": text}) is refused


def test_one_defect_speaks_for_the_whole_batch(desk: Desk) -> None:
    good, bad = limit(True, "100", "0.19"), limit(True, "100", "0.1900001")

    assert desk.order(good, bad, good) == [{"error": "Order has invalid price. asset=3"}]
    assert desk.open() == []


def test_a_defect_can_be_reported_at_the_top(desk: Desk) -> None:
    desk.control("switches", {"static_error": "top_level"})
    action = {"type": "order", "orders": [limit(True, "0", "0.19")], "grouping": "na"}

    answer = desk.send(action)

    assert answer == {"status": "err", "response": "Order has zero size. asset=3"}


def test_suffix_and_final_dot_can_be_switched_off(desk: Desk) -> None:
    desk.control("switches", {"asset_suffix": False})
    without_suffix = desk.buy("0", "0.19")
    desk.control("switches", {"asset_suffix": True, "final_dot": False})

    assert without_suffix == {"error": "Order has zero size."}
    assert desk.buy("0", "0.19") == {"error": "Order has zero size asset=3"}


def test_an_empty_batch_is_refused(desk: Desk) -> None:
    assert desk.order() == [{"error": "Orders are empty."}]


def test_a_trigger_order_has_to_be_reduce_only(desk: Desk) -> None:
    trigger = {"trigger": {"isMarket": True, "triggerPx": "0.18", "tpsl": "sl"}}

    (status,) = desk.order(
        {"a": DOGE, "b": False, "p": "0.16", "s": "100", "r": False, "t": trigger}
    )

    assert "reduce only" in status["error"]


def test_orders_of_a_batch_stand_or_fall_alone_at_run_time(desk: Desk) -> None:
    small, good = limit(True, "10", "0.19"), limit(True, "100", "0.19")

    found = desk.order(small, good, small)

    assert [next(iter(status)) for status in found] == ["error", "resting", "error"]


@pytest.mark.parametrize(("size", "accepted"), [("52", False), ("53", True)])
def test_an_order_is_worth_ten_dollars_at_its_limit(desk: Desk, size: str, accepted: bool) -> None:
    status = desk.buy(size, "0.19", c=cloid(1))

    text = "Order must have minimum value of $10. asset=3"
    assert (status == {"error": text}) is not accepted
    assert desk.status(cloid(1)) == ("open" if accepted else "minTradeNtlRejected")


def test_an_ioc_is_worth_what_the_market_asks(desk: Desk) -> None:
    assert "minimum value" in desk.buy("49", "0.24", tif="Ioc")["error"]


def test_an_ioc_that_cannot_match_is_told_so_before_it_is_too_small(desk: Desk) -> None:
    assert "immediately match" in desk.buy("1", "0.19", tif="Ioc")["error"]


def test_the_next_orders_of_a_coin_can_be_refused_with_a_text(desk: Desk) -> None:
    text = "Insufficient margin to place order."
    desk.control("faults", [{"kind": "refuse", "coin": "DOGE", "text": text, "count": 1}])
    desk.price("ETH", "3000")

    other = desk.order(limit(True, "0.1", "2900", asset=ETH))[0]
    refused = desk.buy("100", "0.19", c=cloid(1))
    after = desk.buy("100", "0.19")

    assert refused == {"error": "Insufficient margin to place order. asset=3"}
    assert desk.status(cloid(1)) == "perpMarginRejected"
    assert ("resting" in other, "resting" in after) == (True, True)


def test_after_an_upgrade_only_post_only_orders_are_taken(desk: Desk) -> None:
    desk.control("faults", [{"kind": "post_only_phase"}])

    gtc, alo = desk.order(
        limit(True, "100", "0.19", c=cloid(1)), limit(True, "100", "0.19", tif="Alo")
    )

    text = "Only post-only orders allowed immediately after network upgrade asset=3"
    assert gtc == {"error": text}
    assert "resting" in alo
    assert desk.status(cloid(1)) == "unknownOid"


GOOD = limit(True, "100", "0.19")


@pytest.mark.parametrize(
    "order",
    [
        {**GOOD, "p": 0.19},
        {**GOOD, "p": "1.9e-1"},
        {**GOOD, "p": "-0.19"},
        {**GOOD, "p": "+0.19"},
        {**GOOD, "p": "NaN"},
        {**GOOD, "p": ""},
        {**GOOD, "p": "0.123456789"},
        {**GOOD, "s": 100},
        {**GOOD, "a": "3"},
        {**GOOD, "a": True},
        {**GOOD, "a": -1},
        {**GOOD, "b": 1},
        {**GOOD, "r": None},
        {**GOOD, "c": "0x12"},
        {**GOOD, "t": {}},
        {**GOOD, "t": {"limit": {"tif": "Fok"}}},
        {**GOOD, "t": {"limit": {"tif": ["Gtc"]}}},
        {**GOOD, "t": {"trigger": {"isMarket": True, "triggerPx": "1", "tpsl": "x"}}},
        {k: v for k, v in GOOD.items() if k != "r"},
        [],
    ],
)
def test_an_order_of_the_wrong_shape_is_answered_with_422(desk: Desk, order: Any) -> None:
    with pytest.raises(HttpRefusal) as refused:
        desk.order(order)

    assert refused.value.answer.status == 422
    text = b"Failed to deserialize the JSON body into the target type"
    assert refused.value.answer.encoded == text


@pytest.mark.parametrize(
    "action",
    [
        None,
        "order",
        {"type": "orders"},
        {"type": ["order"]},
        {"type": "order", "orders": [GOOD], "grouping": "na", "extra": 1},
        {"type": "order", "orders": [GOOD], "grouping": "all"},
        {"type": "order", "orders": GOOD, "grouping": "na"},
        {"type": "cancel", "cancels": [{"asset": 3, "oid": 1}]},
        {"type": "cancelByCloid", "cancels": [{"a": 3, "o": 1}]},
        {"type": "updateLeverage", "asset": 3, "isCross": True, "leverage": "5"},
        {"type": "modify", "oid": 1, "order": GOOD, "a": False},
        {"type": "noop", "why": "?"},
        {"type": "usdSend"},
    ],
)
def test_an_action_of_the_wrong_shape_is_answered_with_422(desk: Desk, action: Any) -> None:
    with pytest.raises(HttpRefusal) as refused:
        desk.send(action)

    assert refused.value.answer.status == 422


@pytest.mark.parametrize(
    "envelope",
    [
        {"nonce": "1"},
        {"nonce": 2**64},
        {"vaultAddress": "0x12"},
        {"expiresAfter": "soon"},
        {"surprise": 1},
    ],
)
def test_an_envelope_of_the_wrong_shape_is_answered_with_422(
    desk: Desk, envelope: dict[str, Any]
) -> None:
    with pytest.raises(HttpRefusal) as refused:
        desk.send({"type": "noop"}, **envelope)

    assert refused.value.answer.status == 422


def test_unknown_fields_inside_an_order_are_ignored(desk: Desk) -> None:
    assert "resting" in desk.order({**GOOD, "note": "hello"})[0]


def test_null_stands_for_an_absent_vault_expiry_and_cloid(desk: Desk) -> None:
    action = {"type": "order", "orders": [{**GOOD, "c": None}], "grouping": "na"}

    assert desk.send(action, vaultAddress=None, expiresAfter=None)["status"] == "ok"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "text"),
    [
        ("text/plain", b"{}", 415, b"Expected request with `Content-Type: application/json`"),
        ("", b"{}", 415, b"Expected request with `Content-Type: application/json`"),
        ("application/json", b"{", 400, b"Failed to parse the request body as JSON"),
        ("application/json", b"\xff", 400, b"Failed to parse the request body as JSON"),
    ],
)
def test_what_is_not_json_is_refused_before_it_is_read(
    desk: Desk, content_type: str, body: bytes, status: int, text: bytes
) -> None:
    for path in ("/info", "/exchange"):
        answer = desk.simulator.receive(Request("POST", path, content_type, body)).answer

        assert answer is not None
        assert (answer.status, answer.encoded) == (status, text)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/vnd.any+json"]
)
def test_every_kind_of_json_is_taken(desk: Desk, content_type: str) -> None:
    body = b'{"type": "allMids"}'

    answer = desk.simulator.receive(Request("POST", "/info", content_type, body)).answer

    assert answer is not None
    assert answer.status == 200


def test_the_signed_form_has_the_venues_order_of_keys_and_bare_numbers() -> None:
    order = {
        "c": "0x" + "AB" * 16,
        "t": {"limit": {"tif": "Gtc"}},
        "r": False,
        "s": "0100.0",
        "p": "0.190",
        "b": True,
        "a": 3,
    }
    action = {"grouping": "na", "orders": [order], "type": "order"}

    _, canonical = schema.read_action(action)

    assert list(canonical) == ["type", "orders", "grouping"]
    wire = canonical["orders"][0]
    assert list(wire) == ["a", "b", "p", "s", "r", "t", "c"]
    assert (wire["p"], wire["s"], wire["c"]) == ("0.19", "100", "0x" + "ab" * 16)


def test_a_cloid_without_its_prefix_changes_what_was_signed() -> None:
    action = {"type": "order", "orders": [{**GOOD, "c": "ab" * 16}], "grouping": "na"}

    _, canonical = schema.read_action(action)

    assert canonical["orders"][0]["c"] == "0x" + "ab" * 16


def test_the_default_universe_counts_delisted_coins(desk: Desk) -> None:
    universe = desk.info("meta")["universe"]

    assert [universe[n]["name"] for n in (BTC, ETH, DOGE)] == ["BTC", "ETH", "DOGE"]
    assert [universe[n]["szDecimals"] for n in (BTC, ETH, DOGE)] == [5, 4, 0]
    assert universe[MATIC] == {
        "szDecimals": 1,
        "name": "MATIC",
        "maxLeverage": 20,
        "marginTableId": 20,
        "isDelisted": True,
    }
