"""`recomma check`: one line for each thing that must be right before money is at stake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from recomma import wiring
from recomma.cli.acting import amount, counted
from recomma.cli.exits import Exit
from recomma.cli.foreign import named, strangers_on
from recomma.cli.going_live import missing_limits
from recomma.cli.sentences import expected, status_and_sentence
from recomma.config import Settings, load
from recomma.config_file import ConfigFile, policy_of
from recomma.domain.policy import OnStop, Policy
from recomma.domain.readiness import clock_trouble
from recomma.pipeline.plan import LOOK_AFTER
from recomma.ports import Venue, VenueTerms
from recomma.signing.hyperliquid import Network, curve


class NotRight(Exception):
    """A check has failed; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Line:
    what: str
    status: Exit
    says: str

    def as_json(self) -> dict[str, Any]:
        return {"check": self.what, "ok": self.status is Exit.OK, "says": self.says}


def lines() -> Iterator[Line]:
    """Yield each check's result; those that need a failed one are left out."""
    settings = load()
    yield Line("settings", Exit.OK, f"read; signing with {curve()}")
    database = _line("database", lambda: _database(settings))
    yield database
    yield _line("redis", lambda: wiring.redis_says(settings))
    yield _line("threecommas", lambda: _source(settings))
    yield _line("hyperliquid", lambda: _clock(settings))
    if database.status is not Exit.OK:
        return
    venues = wiring.ledger_of(settings).venues()
    yield _line("watch", lambda: _watch(settings))
    if venues:
        yield _line("stops", lambda: _stops(settings))
    else:
        yield Line("venues", Exit.FAILED, "none: write recomma.toml and `recomma config apply` it.")
    for terms in venues:
        yield _line(f"venue {terms.name}", lambda terms=terms: _venue(settings, terms))  # type: ignore[misc]


def _line(what: str, check: Callable[[], str]) -> Line:
    try:
        return Line(what, Exit.OK, check())
    except NotRight as error:
        return Line(what, Exit.FAILED, str(error))
    except tuple(expected()) as error:
        return Line(what, *status_and_sentence(error))


def _database(settings: Settings) -> str:
    return f"answers, schema at {wiring.schema_of(settings)}"


def _source(settings: Settings) -> str:
    source = wiring.source_of(settings)
    source.validate()
    bots = source.bots()
    enabled = sum(bot.enabled for bot in bots)
    return f"key accepted, {len(bots)} bots ({enabled} enabled)"


def _clock(settings: Settings) -> str:
    skew = wiring.venue_clock_skew(settings)
    if trouble := clock_trouble(skew):
        raise NotRight(trouble)
    return f"answers, clock within {abs(skew).total_seconds():.1f} s"


def _watch(settings: Settings) -> str:
    """No fault of the settings, whatever it says: workers that start now will read it."""
    age = wiring.accounts_of(settings).source_age(settings.account)
    if age is None:
        return "no worker has read the list of deals yet"
    seconds = max(age.total_seconds(), 0)
    blind = age > Policy().blind_after
    waits = "; nothing new is entered until it is read again" if blind else ""
    return f"the list of deals was last read {seconds:.0f} s ago{waits}"


def _stops(settings: Settings) -> str:
    """Say how a stop of the source is followed, and what a person has forbidden."""
    config = wiring.config_in_force(settings)
    held = len(wiring.stops_of(settings).in_force())
    forbidden = f"{counted(held, 'stop')} in force; " if held else ""
    ways = {policy.on_stop for policy in _policies(config)}
    if ways == {OnStop.VENUE_TRIGGER}:
        return f"{forbidden}a stop order rests on the venue for each deal"
    slowest = timedelta(seconds=settings.watch_every_seconds) + LOOK_AFTER
    return (
        f"{forbidden}`stop = follow` closes up to {slowest.total_seconds():.0f} s after 3Commas "
        f"stopped (plan {settings.threecommas_plan}); `venue_trigger` needs no look"
    )


def _policies(config: ConfigFile) -> Iterator[Policy]:
    """Yield the policy of every bot that has a table, and of the others, on each venue."""
    bots = {None, *(bot.id for bot in config.bots), *(pair.bot for pair in config.pairs)}
    for venue in config.venues:
        for bot_id in bots:
            if bot_id is None or venue.takes(bot_id):
                yield policy_of(config, bot_id, venue.name)


def _venue(settings: Settings, terms: VenueTerms) -> str:
    venue = wiring.venue_of(settings, terms)
    _roles(venue, terms)
    state = venue.account_state()
    foreign = _foreign(settings, terms)
    if terms.live and settings.hyperliquid_network is Network.MAINNET:
        _limits(settings, terms)  # Elsewhere no money is at stake.
    mode = "live" if terms.live else "dry run"
    return (
        f"{mode}, agent {venue.signer}, account value {amount(state.account_value)} USDC{foreign}"
    )


def _roles(venue: Venue, terms: VenueTerms) -> None:
    """An agent is approved for one master, and a sub-account belongs to one; neither shows in a
    signature, so that a wrong one is refused order by order (hyperliquid.md 5)."""
    if venue.signer.lower() == terms.account.lower():
        raise NotRight("the agent key is the account's own key: approve an agent wallet, use its.")
    role = venue.role(venue.signer)
    if role.name != "agent" or (role.master or "").lower() != terms.account.lower():
        raise NotRight(
            f"{venue.signer} is no agent of {terms.account} (the venue says {role.name}): "
            f"approve it there, or correct the account."
        )
    if terms.sub_account is None:
        return
    role = venue.role(terms.sub_account)
    if role.name != "subAccount" or (role.master or "").lower() != terms.account.lower():
        raise NotRight(
            f"{terms.sub_account} is no sub-account of {terms.account} (the venue says "
            f"{role.name}): correct sub_account."
        )


def _foreign(settings: Settings, terms: VenueTerms) -> str:
    found = strangers_on(settings, terms)
    if not found:
        return ""
    table = wiring.config_in_force(settings).venue(terms.name)
    if table is None or not table.accept_foreign:
        raise NotRight(
            f"the account has {named(found)} beside ours: close them, or set "
            f"accept_foreign = true for the venue, and they are never touched."
        )
    return f", and {named(found)} beside ours"


def _limits(settings: Settings, terms: VenueTerms) -> None:
    state = wiring.venue_states_of(settings).one(terms.name)
    if missing := missing_limits(wiring.config_in_force(settings), state):
        raise NotRight(f"live without limits.{', limits.'.join(missing)}: set them.")
