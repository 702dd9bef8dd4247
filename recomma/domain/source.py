"""What 3Commas says about a deal, as values: the deal, its order rows, its events.

The shapes follow threecommas.md sections 6 (deal), 7 (market order) and 8 (bot events). Texts and
statuses that we do not know are kept as they came; none of them ever becomes an order.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from recomma.domain.money import Price, Side, Size


class Strategy(StrEnum):
    LONG = "long"
    SHORT = "short"

    @property
    def entry_side(self) -> Side:
        return Side.BUY if self is Strategy.LONG else Side.SELL


class Role(StrEnum):
    """What a market order row is for (`deal_order_type`, compared case-insensitively)."""

    BASE = "base"
    SAFETY = "safety"
    MANUAL = "manual"
    TAKE_PROFIT = "take_profit"
    STOP = "stop"  # Stop Loss, and Closed at Market Price (a panic sell).
    UNKNOWN = "unknown"


ENTRY_ROLES: Final = frozenset({Role.BASE, Role.SAFETY, Role.MANUAL})


class RowStatus(StrEnum):
    ACTIVE = "active"
    FILLED = "filled"  # Also "Finished", which only the documentation shows.
    CANCELLED = "cancelled"
    INACTIVE = "inactive"  # 3Commas could not place it: quantity 0.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SourceOrder:
    """One row of `market_orders` (threecommas.md 7)."""

    order_id: str
    role: Role
    side: Side
    status: RowStatus
    quantity: Size
    remaining: Size
    rate: Price  # The limit price; 0 for market exits.
    average_price: Price  # 0 until filled.
    total: Decimal  # Quote amount of the fill; 0 until filled.
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class TakeProfitStep:
    """One of up to four partial targets (threecommas.md 6.3). `ratio` is of 1, not of 100."""

    trade_id: str | None
    ratio: Decimal
    price: Price | None
    status: str


@dataclass(frozen=True)
class SourceDeal:
    """A deal in the shape that the list gives, live fields left out (threecommas.md 6.1).

    Two readings of a deal on which nothing happened compare equal, which is what makes
    equality our change detection.
    """

    id: int
    bot_id: int
    account_id: int
    pair: str
    strategy: Strategy
    status: str
    finished: bool
    has_error: bool
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    max_safety_orders: int
    completed_safety_orders: int
    take_profit_percent: Decimal | None
    take_profit_steps: tuple[TakeProfitStep, ...]
    trailing: bool
    stop_loss_percent: Decimal
    stop_loss_price: Price | None
    bought_amount: Size | None
    sold_amount: Size | None
    # What base and all averaging orders cost by the deal's settings, in quote currency; None where
    # its volumes are in another unit.
    ladder: Decimal | None = None

    @property
    def held(self) -> Size | None:
        """What the source holds now; of a short, what it has sold and not bought back."""
        bought, sold = self.bought_amount, self.sold_amount
        if bought is None and sold is None:
            return None
        net = ((bought or Decimal(0)) - (sold or Decimal(0))) * self.strategy.entry_side.sign
        return Size(max(net, Decimal(0)))


class EventKind(StrEnum):
    """The grammar of bot event messages, one name per template (threecommas.md 8.3)."""

    BASE_PLACING = "base_placing"
    BASE_REPRICED = "base_repriced"
    BASE_EXECUTED = "base_executed"
    SAFETY_PLACING = "safety_placing"
    SAFETY_EXECUTED = "safety_executed"
    SAFETY_CANCELLING = "safety_cancelling"
    SAFETY_CANCELLED = "safety_cancelled"
    MANUAL_PLACING = "manual_placing"
    TAKE_PROFIT_PLACING = "take_profit_placing"
    TAKE_PROFIT_CANCELLING = "take_profit_cancelling"
    TAKE_PROFIT_CANCELLED = "take_profit_cancelled"
    TAKE_PROFIT_EXECUTED = "take_profit_executed"
    TRAILING_ARMED = "trailing_armed"
    TRAILING_STARTED = "trailing_started"
    STOP_PLACING = "stop_placing"
    STOP_EXECUTED = "stop_executed"
    STOP_SUMMARY = "stop_summary"
    COMPLETED_SUMMARY = "completed_summary"
    PLACING_FAILED = "placing_failed"
    BOT_LEVEL = "bot_level"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class BotEvent:
    """One message of `bot_events`, classified. Fields that its template has not are None.

    `market` is true where the message says `Price: market`; `price` is then None.
    """

    at: datetime
    message: str
    kind: EventKind
    step: int | None = None  # k of "(k out of n)"
    steps: int | None = None  # n of "(k out of n)"
    market: bool = False
    price: Price | None = None
    size: Size | None = None  # Coins: the last bracket of the Size clause.
    quote: Decimal | None = None  # Quote amount of the Size clause.


@dataclass(frozen=True)
class Reading:
    """Everything one look at a deal gave: `show` and `market_orders`, read at `at`.

    `orders` and `events` are sorted by time; the API gives them in any order.
    """

    deal: SourceDeal
    orders: tuple[SourceOrder, ...]
    events: tuple[BotEvent, ...]
    at: datetime


@dataclass(frozen=True)
class Leg:
    """Which order of a deal this is: `base`, `safety/3`, `manual/<id>`, `take_profit/1`, `stop`."""

    role: Role
    which: str = ""

    def __str__(self) -> str:
        return f"{self.role}/{self.which}" if self.which else str(self.role)

    @classmethod
    def parse(cls, text: str) -> "Leg":
        role, _, which = text.partition("/")
        return cls(Role(role), which)


@dataclass(frozen=True)
class SourceLeg:
    """An order row that has been told which leg it is (threecommas.md 9.5).

    `price` is the limit price (never the fill price) and None for a market order; `fill_price`
    and `filled_at` are None until the source filled it. A market order that was cancelled when it
    had filled in part is filled, with what it filled as its size: nothing more comes of it.
    """

    leg: Leg
    side: Side
    status: RowStatus
    market: bool
    price: Price | None
    size: Size
    placed_at: datetime
    filled_at: datetime | None
    fill_price: Price | None
    order_id: str


@dataclass(frozen=True)
class SourceLegs:
    """A reading, joined: entries, exits, and what could not be told."""

    entries: tuple[SourceLeg, ...]
    take_profits: tuple[SourceLeg, ...]
    stops: tuple[SourceLeg, ...]
    unknown: tuple[str, ...]
