"""A stage in one process: no Celery, no broker, no sockets; only the database is a server.

The adapters are the real ones, and their wires end in simulators of this very process. Notes are
run one after the other by `recomma.pipeline.loop`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from recomma import wiring
from recomma.pipeline.loop import NeverSettles, WaitingNotes, settle
from recomma.pipeline.tools import Tools
from recomma.signing.hyperliquid import Network
from recomma.simulators.hyperliquid.signatures import recovering
from recomma.simulators.hyperliquid.simulator import Simulator as VenueSimulator
from recomma.simulators.hyperliquid.transport import SimulatorTransport as VenueTransport
from recomma.simulators.threecommas.simulator import Simulator as SourceSimulator
from recomma.simulators.threecommas.transport import SimulatorTransport as SourceTransport
from recomma.stage.bare import BareStage, DoesNotSettle
from recomma.stage.control import Control

SOURCE_URL: Final = "http://threecommas.stage"
VENUE_URL: Final = "http://hyperliquid.stage"
NO_QUEUES: Final = "redis://queues.stage"  # Never asked: the notes wait in a list.
REDIS_URL: Final = "RECOMMA_REDIS_URL"


class OneAtATime:
    """Locks for a single thread, which never meets itself. See recomma.ports.Locks."""

    @contextmanager
    def hold(self, subject: str) -> Iterator[bool]:
        yield True


class LoneStage(BareStage):
    """A stage on which one loop plays. See BareStage."""

    def _start_servers(self) -> tuple[str, str]:
        with _without_a_broker():
            urls = self._servers.start()
        self.folder = self._servers.folder
        return self._undo.enter_context(wiring.scratch_database(urls.database)), NO_QUEUES

    def _open_exchanges(self) -> None:
        venue = VenueSimulator(recover=recovering(Network.TESTNET), real_time=_real_time_us)
        transports = {
            SOURCE_URL: SourceTransport(SourceSimulator(), _real_now),
            VENUE_URL: VenueTransport(venue),
        }
        self.outside = wiring.Outside(transports, clock=lambda: venue.clock.now)
        self.source = Control(SOURCE_URL, transports[SOURCE_URL])
        self.venue = Control(VENUE_URL, transports[VENUE_URL])
        self._reached_at(SOURCE_URL, VENUE_URL)

    def settle(self, now: datetime) -> None:
        try:
            settle(self._tools, self._notes)
        except NeverSettles as error:
            raise DoesNotSettle(f"The pipeline does not settle at {now}: {error}.") from None

    @cached_property
    def _notes(self) -> WaitingNotes:
        return WaitingNotes()

    @cached_property
    def _tools(self) -> Tools:
        """Built when they are first used: by then the venues are configured."""
        tools = wiring.build(self.settings, self._notes, self.outside)
        # Pauses without chance, so that every run of a rehearsal is the same.
        return replace(tools, locks=OneAtATime(), jitter=lambda: 1.0)


def _real_now() -> datetime:
    return datetime.now(UTC)


def _real_time_us() -> int:
    return time.time_ns() // 1000


@contextmanager
def _without_a_broker() -> Iterator[None]:
    """Let the embedded servers be a database only: what the environment names is not started."""
    given = os.environ.get(REDIS_URL)
    os.environ[REDIS_URL] = given or NO_QUEUES
    try:
        yield
    finally:
        if given is None:
            del os.environ[REDIS_URL]
