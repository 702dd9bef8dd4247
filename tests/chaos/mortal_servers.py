"""A Postgres and a Valkey that can be killed and come back, on another port behind the proxy."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from recomma.embedded.care import Care
from recomma.embedded.postgres import Postgres
from recomma.embedded.server import Server
from recomma.embedded.valkey import Valkey


class Mortal(Server):
    """`care_for` is told each new process, so that none outlives this one."""

    def __init__(self, folder: Path, care_for: Callable[[int], None], *, durable: bool) -> None:
        super().__init__(folder, durable=durable)
        self._care_for = care_for

    def begin(self) -> None:
        """Set up and start. Raises CannotStart."""
        self.launch(Care(self.folder.with_suffix(".care")))
        self._be_ready()

    def rise(self) -> None:
        """Start again with what was kept. Raises CannotStart."""
        self._launch()
        self._be_ready()

    def fall(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End at once; returns when the process has gone."""
        self._send(how)
        if self._child is not None:
            self._child.wait(timeout=30)

    def _be_ready(self) -> None:
        self.wait_until_ready()
        if self._child is not None:
            self._care_for(self._child.pid)


class MortalPostgres(Mortal, Postgres):
    """Falls by SIGQUIT: its immediate shutdown, which saves nothing and needs recovery."""

    def __init__(self, folder: Path, care_for: Callable[[int], None]) -> None:
        # What was written survives a killed process without being synced, and this machine goes on.
        super().__init__(folder, care_for, durable=False)
        self._segment: tuple[int, int] | None = None
        self._programs = Path()

    def fall(self, how: signal.Signals = signal.SIGQUIT) -> None:
        super().fall(how)


class MortalValkey(Mortal, Valkey):
    """Finds again after a kill what it had, by its append-only file."""

    def __init__(self, folder: Path, care_for: Callable[[int], None]) -> None:
        super().__init__(folder, care_for, durable=True)

    def forget(self) -> None:
        """Have it come back empty; only while it is down."""
        for each in self.folder.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
