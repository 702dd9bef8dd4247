"""Reads one table of a what-if script; what is wrong with it becomes one sentence."""

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

_DURATION: Final = re.compile(
    r"(?:(?P<days>\d{1,4})d)?(?:(?P<hours>\d{1,5})h)?(?:(?P<minutes>\d{1,6})m(?!s))?"
    r"(?:(?P<seconds>\d{1,8}(?:\.\d{1,3})?)s)?(?:(?P<milliseconds>\d{1,8})ms)?"
)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}


class BadScript(Exception):
    """The script cannot be used; the text is one sentence that names file, key and remedy."""


class Table:
    """One table, read key by key; `close` then finds the keys that nobody asked for.

    `texts`: values may be texts where the table has numbers or flags, as in an HTTP request.
    Every method raises BadScript.
    """

    def __init__(self, source: str, name: str, values: object, *, texts: bool = False) -> None:
        self._source = source
        self._name = name
        self._texts = texts
        if not isinstance(values, Mapping):
            raise BadScript(f"{source}: {name} must be a table of keys and values.")
        self._values: Mapping[str, Any] = values
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def close(self) -> None:
        """Refuse the first key that means nothing here, and name the nearest that does."""
        for key in self._values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                remedy = f"write {near[0]!r}" if near else f"use one of {', '.join(self._asked)}"
                raise self.wrong(key, f"is not known here: {remedy}")

    def wrong(self, key: str, sentence: str) -> BadScript:
        place = f"{self._name}.{key}" if self._name else key
        return BadScript(f"{self._source}: {place} {sentence}.")

    def raw(self, key: str) -> Any:
        self._asked.append(key)
        return self._values.get(key)

    def number(self, key: str, default: Decimal, *, least: Decimal = Decimal(0)) -> Decimal:
        found = self.optional_number(key, least=least)
        return default if found is None else found

    def optional_number(self, key: str, *, least: Decimal = Decimal(0)) -> Decimal | None:
        value = self.raw(key)
        if value is None:
            return None
        number = as_number(value)
        if number is None or number < least:
            raise self.wrong(key, f'must be a number from {least} on like "0.25", not {value!r}')
        return number

    def positive(self, key: str, default: Decimal) -> Decimal:
        number = self.number(key, default)
        if number <= 0:
            raise self.wrong(key, 'must be a number above 0 like "0.25"')
        return number

    def whole(self, key: str, default: int, *, least: int = 0, most: int = 1000) -> int:
        value = self.raw(key)
        if value is None:
            return default
        if self._texts and isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:10])
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(key, f"must be a whole number from {least} to {most}, not {value!r}")
        return value

    def wholes(self, key: str) -> frozenset[int]:
        value = self.raw(key)
        numbers = [] if value is None else value
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise self.wrong(key, f"must be a list of whole numbers like [2, 3], not {value!r}")
        return frozenset(numbers)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.raw(key)
        if value is None:
            return default
        if self._texts and str(value).lower() in _FLAGS:
            return _FLAGS[str(value).lower()]
        if not isinstance(value, bool):
            raise self.wrong(key, f"must be true or false, not {value!r}")
        return value

    def text(self, key: str) -> str | None:
        value = self.raw(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.wrong(key, f"must be a text, not {value!r}")
        return value

    def choice(self, key: str, ways: Sequence[str]) -> str:
        """Return one of `ways`; the first where the key is left out."""
        value = self.raw(key)
        if value is None:
            return ways[0]
        if value not in ways:
            raise self.wrong(key, f"must be {' or '.join(ways)}, not {value!r}")
        return str(value)

    def duration(self, key: str) -> timedelta | None:
        value = self.raw(key)
        return None if value is None else self.as_duration(key, value)

    def as_duration(self, key: str, value: object) -> timedelta:
        if isinstance(value, str) and value and (found := _DURATION.fullmatch(value)):
            parts = found.groupdict()
            if any(parts.values()):
                return timedelta(
                    milliseconds=sum(
                        int(Decimal(part) * _MILLISECONDS[unit])
                        for unit, part in parts.items()
                        if part
                    )
                )
        raise self.wrong(key, f'must be a time span like "90s" or "1h30m", not {value!r}')

    def tables(self, key: str) -> "list[Table]":
        """Return the tables of a list; none where the key is left out."""
        value = self.raw(key)
        found = [] if value is None else value
        if not isinstance(found, list):
            raise self.wrong(key, f"must be a list of tables, not {value!r}")
        place = f"{self._name}.{key}" if self._name else key
        return [
            Table(self._source, f"{place}[{number}]", each, texts=self._texts)
            for number, each in enumerate(found, start=1)
        ]

    def table(self, key: str) -> "Table":
        """Return a table; an empty one where the key is left out."""
        value = self.raw(key)
        place = f"{self._name}.{key}" if self._name else key
        return Table(self._source, place, {} if value is None else value, texts=self._texts)


_MILLISECONDS: Final = {
    "days": 86_400_000,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1000,
    "milliseconds": 1,
}


def as_number(value: object) -> Decimal | None:
    """Read a decimal out of a text or a number of TOML or JSON; None if it is none."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        return None
    if not _NUMBER.fullmatch(str(value)):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
