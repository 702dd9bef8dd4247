"""What stays behind when even the keeper is killed, and how it is found again.

Each folder holds a lock that its keeper keeps as long as it lives, and a list of the processes in
its care. A folder whose lock is free belongs to nobody any more.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

from recomma.embedded.care import Care
from recomma.embedded.postgres import (
    pid_file_lines,
    remove_shared_memory,
    shared_memory,
)

PREFIX = "recomma-embedded-"
LOCK = "keeper.lock"
CARE = "care.json"
OWN = "servers.json"


def lock(folder: Path) -> IO[bytes]:
    """Mark a new folder as used for as long as the returned file is open.

    The lock is taken before the file gets its name, so that no sweep can come in between.
    """
    unnamed = folder / f"{LOCK}.new"
    held = unnamed.open("wb")
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    unnamed.rename(folder / LOCK)
    return held


def sweep() -> None:
    """Remove what killed keepers of this user left in the temporary folder."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            _remove_if_dead(folder)


def remove(folder: Path) -> None:
    """Kill what runs in a folder whose keeper is dead, and remove the folder."""
    for processes in (CARE, OWN):
        Care(folder / processes).end()
    segment = shared_memory(pid_file_lines(folder / "postgres/postmaster.pid"))
    if segment is not None:
        remove_shared_memory(segment)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_if_dead(folder: Path) -> None:
    # Somebody else's folder could name any process as one to be killed.
    if folder.is_symlink() or folder.lstat().st_uid != os.geteuid():
        return
    with (folder / LOCK).open("rb") as held:  # No lock yet: being made at this moment.
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(folder)
