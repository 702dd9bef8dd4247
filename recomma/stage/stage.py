"""Servers, simulators, beat and workers, up together and down together."""

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from recomma import wiring
from recomma.config import PREFIX, Settings, load
from recomma.embedded import Servers
from recomma.signing.hyperliquid import address_of
from recomma.stage.children import Children
from recomma.stage.control import Control

API_KEY: Final = "stage-key"
PRIVATE: Final = 0o700
SERVERS: Final = {"RECOMMA_DATABASE_URL", "RECOMMA_REDIS_URL"}


@dataclass(frozen=True)
class StageVenue:
    """A simulated account to trade on. `bots` None: every bot."""

    name: str
    bots: tuple[int, ...] | None
    balance: Decimal = Decimal(1_000_000_000)

    @property
    def account(self) -> str:
        """An address that nobody has the key of; the agent's is the one that signs."""
        return "0x" + self.name.encode().hex().rjust(40, "0")[-40:]


class Stage:
    """`with Stage(...) as stage:` everything answers inside the block, and is gone after it.

    `simulated_from`: the pipeline lives in the simulators' time, which stands still there until it
    is moved, and looks that only a cadence asks for are left out. Raises CannotStart, CannotPlay.
    """

    def __init__(
        self, venues: Sequence[StageVenue], *, simulated_from: datetime | None = None
    ) -> None:
        self.venues = tuple(venues)
        self._simulated_from = simulated_from
        self._servers = Servers()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._servers.stop)
            self._undo = undo
            self._start()
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._undo.close()

    def _start(self) -> None:
        _leave_the_users_own_alone()
        urls = self._servers.start()
        self.folder = self._servers.folder
        # Servers that were given from outside may be somebody's real ones.
        database, queues = self._undo.enter_context(wiring.scratch(urls.database, urls.redis))
        secret = secrets.token_hex(16)
        agents = self._agent_keys()
        self.environment = {
            "RECOMMA_DATABASE_URL": database,
            "RECOMMA_REDIS_URL": queues,
            "RECOMMA_THREECOMMAS_API_KEY": API_KEY,
            "RECOMMA_THREECOMMAS_SECRET": secret,
            "RECOMMA_THREECOMMAS_PLAN": "expert",
            "RECOMMA_HYPERLIQUID_NETWORK": "testnet",
            "RECOMMA_AGENT_KEYS_DIR": str(self.folder / "agents"),
            "RECOMMA_STATE_FOLDER": str(self._private("state")),
            "RECOMMA_LOOK_CADENCE": "false" if self._simulated_from else "true",
            "RECOMMA_TASK_EVENTS": "false" if self._simulated_from else "true",
            "RECOMMA_LOG_LEVEL": "info",
        }
        self.children = Children(self._servers, self._private("logs"), self.environment)
        self._undo.callback(self.children.stop)
        self._simulators(agents, secret)
        self.settings = self._settings()
        wiring.migrate(self.settings)

    def _simulators(self, agents: Mapping[str, str], secret: str) -> None:
        source_url = self.children.start("threecommas", _simulate("threecommas"), says_url=True)
        venue_url = self.children.start("hyperliquid", _simulate("hyperliquid"), says_url=True)
        self.source, self.venue = Control(source_url), Control(venue_url)
        self.environment |= {
            "RECOMMA_THREECOMMAS_URL": source_url,
            "RECOMMA_HYPERLIQUID_URL": venue_url,
        }
        if self._simulated_from:
            self.environment["RECOMMA_CLOCK_URL"] = venue_url
            self.set_clocks(self._simulated_from)
        self.children.add_environment(self.environment)
        self.source.post("accounts", {"api_key": API_KEY, "secret": secret, "plan": "expert"})
        self.venue.post(
            "accounts",
            [
                {
                    "address": venue.account,
                    "agents": [agents[venue.name]],
                    "balance": str(venue.balance),
                }
                for venue in self.venues
            ],
        )

    def set_clocks(self, at: datetime) -> None:
        """Move both simulators' time; the venue's market moves with it."""
        self.venue.set_clock(at)
        self.source.set_clock(at)

    def configure(self, enabled_at: datetime) -> None:
        """Apply the venues, live, their bots enabled from `enabled_at` on."""
        wiring.apply_venues(
            self.settings,
            [(venue.name, venue.account, venue.bots) for venue in self.venues],
            at=enabled_at,
        )

    def start_worker(self, name: str, queues: str, threads: int) -> None:
        arguments = [
            *("celery", "-A", "workers", "worker", "-Q", queues, "-P", "threads"),
            *("-c", str(threads), "-n", f"{name}@stage", "-l", "warning"),
            *("--without-gossip", "--without-mingle"),
        ]
        self.children.start(f"worker-{name}", arguments)

    def start_beat(self) -> None:
        schedule = str(self.folder / "state" / "beat")
        self.children.start(
            "beat", ["celery", "-A", "workers", "beat", "-s", schedule, "-l", "warning"]
        )

    def _private(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(mode=PRIVATE)
        return folder

    def _agent_keys(self) -> Mapping[str, str]:
        """Write a fresh agent key for each venue; return the agents' addresses."""
        folder = self._private("agents")
        agents = {}
        for venue in self.venues:
            key = "0x" + secrets.token_hex(32)
            (folder / venue.name).write_text(key)
            agents[venue.name] = address_of(key)
        return agents

    def _settings(self) -> Settings:
        return load({k.removeprefix(PREFIX).lower(): v for k, v in self.environment.items()})


def _leave_the_users_own_alone() -> None:
    """Forget every setting of the real program but its two servers.

    They name its accounts and its keys: with them a stage would trade between the user's own
    accounts. On servers that were given, a stage has a database and queues of its own.
    """
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        if name not in SERVERS:
            del os.environ[name]


def _simulate(which: str) -> list[str]:
    return ["recomma.cli", "simulate", which, "--port", "0"]
