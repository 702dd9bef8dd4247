"""The shapes of what can be read, also against recorded answers where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from recomma.simulators.hyperliquid.delivery import HttpRefusal
from tests.simulators.hyperliquid_desk import (
    AGENT,
    MASTER,
    STRANGER,
    Desk,
    cloid,
    oid_of,
)

RECORDED = Path(__file__).parents[2] / "../shared/reference/fixtures/hyperliquid"


@pytest.fixture
def desk() -> Desk:
    """A trader with a position, an exit, an entry, a stop and a refused order."""
    desk = Desk()
    desk.price("DOGE", "0.2")
    desk.long("1000")
    desk.sell("1000", "0.25", reduce_only=True, c=cloid(1))
    desk.buy("500", "0.15")
    desk.buy("100", "0.15", tif="Ioc")
    trigger = {"trigger": {"isMarket": True, "triggerPx": "0.1", "tpsl": "sl"}}
    desk.order({"a": 3, "b": False, "p": "0.09", "s": "1000", "r": True, "t": trigger})
    return desk


def recorded(file: str, name: str) -> Any:
    path = RECORDED / file
    if not path.is_file():
        pytest.skip(f"recorded answers are not at hand: {file} is missing")
    records = json.loads(path.read_text())["records"]
    return next(record["response"] for record in records if record["id"] == name)


def kinds(value: Any) -> Any:
    """Return the shape of an answer: its keys, and for leaves the type. Lists show their first."""
    if isinstance(value, dict):
        return {key: kinds(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [kinds(inner) for inner in value[:1]]
    return type(value).__name__


def keys(value: dict[str, Any]) -> set[str]:
    return set(value)


def test_an_open_order_looks_like_the_recorded_one(desk: Desk) -> None:
    (theirs,) = recorded("info_orders.json", "openOrders-one-with-cloid")
    (hidden,) = recorded("info_orders.json", "openOrders-trigger-hides-trigger-fields")

    stop, entry, exit_order = desk.open()

    assert kinds(exit_order) == {**kinds(theirs), "reduceOnly": "bool"}
    assert keys(entry) == keys(theirs) - {"cloid"}
    assert kinds(stop) == kinds(hidden)


def test_order_records_look_like_the_recorded_ones(desk: Desk) -> None:
    theirs = recorded("info_orders.json", "orderStatus-open-with-cloid")
    history = recorded("info_orders.json", "historicalOrders-2025")

    ours = desk.info("orderStatus", oid=cloid(1))

    assert list(ours["order"]["order"]) == list(theirs["order"]["order"])
    assert kinds(ours) == kinds(theirs)
    no_match = next(r for r in desk.info("historicalOrders") if r["status"] == "iocCancelRejected")
    assert kinds(no_match) == kinds(history[0])
    assert no_match["order"]["orderType"] == history[0]["order"]["orderType"]


def test_trigger_orders_look_like_the_recorded_ones(desk: Desk) -> None:
    theirs = recorded("info_orders.json", "frontendOpenOrders-normalTpsl-2023")

    stop = desk.info("frontendOpenOrders")[0]

    recorded_stop = next(row for row in theirs if row["orderType"] == "Stop Market")
    assert keys(stop) == keys(recorded_stop) | {"cloid"}
    assert stop["tif"] == recorded_stop["tif"]
    assert stop["triggerCondition"].split()[:2] == recorded_stop["triggerCondition"].split()[:2]


def test_fills_look_like_the_recorded_ones(desk: Desk) -> None:
    theirs = recorded("info_fills.json", "userFillsByTime-testnet-2025")

    ours = desk.info("userFillsByTime", startTime=0)

    assert kinds(ours[0]) == kinds(theirs[0])
    assert list(ours[0]) == list(theirs[0])


def test_fees_and_profits_are_the_recorded_ones() -> None:
    theirs = recorded("info_fills.json", "userFillsByTime-testnet-2025")
    desk = Desk()
    for fill in theirs:
        desk.price("ETH", fill["px"])
        is_buy = fill["side"] == "B"
        kind = {"limit": {"tif": "Ioc"}}
        order = {"a": 1, "b": is_buy, "p": fill["px"], "s": fill["sz"], "r": not is_buy, "t": kind}
        desk.order(order)

    ours = desk.fills()

    for key in ("px", "sz", "side", "startPosition", "dir", "closedPnl", "fee"):
        assert [f[key] for f in ours] == [f[key] for f in theirs]


def test_the_state_of_an_account_looks_like_the_recorded_one(desk: Desk) -> None:
    theirs = recorded("info_account.json", "clearinghouseState-long-cross-2026")
    flat = recorded("info_account.json", "clearinghouseState-flat-testnet")

    ours = desk.info("clearinghouseState")
    nobody = desk.info("clearinghouseState", user=STRANGER)

    ours["assetPositions"][0]["position"]["liquidationPx"] = "0.1"
    assert kinds(ours) == kinds(theirs)
    assert {**nobody, "time": 0} == {**flat, "time": 0}


@pytest.mark.parametrize(
    ("name", "request_type", "fields"),
    [
        ("activeAssetData-HYPE", "activeAssetData", {"coin": "HYPE"}),
        ("userRole-agent", "userRole", {"user": AGENT}),
        ("extraAgents-none", "extraAgents", {}),
        ("userRateLimit-2025", "userRateLimit", {}),
    ],
)
def test_account_answers_look_like_the_recorded_ones(
    desk: Desk, name: str, request_type: str, fields: dict[str, Any]
) -> None:
    theirs = kinds(recorded("info_account.json", name))

    ours = desk.info(request_type, **fields)

    if request_type == "userRateLimit":
        theirs["nRequestsSurplus"] = "int"  # Newer than the recording.
    assert kinds(ours) == theirs


def test_the_book_and_the_universe_look_like_the_recorded_ones(desk: Desk) -> None:
    book = recorded("info_market.json", "l2Book-DYDX-2023")
    meta = recorded("info_meta.json", "meta-mainnet-2026-first-six")

    ours = desk.info("l2Book", coin="DOGE")

    assert keys(ours) == keys(book) | {"time"}
    assert kinds(ours["levels"][0][0]) == {"px": "str", "sz": "str", "n": "int"}
    assert keys(ours["levels"][0][0]) == keys(book["levels"][0][0])
    assert kinds(desk.info("meta")) == kinds(meta)
    assert desk.info("perpDexs")[0] is recorded("info_meta.json", "perpDexs")[0] is None


def test_answers_to_orders_look_like_the_recorded_ones(desk: Desk) -> None:
    names = ("gtc-resting-with-cloid", "ioc-open-long-filled", "below-minimum-value")
    order = {"a": 3, "b": True, "r": False}
    gtc, ioc = ({"limit": {"tif": tif}} for tif in ("Gtc", "Ioc"))
    sent = (
        {**order, "p": "0.15", "s": "100", "t": gtc, "c": cloid(4)},
        {**order, "p": "0.2", "s": "100", "t": ioc},
        {**order, "p": "0.2", "s": "25", "t": gtc},
    )
    for name, one in zip(names, sent, strict=True):
        theirs = recorded("exchange_order.json", name)
        ours = desk.send({"type": "order", "orders": [one], "grouping": "na"})

        assert kinds(ours) == kinds(theirs)


def test_numbers_always_have_a_decimal_point(desk: Desk) -> None:
    (row,) = [row for row in desk.open() if not row.get("reduceOnly")]

    assert (row["limitPx"], row["sz"]) == ("0.15", "500.0")
    assert desk.info("allMids")["BTC"] == "95000.0"


def test_open_orders_come_newest_first(desk: Desk) -> None:
    oids = [row["oid"] for row in desk.open()]

    assert oids == sorted(oids, reverse=True)


def test_fills_come_newest_first_and_by_time_oldest_first(desk: Desk) -> None:
    desk.at(10)
    desk.buy("100", "0.2", tif="Ioc")

    newest = [fill["time"] for fill in desk.info("userFills")]

    assert newest == [desk.now_ms, desk.now_ms - 10_000]
    assert [fill["time"] for fill in desk.fills()] == newest[::-1]


def test_both_ends_of_a_time_range_are_included(desk: Desk) -> None:
    start = desk.now_ms
    for second in (10, 20, 30):
        desk.at(second)
        desk.buy("100", "0.2", tif="Ioc")

    found = desk.info("userFillsByTime", startTime=start + 10_000, endTime=start + 20_000)

    assert [fill["time"] - start for fill in found] == [10_000, 20_000]


def test_a_range_of_too_many_fills_keeps_the_oldest(desk: Desk) -> None:
    for second in range(1, 12):
        desk.at(second)
        batch = {"a": 3, "b": second % 2 == 0, "p": "0.2", "s": "100", "r": False}
        desk.order(*[{**batch, "t": {"limit": {"tif": "Ioc"}}}] * 200)

    by_time, newest = desk.fills(), desk.info("userFills")

    assert (len(by_time), len(newest)) == (2000, 2000)
    assert by_time[0]["time"] < newest[-1]["time"]
    assert newest[0]["time"] == desk.now_ms


def test_roles_tell_users_agents_and_strangers_apart(desk: Desk) -> None:
    assert desk.info("userRole") == {"role": "user"}
    assert desk.info("userRole", user=AGENT) == {"role": "agent", "data": {"user": MASTER}}
    assert desk.info("userRole", user=STRANGER) == {"role": "missing"}


def test_an_agents_own_address_reads_as_empty(desk: Desk) -> None:
    assert desk.info("openOrders", user=AGENT) == []
    assert desk.info("userFills", user=AGENT) == []


def test_addresses_are_compared_without_case(desk: Desk) -> None:
    assert len(desk.info("openOrders", user="0x" + "AA" * 20)) == 3


def test_named_agents_are_listed_with_their_expiry(desk: Desk) -> None:
    named = {"address": STRANGER, "name": "mirror", "valid_until": 1_800_000_000_000}
    desk.control("accounts", {"address": MASTER, "agents": [AGENT, named]})

    assert desk.info("extraAgents") == [
        {"name": "mirror", "address": STRANGER, "validUntil": 1_800_000_000_000}
    ]


def test_margin_follows_the_mark(desk: Desk) -> None:
    desk.price("DOGE", "0.24")

    state = desk.info("clearinghouseState")

    position = state["assetPositions"][0]["position"]
    assert (position["positionValue"], position["unrealizedPnl"]) == ("240.0", "40.0")
    assert position["returnOnEquity"] == "2.0"
    assert state["marginSummary"]["accountValue"] == "100039.91"
    assert state["marginSummary"]["totalMarginUsed"] == "24.0"
    assert state["withdrawable"] == "100015.91"
    assert state["crossMaintenanceMarginUsed"] == "12.0"


def test_the_book_shows_the_configured_depth(desk: Desk) -> None:
    desk.control("depth", {"DOGE": {"asks": "136", "bids": "0"}})

    bids, asks = desk.info("l2Book", coin="DOGE")["levels"]

    assert (bids, asks) == ([], [{"px": "0.2", "sz": "136.0", "n": 1}])


def test_an_unknown_coin_has_the_book_null(desk: Desk) -> None:
    assert desk.info("l2Book", coin="NOPE") is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "everything"},
        {"type": "openOrders"},
        {"type": "openOrders", "user": "0x12"},
        {"type": "orderStatus", "user": MASTER, "oid": None},
        {"type": "userFillsByTime", "user": MASTER},
        {"type": "meta", "dex": "xyz"},
    ],
)
def test_a_question_of_the_wrong_shape_is_answered_with_422(
    desk: Desk, body: dict[str, Any]
) -> None:
    with pytest.raises(HttpRefusal) as refused:
        desk.simulator.info(body)

    assert refused.value.answer.status == 422


def test_unknown_fields_in_a_question_are_ignored(desk: Desk) -> None:
    assert desk.info("openOrders", dex="", color="blue") == desk.open()


def test_an_order_is_found_by_its_oid_and_its_cloid(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.16", c=cloid(77)))

    assert desk.info("orderStatus", oid=oid) == desk.info("orderStatus", oid=cloid(77))


def test_sub_accounts_are_listed_with_their_state(desk: Desk) -> None:
    none = desk.info("subAccounts")
    desk.control("accounts", {"address": STRANGER, "master": MASTER, "balance": "5"})

    (row,) = desk.info("subAccounts")

    assert none is None
    assert (row["subAccountUser"], row["master"]) == (STRANGER, MASTER)
    assert row["clearinghouseState"]["withdrawable"] == "5.0"


def test_meta_and_contexts_are_parallel_lists(desk: Desk) -> None:
    meta, contexts = desk.info("metaAndAssetCtxs")

    prices = dict(zip((c["name"] for c in meta["universe"]), contexts, strict=True))
    assert prices["DOGE"]["markPx"] == "0.2"
    assert prices["MATIC"]["midPx"] is None


def test_the_book_of_an_account_with_its_own_path_needs_its_name(desk: Desk) -> None:
    desk.price("DOGE", "0.3", account=MASTER)

    everybody = desk.simulator.info({"type": "l2Book", "coin": "DOGE"})
    mine = desk.info("l2Book", coin="DOGE")

    assert everybody["levels"][0][0]["px"] == "0.2"
    assert mine["levels"][0][0]["px"] == "0.3"


def test_there_is_no_spot_balance(desk: Desk) -> None:
    assert desk.info("spotClearinghouseState") == {"balances": []}
