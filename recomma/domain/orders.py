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
    TRIGGER = "trigger"  # Sleeps until the mark price passes `trigger_price`, then crosses.


@dataclass(frozen=True)
class Terms:
    """What is asked of the venue: already rounded, ready to sign."""

    side: Side
    price: Price
    size: Size
    style: Style
    reduce_only: bool
    trigger_price: Price | None = None


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
    ladder_usd: Decimal | None = None  # For a base: what its whole deal may come to cost.


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
    waits_why: Reason | None = None  # Why it is planned and not asked for.
    ladder_usd: Decimal | None = None

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def remaining(self) -> Size:
        return Size(max(self.terms.size - self.filled, Decimal(0)))

    @property
    def is_exit(self) -> bool:
        return self.leg.role in (Role.TAKE_PROFIT, Role.STOP)


class Mode(StrEnum):
    """Which part of a deal is mirrored here; decided once."""

    WHOLE = "whole"
    LADDER = "ladder"  # Without its base, from what was still open.
    CAUGHT_UP = "caught_up"  # Its base stands for the position that the source had.


class Standing(StrEnum):
    """How a deal stands on one venue. Everything but OPEN is sticky."""

    OPEN = "open"  # Mirrored.
    SKIPPED = "skipped"  # The whole deal is not mirrored here; the reason stands beside it.
    CLOSED_HERE = "closed_here"  # Our exits took the position to 0.
    ENDED = "ended"  # The source ended, and nothing of ours is left.


@dataclass(frozen=True)
class Holding:
    """What this deal has on one venue: its fills, and what was moved between deals.

    `moved` counts in the direction of the deal's entries: above 0 it took over another deal's
    coins, below 0 its coins went to another deal or were lost outside (design.md, section 9,
    Shared positions).
    """

    bought: Size
    sold: Size
    last_fill_at: datetime | None
    moved: Decimal = Decimal(0)
    bought_usd: Decimal = Decimal(0)  # What the fills came to.
    sold_usd: Decimal = Decimal(0)

    def average_entry(self, entry_side: Side) -> Price | None:
        """Return the average price of this deal's own entries here; None before the first."""
        long = entry_side is Side.BUY
        size, usd = (self.bought, self.bought_usd) if long else (self.sold, self.sold_usd)
        return Price(usd / size) if size else None

    def entered(self, entry_side: Side) -> Size:
        filled = self.bought if entry_side is Side.BUY else self.sold
        return Size(max(filled + self.moved, Decimal(0)))

    def left(self, entry_side: Side) -> Size:
        """Return the deal's open position here, in coins; never negative for a reduce-only exit."""
        net = (self.bought - self.sold) * entry_side.sign + self.moved
        return Size(max(net, Decimal(0)))


NOTHING_HELD = Holding(Size(Decimal(0)), Size(Decimal(0)), None)
