"""A wire that answers what it is told to, for the real 3Commas client, and payloads for it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials

FIXTURES = Path(__file__).parents[2] / "../shared/reference/fixtures/threecommas"
API_KEY, SECRET = "key-of-nobody", "only-for-tests"


@dataclass(frozen=True)
class Says:
    """One HTTP answer."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answerer = Callable[[requests.PreparedRequest], Says | requests.RequestException]


class Wire(BaseAdapter):
    """Answers each request by a function of it, and remembers what was asked."""

    def __init__(self, answer: Answerer) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[requests.PreparedRequest] = []
        self.timeouts: list[object] = []

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: object = None,
    ) -> requests.Response:
        self.asked.append(request)
        self.timeouts.append(timeout)
        said = self.answer(request)
        if isinstance(said, requests.RequestException):
            raise said
        raw = HTTPResponse(
            BytesIO(said.content()), said.headers, said.status, preload_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        pass

    @property
    def targets(self) -> list[str]:
        return [request.path_url for request in self.asked]


def always(*answers: Says | requests.RequestException) -> Wire:
    """Give the answers one after another, and the last one for ever."""
    left = list(answers)
    return Wire(lambda _request: left.pop(0) if len(left) > 1 else left[0])


def client(wire: Wire, *, credentials: Credentials | None = None) -> ThreeCommas:
    session = requests.Session()
    session.mount("http://", wire)
    session.mount("https://", wire)
    return ThreeCommas(
        "https://api.3commas.invalid", credentials or Credentials(API_KEY, SECRET), session=session
    )


def recorded(name: str) -> bytes:
    """Return a stored answer, or skip the test where the recordings are not at hand."""
    if not FIXTURES.is_dir():
        pytest.skip(f"the recorded payloads are not here: {FIXTURES}")
    return (FIXTURES / name).read_bytes()


def deal_json(deal_id: int = 2300000007, **changed: object) -> dict[str, object]:
    """Make a deal in the shape of the list, with only what the client reads."""
    return {
        "id": deal_id,
        "bot_id": 11,
        "account_id": 12,
        "pair": "USDT_ADA",
        "strategy": "long",
        "status": "bought",
        "finished?": False,
        "deal_has_error": False,
        "created_at": "2025-03-04T12:00:00.123Z",
        "updated_at": "2025-03-04T12:00:05.000Z",
        "closed_at": None,
        "max_safety_orders": 3,
        "completed_safety_orders_count": 1,
        "take_profit": "2.0",
        "take_profit_steps": [],
        "trailing_enabled": False,
        "stop_loss_percentage": "0.0",
        "stop_loss_price": None,
        "bought_amount": "50.0",
        "sold_amount": "0.0",
        "current_price": "0.2511",
    } | changed


def row_json(order_id: str = "901", **changed: object) -> dict[str, object]:
    return {
        "order_id": order_id,
        "order_type": "BUY",
        "deal_order_type": "Base",
        "status_string": "Filled",
        "cancellable": False,
        "created_at": "2025-03-04T12:00:00.200Z",
        "updated_at": "2025-03-04T12:00:01.000Z",
        "quantity": "50.0",
        "quantity_remaining": "0.0",
        "rate": "0.25",
        "average_price": "0.2502",
        "total": "12.51",
    } | changed


def bot_json(bot_id: int = 11, **changed: object) -> dict[str, object]:
    return {
        "id": bot_id,
        "name": "ADA slow",
        "account_id": 12,
        "is_enabled": True,
        "strategy": "long",
        "pairs": ["USDT_ADA"],
        "url_secret": "share-link-of-nobody",
    } | changed
