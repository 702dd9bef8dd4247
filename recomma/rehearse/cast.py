"""Which simulated accounts stand in for the venues, and which bots trade on them.

Isolated: each bot has an account of its own for each venue, so that recordings which contradict
each other each get the market they were made on. Shared: one account for each venue, as in life.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from click import UsageError
from pydantic import ValidationError

from recomma.config_file import BadConfig, ConfigFile
from recomma.config_file.tables import MULTIPLIER_MAX
from recomma.stage.bare import StageVenue

NAME_LENGTH_MAX: Final = 32
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
ALONE: Final = "rehearsal"  # What reports call the one venue of a rehearsal that names none.


@dataclass(frozen=True)
class Role:
    """One simulated account: the venue it stands in for, and whose orders it takes."""

    stands_for: str
    venue: StageVenue


@dataclass(frozen=True)
class Cast:
    """The accounts of a rehearsal. `config` is about exactly these."""

    roles: tuple[Role, ...]
    config: ConfigFile

    @property
    def venues(self) -> tuple[StageVenue, ...]:
        return tuple(role.venue for role in self.roles)

    def accounts_of(self, bot_id: int) -> tuple[str, ...]:
        """Return the accounts that a bot is mirrored on; their markets move with its deals."""
        return tuple(v.account for v in self.venues if bot_id in (v.bots or ()))

    def beside(self, bot_id: int) -> tuple[int, ...]:
        """Return the bots whose markets a bot moves, itself among them."""
        together = {b for v in self.venues if bot_id in (v.bots or ()) for b in v.bots or ()}
        return tuple(sorted(together | {bot_id}))


def read_venues(text: str) -> Mapping[str, Decimal]:
    """Read `NAME=MULTIPLIER,...`. Raises click.UsageError with one sentence."""
    found: dict[str, Decimal] = {}
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        try:
            multiplier = Decimal(number if equals else "")
        except InvalidOperation:
            raise UsageError(f"--venues {part.strip()!r}: write NAME=MULTIPLIER.") from None
        if not NAME.fullmatch(name) or name in found:
            raise UsageError(
                f"--venues {part.strip()!r}: give each venue a name of its own, of small letters, "
                f"digits, - and _."
            )
        found[name] = usable(multiplier)
    return found


def usable(multiplier: Decimal) -> Decimal:
    """Return a multiplier that a venue may have. Raises click.UsageError."""
    if not multiplier.is_finite() or not 0 < multiplier <= MULTIPLIER_MAX:
        raise UsageError(f"A multiplier is above 0 and at most {MULTIPLIER_MAX}.")
    return multiplier


def plain(multiplier: Decimal, venues: Mapping[str, Decimal]) -> ConfigFile:
    """Return settings for a rehearsal without a recomma.toml: venues by name and multiplier."""
    named = venues or {ALONE: multiplier}
    return _config(
        {
            "venues": [
                {
                    "name": name,
                    "account": StageVenue(name, None).account,
                    "policy": {"multiplier": each},
                }
                for name, each in named.items()
            ]
        }
    )


def cast(config: ConfigFile, bots: Collection[int], *, shared: bool) -> Cast:
    """Give every venue of `config` its simulated accounts, for these bots alone.

    Raises BadConfig if the settings mirror none of them.
    """
    body = config.model_dump(mode="python", exclude_unset=True)
    tables = {str(table["name"]): table for table in body.get("venues", ())}
    roles = []
    for venue in config.venues:
        taken = tuple(bot for bot in sorted(bots) if venue.takes(bot))
        groups = [taken] if shared else [(bot,) for bot in taken]
        roles += [
            Role(venue.name, StageVenue(_name(venue.name, group, shared=shared), group))
            for group in groups
            if group
        ]
    if not roles:
        raise BadConfig("None of the rehearsed bots is mirrored by the settings: name their ids.")
    pairs = [_paired(pair, roles) for pair in body.get("pairs", ()) if pair["bot"] in bots]
    body["venues"] = [_table(tables[role.stands_for], role.venue) for role in roles]
    body["pairs"] = [table for found in pairs for table in found]
    return Cast(tuple(roles), _config(body))


def _name(venue: str, bots: Sequence[int], *, shared: bool) -> str:
    if shared:
        return venue
    end = f"bot-{bots[0]}"
    if venue == ALONE:
        return end
    return f"{venue[: NAME_LENGTH_MAX - len(end) - 1]}-{end}"


def _table(written: Mapping[str, Any], venue: StageVenue) -> dict[str, Any]:
    """Return a venue's table for one of its accounts; what is its own is left out."""
    kept = {key: written[key] for key in ("policy", "limits", "lists") if key in written}
    return {"name": venue.name, "account": venue.account, "bots": list(venue.bots or ()), **kept}


def _paired(written: Mapping[str, Any], roles: Sequence[Role]) -> list[dict[str, Any]]:
    return [
        {**written, "venue": role.venue.name}
        for role in roles
        if role.stands_for == written["venue"] and written["bot"] in (role.venue.bots or ())
    ]


def _config(body: Mapping[str, Any]) -> ConfigFile:
    try:
        return ConfigFile.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadConfig(f"{place}: {first['msg'].removeprefix('Value error, ')}.") from None
