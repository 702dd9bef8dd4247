"""Who Postgres runs as. It refuses to be root, and initdb refuses a user without a name.

An ordinary user is fine as he is. Root (a container, a build machine) puts on a guise: a user
namespace in which root is called something else (Linux), or else a switch to `nobody`. Both touch
nothing outside our own folder; making the parents of the installation readable to all, as the
wheel's own starter does, would open a private home to everybody.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from recomma.embedded.errors import CannotStart

PROBE_SECONDS = 20

# Only this reaches the servers. A stray PGPORT, LD_PRELOAD or broken LC_ALL of the user's must not,
# and TZ spares initdb its search through all time zones.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Guise:
    """How to run a program as somebody whom Postgres accepts."""

    before: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def popen(self, command: list[str], *, log: IO[bytes], cwd: Path) -> subprocess.Popen[bytes]:
        """Start a program in its own session, so that Ctrl-C in a terminal does not reach it."""
        return subprocess.Popen(
            [*self.before, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=ENVIRONMENT,
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else (),
        )

    def own(self, path: Path) -> None:
        """Give a file or folder of ours to whom this guise runs as."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def enter(self, folder: Path) -> None:
        """Let this guise through a folder that stays ours. What is private in it lies deeper."""
        if self.uid is not None:
            folder.chmod(0o711)

    def can_run(self, programs: Path, *, cwd: Path) -> bool:
        """Try both programs that we need. Each has libraries of its own to miss."""
        try:
            with Path(os.devnull).open("wb") as log:
                for name in ("postgres", "initdb"):
                    child = self.popen([str(programs / name), "--version"], log=log, cwd=cwd)
                    if child.wait(timeout=PROBE_SECONDS) != 0:
                        return False
        except (OSError, subprocess.SubprocessError):
            return False
        return True


def find(installation: Path, *, folder: Path) -> tuple[Guise, Path]:
    """Return a guise and the folder of Postgres' programs that it can run.

    The installation may lie where only root gets (another user's private home). Then it is copied
    into our own folder; nobody's permissions change.

    Raises CannotStart if nothing works.
    """
    for guise in _candidates():
        guise.enter(folder)
        if guise.can_run(installation / "bin", cwd=folder):
            return guise, installation / "bin"
        copy = _copy_for_all(installation, folder / "wheel")
        if guise.can_run(copy / "bin", cwd=folder):
            return guise, copy / "bin"
    raise CannotStart(
        f"Postgres cannot run here as user id {os.geteuid()}: run as an ordinary user with an entry"
        " in the password file, or set RECOMMA_DATABASE_URL to a Postgres of your own"
    )


def _candidates() -> Iterator[Guise]:
    uid = os.geteuid()
    if uid != 0 and _is_named(uid):
        yield Guise()
        return
    unshare = shutil.which("unshare")
    named = next((user for user in pwd.getpwall() if user.pw_uid not in (0, 65534)), None)
    if unshare is not None and named is not None:
        who = (f"--map-user={named.pw_uid}", f"--map-group={named.pw_gid}")
        yield Guise(before=(unshare, "--user", *who, "--"))
    if uid == 0 and _is_named_nobody():
        nobody = pwd.getpwnam("nobody")
        yield Guise(uid=nobody.pw_uid, gid=nobody.pw_gid)


def _is_named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _is_named_nobody() -> bool:
    try:
        pwd.getpwnam("nobody")
    except KeyError:
        return False
    return True


def _copy_for_all(installation: Path, folder: Path) -> Path:
    """Copy the programs so that any user can run them, however private the original is.

    On Linux their libraries lie beside the package, and are found by the way from one to the other.
    """
    package = installation.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(
                part, folder / part.name, symlinks=True, ignore=_not_needed, dirs_exist_ok=True
            )
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return folder / package.name / installation.name


def _not_needed(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("include", "pkgconfig", "doc", "man", "__pycache__")]
