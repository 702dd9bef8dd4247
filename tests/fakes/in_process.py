"""The real adapters, with a wire that ends in a simulator of the same process: no sockets."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.signing.hyperliquid import Network
from recomma.simulators.hyperliquid.delivery import Request
from recomma.simulators.hyperliquid.simulator import Simulator as VenueSimulator
from recomma.simulators.threecommas.simulator import Simulator as SourceSimulator
from recomma.simulators.threecommas.transport import SimulatorTransport

VENUE_URL: Final = "http://venue.test"
SOURCE_URL: Final = "http://source.test"
API_KEY: Final = "key-of-the-world"
API_SECRET: Final = "secret-of-the-world"
AGENT_SECRET: Final = "0x" + "6b" * 32


class VenueTransport(BaseAdapter):
    """Hands requests to the simulated venue. A closed connection raises `ConnectionError`; a delay
    is not waited out, and one beyond the read timeout raises `ReadTimeout`."""

    def __init__(self, simulator: VenueSimulator) -> None:
        super().__init__()
        self._simulator = simulator

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **options: Any
    ) -> requests.Response:
        body = request.body or b""
        delivery = self._simulator.receive(
            Request(
                request.method or "GET",
                urlsplit(request.url or "").path,
                str(request.headers.get("Content-Type", "")),
                body.encode() if isinstance(body, str) else body,
            )
        )
        timeout = options.get("timeout")
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and delivery.delay_seconds > patience:
            raise requests.ReadTimeout(request=request)
        if delivery.answer is None:
            raise requests.ConnectionError("the simulator cut the connection", request=request)
        response = requests.Response()
        response.status_code = delivery.answer.status
        response.headers = CaseInsensitiveDict({"Content-Type": delivery.answer.content_type})
        response.raw = BytesIO(delivery.answer.encoded)
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing is held open."""


def venue_in_process(
    name: str,
    account: str,
    simulator: VenueSimulator,
    network: Network,
    agent: str = AGENT_SECRET,
) -> HyperliquidVenue:
    session = _session(VENUE_URL, VenueTransport(simulator))
    exchange = HyperliquidExchange(
        base_url=VENUE_URL,
        key=AgentKey(agent),
        account=account,
        vault=None,
        network=network,
        session=session,
    )
    info = HyperliquidInfo(base_url=VENUE_URL, session=session)
    return HyperliquidVenue(name, account, info, exchange)


def source_in_process(simulator: SourceSimulator, real_now: Callable[[], datetime]) -> ThreeCommas:
    session = _session(SOURCE_URL, SimulatorTransport(simulator, real_now))
    return ThreeCommas(SOURCE_URL, Credentials(API_KEY, API_SECRET), session=session)


def _session(url: str, transport: BaseAdapter) -> requests.Session:
    session = requests.Session()
    session.mount(url, transport)
    session.trust_env = False
    return session
