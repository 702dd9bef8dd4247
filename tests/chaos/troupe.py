"""Beat and the workers, under a supervisor: what dies by itself or is killed comes back."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from recomma.embedded import Servers
from recomma.stage.children import Children

RESTART_SECONDS: Final = 1.0
"""How long a supervisor waits before it starts again what has ended."""


class Troupe(Children):
    """Children that are started again a second after their end, whatever ended them."""

    def __init__(self, servers: Servers, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(servers, folder, environment)
        self._hired: dict[str, tuple[str, ...]] = {}
        self._down_since: dict[str, float] = {}

    def hire(self, name: str, arguments: Sequence[str]) -> None:
        self._hired[name] = tuple(arguments)
        self.start(name, arguments)

    def dismiss(self, name: str) -> None:
        """Kill for good."""
        del self._hired[name]
        self._down_since.pop(name, None)
        self.kill(name)
        del self._started[name]

    def send(self, name: str, what: signal.Signals) -> None:
        """Signal the whole process group of a child; nothing if it has ended."""
        if self.is_up(name):
            os.killpg(self._started[name].pid, what)

    def is_up(self, name: str) -> bool:
        return name in self._started and self._started[name].poll() is None

    def all_up(self) -> bool:
        return all(self.is_up(name) for name in self._hired)

    def supervise(self) -> list[str]:
        """Restart what has been down for a second; return a sentence for each surprising end."""
        surprises = []
        for name in self._hired:
            child = self._started[name]
            status = child.poll()
            if status is None:
                continue
            if name not in self._down_since:
                self._down_since[name] = time.monotonic()
                if status != -signal.SIGKILL:
                    surprises.append(f"{name} ended by itself ({status})")
            elif time.monotonic() - self._down_since[name] > RESTART_SECONDS:
                del self._down_since[name]
                self._servers.let_go(child.pid)
                self.start(name, self._hired[name])
        return surprises
