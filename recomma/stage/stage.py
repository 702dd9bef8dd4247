"""Servers, simulators, beat and workers as real processes, up together and down together."""

import time
from datetime import datetime
from pathlib import Path
from typing import Final

from recomma import wiring
from recomma.stage.bare import BareStage, DoesNotSettle, StageVenue
from recomma.stage.children import Children
from recomma.stage.control import Control

__all__ = ["Stage", "StageVenue"]

POLL_SECONDS: Final = 0.005
NUDGE_SECONDS: Final = 1.0
STUCK_SECONDS: Final = 120.0


class Stage(BareStage):
    """A stage on which Celery plays. See BareStage."""

    def _start_servers(self) -> tuple[str, str]:
        urls = self._servers.start()
        self.folder = self._servers.folder
        # Servers that were given from outside may be somebody's real ones.
        return self._undo.enter_context(wiring.scratch(urls.database, urls.redis))

    def _open_exchanges(self) -> None:
        self.children = Children(self._servers, self._private("logs"), self.environment)
        self._undo.callback(self.children.stop)
        source_url = self.children.start("threecommas", _simulate("threecommas"), says_url=True)
        venue_url = self.children.start("hyperliquid", _simulate("hyperliquid"), says_url=True)
        self.source, self.venue = Control(source_url), Control(venue_url)
        self._reached_at(source_url, venue_url)
        if self._simulated_from:
            self.environment["RECOMMA_CLOCK_URL"] = venue_url
        self.children.add_environment(self.environment)

    def settle(self, now: datetime) -> None:
        started = nudged = time.monotonic()
        self.ledger.wake()
        while self.progress.unsettled(now):
            time.sleep(POLL_SECONDS)
            waited = time.monotonic()
            if waited - nudged > NUDGE_SECONDS:
                nudged = waited
                self.ledger.wake()
                self.children.check()
            if waited - started > STUCK_SECONDS:
                raise DoesNotSettle(
                    f"The pipeline has not settled for {STUCK_SECONDS:.0f} s at {now}."
                )

    def start_worker(self, name: str, queues: str, threads: int) -> None:
        arguments = [
            *("celery", "-A", "workers", "worker", "-Q", queues, "-P", "threads"),
            *("-c", str(threads), "-n", f"{name}@stage", "-l", "warning"),
            *("--without-gossip", "--without-mingle"),
        ]
        # Of its own, as in a container: the general worker would speak for all others.
        environment = {"RECOMMA_STATE_FOLDER": str(self._state_of(name))}
        self.children.start(f"worker-{name}", arguments, environment=environment)

    def restart_worker(self, name: str, queues: str, threads: int) -> None:
        """Kill the worker (SIGKILL), and start it again as a service manager would."""
        self.children.kill(f"worker-{name}")
        for file in self._signs_of(name):
            file.unlink()
        self.start_worker(name, queues, threads)

    def is_up(self, name: str) -> bool:
        """Say whether the worker has reached its broker since it was last started."""
        return bool(self._signs_of(name))

    def _signs_of(self, name: str) -> list[Path]:
        """Return the files that the worker touches as long as it is alive."""
        return list(self._state_of(name).glob("alive-*"))

    def _state_of(self, name: str) -> Path:
        return self.folder / "state" / name

    def start_beat(self) -> None:
        schedule = str(self.folder / "state" / "beat")
        self.children.start(
            "beat", ["celery", "-A", "workers", "beat", "-s", schedule, "-l", "warning"]
        )


def _simulate(which: str) -> list[str]:
    return ["recomma.cli", "simulate", which, "--port", "0"]
