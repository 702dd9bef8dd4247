"""Bad weather of the venue's own making: what it cannot see, will not take, or has forgotten."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recomma.simulators.hyperliquid.clock import iso
from recomma.simulators.hyperliquid.delivery import HttpRefusal
from recomma.simulators.hyperliquid.faults import WHAT_IT_DOES, FaultKind
from tests.simulators.hyperliquid_desk import (
    AGENT,
    DOGE,
    MASTER,
    NOON_MS,
    Desk,
    cloid,
    limit,
    oid_of,
    trigger,
)

NOOP = {"type": "noop"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


def at(seconds: int) -> str:
    return iso(NOON_MS + seconds * 1000)


def fault(desk: Desk, kind: str, **fields: Any) -> None:
    desk.control("faults", [{"kind": kind, **fields}])


def test_every_kind_says_what_it_does() -> None:
    assert set(WHAT_IT_DOES) == set(FaultKind)


def test_what_is_young_is_seen_nowhere(desk: Desk) -> None:
    fault(desk, "slow_visibility", seconds=2)
    desk.buy("100", "0.19", c=cloid(1))
    desk.long("1000")

    early = (desk.open(), desk.info("frontendOpenOrders"), desk.fills(), desk.info("userFills"))
    history, position = desk.info("historicalOrders"), desk.position()
    desk.at(2)

    assert early == ([], [], [], [])
    assert (history, position) == ([], Decimal(1000))
    assert (len(desk.open()), len(desk.fills())) == (1, 1)
    assert desk.status(cloid(1)) == "open"


def test_one_kind_of_read_can_be_slow_alone(desk: Desk) -> None:
    fault(desk, "slow_visibility", seconds=2, request_type="orderStatus")

    desk.buy("100", "0.19", c=cloid(1))

    assert (desk.status(cloid(1)), len(desk.open())) == ("unknownOid", 1)


@pytest.mark.parametrize(("skew", "outcome"), [(2, "err"), (-2, "ok")])
def test_the_venues_own_clock_decides_what_has_expired(desk: Desk, skew: int, outcome: str) -> None:
    fault(desk, "clock_skew", seconds=skew)

    answer = desk.send(NOOP, expiresAfter=NOON_MS + 1000)

    assert answer["status"] == outcome


def test_a_skewed_venue_stamps_with_its_own_time(desk: Desk) -> None:
    fault(desk, "clock_skew", seconds="-1.5")
    desk.path("DOGE", (5, "0.19"))
    oid = oid_of(desk.buy("100", "0.19"))

    desk.at(5)

    record = desk.info("orderStatus", oid=oid)["order"]
    assert record["order"]["timestamp"] == NOON_MS - 1500
    assert desk.fills()[0]["time"] == NOON_MS + 3500
    assert desk.info("exchangeStatus")["time"] == NOON_MS + 3500
    assert desk.control("clock")["at"].startswith(iso(desk.now_ms)[:19])


def test_a_clock_two_days_behind_finds_our_nonces_too_high(desk: Desk) -> None:
    fault(desk, "clock_skew", seconds=-2 * 24 * 3600)

    assert "nonce too high" in desk.send(NOOP)["response"]


def test_a_fault_can_have_its_times(desk: Desk) -> None:
    fault(desk, "post_only_phase", **{"from": at(10), "until": at(130)})

    def takes() -> bool:
        return "resting" in desk.buy("100", "0.19")

    before = takes()
    desk.at(10)
    during = (takes(), "resting" in desk.buy("100", "0.19", tif="Alo"))
    desk.at(130)

    assert (before, during, takes()) == (True, (False, True), True)


def test_a_burst_of_429_is_over_after_its_count(desk: Desk) -> None:
    fault(desk, "http_429", count=3, path="/info")
    refused = 0
    for _ in range(5):
        try:
            desk.open()
        except HttpRefusal:
            refused += 1

    assert refused == 3


def test_a_halted_coin_takes_nothing_but_lets_orders_go(desk: Desk) -> None:
    waiting, leaving = oid_of(desk.buy("100", "0.19")), oid_of(desk.buy("100", "0.18"))
    fault(desk, "trading_halted", coin="DOGE")

    refused = desk.buy("100", "0.19", c=cloid(1))
    other = desk.order(limit(True, "0.01", "3000", asset=1))[0]
    desk.price("DOGE", "0.185")
    cancelled = desk.cancel(leaving)

    assert refused == {"error": "Trading is halted asset=3"}
    assert desk.status(cloid(1)) == "unknownOid"
    assert (oid_of(other) > 0, cancelled) == (True, "success")
    assert (desk.status(waiting), desk.fills()) == ("open", [])


def test_a_halted_market_goes_on_where_it_stands(desk: Desk) -> None:
    desk.long("1000")
    desk.order(trigger(False, "1000", "0.18", "sl", c=cloid(1)))
    fault(desk, "trading_halted")
    desk.price("DOGE", "0.175")
    halted = desk.status(cloid(1))

    desk.control("faults", [])

    assert (halted, desk.status(cloid(1))) == ("open", "filled")


def test_ending_a_fault_fills_nothing_that_was_waiting_for_depth(desk: Desk) -> None:
    desk.control("depth", {"DOGE": "40"})
    oid = oid_of(desk.buy("100", "0.2"))
    fault(desk, "http_429", path="/exchange")

    desk.control("faults", [])

    assert desk.info("openOrders")[0]["sz"] == "60.0"
    assert desk.status(oid) == "open"


def test_an_exhausted_address_is_refused_with_the_venues_words_and_shows_it(desk: Desk) -> None:
    fault(desk, "address_budget_exhausted")

    first, second = desk.send(NOOP), desk.send(NOOP)
    shown = desk.info("userRateLimit")
    desk.at(10)
    third = desk.send(NOOP)
    desk.control("faults", [])

    assert [a["status"] for a in (first, second, third)] == ["ok", "err", "ok"]
    assert second["response"] == (
        "Too many cumulative requests sent (10002 > 10000) for cumulative volume traded $0.00."
        " Place taker orders to free up 1 request per USDC traded."
    )
    assert shown["nRequestsUsed"] > shown["nRequestsCap"]


def test_an_exhausted_address_may_still_cancel_for_a_while(desk: Desk) -> None:
    desk.control("limits", {"address_requests": 1})
    oids = [oid_of(desk.buy("100", "0.19")) for _ in range(2)]

    answers = [desk.cancel(oid) for oid in oids]

    assert answers == ["success", "success"]


def test_an_agent_revoked_in_the_middle_leaves_its_orders_on_the_book(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))

    fault(desk, "agent_revoked", agent=AGENT)
    refused = desk.send(NOOP)
    desk.price("DOGE", "0.19")

    assert refused["response"] == f"User or API Wallet {AGENT} does not exist."
    assert desk.status(oid) == "filled"


def test_a_delisted_coin_ends_its_orders_and_settles_its_positions(desk: Desk) -> None:
    desk.long("1000")
    resting = oid_of(desk.buy("100", "0.19"))
    desk.order(trigger(False, "1000", "0.18", "sl", c=cloid(1)))

    desk.control("delist", {"coin": "DOGE"})

    assert {desk.status(resting), desk.status(cloid(1))} == {"delistedCanceled"}
    assert (desk.positions(), desk.fills()[-1]["dir"]) == ([], "Settlement")
    assert desk.info("meta")["universe"][DOGE]["isDelisted"] is True
    assert "DOGE" not in desk.info("allMids")
    assert desk.buy("100", "0.19") == {"error": "Trading is halted asset=3"}


def test_delisting_keeps_every_asset_number(desk: Desk) -> None:
    before = [coin["name"] for coin in desk.info("meta")["universe"]]

    desk.control("delist", {"coin": "BTC"})

    assert [coin["name"] for coin in desk.info("meta")["universe"]] == before
    assert "resting" in desk.buy("100", "0.19")


def test_a_path_of_a_delisted_coin_is_forgotten(desk: Desk) -> None:
    desk.path("DOGE", (5, "0.1"))
    desk.control("delist", {"coin": "DOGE"})

    desk.at(10)

    assert "DOGE" not in desk.info("allMids")


def test_faults_are_shown_with_their_times(desk: Desk) -> None:
    fault(desk, "trading_halted", coin="DOGE", until=at(60))

    (shown,) = desk.control("faults")

    assert shown == {
        "kind": "trading_halted",
        "coin": "DOGE",
        "seconds": "0",
        "until": NOON_MS + 60_000,
    }


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [
        ("faults", [{"kind": "slow_visibility", "seconds": -1}], "at least 0"),
        ("faults", [{"kind": "http_429", "until": "soon"}], "ISO 8601"),
        ("marks", {"DOGE": "0"}, "above 0"),
        ("marks", {"NOPE": "1"}, "no coin 'NOPE'"),
        ("funding", {"DOGE": "0.05"}, "at most 0.04"),
        ("funding", {"DOGE": "much"}, "not a number"),
        ("delist", {"coin": "NOPE"}, "no coin 'NOPE'"),
        ("delist", {"name": "DOGE"}, "has no 'name'"),
        ("act", {"address": "0x" + "99" * 20}, "no account"),
        ("act", {"address": MASTER, "coin": "DOGE", "side": "up", "size": "1"}, "buy or sell"),
        ("act", {"address": MASTER, "coin": "NOPE", "side": "buy", "size": "1"}, "no coin"),
        ("act", {"address": MASTER, "coin": "MATIC", "side": "buy", "size": "1"}, "no price"),
        ("act", {"address": MASTER, "cancel": 1}, "no such open order"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(
    desk: Desk, name: str, body: Any, text: str
) -> None:
    with pytest.raises(HttpRefusal) as refused:
        desk.control(name, body)

    sentence = refused.value.answer.encoded.decode()
    assert refused.value.answer.status == 400
    assert text in sentence
    assert sentence.endswith(".")


def test_the_documentation_lists_every_kind_in_the_same_words() -> None:
    page = (Path(__file__).parents[2] / "docs/simulators.md").read_text()

    missing = [kind for kind, what in WHAT_IT_DOES.items() if f"| `{kind}` | {what} |" not in page]

    assert missing == []
