"""A broker and workers that a test starts, kills and starts again. Each ends with its block."""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis
from celery import Celery

from recomma.embedded.server import free_port
from recomma.embedded.valkey import program

ROOT = Path(__file__).parents[2]
CELERY = Path(sys.executable).with_name("celery")
NO_DATABASE = {"RECOMMA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
"""Settings are checked at start; the stand-in never connects."""
PATIENCE_SECONDS = 60.0
"""Only ends a test that would hang."""


class Broker:
    """A Valkey that keeps what it acknowledged, so that a kill loses nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._password = secrets.token_hex(8)
        self._child: subprocess.Popen[bytes] | None = None
        self.url = f"redis://:{self._password}@127.0.0.1:{self._port}/0"
        self.client = redis.Redis.from_url(self.url, decode_responses=True)

    def app(self) -> Celery:
        """Return an application that publishes here."""
        app = Celery(broker=self.url)
        app.conf.broker_transport_options = {"socket_timeout": 5, "socket_connect_timeout": 3}
        return app

    def ran(self) -> list[str]:
        """Return what tasks of the stand-in left here, in order."""
        return [str(entry) for entry in self.client.lrange("ran", 0, -1)]

    def start(self) -> None:
        always = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        where = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        with (self._folder / "valkey.log").open("ab") as log:
            self._child = subprocess.Popen(
                [str(program()), *where, *always, "--requirepass", self._password],
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, "the broker answers")

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


class Running:
    """One `celery` command in a process of its own."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self.child = child
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def is_alive(self) -> bool:
        return self.child.poll() is None

    def wait_until(self, true: Callable[[], bool], what: str) -> None:
        """Raises AssertionError with the command's last words if it ends first."""
        try:
            wait_until(lambda: not self.is_alive or true(), what)
            assert self.is_alive or true(), f"ended before {what}"
        except AssertionError as error:
            raise AssertionError(f"{error}; it said:\n{self.said[-3000:]}") from None


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    folder.mkdir(exist_ok=True)
    valkey = Broker(folder)
    valkey.start()
    try:
        yield valkey
    finally:
        valkey.client.close()
        valkey.kill()


@contextmanager
def celery(
    folder: Path, app: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Running]:
    """Run `celery -A app …` until the end of the block, then SIGTERM, then SIGKILL."""
    folder.mkdir(exist_ok=True)
    log = folder / f"{app}-{arguments[0]}-{secrets.token_hex(4)}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(CELERY), "-A", app, *arguments],
            cwd=ROOT,
            env={**os.environ, "RECOMMA_STATE_FOLDER": str(folder), **environment},
            stdout=output,
            stderr=output,
        )
    try:
        yield Running(child, log)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def worker_arguments(queues: str, *, threads: int) -> list[str]:
    """Return the arguments that every worker of the project is started with."""
    pool = ["-P", "threads", "-c", str(threads), "-n", f"{secrets.token_hex(4)}@%h"]
    return ["worker", "-Q", queues, *pool, "--without-gossip", "--without-mingle", "-l", "warning"]


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Look again and again. Raises AssertionError when patience ends."""
    tick = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if true():
            return
        tick.wait(0.02)
    raise AssertionError(f"waited in vain until {what}")
