"""What to do here about each entry that the source has (design.md, section 9, Entries)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Final, assert_never

from recomma.domain.first_sight import BASE
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size, notional
from recomma.domain.orders import MirrorOrder, Mode, NewOrder, Standing, Style, Terms, Urgency
from recomma.domain.policy import MINIMUM_NOTIONAL, BelowMinimum, OnMissedEntry, Policy
from recomma.domain.reasons import Reason
from recomma.domain.rounding import round_crossing, round_entry_size, round_resting
from recomma.domain.source import Leg
from recomma.domain.stops import Stop
from recomma.domain.venue import Market
from recomma.domain.wanted import Wanted, WantedEntry

WHOLE_DEAL: Final = {
    Reason.FIRST_SEEN_LATE,
    Reason.FINISHED_WHEN_FIRST_SEEN,
    Reason.STRATEGY_SHORT,
    Reason.UNKNOWN_COIN,
    Reason.DENIED,
    Reason.STOPPED,
    Reason.OPPOSITE_SIDE,
    Reason.INSUFFICIENT_MARGIN,
    Reason.DELISTED,
}
"""Reasons that every leg of a skipped deal shares; others began with its base."""
RENEWABLE: Final = {
    (State.CANCELLED, Reason.SOURCE_REPRICED),
    (State.CANCELLED, Reason.STOPPED),  # The stop is lifted.
    (State.CANCELLED, Reason.BLIND),  # The source can be seen again.
    (State.CANCELLED, Reason.SOURCE_CANCELLED),  # And placed again: it is among the wanted.
    (State.REFUSED, Reason.REQUEUED),  # A person has looked at its dead letter.
}


@dataclass(frozen=True)
class Place:
    order: NewOrder


@dataclass(frozen=True)
class Skip:
    """A wanted order that is deliberately not mirrored. Sticky for its leg."""

    leg: Leg
    side: Side
    wanted_price: Price
    wanted_size: Size
    reason: Reason


@dataclass(frozen=True)
class Withdraw:
    """An order of ours that should go: dropped if the venue was not asked yet, else cancelled."""

    order_id: int
    reason: Reason


Decision = Place | Skip | Withdraw


@dataclass(frozen=True)
class Situation:
    """How a deal stands on one venue at the moment of the decision."""

    standing: Standing
    standing_why: Reason | None
    market: Market
    policy: Policy
    orders: tuple[MirrorOrder, ...]  # Every order of this deal here, dead ones too.
    skipped: frozenset[Leg]
    now: datetime
    mode: Mode = Mode.WHOLE
    stop: Stop | None = None

    def newest(self, leg: Leg) -> MirrorOrder | None:
        return max(
            (order for order in self.orders if order.leg == leg),
            key=lambda order: order.generation,
            default=None,
        )

    def filled(self, leg: Leg) -> Size:
        return Size(sum((order.filled for order in self.orders if order.leg == leg), Decimal(0)))


def decide_entries(wanted: Wanted, here: Situation) -> tuple[Decision, ...]:
    """Compare the source's entries with ours and say what to change.

    Deciding again after the decisions were carried out gives nothing more.
    """
    decisions: list[Decision] = list(_withdrawals(wanted, here))
    for entry in sorted(wanted.entries, key=lambda entry: entry.leg != BASE):
        if entry.leg in here.skipped:
            continue
        mine = here.newest(entry.leg)
        if mine is None or _may_be_renewed(mine):
            if here.stop and here.stop.takes_entries_away:
                continue  # Its cancel would follow at once.
            decision = _new_entry(entry, wanted, here)
            decisions += [decision] if decision else []
            if entry.leg == BASE and isinstance(decision, Skip):
                break  # The whole deal falls with it; the others are decided when it has.
        elif _repriced(mine, entry):
            decisions.append(Withdraw(mine.id, Reason.SOURCE_REPRICED))
    return tuple(decisions)


def _may_be_renewed(order: MirrorOrder) -> bool:
    return (order.state, order.why) in RENEWABLE


def _repriced(order: MirrorOrder, entry: WantedEntry) -> bool:
    """Only a limit order that the source has not filled can still be moved."""
    return (
        order.live
        and not order.cancel_why
        and order.terms.style is Style.REST
        and entry.filled_at is None
        and not order.filled
        and order.wanted_price != entry.price
    )


def _withdrawals(wanted: Wanted, here: Situation) -> Iterable[Withdraw]:
    for order in here.orders:
        if order.is_exit or not order.live or order.cancel_why:
            continue
        if here.standing is Standing.CLOSED_HERE:
            yield Withdraw(order.id, Reason.EXIT_FILLED)
        elif here.standing is not Standing.OPEN:
            yield Withdraw(order.id, Reason.BASE_NOT_FILLED)
        elif here.stop and here.stop.takes_entries_away:
            yield Withdraw(order.id, Reason.STOPPED)
        elif wanted.closing:
            yield Withdraw(order.id, Reason.CLOSING)
        elif wanted.finished or wanted.released:
            yield Withdraw(order.id, Reason.SOURCE_ENDED)
        elif order.leg in wanted.withdrawn:
            yield Withdraw(order.id, Reason.SOURCE_CANCELLED)


def _new_entry(entry: WantedEntry, wanted: Wanted, here: Situation) -> Place | Skip | None:
    """Return the order, the skip, or None: not yet (the base comes first)."""
    size = round_entry_size(Size(entry.size * here.policy.multiplier), here.market.size_decimals)
    size = Size(size - here.filled(entry.leg))  # A re-priced order may have filled in part.
    if size <= 0 and here.newest(entry.leg):
        return None
    terms = _terms(entry, size, wanted, here)
    raised = _raised(entry, terms, here)
    reason = (
        (None if raised else _too_small(entry, terms, here.policy))
        or _deal_is_closed(here)
        or _too_late(entry, here)
    )
    if reason:
        return _skip(entry, here.policy, reason)
    if entry.leg != BASE and not _base_is_in(here):
        return None
    return Place(_order(entry, raised or terms, wanted, here))


def _order(entry: WantedEntry, terms: Terms, wanted: Wanted, here: Situation) -> NewOrder:
    wanted_size = Size(entry.size * here.policy.multiplier)
    ages = entry.market and entry.filled_at
    too_small = _too_small(entry, replace(terms, size=wanted_size), here.policy)
    return NewOrder(
        leg=entry.leg,
        coin=here.market.coin,
        wanted_price=entry.price,
        wanted_size=wanted_size,
        terms=terms,
        urgency=Urgency.BASE if entry.leg == BASE else Urgency.SAFETY,
        multiplier=here.policy.multiplier,
        give_up_at=entry.filled_at + here.policy.entry_max_age
        if ages and entry.filled_at
        else None,
        why=Reason.RAISED_TO_MINIMUM if too_small and terms.size > wanted_size else None,
        ladder_usd=_ladder_usd(wanted, here) if entry.leg == BASE else None,
    )


def _ladder_usd(wanted: Wanted, here: Situation) -> Decimal | None:
    """Return what the deal may come to cost here: by its settings, or by the orders it shows."""
    shown = sum((notional(entry.price, entry.size) for entry in wanted.entries), Decimal(0))
    return max(shown, wanted.ladder or Decimal(0)) * here.policy.multiplier or None


def _raised(entry: WantedEntry, terms: Terms, here: Situation) -> Terms | None:
    """Return the smallest order that the venue takes, if the policy wants one that is too small."""
    policy = here.policy
    if policy.below_minimum is BelowMinimum.SKIP or not _too_small(entry, terms, policy):
        return None
    margin = policy.market_minimum_margin if entry.market else Decimal(1)
    worth = entry.price if entry.market else terms.price
    lot = Decimal(1).scaleb(-here.market.size_decimals)
    coins = (MINIMUM_NOTIONAL * margin / worth).quantize(lot, rounding=ROUND_CEILING)
    return replace(terms, size=Size(coins))


def _skip(entry: WantedEntry, policy: Policy, reason: Reason) -> Skip:
    return Skip(entry.leg, entry.side, entry.price, Size(entry.size * policy.multiplier), reason)


def _terms(entry: WantedEntry, size: Size, wanted: Wanted, here: Situation) -> Terms:
    decimals = here.market.size_decimals
    if not entry.market:
        price = round_resting(entry.price, entry.side, decimals)
        return Terms(entry.side, price, size, Style.REST, reduce_only=False)
    cap = Price(entry.price * (1 + entry.side.sign * here.policy.entry_cap))
    price = round_crossing(cap, entry.side, decimals)
    for exit_ in wanted.exits:  # An entry beyond its own take-profit can only lose.
        target = round_resting(exit_.price, entry.side, decimals)
        price = min(price, target) if entry.side is Side.BUY else max(price, target)
    return Terms(entry.side, price, size, Style.CROSS, reduce_only=False)


def _too_small(entry: WantedEntry, terms: Terms, policy: Policy) -> Reason | None:
    """Decide on the rounded order, before it is sent.

    A resting order is valued at its own price, exactly; a crossing one at the price it meets,
    which may be lower than our limit, so it gets a margin (hyperliquid.md 2.4).
    """
    if entry.market:
        enough = (
            notional(entry.price, terms.size) >= MINIMUM_NOTIONAL * policy.market_minimum_margin
        )
    else:
        enough = notional(terms.price, terms.size) >= MINIMUM_NOTIONAL
    return None if enough else Reason.BELOW_MINIMUM


def _deal_is_closed(here: Situation) -> Reason | None:
    match here.standing:
        case Standing.OPEN:
            return None
        case Standing.SKIPPED:
            return here.standing_why if here.standing_why in WHOLE_DEAL else Reason.BASE_SKIPPED
        case Standing.CLOSED_HERE | Standing.ENDED:
            return Reason.CLOSED_HERE_FIRST
        case _:
            assert_never(here.standing)


def _too_late(entry: WantedEntry, here: Situation) -> Reason | None:
    if not entry.market or entry.filled_at is None:
        return None
    late = here.now - entry.filled_at > here.policy.entry_max_age
    return Reason.TOO_LATE if late else None


def _base_is_in(here: Situation) -> bool:
    """Say whether averaging may start: the base holds something, or rests at the source's price."""
    base = here.newest(BASE)
    if here.mode is Mode.LADDER:
        return True
    return base is not None and (bool(base.filled) or base.state is State.RESTING)


def base_failed(here: Situation) -> Reason | None:
    """Say why the deal is without its base here, or None; see `without_base` for what follows."""
    base = here.newest(BASE)
    if here.standing is not Standing.OPEN or base is None or base.live or base.filled:
        return None
    if here.mode is Mode.LADDER or _may_be_renewed(base) or base.why in _ENDED_WITH_THE_SOURCE:
        return None
    return base.why if base.state is State.SKIPPED and base.why else Reason.BASE_NOT_FILLED


def goes_without_base(why: Reason, here: Situation) -> bool:
    """Say whether a deal whose base is not entered, for `why`, is mirrored from its ladder on."""
    return here.policy.without_base is OnMissedEntry.LADDER and why not in WHOLE_DEAL


_ENDED_WITH_THE_SOURCE = {
    Reason.SOURCE_ENDED,
    Reason.SOURCE_CANCELLED,
    Reason.CLOSING,
}
