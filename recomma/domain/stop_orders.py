"""Stop orders that rest on the venue, so that even a dead installation leaves one behind.

`stop/trigger` follows the source's stop price (policy `stop: venue_trigger`), `stop/disaster`
keeps a distance from the average entry (policy `disaster_stop`). Both sleep until the mark price
passes their trigger, then fill at once, no worse than their limit price (hyperliquid.md 8). Asleep
they hold nothing of the position: a new one can rest before the old one goes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from recomma.domain.exit_changes import ExitChanges, ExitsHere
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size
from recomma.domain.orders import MirrorOrder, NewOrder, Style, Terms, Urgency
from recomma.domain.policy import OnStop
from recomma.domain.reasons import Reason
from recomma.domain.rounding import round_crossing, round_resting
from recomma.domain.source import Leg, Role

TRIGGER: Final = Leg(Role.STOP, "trigger")
DISASTER: Final = Leg(Role.STOP, "disaster")
LEGS: Final = (TRIGGER, DISASTER)


@dataclass(frozen=True)
class StopTarget:
    """A stop order that should rest: sleeping until `trigger`, then no worse than `price`."""

    leg: Leg
    wanted_price: Price
    trigger: Price
    price: Price
    size: Size

    def passed(self, mid: Price, exit_side: Side) -> bool:
        """Say whether the market is there already: the venue would refuse the order."""
        return mid <= self.trigger if exit_side is Side.SELL else mid >= self.trigger


def sleeps(order: MirrorOrder) -> bool:
    return order.live and order.terms.style is Style.TRIGGER


def has_fired(orders: Iterable[MirrorOrder]) -> bool:
    """Say whether a stop of ours has begun to close the position: it is never opened again."""
    return any(
        (order.leg in LEGS and order.filled) or order.why is Reason.STOP_TRIGGERED
        for order in orders
    )


def unrested(targets: Iterable[StopTarget], orders: Sequence[MirrorOrder]) -> list[StopTarget]:
    """Return the targets that no order on the venue serves yet."""
    return [
        target
        for target in targets
        if not any(o.state is State.RESTING and _serves(o, target) for o in orders)
    ]


def stop_targets(here: ExitsHere, stop_price: Price | None) -> tuple[StopTarget, ...]:
    """Return the stop orders that should rest, the one that fires first before the other.

    `stop_price` is the source's, in the venue's terms. Beside other deals only the first of two may
    rest: reduce-only keeps both within the net position, not within this deal's, so that the
    second would sell coins of the others.
    """
    side, policy = here.exposure.entry_side, here.policy
    wanted: list[tuple[Leg, Price]] = []
    if policy.on_stop is OnStop.VENUE_TRIGGER and stop_price is not None:
        wanted.append((TRIGGER, stop_price))
    average = here.exposure.holding.average_entry(side)
    if policy.disaster_stop is not None and average is not None:
        wanted.append((DISASTER, Price(average * (1 - side.sign * policy.disaster_stop))))
    found = [_target(leg, price, here) for leg, price in wanted if price > 0]
    found.sort(key=lambda target: -target.trigger * side.sign)
    if here.room.is_whole:
        return tuple(found)
    return tuple(t for t in found[:1] if not here.room.too_small(t.price))


def _target(leg: Leg, price: Price, here: ExitsHere) -> StopTarget:
    """Round towards the market, so that it never fires later than it should."""
    side, decimals = here.exposure.exit_side, here.exposure.market.size_decimals
    trigger = round_resting(price, side, decimals)
    worst = Price(trigger * (1 + side.sign * here.policy.close_caps[-1]))
    limit = round_crossing(worst, side, decimals)
    return StopTarget(leg, price, trigger, limit, here.exposure.left)


def stop_changes(targets: Sequence[StopTarget], here: ExitsHere) -> ExitChanges:
    """Compare the stop orders that should rest with those that do.

    The new one is placed first, and the old one goes when the new one rests. Beside other deals the
    old one goes first: two that fire together would sell coins of the others.
    """
    place: list[NewOrder] = []
    withdraw: list[tuple[int, Reason]] = []
    again: list[datetime] = []
    why = Reason.STOP_REPLACED if targets else Reason.EXIT_REMOVED_AT_SOURCE
    for leg in LEGS:
        held = [o for o in here.orders if o.leg == leg and o.live]
        target = next((t for t in targets if t.leg == leg), None)
        serving = next((o for o in held if target and _serves(o, target)), None)
        others = [o for o in held if o is not serving]
        waiting = _burst(target, others, here) if target and not serving else None
        if waiting:
            again.append(waiting)
            continue
        if target and not serving and (here.room.is_whole or not others):
            place.append(_new_stop(target, here))
        keeps = target is not None and here.room.is_whole
        if not keeps or (serving and serving.state is State.RESTING):
            withdraw += [(o.id, why) for o in others if not o.cancel_why]
        else:
            withdraw += [(o.id, why) for o in others if o.state is State.PLANNED]
    return ExitChanges(tuple(place), tuple(withdraw), look_again_at=min(again, default=None))


def _serves(order: MirrorOrder, target: StopTarget) -> bool:
    same = (order.terms.trigger_price, order.terms.price) == (target.trigger, target.price)
    mine = order.leg == target.leg and order.live and not order.cancel_why
    return mine and same and order.remaining == target.size


def _burst(target: StopTarget, held: Sequence[MirrorOrder], here: ExitsHere) -> datetime | None:
    """Return when a new size is due, or None: now.

    A first stop never waits, nor does a new price of the source's; the average entry moves with
    each part of a fill.
    """
    last = here.exposure.holding.last_fill_at
    if last is None or here.now >= last + here.policy.resize_after:
        return None
    rests = any(
        order.state is State.RESTING
        and (target.leg == DISASTER or order.terms.trigger_price == target.trigger)
        for order in held
    )
    return last + here.policy.resize_after if rests else None


def _new_stop(target: StopTarget, here: ExitsHere) -> NewOrder:
    return NewOrder(
        leg=target.leg,
        coin=here.exposure.market.coin,
        wanted_price=target.wanted_price,
        wanted_size=target.size,
        terms=Terms(
            here.exposure.exit_side,
            target.price,
            target.size,
            Style.TRIGGER,
            reduce_only=True,
            trigger_price=target.trigger,
        ),
        urgency=Urgency.EXIT,
        multiplier=here.policy.multiplier,
    )
