"""The process that owns the embedded servers and outlives its parent by a moment.

It is started by `recomma.embedded`, in a session of its own (Ctrl-C in the parent's terminal does
not reach it), and holds the reading end of a pipe whose writing end only the parent has. When the
parent goes, by whatever way, SIGKILL included, the pipe closes: then everything is stopped and the
folder removed. This needs nothing that only Linux has.

What the parent writes: lines `care PID` and `let_go PID`, each answered when done. What it reads
first: a line of JSON, either the addresses or the sentence why there are none.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from recomma.embedded import leftovers
from recomma.embedded.care import Care
from recomma.embedded.errors import CannotStart
from recomma.embedded.postgres import Postgres
from recomma.embedded.server import Server
from recomma.embedded.valkey import Valkey

ORDERS, REPORT = 0, 1
PARENT_LOOK_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Serve until the parent has gone. Arguments: `redis`, `database`, `durable`."""
    parent = os.getppid()
    _listen_to_nobody_but_the_pipe()
    leftovers.sweep()
    folder = Path(tempfile.mkdtemp(prefix=leftovers.PREFIX))
    lock = leftovers.lock(folder)
    servers = _wanted(folder, arguments)
    # The servers end politely; their list is for whoever cleans up after a keeper that was killed.
    care, own = Care(folder / leftovers.CARE), Care(folder / leftovers.OWN)
    try:
        _start(servers, own)
        _report({name: server.url for name, server in servers.items()} | {"folder": str(folder)})
        _watch(parent, care)
    except CannotStart as why:
        _report({"error": str(why)})
    finally:
        _ignore(signal.SIGTERM)
        _end(care, servers, folder)
        lock.close()
    return 0


def _wanted(folder: Path, arguments: list[str]) -> dict[str, Server]:
    durable = "durable" in arguments
    servers: dict[str, Server] = {}
    # Valkey first: it comes up while Postgres is being set up.
    if "redis" in arguments:
        servers["redis"] = Valkey(folder / "valkey", durable=durable)
    if "database" in arguments:
        servers["database"] = Postgres(folder / "postgres", durable=durable)
    return servers


def _start(servers: dict[str, Server], own: Care) -> None:
    for server in servers.values():
        server.launch(own)
    for server in servers.values():
        server.wait_until_ready()


def _watch(parent: int, care: Care) -> None:
    """Return when the parent has gone.

    A child that the parent forked holds the pipe open after its death. Therefore we also look
    whose child we are: an orphan is handed to somebody else.
    """
    pending = b""
    while os.getppid() == parent:
        readable, _, _ = select.select([ORDERS], [], [], PARENT_LOOK_SECONDS)
        if not readable:
            continue
        read = os.read(ORDERS, 4096)
        if not read:
            return
        *lines, pending = (pending + read).split(b"\n")
        for line in lines:
            _obey(line, care)
            _report({})  # The parent waits for it: from now on the process is cared for.


def _obey(line: bytes, care: Care) -> None:
    order, _, pid = line.decode().partition(" ")
    if order == "care":
        care.take(int(pid))
    elif order == "let_go":
        care.let_go(int(pid))


def _end(care: Care, servers: dict[str, Server], folder: Path) -> None:
    care.end()
    for server in servers.values():
        server.ask_to_end()
    for server in servers.values():
        server.end()
    shutil.rmtree(folder, ignore_errors=True)


def _report(what: dict[str, str]) -> None:
    with contextlib.suppress(BrokenPipeError):  # The parent died while we started.
        os.write(REPORT, json.dumps(what).encode() + b"\n")


def _listen_to_nobody_but_the_pipe() -> None:
    for each in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        _ignore(each)
    signal.signal(signal.SIGTERM, _leave)  # The machine is going down.


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _ignore(what: signal.Signals) -> None:
    signal.signal(what, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
