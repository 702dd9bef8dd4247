"""Stop levels: what a person, or a rule that guards the account, has forbidden for now.

One vocabulary for all of them (design.md, section 9). A stop holds for everything that its scope
names; a scope that names nothing is everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from recomma.domain.reasons import Reason


class Level(IntEnum):
    """From the mildest to the strictest; of several that hold, the strictest counts."""

    NO_NEW_DEALS = 1  # Running deals go on.
    NO_ENTRIES = 2  # Exits only.
    CLOSE_ALL = 3  # Entries are cancelled, positions are closed, reduce-only.
    FROZEN = 4  # Nothing is sent but cancels of ours.

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Scope:
    """Where a stop holds; None: everywhere."""

    venue: str | None = None
    bot_id: int | None = None
    coin: str | None = None
    deal_id: int | None = None

    def covers(self, venue: str, bot_id: int, deal_id: int, coin: str | None) -> bool:
        return (
            self.venue in (None, venue)
            and self.bot_id in (None, bot_id)
            and self.deal_id in (None, deal_id)
            and self.coin in (None, coin)
        )


@dataclass(frozen=True)
class Stop:
    """`cancel_entries`: resting entries go too; without it only new ones are held back."""

    id: int
    level: Level
    scope: Scope
    actor: str
    why: str
    reason: Reason
    set_at: datetime
    until: datetime | None = None
    cancel_entries: bool = False

    @property
    def takes_entries_away(self) -> bool:
        return self.cancel_entries or self.level is Level.CLOSE_ALL


def in_force(stops: Iterable[Stop], now: datetime) -> tuple[Stop, ...]:
    return tuple(stop for stop in stops if stop.until is None or stop.until > now)


def strictest(
    stops: Iterable[Stop], *, venue: str, bot_id: int, deal_id: int, coin: str | None
) -> Stop | None:
    """Return the stop that decides here, or None."""
    holding = [stop for stop in stops if stop.scope.covers(venue, bot_id, deal_id, coin)]
    return max(holding, key=lambda stop: (stop.level, stop.takes_entries_away), default=None)
