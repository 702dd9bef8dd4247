import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from recomma.adapters.hyperliquid import errors
from recomma.domain.money import Price, Side, Size
from recomma.domain.venue import (
    AccountState,
    AddressBudget,
    AddressRole,
    Fill,
    Market,
    OpenOrder,
    OrderRecord,
    Position,
    Refusal,
)
from tests.adapters.test_hyperliquid_transport import ACCOUNT, Reply, Venue, info, saying

VAULT = "0xAbCdEf0000000000000000000000000000000002"
CLOID = "0x" + "5e" * 16
T0_MS = 1764000000123
T0 = datetime(2025, 11, 24, 16, 0, 0, 123000, tzinfo=UTC)


def a_row(tid: int, at_ms: int, **changed: Any) -> dict[str, Any]:
    row = {
        "coin": "DOGE",
        "oid": 900 + tid,
        "tid": tid,
        "side": "A",
        "px": "0.24",
        "sz": "5.0",
        "fee": "-0.0003",
        "time": at_ms,
        "closedPnl": "0.1",
        "crossed": False,
        "cloid": CLOID,
    }
    return {**row, **changed}


def paging(rows: list[dict[str, Any]], page: int) -> Venue:
    def answer(question: Any) -> Reply:
        later = [row for row in rows if row["time"] >= question["startTime"]]
        return 200, json.dumps(later[:page]).encode()

    return Venue(answer)


def test_a_market_is_numbered_by_its_place_among_all_even_delisted_ones() -> None:
    universe = [
        {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56},
        {"name": "MATIC", "szDecimals": 1, "maxLeverage": 20, "isDelisted": True},
        {"name": "kPEPE", "szDecimals": 0, "maxLeverage": 10, "onlyIsolated": True},
    ]

    assert info(saying({"universe": universe, "marginTables": []})).markets() == (
        Market("BTC", 0, 5, 40, delisted=False),
        Market("MATIC", 1, 1, 20, delisted=True),
        Market("kPEPE", 2, 0, 10, delisted=False, only_isolated=True),
    )


def test_mids_are_decimals_and_coins_without_one_are_left_out() -> None:
    venue = saying({"BTC": "89976.5", "@1": "21.52", "NEW": None})

    mids = info(venue).mids()

    assert mids == {"BTC": Decimal("89976.5"), "@1": Decimal("21.52")}
    assert venue.questions() == [{"type": "allMids"}]


def test_mids_can_be_asked_for_one_account() -> None:
    venue = saying({})

    info(venue).mids(user=ACCOUNT)

    assert venue.questions() == [{"type": "allMids", "user": ACCOUNT.lower()}]


def test_a_fill_is_read_whole() -> None:
    venue = saying([a_row(7, T0_MS)])

    fills = info(venue).fills_since(ACCOUNT, T0)

    assert fills == (
        Fill(
            coin="DOGE",
            oid=907,
            tid=7,
            side=Side.SELL,
            price=Price(Decimal("0.24")),
            size=Size(Decimal(5)),
            fee=Decimal("-0.0003"),
            at=T0,
            cloid=CLOID,
            closed_pnl=Decimal("0.1"),
            crossed=False,
        ),
    )
    assert venue.questions() == [
        {"type": "userFillsByTime", "user": ACCOUNT.lower(), "startTime": T0_MS}
    ]


