"""What Postgres and Valkey have in common: a port, a log, a start that is watched, an end."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from recomma.embedded.care import Care
from recomma.embedded.errors import CannotStart
from recomma.embedded.guise import Guise

HOST = "127.0.0.1"
START_SECONDS = 60
LOOK_SECONDS = 0.01
PORT_TRIES = 5
PORT_TAKEN = b"Address already in use"


class Server(ABC):
    """One server in its own folder, a child of this process."""

    name: str
    # Sent one after the other, each with the seconds it gets before the next one follows.
    farewell: tuple[tuple[signal.Signals, float], ...]

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.durable = durable
        self.guise = Guise()
        self.port = 0
        # Without one, every user of this machine could run programs as the owner of the server.
        self.password = secrets.token_hex(16)
        self._child: subprocess.Popen[bytes] | None = None
        self._care: Care | None = None

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for a client, valid once wait_until_ready() has returned."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder ready, once."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments for the present port."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Say whether our own server answers, not whoever took its port meanwhile."""

    def launch(self, care: Care) -> None:
        """Begin to start; returns before the server is ready. Its process is noted in `care`."""
        self._care = care
        self.prepare()
        self._launch()

    def wait_until_ready(self) -> None:
        """Raises CannotStart with the server's own last words."""
        deadline = time.monotonic() + START_SECONDS
        tries = 1
        while not self._is_up():
            if time.monotonic() > deadline:
                raise CannotStart(f"the embedded {self.name} was not ready in {START_SECONDS} s")
            if self._child is not None and self._child.poll() is not None:
                self._raise_unless_port_was_taken(tries)
                tries += 1
                self._launch()
            time.sleep(LOOK_SECONDS)

    def ask_to_end(self) -> None:
        self._send(self.farewell[0][0])

    def end(self) -> None:
        """Stop, at first politely. Returns when the server has gone."""
        for farewell, grace_seconds in self.farewell:
            self._send(farewell)
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self._child is not None:
                    self._child.wait(timeout=grace_seconds)
                return

    def _is_up(self) -> bool:
        alive = self._child is not None and self._child.poll() is None
        return alive and self.is_ready()

    def _launch(self) -> None:
        self.port = free_port()
        command = self.command()
        try:
            with self.log.open("wb") as log:
                self._child = self.guise.popen(command, log=log, cwd=self.folder)
        except OSError as error:
            raise CannotStart(f"the embedded {self.name} cannot run here: {error}") from error
        if self._care is not None:
            self._care.take(self._child.pid)

    def _raise_unless_port_was_taken(self, tries: int) -> None:
        said = self.log.read_bytes()
        if PORT_TAKEN in said and tries < PORT_TRIES:
            return
        raise CannotStart(f"the embedded {self.name} did not start: {last_line(said)}")

    def _send(self, what: signal.Signals) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        # A stopped process (SIGSTOP) would not hear anything but SIGKILL.
        for each in (what, signal.SIGCONT):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, each)


def free_port() -> int:
    """Return a port that was free a moment ago; somebody may take it before we do."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"
