"""The real adapters, with a wire that ends in a simulator of the same process: no sockets."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import requests
from requests.adapters import BaseAdapter

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
    session = _session(SOURCE_URL, SourceTransport(simulator, real_now))
    return ThreeCommas(SOURCE_URL, Credentials(API_KEY, API_SECRET), session=session)


def _session(url: str, transport: BaseAdapter) -> requests.Session:
    session = requests.Session()
    session.mount(url, transport)
    session.trust_env = False
    return session
