"""Which exits the source shows, which it is about to place, and which it closes by themselves.

A missing exit is not a wish for none (design.md, section 9, Exits): the settings say whether one is
still meant.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from recomma.domain.money import Price
from recomma.domain.source import Leg, Reading, Role, RowStatus, SourceDeal, SourceLeg, SourceLegs
from recomma.domain.take_profit_steps import is_finished, is_panic_closing

_FIRST: Final = Leg(Role.TAKE_PROFIT, "1")


@dataclass(frozen=True)
class WantedExit:
    """A take-profit step: `ratio` of everything entered, at `price`."""

    leg: Leg
    ratio: Decimal
    price: Price


def shown_exits(deal: SourceDeal, take_profits: tuple[SourceLeg, ...]) -> tuple[WantedExit, ...]:
    """Return the take-profits that stand at the source, each with its share of the position."""
    ratios = _ratios(deal, take_profits)
    active = [leg for leg in take_profits if leg.status is RowStatus.ACTIVE and leg.price]
    # A left-over beside steps is no target; after the steps it is one for what was bought since.
    steps = [leg for leg in active if leg.leg in ratios]
    return tuple(
        WantedExit(leg.leg, ratios.get(leg.leg, Decimal(1)), leg.price)
        for leg in steps or active
        if leg.price is not None
    )


def _ratios(deal: SourceDeal, take_profits: tuple[SourceLeg, ...]) -> dict[Leg, Decimal]:
    """Return each step's share of everything entered.

    The settings say it in percent. Without them, targets that stand side by side share by their
    sizes, and one that stands alone is for the whole: after a repeated take profit
    (threecommas.md 9.3) that is all there is left.
    """
    steps = {
        leg: step.ratio for leg, step in zip(_step_legs(deal), deal.take_profit_steps, strict=True)
    }
    if steps and all(steps.values()):
        return steps
    active = [leg for leg in take_profits if leg.status is RowStatus.ACTIVE]
    if len(active) <= 1:
        return {leg.leg: Decimal(1) for leg in active}
    shared = (*active, *(leg for leg in take_profits if leg.status is RowStatus.FILLED))
    total = sum((leg.size for leg in shared), Decimal(0))
    return {leg.leg: leg.size / total for leg in active} if total else {}


def _step_legs(deal: SourceDeal) -> list[Leg]:
    return [Leg(Role.TAKE_PROFIT, str(j)) for j in range(1, len(deal.take_profit_steps) + 1)]


def filled_exits(deal: SourceDeal, take_profits: Iterable[SourceLeg]) -> frozenset[Leg]:
    """Return the take-profits that the source has filled, by their rows or by its settings."""
    status = {leg.leg: leg.status for leg in take_profits}
    finished = {
        leg
        for leg, step in zip(_step_legs(deal), deal.take_profit_steps, strict=True)
        if is_finished(step) and status.get(leg) is not RowStatus.ACTIVE
    }
    return frozenset(finished | {leg for leg in status if status[leg] is RowStatus.FILLED})


def unseen_exits(reading: Reading, legs: SourceLegs, told: Collection[Leg]) -> frozenset[Leg]:
    """Return the take-profits that the source is about to place, or hides from us.

    `told` are those that it shows or has filled. It has been without any for seconds, and after an
    error for longer; what its settings ask for it will place again. Trailing places none before it
    fires (threecommas.md 7), and the last of several steps is the one that trails.
    """
    deal, steps = reading.deal, _step_legs(reading.deal)
    if not steps and told:
        return frozenset()  # There is only one target, and it is no secret.
    if _has_unreadable_exit(reading, legs):
        meant = steps or [_FIRST]
    elif steps:
        meant = steps[:-1] if deal.trailing else steps
    else:
        asked = deal.take_profit_percent and deal.take_profit_percent > 0
        meant = [_FIRST] if asked and not deal.trailing else []
    return frozenset(meant) - frozenset(told)


def _has_unreadable_exit(reading: Reading, legs: SourceLegs) -> bool:
    """Say whether a row may be a take-profit that we do not understand or 3Commas cannot place."""
    told = {leg.order_id for leg in legs.take_profits if leg.status is not RowStatus.INACTIVE}
    return any(
        row.role in (Role.TAKE_PROFIT, Role.UNKNOWN)
        and row.status is not RowStatus.CANCELLED
        and row.order_id not in told
        for row in reading.orders
    )


def steps_closing(deal: SourceDeal, legs: SourceLegs) -> frozenset[Leg]:
    """Return the steps that the source closes or closed at market while the deal runs on."""
    steps = _step_legs(deal)
    sold = {
        leg.leg
        for leg in legs.take_profits
        if leg.leg in steps and leg.market and leg.status in (RowStatus.ACTIVE, RowStatus.FILLED)
    }
    closing = {
        leg
        for leg, step in zip(steps, deal.take_profit_steps, strict=True)
        if is_panic_closing(step)
    }
    return frozenset(sold | closing)


def stop_price(deal: SourceDeal, legs: SourceLegs) -> Price | None:
    """Return the stop that the settings show, or else the one that waits as an order."""
    waiting = [leg.price for leg in legs.stops if leg.status is RowStatus.ACTIVE and leg.price]
    return deal.stop_loss_price or next(iter(waiting), None)
