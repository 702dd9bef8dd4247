"""The official SDK with what it can do beyond limit orders: exits, margin, sub-accounts, reads."""

import threading
from collections.abc import Iterator
from typing import Any

import eth_account
import pytest
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

from recomma.signing.hyperliquid import Network, address_of
from recomma.simulators.hyperliquid.server import HyperliquidServer, real_time_us
from recomma.simulators.hyperliquid.signatures import recovering
from recomma.simulators.hyperliquid.simulator import Simulator

MASTER_KEY, AGENT_KEY = ("0x" + digit * 64 for digit in "12")
MASTER, AGENT = (address_of(key) for key in (MASTER_KEY, AGENT_KEY))
SUB_ACCOUNT = "0x" + "5b" * 20
TIMEOUT_SECONDS = 10
STOP = {"trigger": {"isMarket": True, "triggerPx": 0.18, "tpsl": "sl"}}
GAIN = {"trigger": {"isMarket": False, "triggerPx": 0.22, "tpsl": "tp"}}


class Venue:
    def __init__(self, simulator: Simulator, url: str) -> None:
        self.control = simulator.control
        self.url = url
        self.info = Info(url, skip_ws=True, timeout=TIMEOUT_SECONDS)

    def trader(self, vault: str | None = None) -> Exchange:
        agent = eth_account.Account.from_key(AGENT_KEY)
        return Exchange(
            agent,
            self.url,
            account_address=MASTER,
            vault_address=vault,
            timeout=TIMEOUT_SECONDS,
        )


