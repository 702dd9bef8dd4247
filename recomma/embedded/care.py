"""Processes that must not outlive the parent: the servers, and its own, such as Celery workers."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path


class Care:
    """Remembers processes, and kills those that are still there at the end.

    The list is also kept in a file, for whoever has to clean up after a killed keeper.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[int, tuple[str | None, bool]] = {}
        with contextlib.suppress(FileNotFoundError):
            known = json.loads(file.read_text())
            self._known = {int(pid): (birth, leads) for pid, (birth, leads) in known.items()}

    def take(self, pid: int) -> None:
        try:
            leads_a_group = os.getpgid(pid) == pid
        except ProcessLookupError:
            return
        self._known[pid] = (born(pid), leads_a_group)
        self._save()

    def let_go(self, pid: int) -> None:
        self._known.pop(pid, None)
        self._save()

    def end(self) -> None:
        """Kill them, and their whole process groups where they lead one."""
        for pid, (birth, leads_a_group) in self._known.items():
            # A pid is not given away again while its group has a member, so that a group without
            # its leader is still ours; a leader born at another time is somebody else.
            if born(pid) not in (birth, None):
                continue
            with contextlib.suppress(ProcessLookupError, PermissionError):
                (os.killpg if leads_a_group else os.kill)(pid, signal.SIGKILL)
        self._known.clear()

    def _save(self) -> None:
        # Renamed into place: a keeper killed while it writes must not leave half a list.
        unnamed = self._file.with_suffix(".new")
        unnamed.write_text(json.dumps(self._known))
        unnamed.replace(self._file)


def born(pid: int) -> str | None:
    """Return when a process started, in the system's own words; None when it is gone."""
    if not Path("/proc/self/stat").exists():  # macOS
        ps = ["ps", "-o", "lstart=", "-p", str(pid)]
        asked = subprocess.run(ps, capture_output=True, text=True, check=False)
        return asked.stdout.strip() or None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]
