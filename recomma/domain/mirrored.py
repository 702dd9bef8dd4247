"""A deal on one venue beside what the source has of it: what comparisons and reports read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.money import Price, Side, Size
from recomma.domain.orders import Holding, MirrorOrder, Mode, Standing
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, RowStatus
from recomma.domain.stops import Stop

DEFAULTS: Final = Policy()


@dataclass(frozen=True)
class SourceState:
    """One leg as the source has it, in its newest revision."""

    leg: Leg
    side: Side
    status: RowStatus
    price: Price | None
    size: Size
    filled_at: datetime | None


@dataclass(frozen=True)
class Moved:
    """Coins that came to a deal's position (`size` above 0) or left it without a fill."""

    at: datetime
    size: Decimal
    other_deal: int | None  # None: the account lost them outside.
    reason: Reason


@dataclass(frozen=True)
class Mirrored:
    """A deal on one venue: everything that the comparison needs."""

    deal_id: int
    venue: str
    entry_side: Side
    finished: bool
    released: bool
    closing: bool
    exits_known: bool
    standing: Standing | None
    standing_why: Reason | None
    source: tuple[SourceState, ...]
    orders: tuple[MirrorOrder, ...]
    skips: Mapping[Leg, Reason]
    holding: Holding
    dead_letters: int
    shared: bool = False  # Another deal has a position in the same coin on this venue.
    mode: Mode = Mode.WHOLE
    policy: Policy = DEFAULTS
    paired: bool = True  # False: the bot was taken off this venue.
    stop: Stop | None = None  # The strictest that holds for this deal here.
    delisted: bool = False  # Its coin trades no more.
    closing_why: Reason | None = None
    close_at: datetime | None = None  # From then on ours closes as well: the grace is over.
    moves: tuple[Moved, ...] = ()
    read_at: datetime | None = None  # When all this was true; None: nothing is young.

    @property
    def left(self) -> Size:
        return self.holding.left(self.entry_side)

    @property
    def gone_at_source(self) -> bool:
        return self.finished or self.released or self.closing
