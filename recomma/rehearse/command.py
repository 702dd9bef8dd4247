"""`recomma rehearse`: recordings and scripts in, the whole pipeline in lockstep, a report out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

import click

from recomma import config_file
from recomma.config_file import ConfigFile
from recomma.embedded import unwinding_on_sigterm
from recomma.rehearse.account import read_account
from recomma.rehearse.cast import cast, plain, usable
from recomma.rehearse.playing import EVERY_QUEUE, Wish, play
from recomma.rehearse.programme import programme
from recomma.rehearse.recordings import load
from recomma.rehearse.words import tell

__all__ = ["EVERY_QUEUE", "Account", "Options", "rehearse"]

CONFIG: Final = Path("recomma.toml")


@dataclass(frozen=True)
class Account:
    """The user's own past: the deals of so many days, kept in a folder of `cache`."""

    days: int
    cache: Path | None


@dataclass(frozen=True)
class Options:
    """What the command line said. `config` and the multipliers exclude each other."""

    wish: Wish = field(default_factory=Wish)
    shared: bool = False
    multiplier: Decimal | None = None
    venues: Mapping[str, Decimal] = field(default_factory=dict)
    config: Path | None = None
    account: Account | None = None

    def settings(self) -> ConfigFile:
        """Return what the rehearsed bots are mirrored by. Raises BadConfig, click.UsageError."""
        given = [self.multiplier is not None, bool(self.venues), self.config is not None]
        if sum(given) > 1:
            raise click.UsageError("Give one of --multiplier, --venues and --config.")
        if self.config or (self.account and not any(given)):
            return config_file.read(self.config or CONFIG)
        multiplier = Decimal(1) if self.multiplier is None else usable(self.multiplier)
        return plain(multiplier, self.venues)


def rehearse(paths: Sequence[Path], options: Options, *, as_json: bool) -> int:
    """Rehearse what is in `paths`, or the account's past; print the report; return the status.

    Raises BadRecording, BadConfig, BadSetting, NotAllowed, Unreadable, CannotStart, CannotPlay,
    DoesNotSettle.
    """
    settings = options.settings()
    if options.account:
        paths = read_account(options.account.days, options.account.cache)
    recordings = load(paths)
    whole = programme(recordings, options.wish.turned.source_switches())
    parts = cast(settings, whole.bots, shared=options.shared)
    for sentence in (*recordings.ignored, *whole.ignored):
        click.echo(sentence, err=True)
    with unwinding_on_sigterm():
        found = play(whole, parts, options.wish)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        tell(found)
    return 0 if found.report.clean else 1
