"""`recomma config`: what recomma.toml says, what was applied of it, and what holds where."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recomma.cli.acting import Id, Words, actor, aligned, counted, instant, say_json
from recomma.cli.exits import Exit, fail
from recomma.cli.stop import as_json_option
from recomma.config_file import Change, ConfigFile, Knob, changes, read, resolved, stored
from recomma.ports import NotAllowed, OutsideError

if TYPE_CHECKING:
    from recomma.config import Settings

DEFAULT_FILE = Path("recomma.toml")
_file = click.argument("path", type=click.Path(path_type=Path), default=DEFAULT_FILE)


@click.group()
def config() -> None:
    """Venues, their bots, policies, limits and lists, from recomma.toml."""


@config.command()
@_file
@as_json_option
def check(path: Path, as_json: bool) -> None:
    """Read the file and say what is wrong with it; nothing is changed."""
    found = read(path)
    if as_json:
        say_json({"venues": [venue.name for venue in found.venues]})
    else:
        click.echo(f"{path}: {len(found.venues)} venues, nothing wrong")


@config.command()
@_file
@as_json_option
def diff(path: Path, as_json: bool) -> None:
    """Say what the file would change, key by key; exit status 1 if it changes anything."""
    from recomma import wiring
    from recomma.config import load

    found = read(path)
    applied = wiring.settings_versions(load())
    version = applied[-1].id if applied else 0
    differ = changes(stored(applied[-1].body if applied else {}), found)
    if as_json:
        say_json({"version": version, "changes": [change.as_json() for change in differ]})
    else:
        click.echo("\n".join([f"{path} beside settings version {version}:", *_lines(differ)]))
    raise SystemExit(int(Exit.FAILED if differ else Exit.OK))


@config.command()
@_file
@as_json_option
def apply(path: Path, as_json: bool) -> None:
    """Store the file as a new settings version, with your name and the time.

    What was decided under older versions stays decided. A new venue with `live = true` goes live
    if `recomma venues live` would let it.
    """
    from recomma import wiring
    from recomma.config import load

    found, settings, who = read(path), load(), actor()
    before = wiring.config_in_force(settings)
    known = {venue.name: venue.live for venue in wiring.venue_states_of(settings).all()}
    version = wiring.apply_config(settings, found, actor=who, at=datetime.now(UTC))
    differ = changes(before, found)
    stays_dry = _go_live(settings, found, known, who)
    if as_json:
        told = {"version": version, "changes": [change.as_json() for change in differ]}
        say_json(told | {"stays_dry": stays_dry})
    else:
        click.echo(f"settings version {version}: {counted(len(found.venues), 'venue')}")
        dry = [f"  venue {name} starts in dry run: {why}" for name, why in stays_dry.items()]
        click.echo("\n".join([*_lines(differ), *_hints(found, known), *dry]))


def _go_live(
    settings: "Settings", found: ConfigFile, known: Mapping[str, bool], who: str
) -> dict[str, str]:
    """Have the new venues go live that want to; return those that may not, and why."""
    from recomma import wiring
    from recomma.cli.venues import may_go_live

    refused, store = {}, wiring.venue_states_of(settings)
    for table in found.venues:
        if table.name in known or not table.live:
            continue
        try:
            venue = store.one(table.name)
            strangers = may_go_live(settings, found, venue, accept_foreign=False)
        except (NotAllowed, OutsideError) as error:
            refused[table.name] = str(error)
        else:
            store.switch(table.name, live=True, actor=who, detail={"foreign": strangers})
    return refused


def _hints(found: ConfigFile, known: Mapping[str, bool]) -> Iterator[str]:
    """Say where the file does not mean what it seems to mean."""
    for table in found.venues:
        is_live = known.get(table.name, table.live)
        if "live" in table.model_fields_set and table.live != is_live:
            now, word = ("live", "dry") if is_live else ("in dry run", "live")
            yield (
                f"  venue {table.name} stays {now}: `live` counts for a new venue; "
                f"`recomma venues {word} {table.name}` changes it"
            )
    for name in sorted(known.keys() - {table.name for table in found.venues}):
        yield f"  venue {name} is not in the file: nothing new is entered there, exits go on"


@config.command()
@as_json_option
def history(as_json: bool) -> None:
    """List the applied versions: when, by whom, and what each changed."""
    from recomma import wiring
    from recomma.config import load

    told, before = [], ConfigFile()
    for version in wiring.settings_versions(load()):
        after = stored(version.body)
        told.append((version, changes(before, after)))
        before = after
    if as_json:
        say_json([_version_json(version, differ) for version, differ in told])
        return
    for version, differ in told:
        click.echo(f"version {version.id}  {instant(version.at)}  by {version.actor}")
        click.echo("\n".join(_lines(differ)))
    if not told:
        click.echo("Nothing was applied yet.")


def _version_json(version: Any, differ: Sequence[Change]) -> dict[str, object]:
    return {
        "version": version.id,
        "at": version.at,
        "actor": version.actor,
        "changes": [change.as_json() for change in differ],
    }


@config.command()
@click.option("--bot", type=Id, help="As it holds for this bot; else for one without a table.")
@click.option("--venue", type=Words(), help="Only on this venue.")
@as_json_option
def show(bot: int | None, venue: str | None, as_json: bool) -> None:
    """Show what holds on each venue, and which table of the file says so."""
    from recomma import wiring
    from recomma.config import load

    found = wiring.config_in_force(load())
    names = [table.name for table in found.venues if venue in (None, table.name)]
    if venue is not None and not names:
        fail(Exit.NOT_FOUND, f"No venue {venue} was applied: `recomma venues` lists them.")
    policies = {name: resolved(found, bot, name) for name in names}
    if as_json:
        say_json({name: [_knob_json(knob) for knob in it] for name, it in policies.items()})
        return
    for name, knobs in policies.items():
        click.echo(f"{f'bot {bot}' if bot else 'any bot'} on {name}")
        rows = [(knob.key, _spelled(knob.value), f"({knob.origin})") for knob in knobs]
        click.echo("\n".join(aligned(rows)))
    if not names:
        click.echo("No venue was applied yet.")


def _knob_json(knob: Knob) -> dict[str, object]:
    return {"key": knob.key, "value": knob.value, "from": knob.origin}


def _lines(differ: Sequence[Change]) -> list[str]:
    rows = [(c.key, f"{_spelled(c.before)} -> {_spelled(c.after)}") for c in differ]
    return aligned(rows) if rows else ["  nothing changes"]


def _spelled(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(_spelled, value)) or "none"
    return str(value)
