"""The JSON of 3Commas, read with suspicion into the values of the domain (threecommas.md 5 to 8).

Unknown fields are ignored: new ones appear without notice. Nulls, "NaN" and numbers in place of
strings are survived where the field allows it. What we cannot understand at all raises
pydantic.ValidationError; a status or role that we do not know is kept as UNKNOWN.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from recomma.domain.bot_events import parse_event
from recomma.domain.bots import SourceBot
from recomma.domain.money import Price, Side, Size
from recomma.domain.source import (
    BotEvent,
    Role,
    RowStatus,
    SourceDeal,
    SourceOrder,
    Strategy,
    TakeProfitStep,
)

_EXPONENT_MAX: Final = 50  # 1E+999999 is a finite Decimal that stops any arithmetic with it.

_ROLES: Final = {
    "base": Role.BASE,
    "safety": Role.SAFETY,
    "manual safety": Role.MANUAL,
    "take profit": Role.TAKE_PROFIT,
    "stop loss": Role.STOP,
    "closed at market price": Role.STOP,
}
_STATUSES: Final = {
    "active": RowStatus.ACTIVE,
    "filled": RowStatus.FILLED,
    "finished": RowStatus.FILLED,
    "cancelled": RowStatus.CANCELLED,
    "inactive": RowStatus.INACTIVE,
}
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


def _decimal(said: object) -> Decimal | None:
    if said is None or said == "":
        return None
    if isinstance(said, bool) or not isinstance(said, int | str):
        raise ValueError("not a decimal")  # No binary fraction gets in: answers.py reads text.
    try:
        number = Decimal(str(said).strip())
    except InvalidOperation:
        raise ValueError("not a decimal") from None
    if not number.is_finite():
        return None  # "NaN" has been seen in a string (threecommas.md 13.9).
    if number and abs(number.adjusted()) > _EXPONENT_MAX:
        raise ValueError("no price or amount has such an exponent")
    return number


def _natural(number: Decimal | None) -> Decimal | None:
    if number is not None and number < 0:
        raise ValueError("negative")
    return number


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("not a time of this world") from None


def _text(said: object) -> object:
    """Take an id that is sometimes a number and sometimes a string of digits."""
    return str(said) if isinstance(said, int) and not isinstance(said, bool) else said


Amount = Annotated[Decimal | None, BeforeValidator(_decimal)]
Natural = Annotated[Decimal | None, BeforeValidator(_decimal), AfterValidator(_natural)]
Time = Annotated[AwareDatetime, AfterValidator(_utc)]
Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[int, Field(ge=0, lt=2**63)]  # Deal ids are above 2**31 (threecommas.md 6.1).
# JSON may say null where we only need "not set".
Flag = Annotated[bool, BeforeValidator(lambda said: False if said is None else said)]
Count = Annotated[
    int, BeforeValidator(lambda said: 0 if said is None else said), Field(ge=0, lt=2**31)
]
Word = Annotated[str, BeforeValidator(lambda said: "" if said is None else said)]


QUOTE_CURRENCY: Final = "quote_currency"
LADDER_STEPS_MAX: Final = 1000  # More than any bot has; a wrong number must not keep us busy.


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class StepShape(_Shape):
    """One of up to four take-profit steps; its percentage is of 100 (threecommas.md 6.3)."""

    amount_percentage: Natural = None
    trade_id: Text | None = None
    price: Natural = None
    status: Word = ""

    def value(self) -> TakeProfitStep:
        return TakeProfitStep(
            trade_id=self.trade_id,
            ratio=(self.amount_percentage or Decimal(0)) / 100,
            price=Price(self.price) if self.price else None,
            status=self.status,
        )


class CustomStepShape(_Shape):
    """One averaging order of a ladder that the user wrote by hand (threecommas.md 6.1)."""

    size: Natural = None


class EventShape(_Shape):
    message: Word = ""
    created_at: Time


class DealShape(_Shape):
    """A deal of the list, or of `show` with its events. Live fields are not read (13.8)."""

    id: Id
    bot_id: Id
    account_id: Id
    pair: str
    strategy: Strategy
    status: str
    finished: bool = Field(alias="finished?")
    deal_has_error: Flag = False
    created_at: Time
    updated_at: Time
    closed_at: Time | None = None
    max_safety_orders: Count = 0
    completed_safety_orders_count: Count = 0
    take_profit: Amount = None
    take_profit_steps: Sequence[StepShape] | None = None
    trailing_enabled: Flag = False
    stop_loss_percentage: Amount = None
    stop_loss_price: Natural = None
    bought_amount: Natural = None
    sold_amount: Natural = None
    base_order_volume: Natural = None
    base_order_volume_type: Word = ""
    safety_order_volume: Natural = None
    safety_order_volume_type: Word = ""
    martingale_volume_coefficient: Natural = None
    custom_safety_steps: Sequence[CustomStepShape] | None = None
    bot_events: Sequence[EventShape] | None = None

    def value(self) -> SourceDeal:
        return SourceDeal(
            id=self.id,
            bot_id=self.bot_id,
            account_id=self.account_id,
            pair=self.pair,
            strategy=self.strategy,
            status=self.status,
            finished=self.finished,
            has_error=self.deal_has_error,
            created_at=self.created_at,
            updated_at=self.updated_at,
            closed_at=self.closed_at,
            max_safety_orders=self.max_safety_orders,
            completed_safety_orders=self.completed_safety_orders_count,
            take_profit_percent=self.take_profit,
            take_profit_steps=tuple(step.value() for step in self.take_profit_steps or ()),
            trailing=self.trailing_enabled,
            stop_loss_percent=self.stop_loss_percentage or Decimal(0),
            stop_loss_price=None if self.stop_loss_price is None else Price(self.stop_loss_price),
            bought_amount=None if self.bought_amount is None else Size(self.bought_amount),
            sold_amount=None if self.sold_amount is None else Size(self.sold_amount),
            ladder=self._ladder(),
        )

    def _ladder(self) -> Decimal | None:
        """Return what base and all averaging orders cost in quote currency (threecommas.md 9.4)."""
        kinds = {self.base_order_volume_type, self.safety_order_volume_type}
        if self.base_order_volume is None or kinds != {QUOTE_CURRENCY}:
            return None  # In coins or percent it is not known before the orders are there.
        custom = [step.size for step in self.custom_safety_steps or () if step.size is not None]
        if custom:
            return self.base_order_volume + sum(custom, Decimal(0))
        volume = self.safety_order_volume or Decimal(0)
        grows = self.martingale_volume_coefficient or Decimal(1)
        steps = min(self.max_safety_orders, LADDER_STEPS_MAX)
        return self.base_order_volume + sum((volume * grows**k for k in range(steps)), Decimal(0))

    def events(self) -> tuple[BotEvent, ...]:
        """Return the events in order of time; the API gives them rotated (threecommas.md 8.1)."""
        # sorted() keeps the original order of equal times, which is the tie-break of 8.1.
        said = sorted(self.bot_events or (), key=lambda event: event.created_at)
        return tuple(parse_event(event.message, event.created_at) for event in said)


class RowShape(_Shape):
    """One row of `market_orders` (threecommas.md 7)."""

    order_id: Text
    order_type: Word = ""
    deal_order_type: Word = ""
    status_string: Word = ""
    quantity: Natural = None
    quantity_remaining: Natural = None
    rate: Natural = None
    average_price: Natural = None
    total: Amount = None
    created_at: Time
    updated_at: Time

    def value(self) -> SourceOrder:
        """Return the row; one whose side we cannot read gets Role.UNKNOWN, and never an order."""
        side = _SIDES.get(self.order_type.strip().lower())
        role = _ROLES.get(" ".join(self.deal_order_type.lower().split()), Role.UNKNOWN)
        status = _STATUSES.get(self.status_string.strip().lower(), RowStatus.UNKNOWN)
        quantity = self.quantity or Decimal(0)
        remaining = Decimal(0) if status is RowStatus.FILLED else quantity
        if self.quantity_remaining is not None:
            remaining = self.quantity_remaining
        return SourceOrder(
            order_id=self.order_id,
            role=role if side else Role.UNKNOWN,
            side=side or Side.BUY,
            status=status,
            quantity=Size(quantity),
            remaining=Size(remaining),
            rate=Price(self.rate or Decimal(0)),
            average_price=Price(self.average_price or Decimal(0)),
            total=self.total or Decimal(0),
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


class BotShape(_Shape):
    """A bot (threecommas.md 5). Its `url_secret` is not read: it must not get into any text."""

    id: Id
    name: Word = ""
    account_id: Id
    is_enabled: bool
    strategy: Strategy
    pairs: Sequence[str] | None = None

    def value(self) -> SourceBot:
        return SourceBot(
            id=self.id,
            name=self.name,
            account_id=self.account_id,
            enabled=self.is_enabled,
            strategy=self.strategy,
            pairs=tuple(self.pairs or ()),
        )


class ValidShape(_Shape):
    valid: bool


def in_order_of_time(rows: Sequence[RowShape]) -> tuple[SourceOrder, ...]:
    """Return the rows' values, oldest first: their order in the answer means nothing (7.4)."""
    values = (row.value() for row in rows)
    return tuple(sorted(values, key=lambda row: (row.created_at, len(row.order_id), row.order_id)))
