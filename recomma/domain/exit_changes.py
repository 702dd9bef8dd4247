"""How to get from the exits that a position has to those that it must have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.closing import closing_terms
from recomma.domain.exits import Exposure, Target
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Size, notional
from recomma.domain.orders import MirrorOrder, NewOrder, Style, Terms, Urgency
from recomma.domain.policy import MINIMUM_NOTIONAL, Policy
from recomma.domain.reasons import Reason
from recomma.domain.sharing import Room
from recomma.domain.source import Role

TAKEN_AGAIN: Final = timedelta(seconds=10)
ROOM_AGAIN: Final = timedelta(seconds=1)  # Another deal's exit is on its way out.


@dataclass(frozen=True)
class ExitChanges:
    """What to ask for, what to take away, what to ask for otherwise, and when to look again.

    `needs_mid`: nothing is decided yet, because what is closed at market needs the market's price.
    """

    place: tuple[NewOrder, ...] = ()
    withdraw: tuple[tuple[int, Reason], ...] = ()
    reterm: tuple[tuple[int, Terms], ...] = ()
    look_again_at: datetime | None = None
    needs_mid: bool = False


@dataclass(frozen=True)
class ExitsHere:
    """A deal's exits on one venue at the moment of a decision."""

    exposure: Exposure
    orders: tuple[MirrorOrder, ...]
    policy: Policy
    room: Room
    now: datetime
    mid: Price | None = None  # None: not read, because only closing needs it.
    shrunk: frozenset[int] = frozenset()  # Orders of which the venue has less than we asked for.


def exit_changes(wanted: Sequence[Target], here: ExitsHere) -> ExitChanges:
    """Compare the take-profits that should rest with those that do.

    A new one is placed before the old one goes wherever the venue then takes none away that has to
    stay (`Room.takes`): so no moment is without an exit. Otherwise the old one is cancelled first.
    """
    if here.mid is None and any(target.at_market for target in wanted):
        return ExitChanges(needs_mid=True)
    held = [o for o in here.orders if o.leg.role is Role.TAKE_PROFIT and o.live]
    matched, obsolete, missing = _compare(wanted, held, here)
    waiting = _burst(missing, obsolete, here)
    waiting = waiting or _taken_away(missing, here)
    if waiting:
        return ExitChanges(look_again_at=waiting)
    why = Reason.EXIT_REPLACED if wanted else Reason.EXIT_REMOVED_AT_SOURCE
    withdraw = tuple((order.id, why) for order in obsolete if not order.cancel_why)
    gone = [o for o in obsolete if o.state is State.PLANNED]  # Dropped at once: never on the book.
    stay = [o for o in held if o not in gone]
    late = _room_has_gone(matched, stay, here)
    if late:
        return ExitChanges(withdraw=withdraw + tuple((o.id, why) for o in late))
    place = _fitting(missing, stay, {o.id for o in matched}, here)
    urgency = Urgency.EXIT if matched or len(obsolete) > len(gone) else Urgency.FIRST_EXIT
    waits = len(place) < len(missing) and len(obsolete) == len(gone)
    return ExitChanges(
        place=tuple(new_exit(target, here, urgency) for target in place),
        withdraw=withdraw,
        reterm=_wider(matched, wanted, here),
        look_again_at=here.now + ROOM_AGAIN if waits else None,
    )


def _room_has_gone(
    matched: Sequence[MirrorOrder], held: Sequence[MirrorOrder], here: ExitsHere
) -> list[MirrorOrder]:
    """Return the exits that were to go before the old ones, and must not do so any more.

    Either another deal has got coins there meanwhile, or the first try came to nothing: then the
    old one still stands, may fill at any moment, and what is asked again knows less and less of it.
    """
    planned = [order for order in matched if order.state is State.PLANNED]
    if here.room.within([], held):
        return []
    if here.room.takes([], held, {order.id for order in matched}):
        return [order for order in planned if order.attempts]
    return planned


def _fitting(
    missing: Sequence[Target], held: Sequence[MirrorOrder], kept: set[int], here: ExitsHere
) -> list[Target]:
    """Return those of the missing exits that may go out now, all at best."""
    tried = any(_was_tried_over(order, here) for order in held if order.id not in kept)
    if not tried and here.room.takes([t.size for t in missing], held, kept):
        return list(missing)
    place: list[Target] = []
    for target in missing:
        sizes = [t.size for t in (*place, target)]
        if here.room.within(sizes, held):
            place.append(target)
    return place


def _was_tried_over(old: MirrorOrder, here: ExitsHere) -> bool:
    """Say whether an exit that was to go before this one has been asked for in vain."""
    return any(
        o.leg == old.leg and o.id > old.id and o.attempts and o.why is Reason.EXIT_REPLACED
        for o in here.orders
        if not o.live
    )


