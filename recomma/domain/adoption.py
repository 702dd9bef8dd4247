"""Orders that the venue has under our tag and the ledger has not: a backup was restored.

The cloid says which attempt of which leg of which deal it is (domain/cloid.py), so that such an
order is taken back instead of being placed a second time (design.md 7.6).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from recomma.domain.cloid import Cloid, shortened
from recomma.domain.lifecycle import Event
from recomma.domain.money import NO_SIZE, Size
from recomma.domain.orders import Style, Terms, Urgency
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from recomma.domain.venue import Fill, OpenOrder, OrderRecord

URGENCIES = {
    Role.STOP: Urgency.CLOSE,
    Role.TAKE_PROFIT: Urgency.EXIT,
    Role.BASE: Urgency.BASE,
    Role.SAFETY: Urgency.SAFETY,
    Role.MANUAL: Urgency.SAFETY,
}


@dataclass(frozen=True)
class FoundOrder:
    """An order of ours that only the venue knows; `event` is what has become of it there."""

    said: Cloid
    cloid: str
    oid: int
    coin: str
    terms: Terms
    event: Event  # RESTED, FILLED or GONE.

    @property
    def why(self) -> Reason | None:
        return Reason.CANCELLED_BY_VENUE if self.event is Event.GONE else None

    @property
    def urgency(self) -> Urgency:
        return URGENCIES[self.said.leg.role]


WATCHED: Final = timedelta(seconds=60)
"""How long after a survey this ledger has certainly been watching. No backup is restored within
so short a time of its making, so what is new since then was asked for by somebody else."""


def is_a_twins(made_at: datetime | None, watched_at: datetime | None, now: datetime) -> bool:
    """Say whether an order under our tag that we never asked for was made under our eyes.

    `watched_at` is when this ledger surveyed the account last. Then a second installation has our
    tag: a copy of this database, or one that drew the same number. What was made before, or in a
    longer absence, may have been ours: a backup was restored.
    """
    if made_at is None or watched_at is None or now - watched_at > WATCHED:
        return False
    return made_at > watched_at


class Whose(StrEnum):
    """Whose order a client order id names."""

    OURS = "ours"
    ANOTHER_INSTALLATION = "another_installation"
    SOMEBODY = "somebody"


def whose(said: Cloid | None, tag: int, deals: Iterable[int]) -> Whose:
    """Say whose order it is. Only a deal of this ledger can be ours, or be traded by two."""
    if said is None or said.deal_id not in deals:
        return Whose.SOMEBODY
    return Whose.OURS if said.tag == tag else Whose.ANOTHER_INSTALLATION


def found_open(order: OpenOrder, said: Cloid) -> FoundOrder:
    """Return an open order as one to adopt."""
    style = Style.REST if order.trigger_price is None else Style.TRIGGER
    terms = Terms(
        side=order.side,
        price=order.price,
        size=order.original_size,
        style=style,
        reduce_only=order.reduce_only,
        trigger_price=order.trigger_price,
    )
    return FoundOrder(said, order.cloid or "", order.oid, order.coin, terms, Event.RESTED)


def found_ended(
    fills: Sequence[Fill], said: Cloid, record: OrderRecord | None
) -> FoundOrder | None:
    """Return an order that is known by its fills alone, or None while the venue calls it open.

    Without a record (the venue forgets after some 2000 orders) what has filled is all of it.
    """
    if record is not None and not record.terminal:
        return None
    first = fills[0]
    filled = Size(sum((fill.size for fill in fills), NO_SIZE))
    cut_short = record is not None and record.status != "filled"
    asked = max(record.original_size, filled) if record is not None and cut_short else filled
    terms = Terms(
        side=first.side,
        price=first.price,
        size=Size(asked),
        style=Style.CROSS if first.crossed else Style.REST,
        reduce_only=said.leg.role in (Role.TAKE_PROFIT, Role.STOP),
    )
    event = Event.GONE if cut_short else Event.FILLED
    return FoundOrder(said, first.cloid or "", first.oid, first.coin, terms, event)


def leg_named(said: Leg, known: Iterable[Leg]) -> Leg:
    """Return which known leg a cloid's leg is: a manual order's id is shortened in it."""
    return next((leg for leg in known if shortened(leg) == said), said)
