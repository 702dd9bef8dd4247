"""Reconcile: what one venue holds of one deal, and the exits that it must have.

Reads first, writes after. A read that fails says nothing: missing data is never "flat" or
"gone". Open orders are read before fills, so that an order that has left the book has its fills
in what is read next.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.lifecycle import State
from recomma.domain.looks import naked_again, next_look
from recomma.domain.notes import submit
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import OnBlind
from recomma.domain.readiness import is_blind
from recomma.domain.reasons import Reason
from recomma.domain.venue import OrderRecord
from recomma.domain.verdict import Done, Verdict
from recomma.pipeline.exits_here import Outcome, decide_exits, naked_since
from recomma.pipeline.settle import Held, settle, shrunk
from recomma.ports import DealBook, Ledger, Metrics, Unreadable, Venue

FILLS_OVERLAP: Final = timedelta(seconds=60)  # Fills that became visible late are booked once.


def reconcile(
    deal_id: int,
    *,
    venue: Venue,
    ledger: Ledger,
    metrics: Metrics,
    fence: int | None,
    now: datetime,
) -> Verdict:
    """Book what was filled, settle what is in doubt, and give the position its exits.

    A venue that cannot be read may well take orders: by what the ledger knows the position has its
    exits all the same. What has left the book, and a price of now, wait for a reading.
    """
    try:
        return _by_the_venue(deal_id, venue, ledger, metrics, fence, now)
    except Unreadable:
        _exits_by_the_ledger(deal_id, venue.name, ledger, metrics, fence, now)
        raise


def _exits_by_the_ledger(
    deal_id: int, venue: str, ledger: Ledger, metrics: Metrics, fence: int | None, now: datetime
) -> None:
    with ledger.deal(deal_id, fence) as book:
        coin = _coin(book.orders(venue))
    with ledger.deal(deal_id, fence) as book:
        _hold_coin(book, venue, coin)
        # What is booked whole has ended, whoever read its fills.
        settle(book, venue, Held({}, {}, coin=coin, at=now), now)
        outcome = decide_exits(book, venue, None, frozenset(), now)
        _done(book, venue, outcome, None, metrics, now)


def _by_the_venue(
    deal_id: int,
    venue: Venue,
    ledger: Ledger,
    metrics: Metrics,
    fence: int | None,
    now: datetime,
) -> Verdict:
    held = _look(deal_id, venue, ledger, fence, now)
    with ledger.deal(deal_id, fence) as book:
        _hold_coin(book, venue.name, held.coin)
        settled_at = settle(book, venue.name, held, now)
        less = shrunk(book.orders(venue.name), held, now)
        outcome = decide_exits(book, venue.name, None, less, now)
        if not outcome.needs_mid:
            return _done(book, venue.name, outcome, settled_at, metrics, now)
    # Only what fills at market needs a price; what was settled is committed, should none come.
    mids = venue.mids()
    with ledger.deal(deal_id, fence) as book:
        _hold_coin(book, venue.name, held.coin)
        outcome = decide_exits(book, venue.name, mids, less, now)
        return _done(book, venue.name, outcome, settled_at, metrics, now)


def _hold_coin(book: DealBook, venue: str, coin: str | None) -> None:
    """Before any order is locked, so that all exits of one coin are planned one after the other."""
    if coin:
        book.hold_coin(venue, coin)


def _coin(orders: Sequence[MirrorOrder]) -> str | None:
    return orders[-1].coin if orders else None


def _look(deal_id: int, venue: Venue, ledger: Ledger, fence: int | None, now: datetime) -> Held:
    with ledger.deal(deal_id, fence) as book:
        seen_at, orders = book.first_seen_at, book.orders(venue.name)
        sought = book.sought(venue.name)
    sizes = {order.id: order.remaining for order in orders}
    # Of one that was executed in part the rest may rest, or the venue may have ended it.
    executed = {
        s.order_id: s.cloid
        for s in sought
        if s.executed is not None and s.executed >= sizes[s.order_id] + s.filled
    }
    # Before everything else: what had happened by then shows in what is read next.
    at = now if len(executed) == len(sought) else venue.account_state().at
    open_orders = {o.cloid: o for o in venue.open_orders() if o.cloid}
    missing = [
        order.cloid
        for order in orders
        if order.state in (State.IN_DOUBT, State.RESTING)
        and order.cloid
        and order.cloid not in open_orders
        and order.id not in executed
    ]
    records: dict[str, OrderRecord | None] = {c: venue.order_record(c) for c in missing}
    records.update(dict.fromkeys(executed.values()))
    since = ledger.fills_read_to(venue.name) or seen_at
    # Last, so that whatever a record or a missing open order means has its fills in here.
    ledger.book_fills(venue.name, venue.fills_since(since - FILLS_OVERLAP), now)
    return Held(open_orders, records, coin=_coin(orders), at=at)


def _done(
    book: DealBook,
    venue: str,
    outcome: Outcome,
    settled_at: datetime | None,
    metrics: Metrics,
    now: datetime,
) -> Done:
    _take_back_if_blind(book, venue, now)
    here = book.here(venue)
    left = here.holding.left(book.side)
    since = naked_since(here, book, now) if outcome.exit_due else None
    if since != here.naked_since:
        book.set_naked(venue, since)
    metrics.naked(venue, book.deal_id, (now - since).total_seconds() if since else 0)
    if any(_due(order) for order in here.orders):
        book.leave(submit(venue), now)
    alive = any(order.live for order in here.orders) or (left and outcome.exit_due)
    naked_at = naked_again(since, now) if since else None
    times = [at for at in (settled_at, outcome.again_at, naked_at) if at]
    return Done(
        f"position {left}",
        again_at=min(times, default=None),
        look_at=next_look(book.looks(venue, now), now) if alive else None,
    )


def _take_back_if_blind(book: DealBook, venue: str, now: datetime) -> None:
    """Cancel resting entries whose source cannot be seen any more, if the policy says so."""
    here = book.here(venue)
    if here.policy.on_blind is OnBlind.KEEP:
        return
    if not is_blind(book.source_read_at, here.policy.blind_after, now):
        return
    for order in here.orders:
        if order.state is State.RESTING and not order.is_exit and not order.cancel_why:
            book.withdraw(order.id, Reason.BLIND)


def _due(order: MirrorOrder) -> bool:
    return order.state is State.PLANNED or bool(order.cancel_why and order.state is State.RESTING)
