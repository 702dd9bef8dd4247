"""Every difference between what the source has and what the venue holds, with its reason.

A difference without a reason is a bug of ours or something that a person did, and is called
unexplained. Nothing here decides anything; reports and `drift` read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored, Moved, SourceState
from recomma.domain.naked import SETTLE
from recomma.domain.orders import MirrorOrder, Mode, Standing, Style
from recomma.domain.policy import MINIMUM_NOTIONAL, OnSourceExit, OnSourceRelease
from recomma.domain.reasons import Reason
from recomma.domain.sharing import is_told_as_dust
from recomma.domain.source import ENTRY_ROLES, Leg, Role, RowStatus
from recomma.domain.stops import Level

BASE: Final = Leg(Role.BASE)
STOP: Final = Leg(Role.STOP)


@dataclass(frozen=True)
class Difference:
    """`reason` None: unexplained."""

    deal_id: int
    venue: str
    leg: str
    what: str
    reason: Reason | None


Found = Iterable[tuple[str, Reason | None]]


def differences(here: Mirrored) -> tuple[Difference, ...]:
    """Return every difference of one deal on one venue, explained or not."""
    found = [(str(leg.leg), each) for leg in here.source for each in _leg(leg, here)]
    found += [("position", each) for each in _position(here)]
    return tuple(
        Difference(here.deal_id, here.venue, leg, what, reason) for leg, (what, reason) in found
    )


def _leg(leg: SourceState, here: Mirrored) -> Found:
    mine = [order for order in here.orders if order.leg == leg.leg]
    if leg.leg.role in ENTRY_ROLES:
        yield from _entry(leg, mine, here)
        yield from _of_another_size(leg, mine, here)
    elif leg.leg.role is Role.TAKE_PROFIT and here.left and not here.gone_at_source:
        yield from _step(leg, mine)


def _entry(leg: SourceState, mine: list[MirrorOrder], here: Mirrored) -> Found:
    filled = sum((order.filled for order in mine), Decimal(0))
    newest = max(mine, key=lambda order: order.generation, default=None)
    if leg.status is RowStatus.FILLED:
        # A re-priced order gave way to one of another size: only the newest can still lack any.
        if newest is None or newest.remaining:
            yield "filled at the source, not here", _why_not_filled(leg, mine, here)
    elif filled:
        yield "filled here, not at the source", Reason.VENUE_FILLED_FIRST
    elif leg.status is RowStatus.ACTIVE and not any(o.live and not o.waits_why for o in mine):
        if leg.price:  # One at market is wanted when it has filled: before, it has no price.
            yield "stands at the source, not here", _why_not_filled(leg, mine, here)
    elif leg.status is RowStatus.CANCELLED and any(order.live for order in mine):
        yield "cancelled at the source, stands here", _why_open(mine, here)


def _of_another_size(leg: SourceState, mine: list[MirrorOrder], here: Mirrored) -> Found:
    if any(order.why is Reason.RAISED_TO_MINIMUM for order in mine):
        yield "larger here than at the source", Reason.RAISED_TO_MINIMUM
    if leg.leg == BASE and mine and here.mode is Mode.CAUGHT_UP:
        yield "entered for the position that the source had", Reason.CAUGHT_UP


def _step(leg: SourceState, mine: list[MirrorOrder]) -> Found:
    """Compare a take-profit step of a running deal: which side sold it first."""
    if leg.status is RowStatus.FILLED and any(o.state is State.RESTING for o in mine):
        yield "filled at the source, rests here", Reason.SOURCE_FILLED_ONLY
    elif (
        leg.status is RowStatus.ACTIVE
        and any(order.state is State.FILLED for order in mine)
        and not any(order.live for order in mine)
    ):
        yield "filled here, rests at the source", Reason.VENUE_FILLED_FIRST


def _why_not_filled(leg: SourceState, mine: list[MirrorOrder], here: Mirrored) -> Reason | None:
    if leg.leg in here.skips:
        return here.skips[leg.leg]
    if not mine:
        return _why_none(here)
    newest = max(mine, key=lambda order: order.generation)
    if newest.live:
        resting = newest.state is State.RESTING and not newest.cancel_why
        return newest.waits_why or (Reason.SOURCE_FILLED_ONLY if resting else Reason.ATTEMPT_OPEN)
    if newest.why is Reason.EXIT_FILLED:
        return _why_closed(here)
    if newest.why in (Reason.SOURCE_ENDED, Reason.SOURCE_CANCELLED, Reason.CLOSING):
        return Reason.SOURCE_FILLED_ONLY
    return newest.why


def _why_none(here: Mirrored) -> Reason | None:
    match here.standing:
        case None:
            # It is looked at with its deal's next reading; one that has ended is read no more.
            return Reason.FINISHED_WHEN_FIRST_SEEN if here.finished else Reason.ATTEMPT_OPEN
        case Standing.SKIPPED:
            return here.standing_why or Reason.BASE_SKIPPED
        case Standing.CLOSED_HERE:
            return _why_closed(here)
    if here.gone_at_source:
        return Reason.SOURCE_FILLED_ONLY
    if here.stop:
        return Reason.STOPPED
    if not here.paired:
        return Reason.DENIED
    if any(order.leg == BASE and order.live and not order.filled for order in here.orders):
        return Reason.ATTEMPT_OPEN  # Averaging waits for the base.
    return Reason.DEAD_LETTER if here.dead_letters else None


def _why_open(mine: Iterable[MirrorOrder], here: Mirrored) -> Reason | None:
    if any(order.live and order.cancel_why for order in mine):
        return Reason.ATTEMPT_OPEN
    return Reason.DEAD_LETTER if here.dead_letters else None


def _why_closed(here: Mirrored) -> Reason:
    """Say what took the position to 0 while the source still had one."""
    closing = [order for order in here.orders if order.leg.role is Role.STOP and order.filled]
    if closing:
        newest = max(closing, key=lambda order: order.id)
        fired = newest.terms.style is Style.TRIGGER
        return Reason.STOP_TRIGGERED if fired else newest.why or Reason.CLOSED_HERE_FIRST
    if here.moves and here.moves[-1].size < 0:
        return here.moves[-1].reason
    told = here.standing_why if here.standing is Standing.CLOSED_HERE else None
    return Reason.CLOSED_HERE_FIRST if told in (None, Reason.EXIT_FILLED) else told


# The position.


def _position(here: Mirrored) -> Found:
    yield from ((_moved(move), move.reason) for move in here.moves)
    live = [order for order in here.orders if order.is_exit and order.live]
    exits = [order for order in live if order.terms.style is not Style.TRIGGER]
    if not here.left:
        yield from _flat(here, live)
        return
    resting = sum((o.remaining for o in exits if o.state is State.RESTING), Decimal(0))
    if here.finished and not here.released:
        whole = resting == here.left
        yield f"{here.left} left after the source's end", _why_left(here, exits, whole=whole)
    elif resting != here.left:
        why = _why_bare(here, exits)
        if why is None and not here.exits_known and not exits:
            why = Reason.NO_EXIT_AT_SOURCE
        yield f"exits of {resting} for a position of {here.left}", why
    triggers = [order for order in live if order.terms.style is Style.TRIGGER]
    yield from _triggers(here, triggers, closing=any(o.leg.role is Role.STOP for o in exits))


def _moved(move: Moved) -> str:
    if move.other_deal is None:
        return f"{-move.size} lost outside"
    went = f"handed over to deal {move.other_deal}"
    return f"{-move.size} {went}" if move.size < 0 else f"{move.size} came from {move.other_deal}"


def _flat(here: Mirrored, live: list[MirrorOrder]) -> Found:
    if live:
        yield "an exit without a position", _on_its_way(live)
    held_at_source = here.released or not (here.finished or here.closing)
    if here.standing is Standing.CLOSED_HERE and held_at_source:
        yield "closed here, not at the source", _why_closed(here)


def _triggers(here: Mirrored, triggers: list[MirrorOrder], *, closing: bool) -> Found:
    """Each kind of stop rests once, for the whole position.

    While a close at market takes its bites it stays as it was: being reduce-only it can be larger.
    """
    for leg in sorted({str(order.leg) for order in triggers}):
        mine = [order for order in triggers if str(order.leg) == leg]
        rests = [o for o in mine if o.state is State.RESTING and not o.cancel_why]
        larger = closing and any(order.remaining > here.left for order in rests)
        if not larger and not any(order.remaining == here.left for order in rests):
            yield f"no {leg} for the whole position of {here.left}", _why_bare(here, mine)


def _why_left(here: Mirrored, exits: list[MirrorOrder], *, whole: bool) -> Reason | None:
    """Say why there is a position although the source has none any more."""
    keeps = here.policy.on_source_exit is OnSourceExit.KEEP_EXIT
    graced = here.read_at and here.close_at and here.read_at < here.close_at
    if whole and (keeps or graced):
        return here.closing_why
    return _why_bare(here, exits)


def _why_bare(here: Mirrored, exits: list[MirrorOrder]) -> Reason | None:
    """Say why exits and position are not of one size."""
    if here.stop and here.stop.level is Level.FROZEN:
        return Reason.STOPPED
    closing = next((o for o in exits if o.leg == STOP and o.state is State.RESTING), None)
    why = (closing and closing.why) or _on_its_way(exits)
    why = why or _abandoned(here) or _dust(here)
    if why is None and here.delisted:
        why = Reason.DELISTED
    if why is None and _is_young(here):
        why = Reason.ATTEMPT_OPEN
    return why or (Reason.DEAD_LETTER if here.dead_letters else None)


def _on_its_way(orders: Iterable[MirrorOrder]) -> Reason | None:
    moving = [order for order in orders if order.state is not State.RESTING or order.cancel_why]
    waits = next((order.waits_why for order in moving if order.waits_why), None)
    return waits or (Reason.ATTEMPT_OPEN if moving else None)


def _abandoned(here: Mirrored) -> Reason | None:
    told = here.released and (
        here.policy.on_source_release is OnSourceRelease.ABANDON
        or any(order.why is Reason.ABANDONED for order in here.orders)
    )
    return Reason.ABANDONED if told else None


def _dust(here: Mirrored) -> Reason | None:
    """A position too small to be closed by itself.

    The decision says so, by the price of then. Before there was one, it is too small at the price
    of its last order; that others hold the rest shows in the ledger, or, where they are not ours,
    in one refusal.
    """
    exits = [order for order in here.orders if order.is_exit]
    if is_told_as_dust(exits, here.left):
        return Reason.DUST
    last = max(here.orders, key=lambda order: order.id, default=None)
    refused = exits and max(exits, key=lambda order: order.id).why is Reason.DUST
    enough = MINIMUM_NOTIONAL * here.policy.market_minimum_margin  # As a close at market needs it.
    small = last is not None and last.terms.price * here.left < enough
    return Reason.DUST if small and (here.shared or refused) else None


def _is_young(here: Mirrored) -> bool:
    """Say whether the position changed a moment ago; its exits follow."""
    times = [at for at in (here.holding.last_fill_at, *(m.at for m in here.moves)) if at]
    return here.read_at is not None and any(here.read_at - at <= SETTLE for at in times)
