"""Recorded deals in a folder: which files are deals, and what is wrong with the others."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from recomma.domain.bot_events import parse_event
from recomma.domain.source import BotEvent

DEAL_KEYS: Final = {"id", "bot_id", "status", "strategy", "bot_events"}


class BadRecording(Exception):
    """The recordings cannot be used; the message names the file and says what to do."""


@dataclass(frozen=True)
class Recording:
    """One deal as `show` gave it, with its events in the order in which they happened."""

    path: Path
    payload: Mapping[str, Any]
    events: tuple[BotEvent, ...]

    @property
    def deal_id(self) -> int:
        return int(self.payload["id"])

    @property
    def bot_id(self) -> int:
        return int(self.payload["bot_id"])

    @property
    def pair(self) -> str:
        return str(self.payload["pair"])

    @property
    def created_at(self) -> datetime:
        return moment(self.payload["created_at"])


@dataclass(frozen=True)
class Recordings:
    deals: tuple[Recording, ...]
    ignored: tuple[str, ...]  # One sentence for each file that is not rehearsed.


def moment(written: str) -> datetime:
    """Read a time. Raises ValueError for one without an offset: nobody knows when that is."""
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError(f"{written} has no offset from UTC")
    return at


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def load(paths: Sequence[Path]) -> Recordings:
    """Read every JSON file of `paths` (folders or files).

    Raises BadRecording for a path that does not exist, unreadable JSON, a file that was named
    itself and is no deal, and when there is no deal at all.
    """
    found: dict[int, Recording] = {}
    ignored = []
    for path, named in _files(paths):
        payload = _read(path)
        if not _is_deal(payload):
            if named:
                raise BadRecording(
                    f"{path} is not a recorded deal: give the answer of deals/ID/show."
                )
            ignored.append(f"{path.name}: not a deal, ignored")
        elif payload["id"] in found:
            first = found[payload["id"]].path.name
            ignored.append(f"{path.name}: deal {payload['id']} is already in {first}, ignored")
        else:
            found[payload["id"]] = _recording(path, payload)
    if not found:
        names = ", ".join(map(str, paths))
        raise BadRecording(f"There is no recorded deal in {names}: give a folder of show answers.")
    return Recordings(tuple(sorted(found.values(), key=lambda deal: deal.deal_id)), tuple(ignored))


def _files(paths: Sequence[Path]) -> Iterable[tuple[Path, bool]]:
    for path in paths:
        if path.is_dir():
            yield from ((file, False) for file in sorted(path.glob("*.json")))
        elif path.exists():
            yield path, True
        else:
            raise BadRecording(f"{path} does not exist.")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadRecording(
            f"{path} is not readable as JSON ({error}): mend or remove it."
        ) from None


def _is_deal(payload: Any) -> bool:
    return isinstance(payload, dict) and payload.keys() >= DEAL_KEYS and "deal_id" not in payload


def _recording(path: Path, payload: Mapping[str, Any]) -> Recording:
    try:
        events = [
            parse_event(text(e["message"]), moment(e["created_at"])) for e in payload["bot_events"]
        ]
        recording = Recording(path, payload, tuple(sorted(events, key=lambda event: event.at)))
        _ = recording.deal_id, recording.bot_id, recording.created_at
        if "_" not in text(payload["pair"]):
            raise ValueError(f"pair {payload['pair']} is not QUOTE_BASE")
    except (KeyError, TypeError, ValueError) as error:
        raise BadRecording(
            f"{path} looks like a deal but cannot be replayed ({error!r}): mend or remove it."
        ) from None
    return recording
