"""An embedded Postgres and an embedded Redis-compatible server, for demo, rehearse and tests.

    with embedded.servers() as urls:
        ...  # urls.database, urls.redis

They live in a private temporary folder on free loopback ports, belong to a process of their own
(see keeper.py), and are gone after the block whatever ends it: the end, an exception, Ctrl-C, or
SIGTERM and SIGKILL of this process. RECOMMA_DATABASE_URL and RECOMMA_REDIS_URL, each by itself,
name a server that is used instead; it is neither started nor stopped.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Self

from recomma.embedded import leftovers
from recomma.embedded.errors import CannotStart
from recomma.embedded.server import last_line

__all__ = ["CannotStart", "Servers", "Urls", "servers", "unwinding_on_sigterm"]

GIVEN = {"database": "RECOMMA_DATABASE_URL", "redis": "RECOMMA_REDIS_URL"}
ANSWER_SECONDS = 150
STOP_SECONDS = 40


@dataclass(frozen=True)
class Urls:
    """Where the two servers answer. The embedded ones carry a random password."""

    database: str
    """For SQLAlchemy: `postgresql+psycopg://…`."""
    redis: str
    """For redis-py and Celery: `redis://…/0`."""


class Servers:
    """The two servers, for those who cannot use a `with` block around them.

    `durable` makes Postgres sync to the disk and Valkey write an append-only file. The folder is
    removed at the end all the same.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._keeper: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._owner = 0
        self._complaints: IO[bytes] | None = None
        self._urls: Urls | None = None

    @property
    def urls(self) -> Urls:
        """Raises CannotStart while the servers are not running."""
        if self._urls is None:
            raise CannotStart("the embedded servers are not running")
        return self._urls

    @property
    def folder(self) -> Path:
        """A private folder that goes when the servers go, for the files of those in their care.

        Raises CannotStart while the servers are not running.
        """
        if self._folder is None or self._urls is None:
            raise CannotStart("the embedded servers are not running")
        return self._folder

    def start(self) -> Urls:
        """Start what the environment does not name, and return when both answer.

        Raises CannotStart with one sentence; then nothing is left.
        """
        if self._urls is not None:
            return self._urls
        given = {name: os.environ.get(variable, "") for name, variable in GIVEN.items()}
        self._launch([name for name, url in given.items() if not url])
        try:
            said = self._hear()
            self._folder = Path(said.pop("folder"))
            self._urls = Urls(**{name: url or said[name] for name, url in given.items()})
        finally:
            if self._urls is None:
                self.stop()
        return self._urls

    def stop(self) -> None:
        """Kill what is in our care, stop the servers, remove the folder. Twice is harmless."""
        keeper, self._keeper, self._urls = self._keeper, None, None
        # A forked child of this process has a copy of this object, but the servers are not its.
        if keeper is None or keeper.stdin is None or self._owner != os.getpid():
            return
        atexit.unregister(self.stop)
        if self._complaints is not None:
            self._complaints.close()
        with contextlib.suppress(BrokenPipeError):
            keeper.stdin.close()
        if keeper.stdout is not None:
            keeper.stdout.close()
        try:
            keeper.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        if self._folder is not None and self._folder.exists():  # The keeper was killed.
            leftovers.remove(self._folder)

    def care_for(self, pid: int) -> None:
        """Have a child process killed when this process is gone or stop() is called.

        From the return on, not before. Raises CannotStart when the servers are not running.
        If it leads a process group (`Popen(..., process_group=0)` or `start_new_session=True`),
        the whole group is killed.
        """
        self._tell(f"care {pid}")

    def let_go(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._tell(f"let_go {pid}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def _launch(self, wanted: list[str]) -> None:
        self._owner = os.getpid()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (read when the keeper dies)
        self._keeper = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "recomma.embedded.keeper"),
                *wanted,
                *(["durable"] if self._durable else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Never the parent's: who reads that to its end would wait for the keeper too.
            stderr=self._complaints,
            cwd="/",
            # It finds exactly the packages that we found, from whatever folder we were started.
            env=os.environ | {"PYTHONPATH": os.pathsep.join(_where_packages_are())},
            start_new_session=True,
        )
        atexit.register(self.stop)

    def _hear(self) -> dict[str, str]:
        """Return the keeper's next line."""
        if self._keeper is None or self._keeper.stdout is None:
            raise CannotStart("the embedded servers are not running")
        readable, _, _ = select.select([self._keeper.stdout], [], [], ANSWER_SECONDS)
        line = self._keeper.stdout.readline() if readable else b""
        if not line:
            raise CannotStart(self._why_the_keeper_died())
        said: dict[str, str] = json.loads(line)
        if "error" in said:
            raise CannotStart(said["error"])
        return said

    def _why_the_keeper_died(self) -> str:
        said = b""
        if self._complaints is not None:
            self._complaints.seek(0)
            said = self._complaints.read()
        return f"the keeper of the embedded servers has gone: {last_line(said)}"

    def _tell(self, order: str) -> None:
        if self._keeper is None or self._keeper.stdin is None:
            raise CannotStart("the embedded servers are not running")
        try:
            self._keeper.stdin.write(order.encode() + b"\n")
            self._keeper.stdin.flush()
        except BrokenPipeError as error:
            raise CannotStart("the keeper of the embedded servers has been killed") from error
        self._hear()


@contextlib.contextmanager
def servers(*, durable: bool = False) -> Iterator[Urls]:
    """Run both servers for the length of a block. Raises CannotStart before the block."""
    with Servers(durable=durable) as running:
        yield running.urls


@contextlib.contextmanager
def unwinding_on_sigterm() -> Iterator[None]:
    """Leave the block by SystemExit(143) when SIGTERM or SIGHUP comes, as Ctrl-C leaves it.

    Without it the servers still go, but a moment after this process instead of before its end.
    Does nothing outside of the main thread, where Python takes no signal handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, _leave) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _where_packages_are() -> list[str]:
    return [str(Path(__file__).parents[2]), *filter(os.path.isabs, sys.path)]


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
