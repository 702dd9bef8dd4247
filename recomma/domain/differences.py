"""Every difference between what the source has and what the venue holds, with its reason.

A difference without a reason is a bug of ours or something that a person did, and is called
unexplained. Nothing here decides anything; reports and `drift` read it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size
from recomma.domain.orders import Holding, MirrorOrder, Standing
from recomma.domain.policy import MINIMUM_NOTIONAL
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role, RowStatus

ENTRY_ROLES: Final = {Role.BASE, Role.SAFETY, Role.MANUAL}


@dataclass(frozen=True)
class SourceState:
    """One leg as the source has it, in its newest revision."""

    leg: Leg
    side: Side
    status: RowStatus
    price: Price | None
    size: Size
    filled_at: datetime | None


@dataclass(frozen=True)
class Mirrored:
    """A deal on one venue: everything that the comparison needs."""

    deal_id: int
    venue: str
    entry_side: Side
    finished: bool
    released: bool
    closing: bool
    exits_known: bool
    standing: Standing | None
    standing_why: Reason | None
    source: tuple[SourceState, ...]
    orders: tuple[MirrorOrder, ...]
    skips: Mapping[Leg, Reason]
    holding: Holding
    dead_letters: int
    shared: bool = False  # Another deal has a position in the same pair on this venue.


@dataclass(frozen=True)
class Difference:
    """`reason` None: unexplained."""

    deal_id: int
    venue: str
    leg: str
    what: str
    reason: Reason | None


def differences(here: Mirrored) -> tuple[Difference, ...]:
    """Return every difference of one deal on one venue, explained or not."""
    found = [
        Difference(here.deal_id, here.venue, str(leg.leg), what, reason)
        for leg in here.source
        if leg.leg.role in ENTRY_ROLES
        for what, reason in _entry(leg, here)
    ]
    found += [
        Difference(here.deal_id, here.venue, "position", what, reason)
        for what, reason in _position(here)
    ]
    return tuple(found)


def _entry(leg: SourceState, here: Mirrored) -> Iterable[tuple[str, Reason | None]]:
    mine = [order for order in here.orders if order.leg == leg.leg]
    filled = sum((order.filled for order in mine), Decimal(0))
    size = max((order.terms.size for order in mine), default=Size(Decimal(0)))
    if leg.status is RowStatus.FILLED:
        if not mine or filled < size:
            yield "filled at the source, not here", _why_not_filled(leg, mine, here)
    elif filled:
        yield "filled here, not at the source", Reason.VENUE_FILLED_FIRST
    elif leg.status is RowStatus.ACTIVE and not any(order.live for order in mine):
        yield "stands at the source, not here", _why_not_filled(leg, mine, here)
    elif leg.status is RowStatus.CANCELLED and any(order.live for order in mine):
        yield "cancelled at the source, stands here", _why_open(mine, here)


def _why_not_filled(leg: SourceState, mine: list[MirrorOrder], here: Mirrored) -> Reason | None:
    if leg.leg in here.skips:
        return here.skips[leg.leg]
    if not mine:
        return _why_none(here)
    newest = max(mine, key=lambda order: order.generation)
    if newest.live:
        resting = newest.state is State.RESTING and not newest.cancel_why
        return Reason.SOURCE_FILLED_ONLY if resting else Reason.ATTEMPT_OPEN
    if newest.why is Reason.EXIT_FILLED:
        return Reason.CLOSED_HERE_FIRST
    if newest.why in (Reason.SOURCE_ENDED, Reason.SOURCE_CANCELLED, Reason.CLOSING):
        return Reason.SOURCE_FILLED_ONLY
    return newest.why


def _why_none(here: Mirrored) -> Reason | None:
    if here.standing is Standing.SKIPPED:
        return here.standing_why or Reason.BASE_SKIPPED
    if here.standing is Standing.CLOSED_HERE:
        return Reason.CLOSED_HERE_FIRST
    if here.finished or here.released or here.closing:
        return Reason.SOURCE_FILLED_ONLY
    return Reason.DEAD_LETTER if here.dead_letters else None


def _why_open(mine: Iterable[MirrorOrder], here: Mirrored) -> Reason | None:
    if any(order.live and order.cancel_why for order in mine):
        return Reason.ATTEMPT_OPEN
    return Reason.DEAD_LETTER if here.dead_letters else None


def _dust(here: Mirrored, left: Decimal) -> Reason | None:
    """A position too small to be closed by itself; at the price of its last order."""
    price = max(here.orders, key=lambda order: order.id).terms.price if here.orders else None
    small = here.shared and price is not None and price * left < MINIMUM_NOTIONAL
    return Reason.DUST if small else None


def _position(here: Mirrored) -> Iterable[tuple[str, Reason | None]]:
    left = here.holding.left(here.entry_side)
    exits = [order for order in here.orders if order.is_exit and order.live]
    resting = sum((o.remaining for o in exits if o.state is State.RESTING), Decimal(0))
    open_ = any(order.state is not State.RESTING or order.cancel_why for order in exits)
    if not left:
        if exits:
            yield "an exit without a position", Reason.ATTEMPT_OPEN if open_ else None
        return
    excuse = Reason.ATTEMPT_OPEN if open_ else None
    excuse = excuse or _dust(here, left)
    excuse = excuse or (Reason.DEAD_LETTER if here.dead_letters else None)
    if here.finished and not here.released:
        yield f"{left} left after the source's end", excuse
    elif resting != left:
        if not here.exits_known and not exits:
            excuse = Reason.NO_EXIT_AT_SOURCE
        yield f"exits of {resting} for a position of {left}", excuse
