"""`recomma stop` and `recomma resume`: what is forbidden for now, where, and until when."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from recomma.cli.acting import Id, Words, actor, instant, say_json
from recomma.cli.exits import Exit, fail
from recomma.cli.now import act, now_options, seconds_of
from recomma.cli.stop_words import stop_json, stop_lines, touched_json, touched_lines
from recomma.domain.stops import Level, Scope, Stop
from recomma.domain.touched import NewStop

LEVELS: Final = [level.word for level in Level]
UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST: Final = timedelta(days=366)

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would happen, do nothing.")


class _Level(click.Choice[str]):
    """A level, also with hyphens."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(str(value).replace("-", "_"), param, ctx)


class _Until(click.ParamType[datetime]):
    """A time that says its zone."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is not a time like 2026-03-02T09:00Z", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value} does not say its time zone: write it like {value}Z", param, ctx)
        return at.astimezone(UTC)


class _For(click.ParamType[timedelta]):
    """How long, like 30m, 12h or 2d."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        found = re.fullmatch(r"([0-9]{1,6})([mhd])", str(value))
        lasts = int(found[1]) * UNITS[found[2]] if found else timedelta(0)
        if not timedelta(0) < lasts <= LONGEST:
            self.fail(f"{value} is not a duration like 30m, 12h or 2d", param, ctx)
        return lasts


def scope_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take the four things that a stop may be about."""
    for option in (
        click.option("--deal", type=Id, help="Only this deal."),
        click.option("--coin", type=Words(), help="Only this coin, as Hyperliquid spells it."),
        click.option("--bot", type=Id, help="Only this bot."),
        click.option("--venue", type=Words(), help="Only this venue."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("level", type=_Level(LEVELS), required=False, metavar="[LEVEL]")
@scope_options
@click.option("--until", type=_Until(), help="Lifted by itself then, like 2026-03-02T09:00Z.")
@click.option("--for", "lasts", type=_For(), help="Lifted by itself after 30m, 12h, 2d.")
@click.option("--why", type=Words(), default="", help="A remark for whoever looks later.")
@click.option("--cancel-entries", is_flag=True, help="Take resting entries away, too.")
@now_options
@dry_run_option
@as_json_option
def stop(level: str | None, as_json: bool, dry_run: bool, **asked: Any) -> None:
    """Forbid something from now on; without LEVEL, list what is forbidden.

    LEVEL, from the mildest to the strictest: no_new_deals (running deals go on), no_entries (exits
    go on), close_all (positions are closed), frozen (nothing is sent but cancels). Workers obey
    from the moment that the stop is in force; with --now this command does itself what they would.
    """
    within_seconds = seconds_of(asked)
    if level is None:
        if dry_run or any(value for name, value in asked.items() if name != "within"):
            raise click.UsageError(f"Say which level: {', '.join(LEVELS)}.")
        _list(as_json=as_json)
        return
    new = _new(Level[level.upper()], asked)
    set_stop(new, dry_run=dry_run, as_json=as_json, within_seconds=within_seconds)


def _new(level: Level, asked: dict[str, Any]) -> NewStop:
    """Return what is asked for. Raises UsageError for what contradicts itself."""
    from recomma import wiring
    from recomma.config import load

    until, now = asked["until"], wiring.clock_of(load())()
    if until and asked["lasts"]:
        raise click.UsageError("Say --until or --for, not both.")
    if until and until <= now:
        raise click.UsageError(f"--until {instant(until)} is over: it is {instant(now)}.")
    if asked["cancel_entries"] and level is Level.NO_NEW_DEALS:
        raise click.UsageError("no_new_deals lets running deals go on: their entries stay.")
    return NewStop(
        level,
        _scope(asked),
        why=asked["why"],
        until=now + asked["lasts"] if asked["lasts"] else until,
        cancel_entries=asked["cancel_entries"],
    )


def set_stop(new: NewStop, *, dry_run: bool, as_json: bool, within_seconds: int) -> None:
    """Say what a stop does, then set it; with `within_seconds`, do here what it asks for."""
    from recomma import wiring
    from recomma.config import load

    who, store = actor(), wiring.stops_of(load())
    there = store.preview(new.scope)
    if not as_json:
        click.echo("\n".join(touched_lines(there, new)))
    set_ = None if dry_run else store.set(new, who)
    told = {"dry_run": dry_run, "level": new.level.word} | touched_json(there, new)
    told |= {"stop": stop_json(set_) if set_ else None}
    acts = bool(set_ and within_seconds)
    if as_json:
        if not acts:
            say_json(told)
    elif set_:
        click.echo(f"Stop {set_.id} is in force; `recomma resume {set_.id}` lifts it.")
    else:
        click.echo("Dry run: nothing was done.")
    if acts:
        act(
            lambda: store.preview(new.scope).left_by(new),
            within_seconds=within_seconds,
            as_json=as_json,
            told=told,
        )


def _list(*, as_json: bool) -> None:
    from recomma import wiring
    from recomma.config import load

    stops = wiring.stops_of(load()).in_force()
    if as_json:
        say_json([stop_json(stop) for stop in stops])
    else:
        click.echo("\n".join(stop_lines(stops)))


def _scope(asked: dict[str, Any]) -> Scope:
    return Scope(asked["venue"], asked["bot"], asked["coin"], asked["deal"])


@click.command()
@click.argument("ids", nargs=-1, type=Id)
@scope_options
@click.option("--all", "everything", is_flag=True, help="All but the stops of single deals.")
@dry_run_option
@as_json_option
def resume(
    ids: tuple[int, ...], everything: bool, dry_run: bool, as_json: bool, **asked: Any
) -> None:
    """Lift stops, by their IDS or by what they are about; what waited for them goes on at once."""
    from recomma import wiring
    from recomma.config import load

    if sum((bool(ids), everything, any(asked.values()))) != 1:
        raise click.UsageError("Say which stops: their ids, or what they are about, or --all.")
    who, store = actor(), wiring.stops_of(load())
    held = store.in_force()
    if ids:
        meant = set(ids)
    elif everything:
        meant = {stop.id for stop in held if stop.scope.deal_id is None}
    else:
        meant = {stop.id for stop in held if _is_about(stop, _scope(asked))}
    if not meant or meant - {stop.id for stop in held}:
        fail(Exit.NOT_FOUND, "There is no such stop in force: `recomma stop` lists them.")
    lifted = [stop for stop in held if stop.id in meant]
    if not as_json:
        click.echo("\n".join(stop_lines(lifted)))
    if not dry_run:
        store.lift(meant, who)
    if as_json:
        say_json({"dry_run": dry_run, "lifted": [stop_json(stop) for stop in lifted]})
    else:
        click.echo("Dry run: nothing was done." if dry_run else f"Lifted {len(lifted)}.")


def _is_about(stop: Stop, asked: Scope) -> bool:
    """Say whether a stop names everything that is asked for; it may name more."""
    pairs = (
        (asked.venue, stop.scope.venue),
        (asked.bot_id, stop.scope.bot_id),
        (asked.coin, stop.scope.coin),
        (asked.deal_id, stop.scope.deal_id),
    )
    return all(wanted in (None, named) for wanted, named in pairs)
