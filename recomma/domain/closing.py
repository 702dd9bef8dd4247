"""Whether a deal is closed here, and with which orders (design.md 9, The source closes)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.exits import Exposure
from recomma.domain.money import Price
from recomma.domain.orders import NewOrder, Standing, Style, Terms, Urgency
from recomma.domain.policy import OnSourceExit, OnSourceRelease, Policy
from recomma.domain.reasons import Reason
from recomma.domain.rounding import round_crossing
from recomma.domain.source import Leg, Role
from recomma.domain.stops import Level, Stop
from recomma.domain.wanted import Closing

STOP: Final = Leg(Role.STOP)
"""Every close at market is one leg, whatever its reason (docs/decisions/0006)."""

# Set once, they hold to the end: nothing that comes later makes a half-closed position whole.
CLOSED_FOR_GOOD: Final = {Reason.CLOSED_BY_PERSON, Reason.STOP_TRIGGERED}


@dataclass(frozen=True)
class Ending:
    """What may end a deal here."""

    source: Closing | None
    released: bool  # The source let go of its coins.
    stop: Stop | None
    fired: bool  # A stop order of ours that rested on the venue has filled.
    standing: Standing | None
    standing_why: Reason | None
    exit_known: bool = True  # There is one that could be kept.


def closing_here(ending: Ending, policy: Policy, now: datetime) -> Closing | None:
    """Return what closes the position here, the most urgent reason first, or None.

    A person's word comes before the source's, and a stop that fired on the venue has begun what
    only has to be finished. Where no exit is known there is none to keep: the source closed by a
    trailing stop or a condition, and without a close ours would never end.
    """
    closed_for_good = ending.standing is Standing.CLOSED_HERE and ending.standing_why
    if ending.stop and ending.stop.level is Level.CLOSE_ALL:
        return Closing(Reason.CLOSED_BY_PERSON, now, at_once=True)
    if ending.fired:
        return Closing(Reason.STOP_TRIGGERED, now, at_once=True)
    if closed_for_good in CLOSED_FOR_GOOD:
        return Closing(closed_for_good, now, at_once=True)
    keeps = policy.on_source_exit is OnSourceExit.KEEP_EXIT and ending.exit_known
    if ending.source and not keeps:
        return ending.source
    if ending.released and policy.on_source_release is OnSourceRelease.CLOSE:
        return Closing(Reason.SOURCE_RELEASED, now, at_once=True)
    return None


def close_at(closing: Closing, grace: timedelta) -> datetime:
    """Return when to begin: after the source's take-profit our resting one may still fill."""
    return closing.at if closing.at_once else closing.at + grace


def closing_terms(here: Exposure, mid: Price, tries: int, policy: Policy) -> Terms:
    """Return the order that closes what is left, for its next try (counted from 0).

    A long position is sold below the mid, a short one bought above it. Each try may fill further
    from the mid than the one before. When the last cap has been tried the order rests at it: an
    exit that gives up is worse than one that waits.
    """
    last = len(policy.close_caps) - 1
    cap = policy.close_caps[min(tries, last)]
    side = here.exit_side
    price = round_crossing(Price(mid * (1 + side.sign * cap)), side, here.market.size_decimals)
    style = Style.CROSS if tries <= last else Style.REST
    return Terms(side, price, here.left, style, reduce_only=True)


def closing_order(terms: Terms, coin: str, reason: Reason, multiplier: Decimal) -> NewOrder:
    return NewOrder(
        leg=STOP,
        coin=coin,
        wanted_price=terms.price,
        wanted_size=terms.size,
        terms=terms,
        urgency=Urgency.CLOSE,
        multiplier=multiplier,
        why=reason,
    )
