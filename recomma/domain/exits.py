"""Which exits a position must have, and how to get there from those it has.

Exits are sized to what was really filled here, never to what the source bought. They are
reduce-only, so a wrong one can shrink a position but never turn it (design.md, section 9, Exits).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from recomma.domain.lifecycle import State
from recomma.domain.money import NO_SIZE, Price, Side, Size, notional
from recomma.domain.orders import Holding, MirrorOrder, NewOrder, Style, Terms, Urgency
from recomma.domain.policy import MINIMUM_NOTIONAL, Policy
from recomma.domain.reasons import Reason
from recomma.domain.rounding import round_crossing, round_exit_size, round_resting
from recomma.domain.source import Leg, Role
from recomma.domain.venue import Market
from recomma.domain.wanted import WantedExit

STOP = Leg(Role.STOP)


@dataclass(frozen=True)
class Target:
    """A take-profit order that should rest."""

    leg: Leg
    wanted_price: Price
    price: Price
    size: Size


@dataclass(frozen=True)
class ExitChanges:
    """What to ask for, what to take away, and whether to look again when a burst has ended."""

    place: tuple[NewOrder, ...] = ()
    withdraw: tuple[tuple[int, Reason], ...] = ()
    look_again_at: datetime | None = None


@dataclass(frozen=True)
class Exposure:
    """A deal's position on one venue, with what has already been taken out of it."""

    entry_side: Side
    holding: Holding
    taken: Mapping[Leg, Size]  # Filled so far, per take-profit step.
    done: frozenset[Leg]  # Steps whose order has filled: never placed again.
    market: Market

    @property
    def left(self) -> Size:
        return self.holding.left(self.entry_side)

    @property
    def exit_side(self) -> Side:
        return self.entry_side.opposite


def targets(exits: Sequence[WantedExit], here: Exposure) -> tuple[Target, ...]:
    """Share the position out over the steps.

    A step's size is its ratio of everything entered minus what it has already sold, rounded down
    to the lot; the last step takes the remainder, so that the sizes always sum to the position. A
    step that is worth less than the venue's minimum is given to its neighbour, because alone it
    would be refused; what closes the whole position may be as small as it likes.
    """
    steps = _ordered(exits, here)
    left = here.left
    if not steps or not left:
        return ()
    sizes = _shares(steps, here, left)
    merged = _merge_small(steps, sizes)
    return tuple(
        Target(
            step.leg,
            step.price,
            round_resting(step.price, here.exit_side, here.market.size_decimals),
            size,
        )
        for step, size in zip(steps, merged, strict=True)
        if size
    )


def _ordered(exits: Sequence[WantedExit], here: Exposure) -> list[WantedExit]:
    """Sort the steps by distance and leave out those that have sold their share.

    A ratio of 1 is no step but the one target, which a repeated take-profit uses again.
    """
    entered = here.holding.entered(here.entry_side)
    ordered = sorted(exits, key=lambda e: e.price * here.entry_side.sign)
    decimals = here.market.size_decimals
    open_ = [
        e
        for e in ordered
        if not (e.leg in here.done and e.ratio < 1)
        and here.taken.get(e.leg, NO_SIZE) < round_exit_size(Size(e.ratio * entered), decimals)
    ]
    # Rounding leftovers of steps that have all sold still need an exit.
    return open_ or ordered[-1:]


def _shares(steps: Sequence[WantedExit], here: Exposure, left: Size) -> list[Size]:
    entered = here.holding.entered(here.entry_side)
    sizes, rest = [], left
    for step in steps[:-1]:
        share = Size(step.ratio * entered - here.taken.get(step.leg, NO_SIZE))
        size = min(round_exit_size(share, here.market.size_decimals), rest)
        sizes.append(size)
        rest = Size(rest - size)
    return [*sizes, rest]


def _merge_small(steps: Sequence[WantedExit], sizes: Sequence[Size]) -> list[Size]:
    merged = list(sizes)
    for i in range(len(merged) - 1):
        if merged[i] and notional(steps[i].price, merged[i]) < MINIMUM_NOTIONAL:
            merged[i + 1] = Size(merged[i + 1] + merged[i])
            merged[i] = NO_SIZE
    last = len(merged) - 1
    before = [i for i in range(last) if merged[i]]
    if before and notional(steps[last].price, merged[last]) < MINIMUM_NOTIONAL:
        merged[before[-1]] = Size(merged[before[-1]] + merged[last])
        merged[last] = NO_SIZE
    return merged


