"""A random policy for a bot on a venue."""

from decimal import Decimal
from random import Random
from typing import TypeVar

from recomma.domain.policy import (
    NO_LIMITS,
    BelowMinimum,
    Limits,
    MarginMode,
    OnFirstSight,
    OnMissedEntry,
    OnSourceExit,
    OnSourceRelease,
    OnStop,
    Policy,
)

T = TypeVar("T")


def random_policy(chance: Random) -> Policy:
    def mostly(usual: T, *others: T) -> T:
        return usual if chance.random() < 0.6 else chance.choice((usual, *others))

    return Policy(
        multiplier=Decimal(mostly("1", "0.3", "0.5", "1.7", "2")),
        on_first_sight=chance.choice(list(OnFirstSight)),
        without_base=mostly(*OnMissedEntry),
        on_source_exit=mostly(*OnSourceExit),
        on_source_release=mostly(*OnSourceRelease),
        on_stop=mostly(*OnStop),
        below_minimum=mostly(*BelowMinimum),
        disaster_stop=mostly(None, Decimal("0.06"), Decimal("0.2")),
        leverage=mostly(1, 3, 10),
        margin_mode=mostly(*MarginMode),
        limits=mostly(NO_LIMITS, _limits(chance)),
    )


def _limits(chance: Random) -> Limits:
    def maybe(*usd: str) -> Decimal | None:
        return Decimal(chance.choice(usd)) if chance.random() < 0.4 else None

    return Limits(
        order_usd=maybe("15", "40"),
        deal_usd=maybe("40", "90"),
        coin_usd=maybe("60", "150"),
        venue_usd=maybe("80", "300"),
        total_usd=maybe("100", "400"),
        distance=maybe("0.01", "0.03"),
        open_orders=chance.choice((None, None, 3, 6)),
    )