@pytest.fixture
def venue() -> Iterator[Venue]:
    simulator = Simulator(recover=recovering(Network.TESTNET), real_time=real_time_us)
    simulator.control("accounts", {"address": MASTER, "agents": [AGENT], "balance": "10000"})
    simulator.control("prices", {"DOGE": "0.2"})
    server = HyperliquidServer("127.0.0.1", 0, simulator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Venue(simulator, server.url)
    server.stop()
    thread.join()


def statuses(answer: Any) -> list[Any]:
    assert answer["status"] == "ok", answer
    found: list[Any] = answer["response"]["data"]["statuses"]
    return found


def asked(size: float, price: float, kind: Any, *, is_buy: bool = False) -> dict[str, Any]:
    return {
        "coin": "DOGE",
        "is_buy": is_buy,
        "sz": size,
        "limit_px": price,
        "order_type": kind,
        "reduce_only": not is_buy,
    }


def test_a_stop_of_the_sdk_rests_shows_and_fires(venue: Venue) -> None:
    trader, name = venue.trader(), Cloid.from_int(1)
    trader.market_open("DOGE", True, 1000)

    placed = trader.order("DOGE", False, 1000, 0.16, STOP, reduce_only=True, cloid=name)
    (shown,) = venue.info.frontend_open_orders(MASTER)
    venue.control("prices", {"DOGE": "0.179"})

    assert statuses(placed) == ["waitingForTrigger"]
    assert (shown["orderType"], shown["cloid"]) == ("Stop Market", name.to_raw())
    assert venue.info.query_order_by_cloid(MASTER, name)["order"]["status"] == "filled"
    assert venue.info.user_state(MASTER)["assetPositions"] == []


def test_a_stop_of_the_sdk_is_cancelled_by_its_cloid(venue: Venue) -> None:
    trader, name = venue.trader(), Cloid.from_int(1)
    trader.market_open("DOGE", True, 1000)
    trader.order("DOGE", False, 1000, 0.16, STOP, reduce_only=True, cloid=name)

    cancelled = trader.cancel_by_cloid("DOGE", name)

    assert statuses(cancelled) == ["success"]
    assert venue.info.query_order_by_cloid(MASTER, name)["order"]["status"] == "canceled"


def test_an_entry_of_the_sdk_brings_its_exits_along(venue: Venue) -> None:
    entry = asked(1000, 0.19, {"limit": {"tif": "Gtc"}}, is_buy=True)
    family = [entry, asked(1000, 0.16, STOP), asked(1000, 0.22, GAIN)]

    placed = venue.trader().bulk_orders(family, grouping="normalTpsl")
    venue.control("prices", {"DOGE": "0.19"})
    venue.control("prices", {"DOGE": "0.22"})

    first, *exits = statuses(placed)
    assert "resting" in first
    assert exits == ["waitingForFill", "waitingForFill"]
    assert [fill["px"] for fill in venue.info.user_fills(MASTER)] == ["0.22", "0.19"]
    assert venue.info.open_orders(MASTER) == []


def test_isolated_margin_is_moved_by_the_sdk(venue: Venue) -> None:
    trader = venue.trader()
    trader.update_leverage(5, "DOGE", is_cross=False)
    trader.market_open("DOGE", True, 1000)

    moved = trader.update_isolated_margin(25, "DOGE")

    held = venue.info.user_state(MASTER)["assetPositions"][0]["position"]
    assert moved == {"status": "ok", "response": {"type": "default"}}
    assert (held["leverage"]["type"], held["marginUsed"]) == ("isolated", "65.0")


def test_an_agent_trades_for_a_sub_account_of_its_master(venue: Venue) -> None:
    venue.control("accounts", {"address": SUB_ACCOUNT, "master": MASTER, "balance": "500"})

    placed = venue.trader(SUB_ACCOUNT).order("DOGE", True, 100, 0.15, {"limit": {"tif": "Gtc"}})

    assert "resting" in statuses(placed)[0]
    assert len(venue.info.open_orders(SUB_ACCOUNT)) == 1
    assert venue.info.open_orders(MASTER) == []
    (row,) = venue.info.query_sub_accounts(MASTER)
    assert (row["subAccountUser"], row["master"]) == (SUB_ACCOUNT, MASTER)


def test_the_roles_of_addresses_are_told(venue: Venue) -> None:
    venue.control("accounts", {"address": SUB_ACCOUNT, "master": MASTER})

    roles = {
        address: venue.info.user_role(address)
        for address in (MASTER, AGENT, SUB_ACCOUNT, "0x" + "99" * 20)
    }

    assert list(roles.values()) == [
        {"role": "user"},
        {"role": "agent", "data": {"user": MASTER}},
        {"role": "subAccount", "data": {"master": MASTER}},
        {"role": "missing"},
    ]


def test_funding_is_read_by_the_sdk(venue: Venue) -> None:
    venue.control("clock", {"at": "2026-03-02T09:59:00Z", "speed": 0})
    venue.control("funding", {"DOGE": "0.0001"})
    venue.control("act", {"address": MASTER, "coin": "DOGE", "side": "buy", "size": "1000"})
    venue.control("clock", {"at": "2026-03-02T11:01:00Z"})

    paid = venue.info.user_funding_history(MASTER, 0)
    history = venue.info.funding_history("DOGE", 0)

    assert [row["delta"]["usdc"] for row in paid] == ["-0.02", "-0.02"]
    assert [row["fundingRate"] for row in history] == ["0.0001", "0.0001"]


def test_the_sdks_other_reads_are_answered(venue: Venue) -> None:
    info = venue.info

    assert info.user_rate_limit(MASTER)["nRequestsCap"] == 10_000
    assert info.spot_user_state(MASTER) == {"balances": []}
    assert info.extra_agents(MASTER) == []
    assert info.historical_orders(MASTER) == []
    universe, contexts = info.meta_and_asset_ctxs()
    assert len(universe["universe"]) == len(contexts)
    asset = info.post("/info", {"type": "activeAssetData", "user": MASTER, "coin": "DOGE"})
    assert asset["availableToTrade"] == ["10000.0", "10000.0"]
    assert info.post("/info", {"type": "exchangeStatus"})["specialStatuses"] is None
