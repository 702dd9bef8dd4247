"""The control API: time, faults, the log, and one sentence for every mistake."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from recomma.simulators.hyperliquid.delivery import HttpRefusal, NoAnswer
from recomma.simulators.hyperliquid.simulator import Simulator
from tests.simulators.hyperliquid_desk import (
    AGENT,
    MASTER,
    NOON_MS,
    STRANGER,
    Desk,
    cloid,
    limit,
    oid_of,
    signed_by,
    statuses,
)

ENTRY = {"type": "order", "orders": [limit(True, "100", "0.19", c=cloid(1))], "grouping": "na"}
NOON = "2025-10-09T08:53:20.000000+00:00"


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


@pytest.fixture
def ticking() -> Simulator:
    """A simulator whose real time goes on by one second at every look."""
    seconds: Iterator[int] = count(NOON_MS // 1000)
    return Simulator(recover=signed_by, real_time=lambda: next(seconds) * 1_000_000)


def complaint(desk: Desk, name: str, body: Any) -> str:
    with pytest.raises(HttpRefusal) as refused:
        desk.control(name, body)
    assert refused.value.answer.status == 400
    return refused.value.answer.encoded.decode()


def test_the_clock_stands_still_at_speed_zero(desk: Desk) -> None:
    assert desk.control("clock") == {"at": NOON, "speed": 0}
    assert desk.control("clock") == {"at": NOON, "speed": 0}


def test_a_clock_that_was_never_set_follows_real_time(ticking: Simulator) -> None:
    first, second = ticking.control("clock"), ticking.control("clock")

    assert first["speed"] == 1
    assert first["at"] < second["at"]


def test_a_clock_runs_at_the_speed_asked_for(ticking: Simulator) -> None:
    ticking.control("clock", {"at": "2026-01-01T00:00:00Z", "speed": 60})

    minutes = [ticking.control("clock")["at"][14:16] for _ in range(3)]

    assert int(minutes[2]) - int(minutes[0]) == 2


def test_setting_only_the_speed_keeps_the_time(ticking: Simulator) -> None:
    ticking.control("clock", {"at": "2026-01-01T00:00:00Z", "speed": 0})
    ticking.control("clock", {"speed": 0})

    assert ticking.control("clock")["at"] == "2026-01-01T00:00:00.000000+00:00"


def test_setting_the_clock_lets_the_market_catch_up_at_once(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))
    desk.path("DOGE", (5, "0.18"))

    desk.at(6)

    orders = desk.control("state")["accounts"][MASTER]["orders"]
    assert [(o["oid"], o["status"]) for o in orders] == [(oid, "filled")]


def test_a_lost_answer_leaves_the_order_in_place(desk: Desk) -> None:
    desk.control("faults", [{"kind": "answer_lost", "count": 1}])

    with pytest.raises(NoAnswer):
        desk.send(ENTRY)

    assert desk.status(cloid(1)) == "open"
    assert desk.send(ENTRY)["status"] == "ok"


def test_a_lost_request_does_nothing_and_frees_the_nonce(desk: Desk) -> None:
    desk.control("faults", [{"kind": "request_lost", "count": 1}])

    with pytest.raises(NoAnswer):
        desk.send(ENTRY, nonce=NOON_MS)

    assert desk.status(cloid(1)) == "unknownOid"
    assert desk.send(ENTRY, nonce=NOON_MS)["status"] == "ok"


def test_a_late_request_is_carried_out_after_its_sender_gave_up(desk: Desk) -> None:
    desk.control("faults", [{"kind": "late_commit", "count": 1, "seconds": 5}])
    with pytest.raises(NoAnswer):
        desk.send(ENTRY)

    before = desk.status(cloid(1))
    desk.at(5)

    assert (before, desk.status(cloid(1))) == ("unknownOid", "open")
    assert desk.info("orderStatus", oid=cloid(1))["order"]["statusTimestamp"] == NOON_MS + 5000


def test_a_late_request_still_expires(desk: Desk) -> None:
    desk.control("faults", [{"kind": "late_commit", "count": 1, "seconds": 5}])
    with pytest.raises(NoAnswer):
        desk.send(ENTRY, expiresAfter=NOON_MS + 3000)

    desk.at(60)

    assert desk.status(cloid(1)) == "unknownOid"
    assert desk.control("log")[-2]["outcome"] == "Action already expired"


def test_a_noop_on_the_same_nonce_fences_a_late_request(desk: Desk) -> None:
    desk.control("faults", [{"kind": "late_commit", "count": 1, "seconds": 5}])
    with pytest.raises(NoAnswer):
        desk.send(ENTRY, nonce=NOON_MS)

    fenced = desk.send({"type": "noop"}, nonce=NOON_MS)
    desk.at(60)

    assert fenced["status"] == "ok"
    assert desk.status(cloid(1)) == "unknownOid"


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [("http_429", 429, b"null"), ("http_502_html", 502, b"<html>")],
)
def test_a_busy_or_broken_gateway_carries_nothing_out(
    desk: Desk, kind: str, status: int, body: bytes
) -> None:
    desk.control("faults", [{"kind": kind, "count": 2}])

    asks: list[Callable[[], Any]] = [lambda: desk.send(ENTRY), lambda: desk.info("openOrders")]
    for ask in asks:
        with pytest.raises(HttpRefusal) as refused:
            ask()
        assert refused.value.answer.status == status
        assert refused.value.answer.encoded.startswith(body)

    assert desk.open() == []


def test_a_fault_can_be_narrowed_to_a_path_and_a_type(desk: Desk) -> None:
    desk.control("faults", [{"kind": "http_429", "path": "/info", "request_type": "openOrders"}])

    desk.info("userFills")
    desk.send(ENTRY)

    with pytest.raises(HttpRefusal):
        desk.info("openOrders")


def test_a_rate_strikes_some_requests_and_the_same_ones_again() -> None:
    def struck() -> list[bool]:
        desk = Desk()
        desk.control("faults", [{"kind": "http_429", "rate": 0.3}])
        found = []
        for _ in range(100):
            try:
                desk.info("openOrders")
                found.append(False)
            except HttpRefusal:
                found.append(True)
        return found

    first = struck()

    assert 10 < sum(first) < 50
    assert struck() == first


def test_new_faults_take_the_place_of_the_old(desk: Desk) -> None:
    desk.control("faults", [{"kind": "http_429"}])
    desk.control("faults", {"kind": "http_502_html", "count": 1})
    shown = desk.control("faults")
    desk.control("faults", [])

    assert shown == [{"kind": "http_502_html", "count": 1, "seconds": "0"}]
    assert desk.control("faults") == []
    assert desk.open() == []


def test_the_log_tells_what_was_asked_signed_and_answered(desk: Desk) -> None:
    answer = desk.send(ENTRY, nonce=NOON_MS + 7)
    desk.info("openOrders")

    signed, read = desk.control("log")[-2:]

    assert signed["path"] == "/exchange"
    assert signed["time"] == "2025-10-09T08:53:20.000+00:00"
    assert signed["action"] == ENTRY
    assert (signed["nonce"], signed["signer"]) == (NOON_MS + 7, AGENT)
    assert (signed["outcome"], signed["answer"]) == ("executed", answer)
    assert (signed["weight"], read["weight"]) == (1, 20)
    assert read["request"] == {"type": "openOrders", "user": MASTER}
    assert read["answer"][0]["cloid"] == cloid(1)


def test_the_log_tells_refusals_and_faults(desk: Desk) -> None:
    desk.send(ENTRY, signer=STRANGER)
    desk.control("faults", [{"kind": "request_lost", "count": 1}])
    with pytest.raises(NoAnswer):
        desk.send(ENTRY)

    refused, lost = desk.control("log")[-2:]

    assert refused["outcome"] == f"User or API Wallet {STRANGER} does not exist."
    assert (lost["fault"], lost["status"]) == ("request_lost", 0)


def test_a_lost_answer_is_marked_in_the_log(desk: Desk) -> None:
    desk.control("faults", [{"kind": "answer_lost", "count": 1}])
    with pytest.raises(NoAnswer):
        desk.send(ENTRY)

    entry = desk.control("log")[-1]

    assert (entry["fault"], entry["outcome"]) == ("answer_lost", "executed")


@pytest.mark.parametrize(
    ("request_type", "weight"), [("allMids", 2), ("userRole", 60), ("frontendOpenOrders", 20)]
)
def test_reads_weigh_what_the_documentation_says(
    desk: Desk, request_type: str, weight: int
) -> None:
    desk.info(request_type)

    assert desk.control("log")[-1]["weight"] == weight


def test_a_large_batch_and_a_long_list_weigh_more(desk: Desk) -> None:
    cancels = {"type": "cancel", "cancels": [{"a": 3, "o": 1}] * 80}
    desk.send(cancels)
    for _ in range(20):
        desk.buy("100", "0.2", tif="Ioc")
    desk.info("userFills")

    log = desk.control("log")
    tail = desk.control(f"log?after={log[-2]['number']}")

    assert (log[0]["weight"], log[-1]["weight"]) == (3, 21)
    assert tail == log[-1:]


def test_the_state_shows_everything_of_every_account(desk: Desk) -> None:
    desk.long("1000")
    desk.buy("100", "0.19")
    desk.control("accounts", {"address": STRANGER, "balance": 12.5})

    state = desk.control("state")

    mine, theirs = state["accounts"][MASTER], state["accounts"][STRANGER]
    assert [order["status"] for order in mine["orders"]] == ["filled", "open"]
    assert mine["orders"][0]["filledSz"] == "1000.0"
    assert [row["status"] for row in mine["orders"][0]["history"]] == ["open", "filled"]
    assert (len(mine["fills"]), mine["positions"][0]["szi"]) == (1, "1000.0")
    assert (theirs["balance"], theirs["orders"]) == ("12.5", [])


def test_a_reset_forgets_everything(desk: Desk) -> None:
    desk.send(ENTRY)

    desk.control("reset", {})

    assert desk.control("log") == []
    assert desk.control("state")["accounts"] == {}
    assert desk.mid("BTC") == "95000.0"


def test_the_same_seed_and_requests_give_the_same_answers() -> None:
    def run() -> Any:
        desk = Desk()
        desk.control("reset", {"seed": 42})
        desk.at(0)
        desk.control("accounts", [{"address": MASTER, "agents": [AGENT], "balance": "1000"}])
        desk.long("1000")
        desk.buy("100", "0.19")
        return desk.control("state")

    assert run() == run()


def test_another_universe_can_be_given(desk: Desk) -> None:
    desk.control(
        "universe",
        {
            "universe": [
                {"name": "OLD", "szDecimals": 0, "maxLeverage": 3, "isDelisted": True},
                {"name": "NEW", "szDecimals": 2, "maxLeverage": 5, "price": "12.5"},
            ]
        },
    )

    (status,) = statuses(desk.send({**ENTRY, "orders": [limit(True, "1.25", "12", asset=1)]}))

    assert "resting" in status
    assert desk.info("allMids") == {"NEW": "12.5"}


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [
        ("clock", {"at": "yesterday"}, "ISO 8601"),
        ("clock", {"at": "2026-01-01T00:00:00"}, "offset"),
        ("clock", {"speed": -1}, "at least 0"),
        ("clock", {"when": 1}, "has no 'when'"),
        ("clock", [], "JSON object"),
        ("accounts", {"address": "0x1"}, "40 hex digits"),
        ("accounts", {"address": MASTER, "agents": AGENT}, "list"),
        ("accounts", {"address": MASTER, "balance": "much"}, "not a number"),
        ("accounts", {"address": MASTER, "balance": "NaN"}, "finite"),
        ("prices", {"NOPE": "1"}, "no coin 'NOPE'"),
        ("prices", {"DOGE": [["2026-01-01T00:00:00Z"]]}, "pair of time and price"),
        ("prices", {"DOGE": "0"}, "above 0"),
        ("prices", {"DOGE": "0.2", "account": "me"}, "40 hex digits"),
        ("depth", {"DOGE": {"middle": 1}}, "has no 'middle'"),
        ("faults", [{"kind": "earthquake"}], "has to be one of"),
        ("faults", [{"kind": "http_429", "count": "two"}], "whole number"),
        ("switches", {"gtc_partial": "maybe"}, "resting, filled"),
        ("switches", {"final_dot": 1}, "True, False"),
        ("switches", {"light": True}, "has no 'light'"),
        ("limits", {"address_requests": -1}, "whole number"),
        ("universe", [{"name": "A", "szDecimals": 9, "maxLeverage": 1}], "at most 6"),
        ("fills", {"account": MASTER, "oid": 1, "size": "1"}, "no such order"),
        ("magic", {}, "no control call 'magic'"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(
    desk: Desk, name: str, body: Any, text: str
) -> None:
    sentence = complaint(desk, name, body)

    assert text in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_late_request_meets_the_market_of_its_arrival(desk: Desk) -> None:
    desk.path("DOGE", (3, "0.15"), (8, "0.21"))
    desk.control("faults", [{"kind": "late_commit", "count": 1, "seconds": 5}])
    with pytest.raises(NoAnswer):
        desk.buy("100", "0.2", tif="Ioc")

    desk.at(60)

    assert [(fill["px"], fill["time"]) for fill in desk.fills()] == [("0.15", NOON_MS + 5000)]
