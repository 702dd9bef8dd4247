"""The real adapters, with a wire that ends in a simulator of the same process: no sockets."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.signing.hyperliquid import Network
from recomma.simulators.hyperliquid.simulator import Simulator as VenueSimulator
from recomma.simulators.hyperliquid.transport import SimulatorTransport as VenueTransport
from recomma.simulators.threecommas.simulator import Simulator as SourceSimulator
from recomma.simulators.threecommas.transport import SimulatorTransport as SourceTransport

VENUE_URL: Final = "http://venue.test"
SOURCE_URL: Final = "http://source.test"
API_KEY: Final = "key-of-the-world"
API_SECRET: Final = "secret-of-the-world"
AGENT_SECRET: Final = "0x" + "6b" * 32


def venue_in_process(
    name: str,
    account: str,
    simulator: VenueSimulator,
    network: Network,
    agent: str = AGENT_SECRET,
) -> HyperliquidVenue:
    session = ShortSession(VenueTransport(simulator))
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
    session = ShortSession(SourceTransport(simulator, real_now))
    return ThreeCommas(SOURCE_URL, Credentials(API_KEY, API_SECRET), session=session)


class ShortSession(requests.Session):
    """A session that hands every request to one transport as it is.

    Cookies, proxies, redirects and the checks of a URL cost more than the whole simulator does, and
    a wire inside one process has none of them. The adapters' own tests run on whole sessions.
    """

    def __init__(self, transport: BaseAdapter) -> None:
        super().__init__()
        self._transport = transport

    def request(self, method: str | bytes, url: str | bytes, *_: Any, **given: Any) -> Any:
        asked = requests.Request(str(method), str(url), given.get("headers"), data=given["data"])
        return self.send(self.prepare_request(asked), timeout=given.get("timeout"))

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        asked = requests.PreparedRequest()
        asked.method, asked.url = request.method, request.url
        asked.headers = CaseInsensitiveDict(request.headers)
        asked.body = request.data or None
        return asked

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        return self._transport.send(request, timeout=options.get("timeout"))

    def merge_environment_settings(self, *_: Any, **__: Any) -> Any:
        return {}
