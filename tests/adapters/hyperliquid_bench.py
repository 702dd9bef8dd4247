"""The adapter and the simulated venue, over a real socket, for tests of what they agree on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.domain.cloid import encode
from recomma.domain.money import Price, Side, Size
from recomma.domain.source import Leg, Role
from recomma.domain.venue import Answer, Market, OrderRequest, SignedRequest, Tif
from recomma.signing.hyperliquid import Network
from recomma.simulators.hyperliquid.server import HyperliquidServer
from recomma.simulators.hyperliquid.signatures import recovering
from recomma.simulators.hyperliquid.simulator import Simulator

SECRET = "0x" + "6b" * 32
ACCOUNT = "0x" + "ab" * 20
NOW = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
NOW_MS = 1764000000000
LIFE_MS = 15_000


@dataclass
class Bench:
    """A simulated venue whose clock stands still, and our adapter talking to it."""

    simulator: Simulator
    venue: HyperliquidVenue
    nonce: int = NOW_MS

    def tell(self, name: str, body: Any) -> None:
        self.simulator.control(name, body)

    def asset(self, coin: str) -> Market:
        return next(market for market in self.venue.markets() if market.coin == coin)

    def order(self, price: str, size: str = "100", **changed: Any) -> OrderRequest:
        terms: dict[str, Any] = {
            "cloid": encode(7, 2_365_483_901, Leg(Role.SAFETY, "1"), self.next_nonce() % 100_000),
            "asset": self.asset("DOGE").asset,
            "side": Side.BUY,
            "price": Price(Decimal(price)),
            "size": Size(Decimal(size)),
            "reduce_only": False,
            "tif": Tif.GTC,
        }
        return OrderRequest(**{**terms, **changed})

    def next_nonce(self) -> int:
        self.nonce += 1
        return self.nonce

    def sign(self, *orders: OrderRequest) -> SignedRequest:
        nonce = self.next_nonce()
        return self.venue.sign_orders(orders, nonce=nonce, expires_after=nonce + LIFE_MS)

    def place(self, *orders: OrderRequest) -> Answer:
        return self.venue.send(self.sign(*orders).body, count=len(orders))

    def cancel(self, *cloids: str) -> Answer:
        pairs = [(self.asset("DOGE").asset, cloid) for cloid in cloids]
        nonce = self.next_nonce()
        signed = self.venue.sign_cancels(pairs, nonce=nonce, expires_after=nonce + LIFE_MS)
        return self.venue.send(signed.body, count=len(pairs))


@contextmanager
def opened() -> Iterator[Bench]:
    """Yield a bench whose account has 10,000 USD; DOGE costs 0.25."""
    simulator = Simulator(recover=recovering(Network.TESTNET), real_time=lambda: NOW_MS * 1000)
    server = HyperliquidServer("127.0.0.1", 0, simulator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    simulator.control("clock", {"at": NOW.isoformat(), "speed": 0})
    agent = AgentKey(SECRET)
    simulator.control(
        "accounts", {"address": ACCOUNT, "agents": [agent.address], "balance": "10000"}
    )
    simulator.control("prices", {"DOGE": "0.25"})
    venue = HyperliquidVenue(
        "main",
        ACCOUNT,
        HyperliquidInfo(base_url=server.url),
        HyperliquidExchange(
            base_url=server.url, key=agent, account=ACCOUNT, vault=None, network=Network.TESTNET
        ),
    )
    yield Bench(simulator, venue)
    venue.info.session.close()
    venue.exchange.session.close()
    server.stop()
    thread.join()
