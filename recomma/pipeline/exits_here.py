"""The exits of one deal on one venue: decided under the coin's lock, written with their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.closing import STOP, Ending, close_at, closing_here
from recomma.domain.closing_changes import closing_changes, whole_close
from recomma.domain.exit_changes import ExitChanges, ExitsHere, exit_changes, new_exit
from recomma.domain.exits import Exposure, Target, targets
from recomma.domain.lifecycle import State
from recomma.domain.money import Price
from recomma.domain.orders import MirrorOrder, NewOrder, Standing, Urgency
from recomma.domain.policy import MINIMUM_NOTIONAL, OnSourceRelease
from recomma.domain.reasons import Reason
from recomma.domain.scaling import exits_in_venue_units, price_in_venue_units
from recomma.domain.sharing import Room, holds_size, is_told_as_dust
from recomma.domain.stop_orders import has_fired, stop_changes, stop_targets, unrested
from recomma.domain.stops import Level
from recomma.domain.wanted import Closing
from recomma.ports import DealBook, DealHere

DUST_AGAIN: Final = timedelta(seconds=30)  # It waits for the others to close.
SURVEYED_AFTER: Final = timedelta(seconds=90)  # Three surveys, and a loss that is confirmed.
MID_AGAIN: Final = timedelta(seconds=10)  # The venue names no price: the coin is halted or gone.


@dataclass(frozen=True)
class Outcome:
    """`again_at`: when to look again, if that is known. `needs_mid`: decide again with prices."""

    again_at: datetime | None = None
    needs_mid: bool = False
    exit_due: bool = True  # False: the position is without an exit for a reason.


@dataclass(frozen=True)
class Desk:
    """A deal on one venue while its exits are decided. `mids` None: prices were not read."""

    book: DealBook
    here: DealHere
    exits: ExitsHere
    mids: Mapping[str, Price] | None

    @property
    def venue(self) -> str:
        return self.here.venue.name

    @property
    def now(self) -> datetime:
        return self.exits.now


def decide_exits(
    book: DealBook,
    venue: str,
    mids: Mapping[str, Price] | None,
    shrunk: frozenset[int],
    now: datetime,
) -> Outcome:
    """Bring the exits in line with the position; say when to look again, or that prices are needed.

    Deciding again after everything was carried out changes nothing more.
    """
    here = book.here(venue)
    if here.market is None or not here.venue.live:
        return Outcome(exit_due=False)
    if here.stop and here.stop.level is Level.CLOSE_ALL:
        _end_for_good(book, here)
        here = book.here(venue)
    assert here.market is not None
    done = frozenset(o.leg for o in here.orders if o.is_exit and o.state is State.FILLED)
    exposure = Exposure(book.side, here.holding, here.taken, done, here.market)
    room = Room(book.side, exposure.left, here.neighbours)
    mid = (mids or {}).get(here.market.coin)
    less = shrunk if room.is_whole else _shrunk_for_long(here, shrunk, now)
    exits = ExitsHere(exposure, here.orders, here.policy, room, now, mid, less)
    desk = Desk(book, here, exits, mids)
    if not exposure.left:
        _nothing_left(desk)
        return Outcome(exit_due=False)
    if here.stop and here.stop.level is Level.FROZEN:
        return Outcome(here.stop.until)  # A person wants nothing sent: what rests stays.
    return _decide(desk)


def _shrunk_for_long(here: DealHere, shrunk: frozenset[int], now: datetime) -> frozenset[int]:
    """Beside other deals less on the book means that less is held, and a survey finds out whose it
    was. What stays shrunk is held again by then, and the venue lets nothing grow back."""
    old = (order.id for order in here.orders if now >= order.due_at + SURVEYED_AFTER)
    return shrunk.intersection(old)


def _end_for_good(book: DealBook, here: DealHere) -> None:
    """A person closes this deal here: nothing more is entered, also when the stop is lifted."""
    if here.standing is Standing.OPEN:
        book.stand(here.venue.name, Standing.CLOSED_HERE, Reason.CLOSED_BY_PERSON)
    _withdraw_entries(book, here, Reason.CLOSED_BY_PERSON)


def _withdraw_entries(book: DealBook, here: DealHere, why: Reason) -> None:
    for order in here.orders:
        if order.live and not order.is_exit and not order.cancel_why:
            book.withdraw(order.id, why)


def _nothing_left(desk: Desk) -> None:
    """No position: exits have nothing to do, and what was entered has been closed here."""
    book, here = desk.book, desk.here
    for order in here.orders:
        if order.live and order.is_exit:
            book.withdraw(order.id, Reason.NOTHING_LEFT_TO_CLOSE)
    why = _why_flat(desk)
    if here.standing is not Standing.OPEN or why is None:
        return
    book.stand(desk.venue, Standing.CLOSED_HERE, why)
    _withdraw_entries(book, here, why)


def _why_flat(desk: Desk) -> Reason | None:
    """Say what took the position to 0, or None: nothing was entered, or the deal goes on.

    A running deal whose coins were only handed over as dust goes on: it may average later, and then
    has exits of its own again (docs/decisions/0024).
    """
    book, here, holding = desk.book, desk.here, desk.here.holding
    long = book.side.sign > 0
    entered, left = (holding.bought, holding.sold) if long else (holding.sold, holding.bought)
    if not entered:
        return None
    if has_fired(here.orders):
        return Reason.STOP_TRIGGERED
    if holding.moved >= 0:
        return Reason.EXIT_FILLED
    over = book.closing or book.finished or book.released or here.standing is not Standing.OPEN
    why = book.moved_why(desk.venue)
    return None if why is Reason.MERGED and not (left or over) else why


def _decide(desk: Desk) -> Outcome:
    book, here = desk.book, desk.here
    source = Ending(
        source=book.closing,
        released=book.released,
        stop=here.stop,
        fired=has_fired(here.orders),
        standing=here.standing,
        standing_why=here.standing_why,
        exit_known=bool(book.exits),
    )
    closing = closing_here(source, here.policy, desk.now)
    if closing and close_at(closing, here.policy.exit_grace) <= desk.now:
        return _close(desk, closing)
    if book.released and here.policy.on_source_release is OnSourceRelease.ABANDON:
        return _abandon(desk)
    outcome = _rest(desk)
    if closing is None:
        return outcome
    return replace(outcome, again_at=close_at(closing, here.policy.exit_grace))


def _abandon(desk: Desk) -> Outcome:
    for order in desk.here.orders:
        if order.live and order.is_exit and not order.cancel_why:
            desk.book.withdraw(order.id, Reason.ABANDONED)
    return Outcome(exit_due=False)


def _rest(desk: Desk) -> Outcome:
    """Have take-profits and stop orders rest."""
    book, here, exits = desk.book, desk.here, desk.exits
    stops = stop_targets(exits, price_in_venue_units(book.stop_price, here.unit))
    coming = unrested(stops, here.orders)
    if coming and desk.mids is None:
        return Outcome(needs_mid=True)  # A stop that the market has passed cannot rest any more.
    if exits.mid and any(s.passed(exits.mid, exits.exposure.exit_side) for s in coming):
        return _close(desk, Closing(Reason.STOP_TRIGGERED, desk.now, at_once=True))
    priced = desk.mids is None or exits.mid is not None
    closing_steps = book.steps_closing if priced else frozenset()
    wanted = targets(exits_in_venue_units(book.exits, here.unit), exits.exposure, closing_steps)
    if _is_dust(desk, wanted):
        order = new_exit(replace(wanted[0], at_market=False), exits, Urgency.FIRST_EXIT)
        return _hand_over(desk, wanted[0].price, order)
    changes = exit_changes(wanted, exits)
    if changes.needs_mid:
        return Outcome(needs_mid=True)
    guards = stop_changes(stops, exits)
    _carry_out(desk, changes)
    _carry_out(desk, guards)
    times = [at for at in (changes.look_again_at, guards.look_again_at) if at]
    return Outcome(min(times, default=None), exit_due=bool(wanted))


def _close(desk: Desk, closing: Closing) -> Outcome:
    mid = desk.exits.mid
    if mid is None:
        return Outcome(desk.now + MID_AGAIN, needs_mid=desk.mids is None)
    # A crossing order is valued at the price that it meets, which may lie below the mid.
    minimum = MINIMUM_NOTIONAL * desk.here.policy.market_minimum_margin
    if desk.exits.room.too_small(mid, minimum):
        return _hand_over(desk, mid, whole_close(desk.exits, mid, closing))
    changes = closing_changes(desk.exits, closing)
    _carry_out(desk, changes)
    return Outcome(changes.look_again_at)


def _is_dust(desk: Desk, wanted: tuple[Target, ...]) -> bool:
    """Say whether the one exit that is left would be refused as too small, and rests not already.

    That the coins are not all that is held shows in the ledger, or, where somebody else holds the
    rest, in a refusal: then it is not tried again as long as it is the same.
    """
    if len(wanted) != 1:
        return False
    (target,) = wanted
    mine = [o for o in desk.here.orders if o.leg == target.leg]
    if any(o.state is State.RESTING and o.remaining == target.size for o in mine):
        return False
    if desk.exits.room.too_small(target.price):
        return True
    small = target.price * target.size < MINIMUM_NOTIONAL
    return small and any(
        o.refusals
        and o.remaining == target.size
        and (o.state is State.PLANNED or o.why is Reason.DUST)
        for o in mine
    )


def _hand_over(desk: Desk, price: Price, too_small: NewOrder) -> Outcome:
    """Give coins that are worth too little for an exit to the deal whose exit is nearest, else to
    the eldest: two deals that are both too small to close would wait for each other for ever.

    Without such a deal they wait for the close of the whole, and what rests of theirs stays.
    `too_small` is the order that is therefore not sent.
    """
    book, here, room = desk.book, desk.here, desk.exits.room
    heir = room.heir(price) or room.elder(book.deal_id)
    mine = [o for o in here.orders if o.live and o.is_exit]
    waits = [o for o in mine if o.state is State.PLANNED or (heir and not o.cancel_why)]
    for order in waits:
        if heir or order.leg == STOP or order.refusals:
            book.withdraw(order.id, Reason.DUST)
    if heir is None:
        _tell_dust(desk, too_small)
        return Outcome(desk.now + DUST_AGAIN, exit_due=False)
    if any(o.state is not State.PLANNED for o in mine):
        return Outcome(exit_due=False)  # It may fill until its cancel is confirmed.
    book.hand_over(desk.venue, desk.exits.exposure.market.coin, heir, room.left, Reason.MERGED)
    return Outcome(exit_due=False)


def _tell_dust(desk: Desk, too_small: NewOrder) -> None:
    """Store the order that is not sent, with its reason, once for each size of the position.

    Nothing else would say later why the coins wait: the price that made them dust stands nowhere.
    """
    book = desk.book
    exits = [order for order in book.orders(desk.venue) if order.is_exit]
    on_its_way = any(o.leg == too_small.leg and o.live for o in exits)
    if on_its_way or is_told_as_dust(exits, desk.exits.room.left):
        return
    order_id = book.place(desk.venue, too_small, due_at=desk.now)
    book.withdraw(order_id, Reason.DUST)


def _carry_out(desk: Desk, changes: ExitChanges) -> None:
    for order_id, why in changes.withdraw:
        desk.book.withdraw(order_id, why)
    for order in changes.place:
        desk.book.place(desk.venue, order, due_at=desk.now)
    for order_id, terms in changes.reterm:
        due_at = next(o.due_at for o in desk.here.orders if o.id == order_id)
        desk.book.reterm(order_id, terms, due_at=due_at)


def naked_since(here: DealHere, book: DealBook, now: datetime) -> datetime | None:
    """Return since when the position lacks exits of its size, or None if it has them.

    An exit that was only just placed counts: it goes out with the next request.
    """
    left = here.holding.left(book.side)
    mine = [o for o in here.orders if holds_size(o) and not o.cancel_why]
    covers = [o for o in mine if o.state is State.RESTING or not o.attempts]
    if sum((o.remaining for o in covers), Decimal(0)) >= left:
        return None
    if here.naked_since:
        return here.naked_since
    filled_at = here.holding.last_fill_at
    replaced = any(_was_asked(order) for order in here.orders) and not covers
    # One of its steps is closed or replaced, of exits that it got after its last fill.
    had_them = any(o.attempts and filled_at and o.due_at >= filled_at for o in covers)
    return now if replaced or had_them else filled_at


def _was_asked(order: MirrorOrder) -> bool:
    return order.is_exit and bool(order.attempts)
