"""A trader at the in-process simulator, in the words the tests are written in."""

import json
from decimal import Decimal
from itertools import count
from typing import Any, Final

from recomma.simulators.hyperliquid.actions import Envelope
from recomma.simulators.hyperliquid.clock import iso
from recomma.simulators.hyperliquid.simulator import Simulator
from recomma.simulators.hyperliquid.streams import Stream

NOON_MS: Final = 1_760_000_000_000
MASTER: Final = "0x" + "aa" * 20
AGENT: Final = "0x" + "bb" * 20
STRANGER: Final = "0x" + "cc" * 20

BTC, ETH, SOL, DOGE, MATIC = 0, 1, 2, 3, 8


def signed_by(envelope: Envelope) -> str | None:
    """Read the signer out of the signature itself: these tests are not about cryptography."""
    signer = str(envelope.signature["r"])
    return signer if len(signer) == len(MASTER) else None


def cloid(number: int) -> str:
    return f"0x{number:032x}"


class Desk:
    """One account with 100,000 dollars and an agent, on a clock that stands still."""

    def __init__(self, balance: str = "100000") -> None:
        self.real_us = NOON_MS * 1000
        self.simulator = Simulator(recover=signed_by, real_time=lambda: self.real_us)
        self.now_ms = NOON_MS
        self._nonces = count(NOON_MS)
        self.at(0)
        self.control("accounts", {"address": MASTER, "agents": [AGENT], "balance": balance})

    def control(self, name: str, body: Any = None) -> Any:
        return self.simulator.control(name, body)

    def at(self, seconds: int) -> None:
        """Set the clock to so many seconds after noon."""
        self.now_ms = NOON_MS + seconds * 1000
        self.control("clock", {"at": iso(self.now_ms), "speed": 0})

    def price(self, coin: str, price: str, account: str | None = None) -> None:
        """Move the price now."""
        owner = {} if account is None else {"account": account}
        self.control("prices", {coin: [[iso(self.now_ms), price]], **owner})

    def path(self, coin: str, *points: tuple[int, str]) -> None:
        """Lay out prices at so many seconds after noon."""
        laid = [[iso(NOON_MS + seconds * 1000), price] for seconds, price in points]
        self.control("prices", {coin: laid})

    # Signed requests.

    def send(self, action: Any, *, signer: str = AGENT, **envelope: Any) -> Any:
        signature = {"r": signer, "s": "0x1", "v": 27}
        nonce = {"nonce": next(self._nonces)} if "nonce" not in envelope else {}
        body = {"action": action, "signature": signature, **nonce, **envelope}
        return self.simulator.exchange(body)

    def order(self, *orders: dict[str, Any], grouping: Any = "na") -> list[Any]:
        """Send orders and return their statuses."""
        action = {"type": "order", "orders": list(orders), "grouping": grouping}
        return statuses(self.send(action))

    def buy(self, size: str, price: str, **more: Any) -> Any:
        return self.order(limit(True, size, price, **more))[0]

    def sell(self, size: str, price: str, **more: Any) -> Any:
        return self.order(limit(False, size, price, **more))[0]

    def long(self, size: str, coin: str = "DOGE") -> None:
        """Hold a position bought at the present price."""
        held = self.mid(coin)
        asset = {"BTC": BTC, "ETH": ETH, "SOL": SOL, "DOGE": DOGE}[coin]
        (status,) = self.order(limit(True, size, held, tif="Ioc", asset=asset))
        assert "filled" in status, status

    def cancel(self, oid: int, asset: int = DOGE) -> Any:
        return statuses(self.send({"type": "cancel", "cancels": [{"a": asset, "o": oid}]}))[0]

    def cancel_by_cloid(self, name: str, asset: int = DOGE) -> Any:
        cancels = [{"asset": asset, "cloid": name}]
        return statuses(self.send({"type": "cancelByCloid", "cancels": cancels}))[0]

    def act(self, coin: str, side: str, size: str, **more: Any) -> Any:
        """Trade on the account as a person would, beside the program; return the statuses."""
        done = {"address": MASTER, "coin": coin, "side": side, "size": size, **more}
        return self.control("act", done)["statuses"]

    # Streams.

    def stream(self, *subscriptions: dict[str, Any]) -> Stream:
        """Open a stream with these subscriptions, and forget what it said at once."""
        stream = self.simulator.connect()
        assert stream is not None
        for asked in subscriptions:
            self.hear(stream, {"method": "subscribe", "subscription": asked})
        self.texts(stream)
        return stream

    def hear(self, stream: Stream, said: Any) -> None:
        self.simulator.hear(stream, said if isinstance(said, str) else json.dumps(said))

    def texts(self, stream: Stream | None) -> list[str]:
        assert stream is not None
        return self.simulator.frames(stream)

    def frames(self, stream: Stream) -> list[Any]:
        """Return the frames that are due now."""
        return [json.loads(text) for text in self.texts(stream)]

    def told(self, stream: Stream, channel: str) -> list[Any]:
        """Return the data of the due frames of one channel."""
        return [frame["data"] for frame in self.frames(stream) if frame["channel"] == channel]

    # Reads.

    def info(self, kind: str, **fields: Any) -> Any:
        return self.simulator.info({"type": kind, "user": MASTER, **fields})

    def mid(self, coin: str) -> str:
        return str(self.simulator.info({"type": "allMids"})[coin])

    def status(self, which: int | str) -> str:
        """Return the status name of an order, or unknownOid."""
        found = self.info("orderStatus", oid=which)
        return str(found["order"]["status"] if "order" in found else found["status"])

    def open(self) -> list[Any]:
        found: list[Any] = self.info("openOrders")
        return found

    def fills(self) -> list[Any]:
        """Return all fills, oldest first."""
        found: list[Any] = self.info("userFillsByTime", startTime=0)
        return found

    def position(self, coin: str = "DOGE") -> Decimal:
        held = {p["position"]["coin"]: p["position"]["szi"] for p in self.positions()}
        return Decimal(held.get(coin, "0"))

    def positions(self) -> list[Any]:
        found: list[Any] = self.info("clearinghouseState")["assetPositions"]
        return found


def trigger(
    is_buy: bool, size: str, at: str, kind: str, *, worst: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return a trigger order ("tp" or "sl") at the market, or a limit one with `market=False`."""
    market = more.pop("market", True)
    far = Decimal("1.1") if is_buy else Decimal("0.9")
    price = worst or format((Decimal(at) * far).normalize(), "f")
    fires = {"trigger": {"isMarket": market, "triggerPx": at, "tpsl": kind}}
    asset = more.pop("asset", DOGE)
    return {"a": asset, "b": is_buy, "p": price, "s": size, "r": True, "t": fires, **more}


def limit(
    is_buy: bool, size: str, price: str, *, tif: str = "Gtc", asset: int = DOGE, **more: Any
) -> dict[str, Any]:
    """Return an order as it goes over the wire; `reduce_only` and `c` may be added."""
    reduce_only = more.pop("reduce_only", False)
    kind = {"limit": {"tif": tif}}
    return {"a": asset, "b": is_buy, "p": price, "s": size, "r": reduce_only, "t": kind, **more}


def statuses(answer: Any) -> list[Any]:
    assert answer["status"] == "ok", answer
    found: list[Any] = answer["response"]["data"]["statuses"]
    return found


def oid_of(status: Any) -> int:
    """Return the oid of a resting or filled entry."""
    (entry,) = status.values()
    assert isinstance(entry, dict), status
    return int(entry["oid"])
