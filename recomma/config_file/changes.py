"""What differs between two versions of recomma.toml, key by key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recomma.config_file.tables import ConfigFile


@dataclass(frozen=True)
class Change:
    """One key of which two versions say different things; None: it is not there."""

    key: str
    before: object
    after: object

    def as_json(self) -> dict[str, object]:
        return {"key": self.key, "before": self.before, "after": self.after}


def changes(before: ConfigFile, after: ConfigFile) -> tuple[Change, ...]:
    """Return what differs, by key. Venues are told apart by name, bots by id, pairs by both."""
    old, new = keys_of(before), keys_of(after)
    return tuple(
        Change(key, old.get(key), new.get(key))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    )


def keys_of(config: ConfigFile) -> Mapping[str, object]:
    """Return every key that was written, with its value as it is stored."""
    return dict(_flat("", config.model_dump(mode="json", exclude_unset=True)))


def _flat(place: str, content: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in content.items():
        here = f"{place}.{key}" if place else key
        if isinstance(value, Mapping):
            yield from _flat(here, value)
        elif isinstance(value, Sequence) and value and isinstance(value[0], Mapping):
            for table in value:
                yield from _flat(f"{here}.{name_of(table)}", table)
        else:
            yield here, value


def name_of(table: Mapping[str, Any]) -> str:
    """Return what tells one table of [[venues]], [[bots]] or [[pairs]] from the others."""
    if "bot" in table:
        return f"{table['bot']}@{table.get('venue', '?')}"
    return str(table.get("name", table.get("id", "?")))
