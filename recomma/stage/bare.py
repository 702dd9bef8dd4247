"""What every stage has: a database, two simulated exchanges, and settings that name nobody's own.

How the exchanges are reached and who runs the notes is left to `stage` and `alone`.
"""

import hashlib
import os
import secrets
from abc import ABC, abstractmethod
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
from recomma.config_file import ConfigFile
from recomma.embedded import Servers
from recomma.signing.hyperliquid import address_of
from recomma.stage.control import Control

API_KEY: Final = "stage-key"
PRIVATE: Final = 0o700
SERVERS: Final = {"RECOMMA_DATABASE_URL", "RECOMMA_REDIS_URL"}
ADDRESS_BYTES: Final = 20


class DoesNotSettle(Exception):
    """The pipeline has not finished what is due; the message says since when."""


@dataclass(frozen=True)
class StageVenue:
    """A simulated account to trade on. `bots` None: every bot."""

    name: str
    bots: tuple[int, ...] | None
    balance: Decimal = Decimal(1_000_000_000)

    @property
    def account(self) -> str:
        """An address that nobody has the key of; the agent's is the one that signs."""
        name = self.name.encode()
        if len(name) > ADDRESS_BYTES:  # Two long names must not end up on one account.
            name = hashlib.sha256(name).digest()[:ADDRESS_BYTES]
        return "0x" + name.hex().rjust(2 * ADDRESS_BYTES, "0")


class BareStage(ABC):
    """`with ...Stage(...) as stage:` everything answers inside the block, and is gone after it.

    `simulated_from`: the pipeline lives in the simulators' time, which stands still there until it
    is moved, and looks that only a cadence asks for are left out. Raises CannotStart, CannotPlay.
    """

    environment: dict[str, str]
    folder: Path
    settings: Settings
    source: Control
    venue: Control
    outside: wiring.Outside = wiring.REAL

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

    @abstractmethod
    def _start_servers(self) -> tuple[str, str]:
        """Start what is needed; return the URLs of a database and of queues of our own."""

    @abstractmethod
    def _open_exchanges(self) -> None:
        """Start both simulators; set `source` and `venue`, and their URLs in `environment`."""

    @abstractmethod
    def settle(self, now: datetime) -> None:
        """Return when no note is due at `now` and none is in anybody's hands.

        Raises DoesNotSettle, CannotPlay.
        """

    def _start(self) -> None:
        _leave_the_users_own_alone()
        database, queues = self._start_servers()
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
            # The simulators' accounts are nobody else's, and a first minute of silence would be all
            # that a demo shows.
            "RECOMMA_BUDGETS": "false",
            "RECOMMA_TASK_EVENTS": "false" if self._simulated_from else "true",
            "RECOMMA_LOG_LEVEL": "info",
        }
        self._open_exchanges()
        self._open_accounts(agents, secret)
        self.settings = load(
            {k.removeprefix(PREFIX).lower(): v for k, v in self.environment.items()}
        )
        wiring.migrate(self.settings)
        self.ledger = wiring.ledger_of(self.settings, self.outside)
        self.progress = wiring.progress_of(self.settings)
        self.reader = wiring.source_of(self.settings, self.outside)

    def _open_accounts(self, agents: Mapping[str, str], secret: str) -> None:
        if self._simulated_from:
            self.set_clocks(self._simulated_from)
        self.source.post("accounts", {"api_key": API_KEY, "secret": secret, "plan": "expert"})
        accounts = [
            {"address": v.account, "agents": [agents[v.name]], "balance": str(v.balance)}
            for v in self.venues
        ]
        self.venue.post("accounts", accounts)

    def _reached_at(self, source_url: str, venue_url: str) -> None:
        self.environment["RECOMMA_THREECOMMAS_URL"] = source_url
        self.environment["RECOMMA_HYPERLIQUID_URL"] = venue_url

    def set_clocks(self, at: datetime) -> None:
        """Move both simulators' time; the venue's market moves with it."""
        self.venue.set_clock(at)
        self.source.set_clock(at)

    def configure(self, enabled_at: datetime, config: ConfigFile | None = None) -> None:
        """Apply the venues, live, their bots enabled from `enabled_at` on.

        `config` says more about them; its venues are then those of this stage.
        """
        if config is not None:
            wiring.apply_config(self.settings, config, actor="stage", at=enabled_at, live=True)
            return
        wiring.apply_venues(
            self.settings,
            [(venue.name, venue.account, venue.bots) for venue in self.venues],
            at=enabled_at,
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


def _leave_the_users_own_alone() -> None:
    """Forget every setting of the real program but its two servers.

    They name its accounts and its keys: with them a stage would trade between the user's own
    accounts. On servers that were given, a stage has a database and queues of its own.
    """
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        if name not in SERVERS:
            del os.environ[name]
