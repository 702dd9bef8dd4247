"""Whether a deal is mirrored on a venue, and which part of it: decided once, never again.

A deal that was running before we saw it is somebody's decision of another time. What to do with it
is policy `on_first_sight` (design.md, section 9, First sight).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.money import Price, Size
from recomma.domain.orders import Mode, Standing
from recomma.domain.policy import OnFirstSight, Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from recomma.domain.stops import Stop
from recomma.domain.venue import Market
from recomma.domain.wanted import Wanted, WantedEntry

BASE: Final = Leg(Role.BASE)
JUST_OPENED: Final = timedelta(seconds=60)
"""How old a deal may be when it is first seen and still have opened under our eyes: the list of a
Starter plan is read every half a minute."""


@dataclass(frozen=True)
class Sight:
    """What is known when a deal is first looked at on a venue."""

    created_at: datetime
    first_seen_at: datetime
    enabled_at: datetime  # Of its bot on this venue.
    market: Market | None
    policy: Policy
    stop: Stop | None


@dataclass(frozen=True)
class Decided:
    standing: Standing
    why: Reason | None = None
    mode: Mode = Mode.WHOLE


def was_running(created_at: datetime, first_seen_at: datetime) -> bool:
    """Say whether a deal was running before we saw it: others may have traded it by then."""
    return first_seen_at - created_at > JUST_OPENED


def first_sight(wish: Wanted, sight: Sight) -> Decided:
    """Decide how the deal stands here from now on."""
    refused = _refused(wish, sight)
    if refused:
        return Decided(Standing.SKIPPED, refused)
    base = next((entry for entry in wish.entries if entry.leg == BASE), None)
    missed = base is not None and base.filled_at is not None
    if not _late(base, sight):
        return Decided(Standing.OPEN)
    policy = sight.policy.on_first_sight
    if policy is OnFirstSight.IGNORE or base is None:
        return Decided(Standing.SKIPPED, Reason.FIRST_SEEN_LATE)
    if not missed:
        return Decided(Standing.OPEN)  # Its base still rests at the source: nothing was missed.
    mode = Mode.CAUGHT_UP if policy is OnFirstSight.CATCH_UP else Mode.LADDER
    return Decided(Standing.OPEN, Reason.FIRST_SEEN_LATE, mode)


def _refused(wish: Wanted, sight: Sight) -> Reason | None:
    if sight.market is None:
        return Reason.UNKNOWN_COIN
    if wish.finished or wish.released or wish.closing:
        return Reason.FINISHED_WHEN_FIRST_SEEN
    if not sight.policy.allows(sight.market.coin):
        return Reason.DENIED
    if sight.market.delisted:
        return Reason.DELISTED
    return Reason.STOPPED if sight.stop else None


def _late(base: WantedEntry | None, sight: Sight) -> bool:
    if sight.created_at < sight.enabled_at:
        return True
    filled_at = base.filled_at if base else None
    return bool(filled_at and sight.first_seen_at - filled_at > sight.policy.entry_max_age)


def missed_legs(wish: Wanted, mode: Mode) -> tuple[WantedEntry, ...]:
    """Return the entries that a deal seen late goes without: those that had filled by then.

    A caught-up deal has them in its base.
    """
    if mode is Mode.WHOLE:
        return ()
    return tuple(
        entry
        for entry in wish.entries
        if entry.filled_at and not (mode is Mode.CAUGHT_UP and entry.leg == BASE)
    )


def caught_up(wish: Wanted, held: Size, now: datetime) -> Wanted:
    """Let the base stand for the position that the source has now, at its average entry price.

    Its age counts from `now`: what is entered is today's position and not the base of that time.
    """
    filled = [entry for entry in wish.entries if entry.filled_at]
    coins = sum((entry.size for entry in filled), Decimal(0))
    if not coins or not held:
        return wish
    average = Price(sum((entry.price * entry.size for entry in filled), Decimal(0)) / coins)
    position = WantedEntry(BASE, wish.side, average, held, market=True, filled_at=now)
    others = tuple(entry for entry in wish.entries if entry.leg != BASE)
    return replace(wish, entries=(position, *others))