def _compare(
    wanted: Sequence[Target], held: Sequence[MirrorOrder], here: ExitsHere
) -> tuple[list[MirrorOrder], list[MirrorOrder], list[Target]]:
    matched, missing = [], []
    free = [order for order in held if order.id not in here.shrunk]
    for target in wanted:
        same = next((o for o in free if _serves(o, target)), None)
        if same:
            free.remove(same)
            matched.append(same)
        else:
            missing.append(target)
    kept = {order.id for order in matched}
    return matched, [order for order in held if order.id not in kept], missing


def _serves(order: MirrorOrder, target: Target) -> bool:
    fits = order.leg == target.leg and not order.cancel_why and order.remaining == target.size
    if target.at_market:
        return fits and order.terms.style is Style.CROSS
    return fits and order.terms.style is Style.REST and order.terms.price == target.price


def _wider(
    matched: Sequence[MirrorOrder], wanted: Sequence[Target], here: ExitsHere
) -> tuple[tuple[int, Terms], ...]:
    """Let the next try of a step that is closed at market reach further."""
    closed = {target.leg: target for target in wanted if target.at_market}
    return tuple(
        # An order asks for its size minus its own fills.
        (order.id, replace(terms, size=order.terms.size))
        for order in matched
        if order.leg in closed and order.state is State.PLANNED and order.attempts
        for terms in [_crossing(closed[order.leg], here)]
        if terms.price != order.terms.price
    )


def _burst(
    missing: Sequence[Target], obsolete: Sequence[MirrorOrder], here: ExitsHere
) -> datetime | None:
    """Return when a small resize is due, or None: now.

    Without it every partial fill of one order would move the exit, and each move costs address
    budget (hyperliquid.md 14.2). A missing exit and a new price never wait.
    """
    last = here.exposure.holding.last_fill_at
    if not missing or last is None or here.now >= last + here.policy.resize_after:
        return None
    resting = {o.leg: o for o in obsolete if o.state is State.RESTING and not o.cancel_why}
    for target in missing:
        old = resting.get(target.leg)
        if old is None or target.at_market or old.terms.price != target.price:
            return None
        gap = Size(abs(target.size - old.remaining))
        if notional(target.price, gap) >= MINIMUM_NOTIONAL:
            return None
    return last + here.policy.resize_after


def _taken_away(missing: Sequence[Target], here: ExitsHere) -> datetime | None:
    """Return when to place again what the venue took away a moment ago, or None: now.

    That happens when less is held than we think. Beside other deals each new exit then takes
    another deal's away, and of a deal with several steps each takes another step's: they would
    replace each other without a pause, and no survey would meet a moment in which it can judge.
    """
    newest = [max(_of_leg(t, here), key=_age) for t in missing if _of_leg(t, here)]
    again = [order.due_at + TAKEN_AGAIN for order in newest if _was_taken(order, here)]
    return max((at for at in again if at > here.now), default=None)


def _was_taken(newest: MirrorOrder, here: ExitsHere) -> bool:
    """Alone on its coin a deal places an exit again at once, but not time after time."""
    if newest.why is not Reason.CANCELLED_BY_VENUE:
        return False
    before = [o for o in here.orders if o.leg == newest.leg and o.generation < newest.generation]
    return not here.room.is_whole or (
        bool(before) and max(before, key=_age).why is Reason.CANCELLED_BY_VENUE
    )


def _of_leg(target: Target, here: ExitsHere) -> list[MirrorOrder]:
    return [order for order in here.orders if order.leg == target.leg]


def _age(order: MirrorOrder) -> int:
    return order.generation


def new_exit(target: Target, here: ExitsHere, urgency: Urgency) -> NewOrder:
    """Return the order for a target; one at market needs the market's price."""
    if target.at_market:
        terms, urgency = _crossing(target, here), Urgency.CLOSE
    else:
        side = here.exposure.exit_side
        terms = Terms(side, target.price, target.size, Style.REST, reduce_only=True)
    return NewOrder(
        leg=target.leg,
        coin=here.exposure.market.coin,
        wanted_price=target.wanted_price,
        wanted_size=target.size,
        terms=terms,
        urgency=urgency,
        multiplier=here.policy.multiplier,
        why=Reason.SOURCE_PANIC_SOLD if target.at_market else None,
    )


def _crossing(target: Target, here: ExitsHere) -> Terms:
    assert here.mid is not None
    crossing = [o for o in here.orders if o.leg == target.leg and o.terms.style is Style.CROSS]
    tries = sum(order.attempts for order in crossing)
    terms = closing_terms(here.exposure, here.mid, tries, here.policy)
    return replace(terms, size=target.size, style=Style.CROSS)
