"""The embedded servers answer, and nothing of them stays, whoever is killed.

Each test starts a program of its own (PROGRAM) and kills it, as a user or a machine would.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from recomma import embedded
from recomma.embedded.postgres import installation, pid_file_lines

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 60
NOBODY = 65534

PROGRAM = """
import json, subprocess, sys, time
from recomma import embedded

with embedded.unwinding_on_sigterm(), embedded.Servers() as servers:
    workers = [subprocess.Popen(["sleep", "600"], process_group=0) for _ in range(2)]
    servers.care_for(workers[0].pid)
    servers.care_for(workers[1].pid)
    servers.let_go(workers[1].pid)
    print(json.dumps({
        "database": servers.urls.database,
        "redis": servers.urls.redis,
        "folder": str(servers._folder),
        "keeper": servers._keeper.pid,
        "cared_for": workers[0].pid,
        "let_go": workers[1].pid,
    }), flush=True)
    if sys.argv[1:] == ["raise"]:
        raise RuntimeError("as programs do")
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Running:
    """A program with embedded servers, and all that it may leave behind."""

    program: subprocess.Popen[str]
    database: str
    redis: str
    folder: Path
    keeper: int
    cared_for: int
    let_go: int
    postmaster: int
    segment: str

    def remains(self) -> list[str]:
        """Name what is still there."""
        pids = (self.keeper, self.cared_for, self.postmaster)
        left = [f"process {pid}" for pid in pids if alive(pid)]
        left += [str(self.folder)] if self.folder.exists() else []
        left += [url for url in (self.database, self.redis) if listens(url)]
        left += [f"shared memory {self.segment}"] if self.segment in shared_memory() else []
        return left


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def start_one(
        *arguments: str,
        before: tuple[str, ...] = (),
        python: str = sys.executable,
        **environment: str,
    ) -> Running:
        complaints = tmp_path / "stderr"
        with complaints.open("w") as stderr:
            program = subprocess.Popen(
                [*before, python, "-P", "-B", "-c", PROGRAM, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd="/",
                env=our_environment() | environment,
                process_group=0,
            )
        started.append(heard(program, complaints))
        return started[-1]

    yield start_one
    for running in started:
        end(running)


def our_environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RECOMMA_")}
    return ours | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(os.path.isabs, sys.path)])}


def heard(program: subprocess.Popen[str], complaints: Path) -> Running:
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line, complaints.read_text()
    said = json.loads(line)
    folder = Path(said.pop("folder"))
    lines = pid_file_lines(folder / "postgres/postmaster.pid")
    postmaster, segment = (int(lines[0]), lines[6].split()[1]) if lines else (0, "")
    return Running(program=program, folder=folder, postmaster=postmaster, segment=segment, **said)


def end(running: Running) -> None:
    for stream in (running.program.stdin, running.program.stdout):
        assert stream is not None
        stream.close()
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.let_go, signal.SIGKILL)
    running.program.wait(PATIENCE_SECONDS)


def alive(pid: int) -> bool:
    """Say whether a process runs. A zombie is a process that has ended and nobody asked after."""
    if Path("/proc/self/stat").exists():
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
    else:
        ps = ["ps", "-o", "stat=", "-p", str(pid)]
        state = subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()
    return state[:1] not in ("", "Z")


def listens(url: str) -> bool:
    try:
        answers(url)
    except (psycopg.OperationalError, redis.ConnectionError):
        return False
    return True


def answers(url: str) -> None:
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as client:
            client.ping()
    else:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("select 1")


def shared_memory() -> list[str]:
    """Return the ids of the System V segments of this machine."""
    if shutil.which("ipcs") is None:
        return []
    listed = subprocess.run(["ipcs", "-m"], capture_output=True, text=True, check=True)
    return [word for line in listed.stdout.splitlines() for word in line.split()[1:2]]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come to be; what never comes fails by what the caller asserts next."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)


def modes(path: Path) -> dict[Path, int]:
    return {each: each.stat().st_mode for each in (path, *path.parents)}


def test_both_servers_answer_at_their_addresses() -> None:
    with embedded.servers() as urls:
        answers(urls.database)
        answers(urls.redis)

    assert urls.database.startswith("postgresql+psycopg://")
    assert urls.redis.startswith("redis://")
    assert not listens(urls.database)
    assert not listens(urls.redis)


def test_the_broker_refuses_to_throw_messages_away_when_it_is_full() -> None:
    with embedded.servers() as urls, redis.Redis.from_url(urls.redis) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_nobody_gets_in_without_the_password() -> None:
    with embedded.servers() as urls:
        for url in (urls.database, urls.redis):
            secret = urlsplit(url).password
            assert secret is not None
            assert listens(url)
            assert not listens(url.replace(secret, "guessed"))


