"""Deals, rows and events of our own making, for the tests of joining."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from recomma.domain.bot_events import parse_event
from recomma.domain.joining import join
from recomma.domain.money import Price, Side, Size
from recomma.domain.source import (
    BotEvent,
    Reading,
    Role,
    RowStatus,
    SourceDeal,
    SourceLegs,
    SourceOrder,
    Strategy,
    TakeProfitStep,
)

NOON = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)  # When a reading is taken, long after its rows.
FILLED, ACTIVE, CANCELLED = RowStatus.FILLED, RowStatus.ACTIVE, RowStatus.CANCELLED


def deal(
    strategy: Strategy = Strategy.LONG, *, safeties: int = 3, steps: Sequence[str | None] = ()
) -> SourceDeal:
    """Make a running deal; `steps` are the trade ids of its take-profit steps."""
    return SourceDeal(
        id=7,
        bot_id=1,
        account_id=1,
        pair="USDT_ADA",
        strategy=strategy,
        status="bought",
        finished=False,
        has_error=False,
        created_at=NOON,
        updated_at=NOON,
        closed_at=None,
        max_safety_orders=safeties,
        completed_safety_orders=0,
        take_profit_percent=Decimal(2),
        take_profit_steps=tuple(TakeProfitStep(s, Decimal("0.5"), None, "Placed") for s in steps),
        trailing=False,
        stop_loss_percent=Decimal(0),
        stop_loss_price=None,
        bought_amount=None,
        sold_amount=None,
    )


def step(
    trade_id: str | None, status: str = "Placed", *, ratio: str = "0.5", price: str | None = None
) -> TakeProfitStep:
    return TakeProfitStep(
        trade_id, Decimal(ratio), None if price is None else Price(Decimal(price)), status
    )


def in_steps(*steps: TakeProfitStep) -> SourceDeal:
    """Make a running long deal with these take-profit steps."""
    return replace(deal(), take_profit_percent=None, take_profit_steps=steps)


def row(
    order_id: int,
    role: Role = Role.SAFETY,
    status: RowStatus = ACTIVE,
    *,
    rate: str = "0",
    size: str = "50",
    paid: str = "0",
) -> SourceOrder:
    """Make a row of a long deal; younger with a higher id. `paid` is its average price."""
    at = NOON + timedelta(seconds=order_id)
    quantity, price = Decimal(size), Decimal(paid)
    exits = role in (Role.TAKE_PROFIT, Role.STOP)
    return SourceOrder(
        order_id=str(order_id),
        role=role,
        side=Side.SELL if exits else Side.BUY,
        status=status,
        quantity=Size(quantity),
        remaining=Size(Decimal(0) if status is FILLED else quantity),
        rate=Price(Decimal(rate)),
        average_price=Price(price),
        total=price * quantity,
        created_at=at,
        updated_at=at + timedelta(minutes=1),
    )


def short(rows: Sequence[SourceOrder]) -> list[SourceOrder]:
    return [replace(r, side=r.side.opposite) for r in rows]


def said(*messages: str) -> tuple[BotEvent, ...]:
    """Make events, one second apart."""
    return tuple(
        parse_event(message, NOON + timedelta(seconds=second))
        for second, message in enumerate(messages, start=1)
    )


def averaged(step: int, price: str, size: str = "50.0", *, of: int = 3) -> str:
    """Say that an averaging order was executed at `price`, which is at market too."""
    quote = Decimal(price) * Decimal(size)
    return (
        f"Averaging order ({step} out of {of}) executed. Price: {price} USDT Size: {quote} USDT"
        + (f" ({size} ADA)")
    )


def averaging(step: int, price: str, size: str = "50.0", *, of: int = 3) -> str:
    quote = "5.0" if price == "market" else str(Decimal(price) * Decimal(size))
    where = price if price == "market" else f"{price} USDT"
    return f"Placing averaging order ({step} out of {of}). Price: {where} Size: {quote} USDT" + (
        f" ({size} ADA)"
    )


def joined(
    rows: Sequence[SourceOrder],
    events: Sequence[BotEvent] = (),
    *,
    of: SourceDeal | None = None,
) -> SourceLegs:
    return join(Reading(of or deal(), tuple(rows), tuple(events), LATER))


def legs(found: SourceLegs) -> dict[str, str]:
    """Return the order id of each leg."""
    every = (*found.entries, *found.take_profits, *found.stops)
    return {str(leg.leg): leg.order_id for leg in every}
