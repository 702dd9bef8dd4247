"""`recomma check`: one line for each thing that must be right before money is at stake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from recomma import wiring
from recomma.cli.exits import Exit
from recomma.cli.sentences import expected, status_and_sentence
from recomma.config import Settings, load
from recomma.ports import VenueTerms
from recomma.signing.hyperliquid import curve

SKEW_MAX: Final = timedelta(seconds=5)  # The venue refuses nonces by its own clock.


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
    if not venues:
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
    if abs(skew) > SKEW_MAX:
        raise NotRight(
            f"this machine's clock is {skew.total_seconds():.1f} s off the venue's: set it by NTP."
        )
    return f"answers, clock within {abs(skew).total_seconds():.1f} s"


def _venue(settings: Settings, terms: VenueTerms) -> str:
    venue = wiring.venue_of(settings, terms)
    if venue.signer == terms.account.lower():
        raise NotRight("the agent key is the account's own key: approve an agent wallet, use its.")
    role = venue.info.role(venue.signer)
    if role.name != "agent" or (role.master or "").lower() != terms.account.lower():
        raise NotRight(
            f"{venue.signer} is no agent of {terms.account} (the venue says {role.name}): "
            f"approve it there, or correct the account."
        )
    state = venue.account_state()
    mode = "live" if terms.live else "dry run"
    return f"{mode}, agent {venue.signer}, account value {state.account_value} USDC"
