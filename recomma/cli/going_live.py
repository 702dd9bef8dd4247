"""What must hold before a venue trades with money, and what its first deal would cost there."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from recomma.cli.acting import amount
from recomma.config_file import ConfigFile, policy_of
from recomma.domain.venue_states import Ladder, VenueState

NEEDED: Final = ("order_usd", "deal_usd", "total_usd")


def missing_limits(config: ConfigFile, venue: VenueState) -> tuple[str, ...]:
    """Return which of the three limits some bot on this venue would trade without."""
    # None is a bot that is new tomorrow, where all are mirrored.
    bots: list[int | None] = [*venue.pairs, *([None] if venue.all_bots else [])]
    limits = [policy_of(config, bot_id, venue.name).limits for bot_id in bots or [None]]
    return tuple(key for key in NEEDED if any(getattr(each, key) is None for each in limits))


def ladder_lines(config: ConfigFile, venue: VenueState, ladder: Ladder | None) -> Iterator[str]:
    """Say in dollars what a running deal of this venue's bots would come to here."""
    if ladder is None:
        yield f"None of the bots on {venue.name} has a running deal to show as an example."
        return
    multiplier = policy_of(config, ladder.bot_id, venue.name).multiplier
    yield (
        f"Like deal {ladder.deal_id} of bot {ladder.bot_id} on {ladder.pair}, "
        f"at multiplier {amount(multiplier)}:"
    )
    for rung in ladder.rungs:
        cost = rung.price * rung.size * multiplier
        yield f"  {rung.leg!s:<14} {rung.side!s:<4} at {amount(rung.price)}: {cost:.2f} USD"
    yield f"  {'in all':<14} {ladder_usd(config, venue, ladder):.2f} USD"


def ladder_usd(config: ConfigFile, venue: VenueState, ladder: Ladder) -> Decimal:
    """Return what the whole ladder would come to, in USD of notional."""
    multiplier = policy_of(config, ladder.bot_id, venue.name).multiplier
    return sum((r.price * r.size * multiplier for r in ladder.rungs), Decimal(0))
