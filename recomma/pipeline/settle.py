"""Settle a deal's live orders by what the venue holds: the only way out of doubt.

In doubt means that the venue may have executed it, now or later. Open orders, fills and
`orderStatus` are asked; only when all three know nothing, some seconds after the request has
expired, did it certainly not happen (hyperliquid.md 10). The venue's clock says when: by a clock of
ours that is ahead it would be over too soon, and asked for again while it can still land.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.first_sight import BASE
from recomma.domain.lifecycle import Event, State
from recomma.domain.notes import plan
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.reasons import Reason
from recomma.domain.sharing import holds_size
from recomma.domain.venue import OpenOrder, OrderRecord
from recomma.pipeline.consequences import DOUBT_MARGIN
from recomma.ports import DealBook, Sought

SHRUNK_AGAIN: Final = timedelta(seconds=30)
ASK_AGAIN: Final = timedelta(seconds=1)  # For what must show up in a moment: a fill, a record.
FILLS_SHOW_AFTER: Final = timedelta(seconds=10)
"""How long fills of one moment may come after each other. An exit that shrank with the position on
the book (hyperliquid.md 8) is "filled" with less than we asked for: its rest never comes."""


@dataclass(frozen=True)
class Held:
    """What one look at the venue gave."""

    open_orders: Mapping[str, OpenOrder]  # By cloid.
    records: Mapping[str, OrderRecord | None]  # Of our orders that are not open, by cloid.
    coin: str | None  # The deal's here; None before its first order.
    at: datetime  # The venue's own time, read before all of it, where an attempt is in doubt.


def settle(book: DealBook, venue: str, held: Held, now: datetime) -> datetime | None:
    """Take each live order one step on if the look says so; return when to ask again."""
    times = []
    orders = book.here(venue).orders
    base_waited = any(o.leg == BASE and o.state is State.IN_DOUBT for o in orders)
    for order in orders:
        if order.state is State.RESTING:
            times.append(_resting(book, order, held, now))
        elif order.state is State.IN_DOUBT:
            times.append(_in_doubt(book, order, held, now))
    if base_waited and _base_is_in(book.here(venue).orders):
        book.leave(plan(book.deal_id), now)  # Averaging orders were waiting for it.
    return min((at for at in times if at), default=None)


def shrunk(orders: Iterable[MirrorOrder], held: Held, now: datetime) -> frozenset[int]:
    """Return the resting exits of which the venue has less than we asked for.

    It shrinks them with the position and does not let them grow again (hyperliquid.md 8). Fills are
    read after the open orders, so what is missing on the book was not filled. Where the position
    is really smaller than we think a new one shrinks as well: therefore only after a pause.
    """
    return frozenset(
        order.id
        for order in orders
        if order.state is State.RESTING and holds_size(order)
        if now >= order.due_at + SHRUNK_AGAIN
        for open_order in [held.open_orders.get(order.cloid or "")]
        if open_order and open_order.size < order.remaining
    )


def _base_is_in(orders: Iterable[MirrorOrder]) -> bool:
    return any(
        order.leg == BASE and (order.filled or order.state is State.RESTING) for order in orders
    )


def _resting(book: DealBook, order: MirrorOrder, held: Held, now: datetime) -> datetime | None:
    if not order.remaining:
        book.record(order.id, Event.FILLED)
        return None
    cloid = order.cloid or ""
    open_order = held.open_orders.get(cloid)
    if open_order and order.oid is None:
        # A sleeping trigger is accepted without its number (hyperliquid.md 7.1).
        book.record(order.id, Event.RESTED, oid=open_order.oid)
    if open_order or cloid not in held.records:
        return None  # On the book, or its rest came in while we looked.
    record = held.records[cloid]
    if record is None or not record.terminal:
        return now + ASK_AGAIN  # Not seen is not gone.
    if record.status == "filled" and not _shrank(book, order, record, now):
        return now + ASK_AGAIN  # Its fills are on their way.
    book.record(order.id, Event.GONE, why=order.cancel_why or Reason.CANCELLED_BY_VENUE)
    return None


def _shrank(book: DealBook, order: MirrorOrder, record: OrderRecord, now: datetime) -> bool:
    """Say whether an exit was filled with less than we asked for, and all of that is booked.

    Its last fill is as old as its record: only when that one is seen, nothing is on its way.
    """
    last = book.here(order.venue).holding.last_fill_at
    seen = bool(order.filled and last and last >= record.at - ASK_AGAIN)
    return order.is_exit and seen and now >= record.at + FILLS_SHOW_AFTER


def _in_doubt(book: DealBook, order: MirrorOrder, held: Held, now: datetime) -> datetime | None:
    if not order.remaining:
        book.record(order.id, Event.FILLED)
        return None
    cloid = order.cloid or ""
    open_order = held.open_orders.get(cloid)
    if open_order:
        book.record(order.id, Event.RESTED, oid=open_order.oid)
        return None
    sought = next((s for s in book.sought(order.venue) if s.order_id == order.id), None)
    if sought is None or cloid not in held.records:
        return now + ASK_AGAIN  # Asked while we looked: this look knows nothing about it.
    record = held.records[cloid]
    if _fills_are_in(sought, record, held.at):
        expired = held.at >= sought.expires_at + DOUBT_MARGIN
        shrank = order.is_exit and expired and bool(sought.filled)
        return _ended(book, order, record, now, shrank=shrank)
    if record is None and sought.executed is None:
        certain_at = sought.expires_at + DOUBT_MARGIN
        if held.at < certain_at:
            return now + max(certain_at - held.at, ASK_AGAIN)
        book.record(order.id, Event.NEVER_ARRIVED, due_at=now)
        return None
    return now + ASK_AGAIN


def _fills_are_in(sought: Sought, record: OrderRecord | None, at: datetime) -> bool:
    """Say whether nothing more can fill by this attempt, and all that did has been booked.

    Asking again for a remainder while a fill is still unseen would buy it twice.
    """
    if sought.executed is not None:
        return sought.filled >= sought.executed
    if record is None or not record.terminal:
        return False
    if record.status == "filled":
        return sought.filled >= record.original_size or at >= sought.expires_at + DOUBT_MARGIN
    return at >= record.at + ASK_AGAIN


def _ended(
    book: DealBook, order: MirrorOrder, record: OrderRecord | None, now: datetime, *, shrank: bool
) -> datetime | None:
    """The attempt is over, and less than the order's size has filled."""
    if record is not None and record.refused:
        why = Reason.REFUSED_BY_VENUE
        book.record(order.id, Event.TURNED_AWAY, why=why, due_at=now + ASK_AGAIN)
    elif order.terms.style is Style.CROSS:
        # The remainder of an IOC is dropped: the same leg asks again for the rest.
        book.record(order.id, Event.ENDED_PARTLY, due_at=now + ASK_AGAIN)
    elif not shrank and (record is None or not record.terminal or record.status == "filled"):
        return now + ASK_AGAIN  # Executed in part; the rest rests, or its fills are on their way.
    else:
        why = order.cancel_why or Reason.CANCELLED_BY_VENUE
        book.record(order.id, Event.GONE, why=why)
    return None
