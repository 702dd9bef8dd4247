"""Recorded deals and what-if scripts in a folder: which files are which, and what is wrong."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from recomma.domain.bot_events import parse_event
from recomma.domain.money import Side
from recomma.domain.source import BotEvent, Strategy
from recomma.simulators.threecommas.what_if import BadScript, Script
from recomma.simulators.threecommas.what_if import read as read_script

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
    def entry_side(self) -> Side:
        return Strategy(self.payload["strategy"]).entry_side

    @property
    def created_at(self) -> datetime:
        return moment(self.payload["created_at"])


@dataclass(frozen=True)
class Recordings:
    deals: tuple[Recording, ...]
    scripts: tuple[Script, ...]
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
    """Read every JSON file and every what-if script (TOML) of `paths` (folders or files).

    Raises BadRecording for a path that does not exist, unreadable JSON, a file that was named
    itself and is neither, a script that cannot be used, and when there is nothing to rehearse.
    """
    found = _Found({}, {}, [])
    for path, named in _files(paths):
        if path.suffix == ".toml":
            found.add_script(path, named=named)
        else:
            found.add_deal(path, named=named)
    if not found.deals and not found.scripts:
        names = ", ".join(map(str, paths))
        raise BadRecording(
            f"There is no recorded deal in {names}: give a folder of show answers, "
            f"or of what-if scripts."
        )
    deals = sorted(found.deals.values(), key=lambda deal: deal.deal_id)
    scripts = tuple(script for _, script in found.scripts.values())
    return Recordings(tuple(deals), scripts, tuple(found.ignored))


@dataclass
class _Found:
    deals: dict[int, Recording]
    scripts: dict[int, tuple[Path, Script]]  # By the id of the first deal.
    ignored: list[str]

    def add_deal(self, path: Path, *, named: bool) -> None:
        payload = _read(path)
        if not _is_deal(payload):
            if named:
                raise BadRecording(
                    f"{path} is not a recorded deal: give the answer of deals/ID/show."
                )
            self.ignored.append(f"{path.name}: not a deal, ignored")
        elif payload["id"] in self.deals:
            first = self.deals[payload["id"]].path.name
            said = f"{path.name}: deal {payload['id']} is already in {first}, ignored"
            self.ignored.append(said)
        else:
            self.deals[payload["id"]] = _recording(path, payload)

    def add_script(self, path: Path, *, named: bool) -> None:
        if not named and not _is_script(path):
            self.ignored.append(f"{path.name}: not a what-if script, ignored")
            return
        try:
            script = read_script(path)
        except BadScript as error:
            raise BadRecording(str(error)) from None
        if script.first_deal_id in self.scripts:
            first, _ = self.scripts[script.first_deal_id]
            said = f"{path.name}: its deals have the ids of those in {first.name}, ignored"
            self.ignored.append(said)
        else:
            self.scripts[script.first_deal_id] = path, script


def _files(paths: Sequence[Path]) -> Iterable[tuple[Path, bool]]:
    for path in paths:
        if path.is_dir():
            files = [file for file in path.iterdir() if file.suffix in (".json", ".toml")]
            yield from ((file, False) for file in sorted(files))
        elif path.exists():
            yield path, True
        else:
            raise BadRecording(f"{path} does not exist.")


def _is_script(path: Path) -> bool:
    """Tell a script from other TOML; what cannot be read is left to its reader to complain of."""
    try:
        return "bot" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return True


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
        _ = recording.deal_id, recording.bot_id, recording.created_at, recording.entry_side
        if "_" not in text(payload["pair"]):
            raise ValueError(f"pair {payload['pair']} is not QUOTE_BASE")
    except (KeyError, TypeError, ValueError) as error:
        raise BadRecording(
            f"{path} looks like a deal but cannot be replayed ({error!r}): mend or remove it."
        ) from None
    return recording
