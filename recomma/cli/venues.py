"""`recomma venues`: what each trades, and the switch between dry run and live."""

from typing import Any

import click

from recomma.cli.acting import Words, actor, counted, instant, say_json
from recomma.cli.exits import Exit, fail
from recomma.cli.going_live import ladder_lines, ladder_usd, missing_limits
from recomma.cli.stop import as_json_option, dry_run_option
from recomma.config import Settings
from recomma.config_file import ConfigFile
from recomma.domain.venue_states import VenueState
from recomma.ports import NotAllowed


@click.group(invoke_without_command=True)
@as_json_option
@click.pass_context
def venues(context: click.Context, as_json: bool) -> None:
    """List the venues: account, dry run or live, bots, money, trouble, stops, open orders."""
    if context.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError("Write --json after the command.")
        return
    from recomma import wiring
    from recomma.config import load

    found = wiring.venue_states_of(load()).all()
    if as_json:
        say_json([_json(venue) for venue in found])
    elif found:
        click.echo("\n".join(line for venue in found for line in _lines(venue)))
    else:
        click.echo("There is no venue: write recomma.toml and `recomma config apply` it.")


@venues.command()
@click.argument("name", type=Words())
@click.option("--accept-foreign", is_flag=True, help="Although the account holds what is not ours.")
@dry_run_option
@as_json_option
def live(name: str, accept_foreign: bool, dry_run: bool, as_json: bool) -> None:
    """Have a venue trade with money, from its next deal on.

    Refused without limits per order, per deal and in total, and on an account with orders or
    positions beside ours. Deals that were decided in dry run stay as they are.
    """
    from recomma import wiring
    from recomma.config import load

    settings = load()
    store = wiring.venue_states_of(settings)
    venue = store.one(name)
    config, ladder = wiring.config_in_force(settings), store.ladder(name)
    strangers = may_go_live(settings, config, venue, accept_foreign=accept_foreign)
    if not as_json:
        click.echo("\n".join(ladder_lines(config, venue, ladder)))
    changed = not venue.live
    if not dry_run:
        detail = {"foreign": strangers}
        changed = store.switch(name, live=True, actor=actor(), detail=detail)
    if as_json:
        usd = ladder_usd(config, venue, ladder) if ladder else None
        told = {"venue": name, "live": venue.live or not dry_run, "changed": changed}
        say_json(told | {"dry_run": dry_run, "foreign": strangers, "ladder_usd": usd})
    else:
        became = f"Venue {name} {'is' if changed else 'was already'} live."
        click.echo("Dry run: nothing was done." if dry_run else became)


@venues.command()
@click.argument("name", type=Words())
@click.option("--leave-open", is_flag=True, help="Although orders or positions of ours are there.")
@dry_run_option
@as_json_option
def dry(name: str, leave_open: bool, dry_run: bool, as_json: bool) -> None:
    """Send nothing to a venue any more: neither entries nor exits nor cancels.

    Refused while orders or positions of ours are there, because nobody would look after them.
    """
    from recomma import wiring
    from recomma.config import load

    who, store = actor(), wiring.venue_states_of(load())
    venue = store.one(name)
    if (venue.open_orders or venue.positions) and venue.live and not leave_open:
        fail(
            Exit.FAILED,
            f"Venue {name} has {counted(venue.open_orders, 'open order')} and "
            f"{counted(venue.positions, 'position')} of ours that nobody would look after: "
            f"`recomma stop close_all --venue {name}` first, or say --leave-open.",
        )
    changed = venue.live
    if not dry_run:
        changed = store.switch(name, live=False, actor=who, detail={"leave_open": leave_open})
    if as_json:
        told = {"venue": name, "live": venue.live and dry_run, "changed": changed}
        say_json(told | {"dry_run": dry_run})
    elif dry_run:
        click.echo("Dry run: nothing was done.")
    else:
        click.echo(f"Venue {name} {'is' if changed else 'was already'} in dry run.")


def may_go_live(
    settings: Settings, config: ConfigFile, venue: VenueState, *, accept_foreign: bool
) -> str:
    """Return what is on the account that is not ours and was accepted, in words, or nothing.

    Raises NotAllowed with the sentence that says what is missing, Unreadable if the venue does
    not say what is there.
    """
    from recomma import wiring
    from recomma.cli.foreign import named, strangers_on

    if missing := missing_limits(config, venue):
        raise NotAllowed(
            f"Venue {venue.name} cannot go live without limits.{', limits.'.join(missing)}: set "
            f"them in recomma.toml and `recomma config apply` it."
        )
    known = wiring.ledger_of(settings).venues()
    found = strangers_on(settings, next(terms for terms in known if terms.name == venue.name))
    table = config.venue(venue.name)
    if found and not (accept_foreign or (table and table.accept_foreign)):
        raise NotAllowed(
            f"The account of venue {venue.name} has {named(found)} beside ours: close them, "
            f"or say --accept-foreign, and they are never touched."
        )
    return named(found)


def _json(venue: VenueState) -> dict[str, Any]:
    return {
        "name": venue.name,
        "account": venue.account,
        "sub_account": venue.sub_account,
        "network": venue.network,
        "live": venue.live,
        "all_bots": venue.all_bots,
        "bots": list(venue.pairs),
        "surveyed_at": venue.surveyed_at,
        "account_value": venue.account_value,
        "withdrawable": venue.withdrawable,
        "trouble": venue.trouble,
        "clock_ahead_seconds": venue.clock_ahead.total_seconds(),
        "stops": list(venue.stops),
        "open_orders": venue.open_orders,
        "positions": venue.positions,
        "foreign_orders": venue.foreign_orders,
    }


def _lines(venue: VenueState) -> list[str]:
    where = f"sub-account {venue.sub_account} of " if venue.sub_account else ""
    money = (
        f"value {venue.account_value:f} USDC, withdrawable {venue.withdrawable or 0:f} USDC, "
        if venue.account_value is not None
        else ""
    )
    bots = ", ".join(map(str, venue.pairs)) or "none yet"
    lines = [
        f"{venue.name} ({'live' if venue.live else 'dry run'})",
        f"  account   {where}{venue.account} on {venue.network}",
        f"  bots      {'every bot: ' if venue.all_bots else ''}{bots}",
        f"  survey    {money}{instant(venue.surveyed_at)}",
        f"  ours      {counted(venue.open_orders, 'open order')}, "
        f"{counted(venue.positions, 'position')}",
    ]
    if venue.foreign_orders:
        lines.append(f"  foreign   {counted(venue.foreign_orders, 'order')}")
    if venue.stops:
        lines.append(f"  stops     {', '.join(map(str, venue.stops))}: see `recomma stop`")
    if venue.trouble:
        lines.append(f"  trouble   {venue.trouble}")
    return lines
