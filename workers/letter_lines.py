"""How dead letters look on a terminal, in a pipe, and to a program."""

import dataclasses
import io
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, Unpack

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recomma.domain.letters import Match
from recomma.domain.messages import Illegible
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason


class Letter(Protocol):
    """What is shown of a dead letter in a list; in full, every field of its dataclass is."""

    @property
    def id(self) -> int: ...
    @property
    def note(self) -> Note | None: ...
    @property
    def task(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, object]: ...
    @property
    def queue(self) -> str: ...
    @property
    def reason(self) -> Reason | Illegible: ...
    @property
    def why(self) -> str: ...
    @property
    def times(self) -> int: ...
    @property
    def died_at(self) -> datetime: ...


class Letters(Protocol):
    """What the command line needs of the store of dead letters (`wiring.dead_letters`)."""

    def list(self, **match: Unpack[Match]) -> Sequence[Letter]: ...
    def show(self, letter_id: int) -> Letter: ...
    def requeue(
        self, ids: Sequence[int] | None, *, actor: str, **match: Unpack[Match]
    ) -> Sequence[int]: ...
    def discard(self, letter_id: int, *, why: str, actor: str) -> None: ...
    def counts(self) -> Mapping[tuple[str, str], int]: ...


def as_json(what: Any) -> str:
    """Return letters, a letter or counts as JSON; times in ISO 8601."""
    return json.dumps(_plain(what), indent=2, ensure_ascii=False)


def table(letters: Sequence[Letter]) -> str:
    if not letters:
        return "no open dead letters"
    rows = [
        (
            str(letter.id),
            _time(letter.died_at),
            letter.queue,
            about(letter),
            str(letter.reason),
            str(letter.times),
            letter.why,
        )
        for letter in letters
    ]
    return _drawn(("id", "died at", "queue", "note", "reason", "times", "why"), rows)


def about(letter: Letter) -> str:
    """Return what the letter is about: its note, or what a message said of itself."""
    if letter.note is not None:
        return str(letter.note)
    said = " ".join(f"{name}={each}" for name, each in letter.arguments.items())
    return f"message {letter.task or '?'} {said}".rstrip()


def in_full(letter: Letter) -> str:
    """Return every field on lines of its own; long texts last."""
    fields = _plain(letter)
    long = {name: fields.pop(name) for name in ("traceback", "attempts", "message")}
    width = max(map(len, fields))
    lines = [f"{name:<{width}}  {_one_line(_flat(value))}" for name, value in fields.items()]
    lines += [f"\nattempt {n}: {_flat(each)}" for n, each in enumerate(long["attempts"], 1)]
    if long["traceback"]:
        lines.append(f"\n{_printable(long['traceback'].rstrip())}")
    if long["message"]:
        lines.append(f"\nmessage:\n{as_json(long['message'])}")
    return "\n".join(lines)


def counted(counts: Mapping[tuple[str, str], int]) -> str:
    if not counts:
        return "no open dead letters"
    rows = [(queue, reason, str(count)) for (queue, reason), count in sorted(counts.items())]
    return _drawn(("queue", "reason", "letters"), rows)


def counted_as_json(counts: Mapping[tuple[str, str], int]) -> str:
    return as_json(
        [
            {"queue": queue, "reason": reason, "letters": count}
            for (queue, reason), count in sorted(counts.items())
        ]
    )


def _drawn(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    flat = [[_one_line(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        return "\n".join("\t".join(row) for row in flat)
    return boxed(heads, flat, width=Console().width)


def boxed(heads: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> str:
    """Return a table for a terminal of `width` columns."""
    drawn = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for head in heads:
        drawn.add_column(head, overflow="fold")  # Cut names could not be typed again.
    for row in rows:
        # As text: square brackets in what a venue said are not markup.
        drawn.add_row(*map(Text, row))
    paper = io.StringIO()
    Console(file=paper, width=width, force_terminal=True, highlight=False).print(drawn)
    return paper.getvalue().rstrip("\n")


def _one_line(cell: str) -> str:
    """The other side's words must not move the cursor of this one."""
    return _printable(" ".join(cell.split()))


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text)


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={each}" for name, each in value.items() if each)
    return "-" if value is None or value == "" else str(value)


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _plain(what: Any) -> Any:
    if dataclasses.is_dataclass(what) and not isinstance(what, type):
        return {f.name: _plain(getattr(what, f.name)) for f in dataclasses.fields(what)}
    if isinstance(what, Mapping):
        return {str(name): _plain(value) for name, value in what.items()}
    if isinstance(what, Sequence) and not isinstance(what, str):
        return [_plain(each) for each in what]
    return what.isoformat() if isinstance(what, datetime) else what