def exit_changes(
    wanted: Sequence[Target],
    orders: Iterable[MirrorOrder],
    here: Exposure,
    policy: Policy,
    *,
    alone: bool,
    now: datetime,
) -> ExitChanges:
    """Compare the exits that should rest with those that do.

    `alone`: every resting reduce-only order on this coin belongs to this deal. Then a single
    exit may be placed before the old one goes (the venue takes the older away by itself), which
    leaves no moment without an exit. Otherwise the old one is cancelled first, because a newer
    order that exceeds the position makes the venue cancel an *older* one, perhaps another deal's
    (hyperliquid.md 8).
    """
    held = [o for o in orders if o.leg.role is Role.TAKE_PROFIT and o.live]
    matched, obsolete, missing = _compare(wanted, held)
    waiting = _burst(missing, obsolete, here, policy, now)
    if waiting:
        return ExitChanges(look_again_at=waiting)
    overlap_allowed = alone and len(wanted) == 1 and len(obsolete) <= 1
    blocked = bool(obsolete) and not overlap_allowed
    urgency = Urgency.EXIT if matched or obsolete else Urgency.FIRST_EXIT
    place = () if blocked else tuple(_new_exit(t, here, policy, urgency) for t in missing)
    why = Reason.EXIT_REPLACED if wanted else Reason.EXIT_REMOVED_AT_SOURCE
    withdraw = tuple((order.id, why) for order in obsolete if not order.cancel_why)
    return ExitChanges(place, withdraw)


def _compare(
    wanted: Sequence[Target], held: Sequence[MirrorOrder]
) -> tuple[list[MirrorOrder], list[MirrorOrder], list[Target]]:
    matched, missing, free = [], [], list(held)
    for target in wanted:
        same = next((o for o in free if _serves(o, target)), None)
        if same:
            free.remove(same)
            matched.append(same)
        else:
            missing.append(target)
    return matched, free, missing


def _serves(order: MirrorOrder, target: Target) -> bool:
    return (
        order.leg == target.leg
        and not order.cancel_why
        and order.terms.price == target.price
        and order.remaining == target.size
    )


def _burst(
    missing: Sequence[Target],
    obsolete: Sequence[MirrorOrder],
    here: Exposure,
    policy: Policy,
    now: datetime,
) -> datetime | None:
    """Return when a small resize is due, or None: now.

    Without it every partial fill of one order would move the exit, and each move costs address
    budget (hyperliquid.md 14.2). A missing exit and a new price never wait.
    """
    last = here.holding.last_fill_at
    if not missing or last is None or now >= last + policy.resize_after:
        return None
    resting = {o.leg: o for o in obsolete if o.state is State.RESTING and not o.cancel_why}
    for target in missing:
        old = resting.get(target.leg)
        if old is None or old.terms.price != target.price:
            return None
        gap = Size(abs(target.size - old.remaining))
        if notional(target.price, gap) >= MINIMUM_NOTIONAL:
            return None
    return last + policy.resize_after


def _new_exit(target: Target, here: Exposure, policy: Policy, urgency: Urgency) -> NewOrder:
    return NewOrder(
        leg=target.leg,
        coin=here.market.coin,
        wanted_price=target.wanted_price,
        wanted_size=target.size,
        terms=Terms(here.exit_side, target.price, target.size, Style.REST, reduce_only=True),
        urgency=urgency,
        multiplier=policy.multiplier,
    )


def closing_terms(here: Exposure, mid: Price, tries: int, policy: Policy) -> Terms:
    """Return the order that closes what is left, for its next try (counted from 0).

    Each try may fill further from the mid than the one before. When the last cap has been tried the
    order rests at it: an exit that gives up is worse than one that waits.
    """
    last = len(policy.close_caps) - 1
    cap = policy.close_caps[min(tries, last)]
    side = here.exit_side
    price = round_crossing(Price(mid * (1 + side.sign * cap)), side, here.market.size_decimals)
    style = Style.CROSS if tries <= last else Style.REST
    return Terms(side, price, here.left, style, reduce_only=True)


def closing_order(terms: Terms, coin: str, reason: Reason, multiplier: Decimal) -> NewOrder:
    return NewOrder(
        leg=STOP,
        coin=coin,
        wanted_price=terms.price,
        wanted_size=terms.size,
        terms=terms,
        urgency=Urgency.CLOSE,
        multiplier=multiplier,
        why=reason,
    )
