"""What stands where the network and the time are; a stage puts its own in their place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import requests
from requests.adapters import BaseAdapter

from recomma.adapters.hyperliquid.simulated_clock import SimulatedClock
from recomma.config import Settings
from recomma.ports import Clock
from recomma.wiring.deadlines import DeadlineAdapter

TOTAL_SECONDS: Final = 15.0
"""How long a request to a venue may take as a whole: no longer than its bytes live."""


@dataclass(frozen=True)
class Outside:
    """What stands where the network and the time are. By default the real ones."""

    transports: Mapping[str, BaseAdapter] = field(default_factory=dict)  # By the URL they serve.
    clock: Clock | None = None


REAL: Final = Outside()


def clock_of(settings: Settings) -> Clock:
    return SimulatedClock(settings.clock_url) if settings.clock_url else real_time


def real_time() -> datetime:
    return datetime.now(UTC)


def session_of(
    connections: int, outside: Outside = REAL, *, total_seconds: float = TOTAL_SECONDS
) -> requests.Session:
    """Return a session that gives each request `total_seconds`, whatever its server does."""
    session = requests.Session()
    adapter = DeadlineAdapter(
        total_seconds=total_seconds, pool_connections=4, pool_maxsize=connections + 1
    )
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    for url, transport in outside.transports.items():
        session.mount(url, transport)
    # A proxy setting of the machine must not see signed requests that nobody sent there.
    session.trust_env = False
    return session
