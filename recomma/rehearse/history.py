"""The finished deals of a 3Commas account, read slowly and kept, so that no request is made twice.

Every deal is one request. What has been read stays in a folder, one file for each deal; whatever
ends the reading, the next one goes on from there, because a finished deal does not change.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol, TypeVar

from recomma.domain.source import SourceDeal
from recomma.ports import NotThere, Unreadable
from recomma.rehearse.pacing import Time

TRIES: Final = 6
PAUSE_SECONDS: Final = 20
PRIVATE: Final = 0o700
PARTIAL: Final = ".partial"

T = TypeVar("T")


class Archive(Protocol):
    """What is read of 3Commas here. Each method raises OutsideError."""

    def finished_deals(self, since: datetime) -> Sequence[SourceDeal]: ...
    def payload(self, deal_id: int) -> object: ...


@dataclass(frozen=True)
class Told:
    """How far the reading has come. `wanted` counts all deals, `kept` those in the folder."""

    kept: int
    wanted: int


@dataclass(frozen=True)
class History:
    """Reads an account's past into `folder`."""

    archive: Archive
    folder: Path
    time: Time
    tell: Callable[[Told], None]

    def read(self, days: int) -> tuple[Path, ...]:
        """Return a file for each deal created in the last `days` days that has ended.

        Raises NotAllowed, and Unreadable when 3Commas cannot be read for long; what was read until
        then is kept.
        """
        self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        since = self.time.now() - timedelta(days=days)
        listed = self._patiently(lambda: self.archive.finished_deals(since))
        ids = sorted(deal.id for deal in listed)
        missing = [deal_id for deal_id in ids if not self._file(deal_id).exists()]
        self.tell(Told(len(ids) - len(missing), len(ids)))
        for number, deal_id in enumerate(missing, start=1):
            self._keep(deal_id)
            self.tell(Told(len(ids) - len(missing) + number, len(ids)))
        return tuple(file for file in map(self._file, ids) if file.exists())

    def _keep(self, deal_id: int) -> None:
        try:
            payload = self._patiently(lambda: self.archive.payload(deal_id))
        except NotThere:
            return  # Deals vanish with their exchange account (threecommas.md 4.3).
        partial = self._file(deal_id).with_suffix(PARTIAL)
        partial.write_text(json.dumps(payload), encoding="utf-8")
        # In one step: half a file would be taken for a deal by the next reading.
        partial.replace(self._file(deal_id))

    def _file(self, deal_id: int) -> Path:
        return self.folder / f"{deal_id}.json"

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask; where 3Commas says when to come back, or is away, wait and ask again."""
        tried = 0
        while True:
            try:
                return ask()
            except Unreadable as error:
                tried += 1
                if tried == TRIES:
                    raise Unreadable(
                        f"3Commas cannot be read ({error}): what was read is kept in "
                        f"{self.folder}, run the same command again to go on."
                    ) from None
                self.time.sleep(self._pause_seconds(error, tried))

    def _pause_seconds(self, error: Unreadable, tried: int) -> float:
        if error.until is not None:
            return max((error.until - self.time.now()).total_seconds(), 0) + 1
        return error.wait_seconds or PAUSE_SECONDS * tried
