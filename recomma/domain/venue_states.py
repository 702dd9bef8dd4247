"""A venue as a person sees it before letting it trade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from recomma.domain.money import Price, Side, Size
from recomma.domain.source import Leg


@dataclass(frozen=True)
class VenueState:
    """What is configured, what was last surveyed (USD), and what of ours is there."""

    name: str
    account: str
    sub_account: str | None
    network: str
    live: bool
    all_bots: bool
    pairs: tuple[int, ...]  # The bots that are mirrored here.
    surveyed_at: datetime | None
    account_value: Decimal | None
    withdrawable: Decimal | None
    trouble: str
    clock_ahead: timedelta  # How far ours was ahead of the venue's at the last survey.
    stops: tuple[int, ...]  # In force for all of it or a part of it.
    open_orders: int
    positions: int
    foreign_orders: int


@dataclass(frozen=True)
class Rung:
    """One order of a ladder as the source has it, in the source's coins."""

    leg: Leg
    side: Side
    price: Price
    size: Size


@dataclass(frozen=True)
class Ladder:
    """The base and averaging orders of one running deal."""

    deal_id: int
    bot_id: int
    pair: str
    rungs: Sequence[Rung]


@dataclass(frozen=True)
class Strangers:
    """What is on an account that is not ours: open orders, and positions by coin, signed."""

    orders: int
    positions: tuple[tuple[str, Decimal], ...]

    def __bool__(self) -> bool:
        return bool(self.orders or self.positions)
