"""Mirror orders and situations of our own making, for the tests of decisions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from recomma.domain.entries import Place, Situation
from recomma.domain.exits import Exposure
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size
from recomma.domain.orders import (
    Holding,
    MirrorOrder,
    NewOrder,
    Standing,
    Style,
    Terms,
    Urgency,
)
from recomma.domain.policy import Policy
from recomma.domain.source import Leg, Role
from recomma.domain.venue import Market
from recomma.domain.wanted import Wanted, WantedEntry, WantedExit

NOON: Final = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)
DOGE: Final = Market("DOGE", asset=3, size_decimals=0, max_leverage=10, delisted=False)
BASE: Final = Leg(Role.BASE)
STOP: Final = Leg(Role.STOP)


def price(text: str) -> Price:
    return Price(Decimal(text))


def size(text: str | int) -> Size:
    return Size(Decimal(text))


def after(**time: int) -> datetime:
    return NOON + timedelta(**time)


def safety(step: int) -> Leg:
    return Leg(Role.SAFETY, str(step))


def take_profit(step: int = 1) -> Leg:
    return Leg(Role.TAKE_PROFIT, str(step))


def order(leg: Leg = BASE, state: State = State.RESTING, **changes: Any) -> MirrorOrder:
    """Make an order of 100 DOGE at 0.2; an exit sells and is reduce-only.

    `price`, `size` and `style` go into its terms, `filled` is in coins.
    """
    is_exit = leg.role in (Role.TAKE_PROFIT, Role.STOP)
    terms = Terms(
        side=Side.SELL if is_exit else Side.BUY,
        price=price(changes.pop("price", "0.2")),
        size=size(changes.pop("size", 100)),
        style=changes.pop("style", Style.REST),
        reduce_only=is_exit,
    )
    filled = size(changes.pop("filled", 0))
    made = MirrorOrder(
        id=1,
        deal_id=7,
        bot_id=1,
        venue="main",
        leg=leg,
        generation=1,
        coin="DOGE",
        wanted_price=terms.price,
        wanted_size=terms.size,
        terms=terms,
        urgency=Urgency.EXIT if is_exit else Urgency.BASE,
        state=state,
        filled=filled,
        due_at=NOON,
        give_up_at=None,
        cancel_why=None,
        why=None,
        attempts=1,
        refusals=0,
        cloid=None,
        oid=None,
    )
    return replace(made, **changes)


def stored(new: NewOrder, order_id: int, generation: int = 1) -> MirrorOrder:
    """Return what the ledger makes of a decision."""
    made = order(new.leg, State.PLANNED, id=order_id, generation=generation)
    return replace(
        made,
        coin=new.coin,
        wanted_price=new.wanted_price,
        wanted_size=new.wanted_size,
        terms=new.terms,
        urgency=new.urgency,
        give_up_at=new.give_up_at,
        attempts=0,
    )


def limit_entry(leg: Leg, at: str = "0.19", coins: str | int = 100, **changes: Any) -> WantedEntry:
    made = WantedEntry(leg, Side.BUY, price(at), size(coins), market=False, filled_at=None)
    return replace(made, **changes)


def market_entry(leg: Leg = BASE, at: str = "0.2", coins: str | int = 100) -> WantedEntry:
    """Make an entry that the source filled at market at noon."""
    return WantedEntry(leg, Side.BUY, price(at), size(coins), market=True, filled_at=NOON)


def target(at: str, ratio: str = "1", step: int = 1) -> WantedExit:
    return WantedExit(take_profit(step), Decimal(ratio), price(at))


def wish(*entries: WantedEntry, **changes: Any) -> Wanted:
    """Make what a running long deal wants."""
    made = Wanted(
        side=Side.BUY,
        entries=entries,
        withdrawn=frozenset(),
        exits=(),
        exits_filled=frozenset(),
        closing=None,
        released=False,
        finished=False,
        unknown=(),
    )
    return replace(made, **changes)


def situation(*orders: MirrorOrder, **changes: Any) -> Situation:
    """Make a mirrored deal at noon with the default policy."""
    made = Situation(
        standing=Standing.OPEN,
        standing_why=None,
        market=DOGE,
        policy=Policy(),
        orders=orders,
        skipped=frozenset(),
        now=NOON,
    )
    return replace(made, **changes)


def exposure(
    bought: str | int = 100,
    sold: str | int = 0,
    taken: dict[Leg, str | int] | None = None,
    *,
    side: Side = Side.BUY,
    market: Market = DOGE,
    last_fill_at: datetime | None = None,
    done: Iterable[Leg] = (),
) -> Exposure:
    """Make a position; of a short one, `bought` is what it entered and `sold` what it closed."""
    inward, outward = size(bought), size(sold)
    long = side is Side.BUY
    holding = Holding(inward if long else outward, outward if long else inward, last_fill_at)
    sold_by_step = {leg: size(much) for leg, much in (taken or {}).items()}
    return Exposure(side, holding, sold_by_step, frozenset(done), market)


def placed(decisions: Iterable[object]) -> list[NewOrder]:
    return [decision.order for decision in decisions if isinstance(decision, Place)]
