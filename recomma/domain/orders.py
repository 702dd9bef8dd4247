"""Mirror orders: ours for one (deal, leg, venue), and how urgent each is."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum

from recomma.domain.lifecycle import LIVE, State
from recomma.domain.money import Price, Side, Size
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role


class Urgency(IntEnum):
    """Which intent goes first; the smaller the sooner (design.md, section 5)."""

    CLOSE = 0
    CANCEL = 1
    FIRST_EXIT = 2
    EXIT = 3
    BASE = 4
    SAFETY = 5


class Style(StrEnum):
    """How an order meets the book."""

    REST = "rest"  # GTC at a limit price.
    CROSS = "cross"  # IOC: what does not fill at once is dropped.


@dataclass(frozen=True)
class Terms:
    """What is asked of the venue: already rounded, ready to sign."""

    side: Side
    price: Price
    size: Size
    style: Style
    reduce_only: bool


@dataclass(frozen=True)
class NewOrder:
    """A decision to have an order: what the source wanted, and what we make of it here."""

    leg: Leg
    coin: str
    wanted_price: Price
    wanted_size: Size
    terms: Terms
    urgency: Urgency
    multiplier: Decimal
    give_up_at: datetime | None = None  # A market entry is worth asking only until then.
    why: Reason | None = None  # For a closing order: what closes the position.


@dataclass(frozen=True)
class MirrorOrder:
    """An order in the ledger. `filled` is the sum of its fills, the only truth about quantity."""

    id: int
    deal_id: int
    bot_id: int
    venue: str
    leg: Leg
    generation: int
    coin: str
    wanted_price: Price
    wanted_size: Size
    terms: Terms
    urgency: Urgency
    state: State
    filled: Size
    due_at: datetime
    give_up_at: datetime | None
    cancel_why: Reason | None  # Set: it should go, and its cancel is due.
    why: Reason | None
    attempts: int
    refusals: int
    cloid: str | None  # Of its newest attempt.
    oid: int | None

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def remaining(self) -> Size:
        return Size(max(self.terms.size - self.filled, Decimal(0)))

    @property
    def is_exit(self) -> bool:
        return self.leg.role in (Role.TAKE_PROFIT, Role.STOP)


class Standing(StrEnum):
    """How a deal stands on one venue. Everything but OPEN is sticky."""

    OPEN = "open"  # Mirrored.
    SKIPPED = "skipped"  # The whole deal is not mirrored here; the reason stands beside it.
    CLOSED_HERE = "closed_here"  # Our exits took the position to 0.
    ENDED = "ended"  # The source ended, and nothing of ours is left.


@dataclass(frozen=True)
class Holding:
    """What this deal has on one venue, from fills alone."""

    bought: Size
    sold: Size
    last_fill_at: datetime | None

    def entered(self, entry_side: Side) -> Size:
        return self.bought if entry_side is Side.BUY else self.sold

    def left(self, entry_side: Side) -> Size:
        """Return the deal's open position here, in coins; never negative for a reduce-only exit."""
        net = (self.bought - self.sold) * entry_side.sign
        return Size(max(net, Decimal(0)))


NOTHING_HELD = Holding(Size(Decimal(0)), Size(Decimal(0)), None)
