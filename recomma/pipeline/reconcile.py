"""Reconcile: what one venue holds of one deal, and the exits that it must have.

Reads first, writes after. A read that fails changes nothing: missing data is never "flat" or
"gone". Open orders are read before fills, so that an order that has left the book has its fills
in what is read next.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.exits import (
    STOP,
    Exposure,
    closing_order,
    closing_terms,
    exit_changes,
    targets,
)
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Size, notional
from recomma.domain.notes import submit
from recomma.domain.orders import MirrorOrder, Standing, Style
from recomma.domain.policy import MINIMUM_NOTIONAL, OnSourceExit, Policy
from recomma.domain.reasons import Reason
from recomma.domain.venue import OrderRecord
from recomma.domain.verdict import Done, Verdict
from recomma.domain.wanted import Closing
from recomma.pipeline.settle import Held, settle
from recomma.ports import DealBook, DealHere, Ledger, Venue

FILLS_OVERLAP: Final = timedelta(seconds=60)  # Fills that became visible late are booked once.
DUST_AGAIN: Final = timedelta(seconds=30)  # It waits for the others to close.
PRICE_AGAIN: Final = timedelta(seconds=1)
LOOK_AFTER: Final = timedelta(seconds=3)  # The cadence while anything of the deal is alive here.


def reconcile(
    deal_id: int, *, venue: Venue, ledger: Ledger, fence: int | None, now: datetime
) -> Verdict:
    """Book what was filled, settle what is in doubt, and give the position its exits."""
    held = _look(deal_id, venue, ledger, fence, now)
    with ledger.deal(deal_id, fence) as book:
        again_at = settle(book, venue.name, held, now)
        exits_at = _exits(book, venue.name, held.mid, now)
        here = book.here(venue.name)
        if any(_due(order) for order in here.orders):
            book.leave(submit(venue.name), now)
        alive = any(order.live for order in here.orders) or here.holding.left(book.side)
        times = [at for at in (again_at, exits_at) if at]
        return Done(
            f"position {here.holding.left(book.side)}",
            again_at=min(times, default=None),
            look_at=now + LOOK_AFTER if alive else None,
        )


def _look(deal_id: int, venue: Venue, ledger: Ledger, fence: int | None, now: datetime) -> Held:
    open_orders = {o.cloid: o for o in venue.open_orders() if o.cloid}
    with ledger.deal(deal_id, fence) as book:
        seen_at, closing = book.first_seen_at, book.closing is not None
        executed = {s.order_id: s.cloid for s in book.sought(venue.name) if s.executed is not None}
        missing = [
            order.cloid
            for order in book.orders(venue.name)
            if order.state in (State.IN_DOUBT, State.RESTING)
            and order.cloid
            and order.cloid not in open_orders
            and order.id not in executed
        ]
        market = book.here(venue.name).market if closing else None
    records: dict[str, OrderRecord | None] = {c: venue.order_record(c) for c in missing}
    records.update(dict.fromkeys(executed.values()))
    since = ledger.fills_read_to(venue.name) or seen_at
    # Last, so that whatever a record or a missing open order means has its fills in here.
    ledger.book_fills(venue.name, venue.fills_since(since - FILLS_OVERLAP), now)
    mid = venue.mids().get(market.coin) if market else None
    return Held(open_orders, records, mid)


def _due(order: MirrorOrder) -> bool:
    return order.state is State.PLANNED or bool(order.cancel_why and order.state is State.RESTING)


@dataclass(frozen=True)
class _Desk:
    """A deal on one venue while its exits are decided."""

    book: DealBook
    here: DealHere
    exposure: Exposure
    now: datetime

    @property
    def venue(self) -> str:
        return self.here.venue.name

    def is_dust(self, price: Price) -> bool:
        """Say whether an exit would be refused as too small: it closes less than the whole net
        position, which others share, and is worth less than the minimum (hyperliquid.md 2.4)."""
        return self.here.strangers and notional(price, self.exposure.left) < MINIMUM_NOTIONAL

    def stop(self) -> MirrorOrder | None:
        return next((o for o in self.here.orders if o.leg == STOP and o.live), None)


def _exits(book: DealBook, venue: str, mid: Price | None, now: datetime) -> datetime | None:
    """Bring the exits in line with the position; return when to look again, if that is known."""
    here = book.here(venue)
    if here.market is None or not here.venue.live:
        return None
    done = frozenset(o.leg for o in here.orders if o.is_exit and o.state is State.FILLED)
    exposure = Exposure(book.side, here.holding, here.taken, done, here.market)
    desk = _Desk(book, here, exposure, now)
    if not desk.exposure.left:
        _nothing_left(desk)
        return None
    closing = book.closing
    if closing is None or here.policy.on_source_exit is not OnSourceExit.CLOSE:
        return _take_profits(desk)
    close_at = closing.at if closing.at_once else closing.at + here.policy.exit_grace
    if now < close_at:
        _take_profits(desk)
        return close_at
    return _close(desk, closing, mid)


def _nothing_left(desk: _Desk) -> None:
    """No position: exits have nothing to do, and what was entered has been closed here."""
    book, here = desk.book, desk.here
    for order in here.orders:
        if order.live and order.is_exit:
            book.withdraw(order.id, Reason.NOTHING_LEFT_TO_CLOSE)
    if here.standing is not Standing.OPEN or not here.holding.entered(book.side):
        return
    book.stand(desk.venue, Standing.CLOSED_HERE, Reason.EXIT_FILLED)
    for order in here.orders:
        if order.live and not order.is_exit:
            book.withdraw(order.id, Reason.EXIT_FILLED)


def _take_profits(desk: _Desk) -> datetime | None:
    if desk.book.exits and desk.is_dust(max(e.price for e in desk.book.exits)):
        return desk.now + DUST_AGAIN
    changes = exit_changes(
        targets(desk.book.exits, desk.exposure),
        desk.here.orders,
        desk.exposure,
        desk.here.policy,
        alone=not desk.here.strangers,
        now=desk.now,
    )
    for order in changes.place:
        desk.book.place(desk.venue, order, due_at=desk.now)
    for order_id, why in changes.withdraw:
        desk.book.withdraw(order_id, why)
    return changes.look_again_at


def _close(desk: _Desk, closing: Closing, mid: Price | None) -> datetime | None:
    """Close what is left: try after try, each further from the mid, then rest at the last cap."""
    if mid is None:  # The closing began after the prices were read.
        return desk.now + PRICE_AGAIN
    if desk.is_dust(mid):
        stop = desk.stop()
        if stop:
            desk.book.withdraw(stop.id, Reason.DUST)
        return desk.now + DUST_AGAIN
    if desk.here.strangers and _cancel_first(desk):
        return None  # A newer order would make the venue cancel another deal's exit.
    policy = desk.here.policy
    tries = sum(order.attempts for order in desk.here.orders if order.leg == STOP)
    terms = closing_terms(desk.exposure, mid, tries, policy)
    stop = desk.stop()
    if stop is None:
        coin = desk.exposure.market.coin
        order = closing_order(terms, coin, closing.reason, policy.multiplier)
        desk.book.place(desk.venue, order, due_at=desk.now)
    elif stop.state is State.PLANNED and stop.attempts:
        # An order asks for its size minus its own fills.
        rest = replace(terms, size=Size(terms.size + stop.filled))
        desk.book.reterm(stop.id, rest, due_at=stop.due_at)
    elif _left_behind(stop, desk.exposure, mid, policy):
        desk.book.withdraw(stop.id, Reason.EXIT_REPLACED)
    return None


def _cancel_first(desk: _Desk) -> bool:
    resting = [o for o in desk.here.orders if o.is_exit and o.live and o.leg != STOP]
    for order in resting:
        desk.book.withdraw(order.id, Reason.CLOSING)
    return bool(resting)


def _left_behind(stop: MirrorOrder, exposure: Exposure, mid: Price, policy: Policy) -> bool:
    """Say whether a resting close no longer fits: the market moved away, or the size did."""
    if stop.state is not State.RESTING or stop.terms.style is not Style.REST or stop.cancel_why:
        return False
    away = abs(stop.terms.price / mid - 1)
    return away > 2 * policy.close_caps[-1] or stop.remaining != exposure.left
