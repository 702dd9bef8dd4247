"""What every command that changes something shares: who acts, what words may be, how it is told."""

import getpass
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import click

from recomma.config import BadSetting

ACTOR: Final = "RECOMMA_ACTOR"
NAME_MAX: Final = 100
WORDS_MAX: Final = 500
ID_MAX: Final = 2**63 - 1  # What a column of ids can hold.

Id: Final = click.IntRange(1, ID_MAX)


class Words(click.ParamType[str]):
    """A remark of a person: one line that any database can hold."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        words = str(value).strip()
        if not words.isprintable() or len(words) > WORDS_MAX:
            self.fail(f"say it in one line of at most {WORDS_MAX} characters", param, ctx)
        return words


def actor() -> str:
    """Return who acts: RECOMMA_ACTOR, or the login name. Raises BadSetting."""
    try:
        name = os.environ.get(ACTOR) or getpass.getuser()
    except (KeyError, OSError):
        raise BadSetting(f"{ACTOR} is not set, and this user has no name: say who acts.") from None
    if not name.strip() or not name.isprintable() or len(name) > NAME_MAX:
        raise BadSetting(f"{ACTOR} is not usable: a name of at most {NAME_MAX} characters is.")
    return name.strip()


def say_json(told: object) -> None:
    click.echo(json.dumps(told, default=plain))


def plain(value: object) -> object:
    """Return a value as JSON has it: money as text, so that no reader rounds it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def instant(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def amount(value: Decimal) -> str:
    """Return a size or a price without zeros that say nothing."""
    return format(value.normalize(), "f")


def counted(count: int, word: str, words: str = "") -> str:
    return f"{count} {word if count == 1 else words or word + 's'}"


def aligned(rows: Sequence[Sequence[object]], indent: str = "  ") -> list[str]:
    """Return lines whose columns stand below each other."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in texts
    ]


def without_nothing(told: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in told.items() if value is not None}
