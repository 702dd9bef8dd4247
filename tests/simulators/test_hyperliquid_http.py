"""The HTTP skin, as the official SDK and a plain client meet it."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import eth_account
import pytest
import requests
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.error import ClientError, ServerError
from hyperliquid.utils.types import Cloid

from recomma.signing.hyperliquid import Network, address_of, sign_l1
from recomma.simulators.hyperliquid import schema
from recomma.simulators.hyperliquid.server import HyperliquidServer, real_time_us
from recomma.simulators.hyperliquid.signatures import recovering
from recomma.simulators.hyperliquid.simulator import Simulator

RECORDED = Path(__file__).parents[2] / "../shared/reference/fixtures/hyperliquid"
MASTER_KEY, AGENT_KEY, STRANGER_KEY = ("0x" + digit * 64 for digit in "123")
MASTER, AGENT, STRANGER = (address_of(key) for key in (MASTER_KEY, AGENT_KEY, STRANGER_KEY))
TIMEOUT_SECONDS = 10


class Venue:
    """The simulator's URL and what one does with it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.info = Info(url, skip_ws=True, timeout=TIMEOUT_SECONDS)

    def control(self, name: str, body: Any = None) -> Any:
        url = f"{self.url}/_control/{name}"
        if body is None:
            return requests.get(url, timeout=TIMEOUT_SECONDS).json()
        answer = requests.post(url, json=body, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def trader(self, key: str = AGENT_KEY) -> Exchange:
        account = eth_account.Account.from_key(key)
        return Exchange(account, self.url, account_address=MASTER, timeout=TIMEOUT_SECONDS)


@pytest.fixture
def venue() -> Iterator[Venue]:
    simulator = Simulator(recover=recovering(Network.TESTNET), real_time=real_time_us)
    server = HyperliquidServer("127.0.0.1", 0, simulator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    venue = Venue(server.url)
    venue.control("accounts", {"address": MASTER, "agents": [AGENT], "balance": "10000"})
    venue.control("prices", {"DOGE": "0.2"})
    yield venue
    server.stop()
    thread.join()


def statuses(answer: Any) -> list[Any]:
    assert answer["status"] == "ok", answer
    found: list[Any] = answer["response"]["data"]["statuses"]
    return found


def test_the_official_sdk_rests_finds_and_cancels_an_order(venue: Venue) -> None:
    trader, name = venue.trader(), Cloid.from_int(7)

    placed = trader.order("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}}, cloid=name)
    found = venue.info.query_order_by_cloid(MASTER, name)
    open_before = venue.info.open_orders(MASTER)
    cancelled = trader.cancel_by_cloid("DOGE", name)

    oid = statuses(placed)[0]["resting"]["oid"]
    assert found["order"]["order"]["oid"] == oid
    assert found["order"]["status"] == "open"
    assert [row["oid"] for row in open_before] == [oid]
    assert statuses(cancelled) == ["success"]
    assert venue.info.query_order_by_oid(MASTER, oid)["order"]["status"] == "canceled"
    assert venue.info.frontend_open_orders(MASTER) == []


def test_the_official_sdk_opens_and_closes_at_the_market(venue: Venue) -> None:
    trader = venue.trader()

    opened = trader.market_open("DOGE", True, 100)
    held = venue.info.user_state(MASTER)["assetPositions"][0]["position"]["szi"]
    venue.control("prices", {"DOGE": "0.25"})
    closed = trader.market_close("DOGE")

    assert statuses(opened)[0]["filled"]["avgPx"] == "0.2"
    assert held == "100.0"
    assert statuses(closed)[0]["filled"]["avgPx"] == "0.25"
    assert [fill["closedPnl"] for fill in venue.info.user_fills(MASTER)] == ["5.0", "0.0"]
    assert venue.info.user_fills_by_time(MASTER, 0)[0]["dir"] == "Open Long"
    assert venue.info.user_state(MASTER)["assetPositions"] == []


def test_the_official_sdk_sends_batches_modifies_and_leverage(venue: Venue) -> None:
    trader = venue.trader()
    rung = {
        "coin": "DOGE",
        "is_buy": True,
        "sz": 100,
        "order_type": {"limit": {"tif": "Alo"}},
        "reduce_only": False,
    }
    prices = (0.19, 0.18, 0.17)

    ladder = trader.bulk_orders([{**rung, "limit_px": price} for price in prices])
    oid = statuses(ladder)[0]["resting"]["oid"]
    modified = trader.modify_order(oid, "DOGE", True, 100, 0.16, {"limit": {"tif": "Alo"}})
    leverage = trader.update_leverage(3, "DOGE")

    assert len(statuses(ladder)) == 3
    assert "resting" in statuses(modified)[0]
    assert leverage == {"status": "ok", "response": {"type": "default"}}
    assert [row["limitPx"] for row in venue.info.open_orders(MASTER)] == ["0.16", "0.17", "0.18"]


def test_the_owner_may_sign_and_a_stranger_is_named(venue: Venue) -> None:
    order = ("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}})

    owner = venue.trader(MASTER_KEY).order(*order)
    stranger = venue.trader(STRANGER_KEY).order(*order)

    assert "resting" in statuses(owner)[0]
    text = f"User or API Wallet {STRANGER} does not exist."
    assert stranger == {"status": "err", "response": text}


def test_a_signature_for_the_other_network_names_somebody_else(venue: Venue) -> None:
    nonce = real_time_us() // 1000
    signed = sign_l1(
        {"type": "noop"},
        key=AGENT_KEY,
        nonce=nonce,
        vault=None,
        expires_after=None,
        network=Network.MAINNET,
    )

    body = {"action": {"type": "noop"}, "nonce": nonce, "signature": signed}
    answer = requests.post(f"{venue.url}/exchange", json=body, timeout=TIMEOUT_SECONDS).json()

    assert answer["response"].endswith("does not exist.")
    assert AGENT not in answer["response"]


def test_a_signature_with_expiry_covers_it(venue: Venue) -> None:
    trader = venue.trader()
    now_ms = real_time_us() // 1000
    order = ("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}})

    trader.set_expires_after(now_ms + 60_000)
    in_time = trader.order(*order)
    trader.set_expires_after(now_ms - 60_000)
    late = trader.order(*order)

    assert "resting" in statuses(in_time)[0]
    assert late == {"status": "err", "response": "Action already expired"}


def test_a_wrongly_signed_text_of_a_price_is_another_signer(venue: Venue) -> None:
    order = {"a": 3, "b": True, "p": "0.150", "s": "100", "r": False}
    order = {**order, "t": {"limit": {"tif": "Gtc"}}}
    action = {"type": "order", "orders": [order], "grouping": "na"}
    nonce = real_time_us() // 1000

    def send(signed: Any, nonce: int) -> Any:
        signature = sign_l1(
            signed,
            key=AGENT_KEY,
            nonce=nonce,
            vault=None,
            expires_after=None,
            network=Network.TESTNET,
        )
        body = {"action": action, "nonce": nonce, "signature": signature}
        return requests.post(f"{venue.url}/exchange", json=body, timeout=TIMEOUT_SECONDS).json()

    as_sent = send(action, nonce)
    as_hashed = send({**action, "orders": [{**order, "p": "0.15"}]}, nonce + 1)

    assert as_sent["status"] == "err"
    assert "resting" in statuses(as_hashed)[0]


def test_signatures_that_the_real_venue_answered_are_recovered() -> None:
    path = RECORDED / "signed-requests.json"
    if not path.is_file():
        pytest.skip("recorded answers are not at hand: signed-requests.json is missing")
    records = {r["id"]: r["request"] for r in json.loads(path.read_text())["records"]}

    envelope = schema.envelope(records["agent-order-reduce-only"])

    signer = recovering(Network.TESTNET)(envelope)
    assert signer == "0xc6e7df1339786bf130d2e5ad9dbba05c408d8efb"


def test_a_lost_answer_closes_the_connection_after_the_order_was_placed(venue: Venue) -> None:
    trader, name = venue.trader(), Cloid.from_int(9)
    venue.control("faults", [{"kind": "answer_lost", "count": 1}])

    with pytest.raises(requests.exceptions.ConnectionError):
        trader.order("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}}, cloid=name)

    assert venue.info.query_order_by_cloid(MASTER, name)["status"] == "order"


def test_a_lost_request_closes_the_connection_and_does_nothing(venue: Venue) -> None:
    trader = venue.trader()
    venue.control("faults", [{"kind": "request_lost", "count": 1}])

    with pytest.raises(requests.exceptions.ConnectionError):
        trader.order("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}})

    assert venue.info.open_orders(MASTER) == []


def test_a_delayed_answer_comes_too_late_for_an_impatient_client(venue: Venue) -> None:
    impatient = venue.trader()
    venue.control("faults", [{"kind": "delayed_answer", "count": 1, "seconds": 30}])
    impatient.timeout = 0.5

    with pytest.raises(requests.exceptions.ReadTimeout):
        impatient.order("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}})

    assert len(venue.info.open_orders(MASTER)) == 1


def test_the_official_sdk_meets_429_and_502(venue: Venue) -> None:
    venue.control("faults", [{"kind": "http_429", "count": 1}])
    with pytest.raises(ClientError) as busy:
        venue.info.all_mids()
    venue.control("faults", [{"kind": "http_502_html", "count": 1}])
    with pytest.raises(ServerError) as broken:
        venue.info.all_mids()

    assert busy.value.status_code == 429
    assert broken.value.status_code == 502


def test_one_connection_serves_many_requests(venue: Venue) -> None:
    with requests.Session() as session:
        answers = [
            session.get(f"{venue.url}/_control/clock", timeout=TIMEOUT_SECONDS) for _ in range(5)
        ]

    assert {answer.headers["Connection"] for answer in answers} == {"keep-alive"}
    assert all(answer.json()["speed"] == 1 for answer in answers)


def test_wrong_doors_are_answered_in_http(venue: Venue) -> None:
    def ask(method: str, path: str, **more: Any) -> int:
        url = f"{venue.url}{path}"
        return requests.request(method, url, timeout=TIMEOUT_SECONDS, **more).status_code

    assert ask("GET", "/info") == 405
    assert ask("POST", "/other", json={}) == 404
    assert ask("POST", "/exchange", data="{}") == 415
    assert ask("POST", "/exchange", json={}) == 422
    assert ask("POST", "/_control/clock", data="{") == 400
    assert ask("GET", "/_control/nothing") == 404


def test_many_clients_at_once_get_every_order_placed(venue: Venue) -> None:
    def place(key: str) -> None:
        trader = venue.trader(key)
        for step in range(10):
            trader.order("DOGE", True, 100, 0.1 + step / 1000, {"limit": {"tif": "Gtc"}})

    threads = [threading.Thread(target=place, args=(key,)) for key in (MASTER_KEY, AGENT_KEY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(venue.info.open_orders(MASTER)) == 20


def test_a_port_in_use_is_an_os_error() -> None:
    simulator = Simulator(recover=lambda _: None, real_time=real_time_us)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        HyperliquidServer("127.0.0.1", taken.getsockname()[1], simulator)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_names_its_url_and_ends_quietly(number: signal.Signals) -> None:
    code = "from recomma.simulators.hyperliquid.server import serve; serve('127.0.0.1', 0)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        with requests.Session() as held_open:
            clock = held_open.get(f"{url}/_control/clock", timeout=TIMEOUT_SECONDS).json()
            running.send_signal(number)
            rest, errors = running.communicate(timeout=TIMEOUT_SECONDS)

    assert clock["speed"] == 1
    assert (running.returncode, rest, errors) == (0, "", "")


def test_the_official_sdk_approves_an_agent_that_can_trade(venue: Venue) -> None:
    answer, key = venue.trader(MASTER_KEY).approve_agent("mirror")

    order = ("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}})
    placed = venue.trader(key).order(*order)

    assert answer == {"status": "ok", "response": {"type": "default"}}
    assert "resting" in statuses(placed)[0]
    assert [row["name"] for row in venue.info.extra_agents(MASTER)] == ["mirror"]
