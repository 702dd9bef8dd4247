"""A small world around the 3Commas simulator: a deal of our own, a key, and a frozen clock."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from recomma.signing.threecommas import sign_hmac
from recomma.simulators.threecommas.answers import Answer, Request
from recomma.simulators.threecommas.simulator import Simulator

API_KEY = "key-of-the-world"
SECRET = "secret-of-the-world"
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

BASE_PLACING = "Placing base order. Price: market Size: 20.0 USDT (100.0 DOGE)"
BASE_EXECUTED = "Base order executed.  Price: 0.2002 USDT.  Size: 20.02 USDT (100.0 DOGE)"
TARGET_PLACING = (
    "Placing TakeProfit trade.  Price: 0.204 USDT Size: 20.4 USDT (100.0 DOGE), "
    "the price should rise for 2.00% to close the trade"
)
SAFETY_1_PLACING = "Placing averaging order (1 out of 2). Price: 0.19 USDT Size: 19 USDT (100 DOGE)"
SAFETY_2_PLACING = "Placing averaging order (2 out of 2). Price: 0.18 USDT Size: 18 USDT (100 DOGE)"
SAFETY_1_EXECUTED = (
    "Averaging order (1 out of 2) executed. Price: 0.19019 USDT Size: 19.019 USDT (100.0 DOGE)"
)
TARGET_CANCELLING = "Cancelling TakeProfit trade. Price: 0.204 USDT Size: 20.4 USDT (100.0 DOGE)"
TARGET_CANCELLED = "TakeProfit trade cancelled. Price: 0.204 USDT Size: 20.4 USDT (100.0 DOGE)"
TARGET_PLACED_AGAIN = (
    "Placing TakeProfit trade.  Price: 0.199 USDT Size: 39.8 USDT (200.0 DOGE), "
    "the price should rise for 4.00% to close the trade"
)
TARGET_EXECUTED = "TakeProfit trade finished. Price: 0.1988 USDT Size: 39.76 USDT (200.0 DOGE)"
SAFETY_2_CANCELLING = "Cancelling buy order (2 out of 2). Price: 0.18 USDT Size: 18 USDT (100 DOGE)"
SAFETY_2_CANCELLED = (
    "Averaging order (2 out of 2) cancelled. Price: 0.18 USDT Size: 18 USDT (100 DOGE)"
)
SUMMARY = (
    "(USDT_DOGE): Trade completed. Profit:  +0.721 USDT (0.72 $) (1.85% from total volume) "
    "💰💰💰). #profit 1 minute"
)

WHOLE_STORY = (
    BASE_PLACING,
    BASE_EXECUTED,
    TARGET_PLACING,
    SAFETY_1_PLACING,
    SAFETY_2_PLACING,
    SAFETY_1_EXECUTED,
    TARGET_CANCELLING,
    TARGET_CANCELLED,
    TARGET_PLACED_AGAIN,
    TARGET_EXECUTED,
    SAFETY_2_CANCELLING,
    SAFETY_2_CANCELLED,
    SUMMARY,
)


def second(number: float) -> datetime:
    """The time so many seconds after the start."""
    return START + timedelta(seconds=number)


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def events(messages: Iterable[str], first: int = 1) -> list[dict[str, str]]:
    """One event a second, from second `first` on."""
    return [
        {"message": message, "created_at": text(second(first + number))}
        for number, message in enumerate(messages)
    ]


def deal(messages: Iterable[str] = (), **fields: Any) -> dict[str, Any]:
    """A deal whose events happen one a second; it was recorded right after the last one."""
    told = events(messages)
    last = told[-1]["created_at"] if told else text(START)
    return {
        "id": 501,
        "bot_id": 7,
        "account_id": 3,
        "pair": "USDT_DOGE",
        "status": "bought",
        "finished?": False,
        "created_at": text(START),
        "updated_at": last,
        "stop_loss_percentage": "5.0",
        "max_safety_orders": 2,
        "bot_events": told,
    } | fields


def finished_deal(**fields: Any) -> dict[str, Any]:
    """The whole story, with the numbers that 3Commas would have recorded at its end."""
    end = {
        "status": "completed",
        "localized_status": "Completed",
        "finished?": True,
        "closed_at": text(second(12.9)),
        "updated_at": text(second(12.95)),
        "bought_amount": "200.0",
        "bought_volume": "39.039",
        "sold_amount": "200.0",
        "sold_volume": "39.76",
        "completed_safety_orders_count": 1,
        "base_order_average_price": "0.2002",
        "take_profit_price": "0",
        "final_profit": "0.721",
    }
    return deal(WHOLE_STORY, **(end | fields))


class World:
    """A simulator whose clock stands where the test puts it."""

    def __init__(self, *deals: dict[str, Any], seed: int = 1) -> None:
        self.simulator = Simulator(seed)
        self.control("accounts", {"api_key": API_KEY, "secret": SECRET, "plan": "expert"})
        self.control("deals", list(deals))
        self.stand_at(second(0))

    def stand_at(self, at: datetime) -> None:
        self.control("clock", {"at": at.isoformat(), "speed": 0})

    def control(self, name: str, body: Any = None, *, status: int = 200) -> Any:
        """Call the control API, expecting `status`; without a body it is a GET."""
        method = "GET" if body is None else "POST"
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.simulator.handle(Request(method, f"/_control/{name}", {}, content), START)
        assert answer.status == status, answer.body
        return json.loads(answer.body)

    def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """Send a signed request to the real API; `headers` replace those of the key."""
        path = f"/public/api/ver1{target}"
        signed = {"apikey": API_KEY, "signature": sign_hmac(SECRET, path.encode())}
        request = Request(method, path, {k: v for k, v in (signed | headers).items() if v})
        return self.simulator.handle(request, START)

    def get(self, target: str) -> Any:
        """Read from the real API what must be there."""
        answer = self.ask(target)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def rows(self, at: datetime, deal_id: int = 501) -> dict[str, Any]:
        """The order rows at `at`, by kind and number of the order within its kind."""
        self.stand_at(at)
        counts: dict[str, int] = {}
        named = {}
        rows = self.get(f"/deals/{deal_id}/market_orders")
        for row in sorted(rows, key=lambda row: (row["created_at"], row["order_id"])):
            kind = row["deal_order_type"]
            counts[kind] = counts.get(kind, 0) + 1
            named[f"{kind} {counts[kind]}"] = row
        return named

    def shown(self, at: datetime, deal_id: int = 501) -> dict[str, Any]:
        self.stand_at(at)
        shown: dict[str, Any] = self.get(f"/deals/{deal_id}/show")
        return shown
