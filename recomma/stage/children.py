"""Child processes of ours: started with their own log file, and ended with us."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from recomma.embedded import Servers

STOP_SECONDS: Final = 8.0
LOG_TAIL_CHARACTERS: Final = 2000


class CannotPlay(Exception):
    """A process of ours did not come up, or has ended; the message has its last words."""


class Children:
    """Starts processes in groups of their own and ends them in reverse order."""

    def __init__(self, servers: Servers, folder: Path, environment: Mapping[str, str]) -> None:
        self._servers = servers
        self._folder = folder
        self._environment = dict(environment)
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        says_url: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Start `python -m <arguments>`; with `says_url` return the first line it prints.

        `environment` is for this child alone.
        """
        with self.log_of(name).open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if says_url else log,
                stderr=log,
                env=os.environ | self._environment | dict(environment or {}),
                start_new_session=True,
            )
        self._servers.care_for(child.pid)
        self._started[name] = child
        if not says_url or child.stdout is None:
            return ""
        line = child.stdout.readline().decode().strip()
        if not line.startswith("http"):
            raise CannotPlay(f"{name} did not come up: {self.last_words(name)}")
        return line

    def add_environment(self, more: Mapping[str, str]) -> None:
        self._environment |= more

    def log_of(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        text = self.log_of(name).read_text(errors="replace") if self.log_of(name).exists() else ""
        return text[-LOG_TAIL_CHARACTERS:].strip() or "it said nothing"

    def names(self) -> Sequence[str]:
        return tuple(self._started)

    def pid_of(self, name: str) -> int:
        """Return the process of a child, which leads a group of its own."""
        return self._started[name].pid

    def kill(self, name: str) -> None:
        """SIGKILL, as a machine that fails would; it can be started again under the same name."""
        child = self._started[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        self._servers.let_go(child.pid)

    def check(self) -> None:
        """Raises CannotPlay if one has ended by itself."""
        for name, child in self._started.items():
            if child.poll() is not None and child.returncode != -signal.SIGKILL:
                raise CannotPlay(f"{name} has ended ({child.returncode}): {self.last_words(name)}")

    def stop(self) -> None:
        """SIGTERM all, newest first; kill what has not ended in time."""
        for child in reversed(self._started.values()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in reversed(self._started.values()):
            try:
                child.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            self._servers.let_go(child.pid)
            if child.stdout:
                child.stdout.close()
        self._started.clear()