@pytest.mark.parametrize("page", [2, 3, 4, 7, 25, 100])
def test_fills_are_read_to_the_end_and_each_counts_once(page: int) -> None:
    # Two share each millisecond, so that pages of three end between the two.
    rows = [a_row(tid, T0_MS + tid // 2) for tid in range(25)]
    venue = paging(rows, max(page, 3))

    fills = info(venue, fills_page=max(page, 3)).fills_since(ACCOUNT, T0)

    assert [fill.tid for fill in fills] == list(range(25))


def test_partial_fills_of_one_pair_of_orders_are_all_kept() -> None:
    rows = [a_row(7, T0_MS), a_row(7, T0_MS + 1), a_row(7, T0_MS + 1, oid=5)]

    assert len(info(saying(rows)).fills_since(ACCOUNT, T0)) == 3


def test_fills_without_an_id_are_told_apart_by_what_they_say() -> None:
    rows = [{**a_row(1, T0_MS, px=price), "tid": None} for price in ("0.24", "0.25", "0.25")]

    fills = info(saying(rows)).fills_since(ACCOUNT, T0)

    assert [str(fill.price) for fill in fills] == ["0.24", "0.25"]
    assert all(fill.tid < 0 for fill in fills)


def test_a_page_that_cannot_be_turned_is_an_error_and_not_the_end() -> None:
    rows = [a_row(tid, T0_MS) for tid in range(9)]

    with pytest.raises(errors.TooManyFillsAtOnce):
        info(paging(rows, 4), fills_page=4).fills_since(ACCOUNT, T0)


def test_one_unreadable_fill_makes_the_whole_read_fail() -> None:
    venue = saying([a_row(1, T0_MS), a_row(2, T0_MS, sz="many")])

    with pytest.raises(errors.UnreadableAnswer, match=r"1\.sz"):
        info(venue).fills_since(ACCOUNT, T0)


def an_open_order(**changed: Any) -> dict[str, Any]:
    row = {
        "coin": "ETH",
        "side": "A",
        "limitPx": "2821.1",
        "sz": "0.02",
        "origSz": "0.05",
        "oid": 620144,
        "timestamp": T0_MS,
        "reduceOnly": True,
        "cloid": CLOID,
        "isTrigger": False,
        "triggerPx": "0.0",
        "children": [],
    }
    return {**row, **changed}


def test_an_open_order_keeps_what_is_open_apart_from_what_was_asked() -> None:
    venue = saying([an_open_order()])

    orders = info(venue).open_orders(ACCOUNT)

    assert orders == (
        OpenOrder(
            coin="ETH",
            oid=620144,
            cloid=CLOID,
            side=Side.SELL,
            price=Price(Decimal("2821.1")),
            size=Size(Decimal("0.02")),
            original_size=Size(Decimal("0.05")),
            reduce_only=True,
            at=T0,
        ),
    )
    assert venue.questions()[0]["type"] == "frontendOpenOrders"


def test_a_trigger_order_shows_its_trigger() -> None:
    row = an_open_order(isTrigger=True, triggerPx="2500.0", cloid=None)

    (order,) = info(saying([row])).open_orders(ACCOUNT)

    assert (order.trigger_price, order.cloid) == (Decimal(2500), None)


@pytest.mark.parametrize("changed", [{"side": "S"}, {"oid": None}, {"limitPx": "-1"}, {"sz": "x"}])
def test_an_open_order_that_cannot_be_read_is_never_left_out(changed: dict[str, Any]) -> None:
    venue = saying([an_open_order(), an_open_order(**changed)])

    with pytest.raises(errors.UnreadableAnswer):
        info(venue).open_orders(ACCOUNT)


def a_record(status: str) -> dict[str, Any]:
    order = {"oid": 5, "cloid": CLOID, "sz": "0.0", "origSz": "2.5", "coin": "ETH"}
    return {
        "status": "order",
        "order": {"order": order, "status": status, "statusTimestamp": T0_MS},
    }


def test_the_record_of_an_order_says_how_it_ended() -> None:
    venue = saying(a_record("iocCancelRejected"))

    record = info(venue).order_record(ACCOUNT, CLOID)

    assert record == OrderRecord(
        oid=5,
        cloid=CLOID,
        status="iocCancelRejected",
        terminal=True,
        refused=True,
        size=Size(Decimal(0)),
        original_size=Size(Decimal("2.5")),
        at=T0,
        refusal=Refusal.IOC_UNMATCHED,
    )
    assert venue.questions() == [{"type": "orderStatus", "user": ACCOUNT.lower(), "oid": CLOID}]


def test_an_order_the_venue_does_not_know_has_no_record() -> None:
    assert info(saying({"status": "unknownOid"})).order_record(ACCOUNT, CLOID) is None


@pytest.mark.parametrize(
    "content", [None, {}, {"status": "order"}, {"status": "new"}, "unknownOid"]
)
def test_an_unreadable_record_is_never_taken_for_an_unknown_order(content: object) -> None:
    with pytest.raises(errors.UnreadableAnswer):
        info(saying(content)).order_record(ACCOUNT, CLOID)


def a_position(coin: str, size: str, entry: str | None = "10.5") -> dict[str, Any]:
    return {"type": "oneWay", "position": {"coin": coin, "szi": size, "entryPx": entry}}


def an_account(*positions: dict[str, Any]) -> dict[str, Any]:
    return {
        "marginSummary": {"accountValue": "-3.8999999999", "totalNtlPos": "1"},
        "withdrawable": "486.0",
        "assetPositions": list(positions),
        "time": T0_MS,
    }


def test_positions_are_signed_and_a_coin_without_one_is_flat() -> None:
    content = an_account(a_position("SOL", "-4.5"), a_position("ETH", "0.0", None))

    state = info(saying(content)).account_state(ACCOUNT)

    assert state == AccountState(
        positions=(Position("SOL", Decimal("-4.5"), Price(Decimal("10.5"))),),
        account_value=Decimal("-3.8999999999"),
        withdrawable=Decimal(486),
        at=T0,
    )
    assert (state.size_of("SOL"), state.size_of("ETH")) == (Decimal("-4.5"), Decimal(0))


@pytest.mark.parametrize(
    "content", [None, {}, [], {**an_account(), "assetPositions": None}, an_account({})]
)
def test_an_unreadable_account_is_never_flat(content: object) -> None:
    with pytest.raises(errors.UnreadableAnswer):
        info(saying(content)).account_state(ACCOUNT)


@pytest.mark.parametrize(
    ("content", "role"),
    [
        ({"role": "missing"}, AddressRole("missing")),
        ({"role": "user"}, AddressRole("user")),
        ({"role": "agent", "data": {"user": ACCOUNT}}, AddressRole("agent", ACCOUNT.lower())),
        (
            {"role": "subAccount", "data": {"master": VAULT}},
            AddressRole("subAccount", VAULT.lower()),
        ),
    ],
)
def test_the_role_of_an_address_names_its_master(content: object, role: AddressRole) -> None:
    assert info(saying(content)).role(ACCOUNT) == role


def test_the_address_budget_says_what_is_left() -> None:
    content = {"cumVlm": "87457.46", "nRequestsUsed": 97460, "nRequestsCap": 97456}

    budget = info(saying(content)).address_budget(ACCOUNT)

    assert (budget, budget.left) == (AddressBudget(97460, 97456), 0)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.BadRequest),
        (422, errors.BadRequest),
        (429, errors.TooManyRequests),
        (500, errors.VenueTrouble),
        (502, errors.VenueTrouble),
        (302, errors.VenueTrouble),
    ],
)
def test_a_read_that_was_not_answered_raises(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        info(saying([], status)).open_orders(ACCOUNT)


def test_a_moment_between_two_milliseconds_is_asked_from_the_earlier_one() -> None:
    venue = saying([])

    info(venue).fills_since(ACCOUNT, T0 + timedelta(microseconds=999))

    assert venue.questions()[0]["startTime"] == T0_MS