@pytest.mark.parametrize("farewell", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_program_leaves_nothing(start: Start, farewell: signal.Signals) -> None:
    running = start()
    answers(running.database)

    running.program.send_signal(farewell)
    running.program.wait(PATIENCE_SECONDS)
    until(lambda: not running.remains())

    assert running.remains() == []


def test_ctrl_c_in_the_terminal_reaches_all_of_the_group_and_leaves_nothing(start: Start) -> None:
    running = start()

    os.killpg(running.program.pid, signal.SIGINT)
    running.program.wait(PATIENCE_SECONDS)

    assert running.remains() == []


def test_an_exception_leaves_nothing_by_the_time_the_program_ends(start: Start) -> None:
    running = start("raise")

    assert running.program.wait(PATIENCE_SECONDS) == 1
    assert running.remains() == []


def test_what_was_let_go_is_not_killed(start: Start) -> None:
    running = start()

    running.program.kill()
    until(lambda: not running.remains())

    assert alive(running.let_go)


def test_servers_whose_keeper_was_killed_are_stopped_all_the_same(start: Start) -> None:
    running = start()

    os.kill(running.keeper, signal.SIGKILL)
    assert running.program.stdin is not None
    running.program.stdin.close()
    running.program.wait(PATIENCE_SECONDS)
    until(lambda: not running.remains())

    assert running.remains() == []


def test_the_next_start_sweeps_up_after_a_machine_that_killed_everybody(start: Start) -> None:
    running = start()
    os.kill(running.keeper, signal.SIGKILL)
    running.program.kill()
    running.program.wait(PATIENCE_SECONDS)
    until(lambda: not alive(running.keeper))

    with embedded.servers():
        until(lambda: not running.remains())

    assert running.remains() == []


def test_two_programs_at_once_do_not_see_each_other(start: Start) -> None:
    first, second = start(), start()

    with psycopg.connect(first.database.replace("+psycopg", "")) as connection:
        connection.execute("create table mine ()")

    assert first.database != second.database
    with psycopg.connect(second.database.replace("+psycopg", "")) as connection:
        assert connection.execute("select to_regclass('mine')").fetchone() == (None,)


def test_each_server_that_the_environment_names_is_used_instead(start: Start) -> None:
    with embedded.servers() as urls:
        running = start(RECOMMA_REDIS_URL=urls.redis)
        assert (running.redis, running.database != urls.database) == (urls.redis, True)
        assert not (running.folder / "valkey").exists()

        running = start(RECOMMA_DATABASE_URL=urls.database)
        assert (running.database, running.redis != urls.redis) == (urls.database, True)
        assert not (running.folder / "postgres").exists()


def test_no_permission_changes_outside_of_their_own_folder(start: Start) -> None:
    before = modes(installation() / "bin/postgres")

    running = start()

    assert modes(installation() / "bin/postgres") == before
    assert running.folder.stat().st_mode & 0o777 == 0o700


def test_postgres_keeps_no_memory_where_a_kill_would_leave_it(start: Start) -> None:
    maps = Path(f"/proc/{start().postmaster}/maps")
    if not maps.exists():
        pytest.skip("this system has no /proc that tells which memory a process uses")

    assert "/dev/shm" not in maps.read_text()


def test_root_without_namespaces_hands_postgres_to_nobody(start: Start, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root needs a guise")
    before = modes(installation() / "bin/postgres")

    running = start(PATH=str(path_without_unshare(tmp_path)))
    answers(running.database)

    assert Path(f"/proc/{running.postmaster}").stat().st_uid == NOBODY
    assert modes(installation() / "bin/postgres") == before


def test_an_ordinary_user_can_start_them_too(start: Start, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("this run is by an ordinary user: every other test shows it")
    become = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    python = python_for(become)
    home = tmp_path / "home"

    running = start(before=become, python=python, HOME=str(home))
    answers(running.database)
    answers(running.redis)
    running.program.kill()
    until(lambda: not running.remains())

    assert running.remains() == []


def path_without_unshare(folder: Path) -> Path:
    sleep = shutil.which("sleep")
    assert sleep is not None
    (folder / "sleep").symlink_to(sleep)
    return folder


def python_for(become: tuple[str, ...]) -> str:
    """Return a Python that this user can run, with our packages. Ours may lie in root's home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            # setpriv may start what its user cannot reach; what that starts in turn may not.
            can = "import os, sys, recomma.embedded; os.stat(sys.executable)"
            command = [*become, python, "-P", "-B", "-c", can]
            subprocess.run(command, env=our_environment(), check=True, capture_output=True)
            return python
    pytest.skip("no Python on this machine can be run by another user with our packages")
