"""From a file, or from what is stored of one, to its tables; or to one sentence."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recomma.config_file.changes import name_of
from recomma.config_file.resolving import multipliers_beyond_the_maximum
from recomma.config_file.tables import ConfigFile


class BadConfig(Exception):
    """recomma.toml cannot be used; the message names the place and the remedy."""


def read(path: Path) -> ConfigFile:
    """Read the file. Raises BadConfig with one sentence for the first thing that is wrong."""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise BadConfig(f"{path} cannot be read ({error.strerror}): name the file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} is not TOML: {error}.") from None
    return _checked(content, str(path))


def stored(body: Mapping[str, Any]) -> ConfigFile:
    """Return what was stored of a file as a settings version. Raises BadConfig."""
    # A simulated stage has no file, and stores the names of its venues alone.
    venues = [venue for venue in body.get("venues", ()) if isinstance(venue, Mapping)]
    return _checked({**body, "venues": venues}, "the stored settings")


def _checked(content: Mapping[str, Any], source: str) -> ConfigFile:
    try:
        config = ConfigFile.model_validate(content)
    except ValidationError as error:
        raise BadConfig(f"{source}: {_sentence(error, content)}") from None
    if beyond := multipliers_beyond_the_maximum(config):
        raise BadConfig(f"{source}: {beyond}.")
    return config


def _sentence(error: ValidationError, content: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    place = _place(first["loc"], content)
    if first["type"] != "extra_forbidden":
        return f"{place or 'the file'}: {first['msg'].removeprefix('Value error, ')}."
    unknown, schema = str(first["loc"][-1]), ConfigFile.model_json_schema()
    return f"{place} is not a key that recomma knows; {_hint(unknown, schema, first['loc'][:-1])}"


def _hint(unknown: str, schema: Mapping[str, Any], path: Sequence[int | str]) -> str:
    here = _keys(_at(schema, path))
    elsewhere = [
        (name, key)
        for name in ("policy", "limits", "lists")
        for key in _keys(_at(schema, [name]))
        if key == unknown
    ]
    if elsewhere:
        return f"it belongs into the table {elsewhere[0][0]}."
    near = difflib.get_close_matches(unknown, here, n=1)
    return f"did you mean {near[0]}?" if near else f"it may be one of {', '.join(here)}."


def _place(path: Sequence[int | str], content: Any) -> str:
    """Spell a place with the names of venues and bots rather than with their numbers."""
    words = []
    for part in path:
        if isinstance(part, str):
            words.append(part)
            content = content.get(part) if isinstance(content, Mapping) else None
        else:
            content = content[part] if isinstance(content, Sequence) else None
            named = isinstance(content, Mapping) and ("name" in content or "id" in content)
            pair = isinstance(content, Mapping) and "bot" in content
            words.append(name_of(content) if named or pair else f"no. {part + 1}")
        if content is None:
            break  # What follows are names of types, not of keys.
    return ".".join(words)


def _at(schema: Mapping[str, Any], path: Sequence[int | str]) -> Mapping[str, Any]:
    """Follow a place through the schema to the table that it names."""
    found: Mapping[str, Any] = schema
    for part in path:
        found = found["items"] if isinstance(part, int) else found["properties"][part]
        if "$ref" in found:
            found = schema["$defs"][str(found["$ref"]).rpartition("/")[2]]
    return found


def _keys(table: Mapping[str, Any]) -> list[str]:
    return list(table.get("properties", {}))
