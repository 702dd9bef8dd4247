"""recomma.toml: venues, their bots, and the policy; read as values, checked as a whole."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class BadConfig(Exception):
    """recomma.toml cannot be used; the message names the place and the remedy."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]


class VenueTable(_Table):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    account: Address
    sub_account: Address | None = None
    live: bool = False
    bots: Literal["all"] | tuple[int, ...] = "all"


class PolicyTable(_Table):
    multiplier: Annotated[Decimal, Field(gt=0, le=100)] = Decimal(1)
    leverage: Annotated[int, Field(ge=1, le=50)] = 1


class ConfigFile(_Table):
    policy: PolicyTable = PolicyTable()
    venues: tuple[VenueTable, ...] = ()

    @model_validator(mode="after")
    def names_differ(self) -> "ConfigFile":
        names = [venue.name for venue in self.venues]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two venues are called {', '.join(sorted(twice))}")
        return self


def read(path: Path) -> ConfigFile:
    """Read the file. Raises BadConfig with one sentence for the first thing that is wrong."""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file, parse_float=Decimal)
        return ConfigFile.model_validate(content)
    except OSError as error:
        raise BadConfig(f"{path} cannot be read ({error.strerror}): name the file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} is not TOML: {error}.") from None
    except ValidationError as error:
        raise BadConfig(f"{path}: {_sentence(error)}") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] != "extra_forbidden":
        return f"{place or 'the file'}: {first['msg'].removeprefix('Value error, ')}."
    unknown = str(first["loc"][-1])
    near = difflib.get_close_matches(unknown, _keys(ConfigFile.model_json_schema()), n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"{place} is not a key that recomma knows{hint}"


def _keys(schema: Mapping[str, Any]) -> Iterable[str]:
    tables = [schema, *schema.get("$defs", {}).values()]
    return [key for table in tables for key in table.get("properties", {})]
