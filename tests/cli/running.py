"""`recomma` as a child process, the way a user runs it: settings from the environment alone."""

import multiprocessing
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recomma import embedded
from recomma.signing.hyperliquid import address_of
from recomma.stage.control import Control
from tests.cli.child import command

PATIENCE_SECONDS: Final = 120.0
"""Only ends a test that would hang."""

FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.cli.child"])

NOBODY: Final = "http://127.0.0.1:9"
"""Port 9 (discard) is refused everywhere that these tests run."""

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr. Fails if there are more, or fewer, or a traceback."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("recomma: "), self.err
        assert "Traceback" not in self.out
        return lines[0].removeprefix("recomma: ")


def recomma(*arguments: str | Path, settings: Environment | None = None) -> Said:
    """Run the command to its end, in a process of its own, with these settings and no others.

    The processes are forks of one that has already imported the program: what a shell would start
    costs seconds of imports each time.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        given = ["recomma", *map(str, arguments)]
        child = FORKS.Process(target=command, args=(given, _only(settings or {}), out, err))
        child.start()
        child.join(PATIENCE_SECONDS)
        status = child.exitcode
        child.kill()
        child.join()
        child.close()
        assert status is not None, f"{given} did not end"
        return Said(status, out.read_text(), err.read_text())


def _only(settings: Environment) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("RECOMMA_")}
    return {**inherited, **settings}


@contextmanager
def simulator(which: str) -> Iterator[Control]:
    """Run `recomma simulate` on a free port until the end of the block."""
    child = subprocess.Popen(
        [sys.executable, "-m", "recomma.cli", "simulate", which, "--port", "0"],
        env=_only({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    try:
        yield Control(child.stdout.readline().strip())
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()


@dataclass(frozen=True)
class Place:
    """Two simulators, a migrated database and settings under which all of it is right."""

    settings: Environment
    source: Control
    venue: Control
    account: str
    folder: Path

    def but(self, **changed: str) -> dict[str, str]:
        """Return the settings with some changed: `threecommas_url=...`."""
        return {**self.settings, **{f"RECOMMA_{k.upper()}": v for k, v in changed.items()}}

    def config(self, text: str = "") -> Path:
        """Write a recomma.toml; without a text one with a venue that is right."""
        path = self.folder / "recomma.toml"
        path.write_text(text or f'[[venues]]\nname = "main"\naccount = "{self.account}"\n')
        return path


@dataclass(frozen=True)
class Exchanges:
    """Both simulators."""

    source: Control
    venue: Control


def place(exchanges: Exchanges, servers: embedded.Urls, database_url: str, folder: Path) -> Place:
    """Empty the simulators, give them keys and an account with an agent, and name all of it."""
    key, account, secret = "0x" + secrets.token_hex(32), "0x" + secrets.token_hex(20), "made-up"
    source, venue = exchanges.source, exchanges.venue
    for exchange in (source, venue):
        exchange.post("reset", {})
    source.post("accounts", {"api_key": "key", "secret": secret, "plan": "expert"})
    agents = [address_of(key)]
    venue.post("accounts", [{"address": account, "agents": agents, "balance": "1000"}])
    settings = {
        "RECOMMA_DATABASE_URL": database_url,
        "RECOMMA_REDIS_URL": servers.redis,
        "RECOMMA_THREECOMMAS_URL": source.url,
        "RECOMMA_THREECOMMAS_API_KEY": "key",
        "RECOMMA_THREECOMMAS_SECRET": secret,
        "RECOMMA_HYPERLIQUID_URL": venue.url,
        "RECOMMA_HYPERLIQUID_NETWORK": "testnet",
        "RECOMMA_AGENT_KEY": key,
    }
    return Place(settings, source, venue, account, folder)
