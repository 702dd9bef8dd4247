"""Which take-profits a position must have (design.md, section 9, Exits).

Exits are sized to what was really filled here, never to what the source bought. They are
reduce-only, so a wrong one can shrink a position but never turn it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recomma.domain.money import NO_SIZE, Price, Side, Size, notional
from recomma.domain.orders import Holding
from recomma.domain.policy import MINIMUM_NOTIONAL
from recomma.domain.rounding import round_exit_size, round_resting
from recomma.domain.source import Leg
from recomma.domain.venue import Market
from recomma.domain.wanted import WantedExit


@dataclass(frozen=True)
class Target:
    """A take-profit that should rest; `at_market`: the source closes this step by itself now."""

    leg: Leg
    wanted_price: Price
    price: Price
    size: Size
    at_market: bool = False


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


def targets(
    exits: Sequence[WantedExit], here: Exposure, closing: frozenset[Leg] = frozenset()
) -> tuple[Target, ...]:
    """Share the position out over the steps; `closing` are those that the source closes now.

    The rule (docs/decisions/0023): the steps are taken from the nearest to the farthest. Each gets
    its ratio of everything entered minus what it has already sold, rounded down to the lot; the
    last one gets the remainder, whatever the ratios add up to. So the sizes always sum to the
    position. A step whose order has filled, or that has sold its share, is left out for good; when
    all are, the farthest gets what is left. A step that is worth less than the venue's minimum is
    given to its neighbour, because alone it would be refused; what closes the whole position may be
    as small as it likes.
    """
    steps = _ordered(exits, here, closing)
    if not steps or not here.left:
        return ()
    decimals = here.market.size_decimals
    shared = [
        Target(
            step.leg,
            step.price,
            round_resting(step.price, here.exit_side, decimals),
            size,
            at_market=step.leg in closing,
        )
        for step, size in zip(steps, _shares(steps, here), strict=True)
    ]
    return tuple(target for target in _merge_small(shared) if target.size)


def _ordered(
    exits: Sequence[WantedExit], here: Exposure, closing: frozenset[Leg]
) -> list[WantedExit]:
    """Sort the steps by distance and leave out those that have sold their share.

    A ratio of 1 is no step but the one target, which a repeated take-profit uses again. A step that
    is closed at market is as near as can be.
    """
    entered = here.holding.entered(here.entry_side)
    ordered = sorted(exits, key=lambda e: (e.leg not in closing, e.price * here.entry_side.sign))
    decimals = here.market.size_decimals
    open_ = [
        e
        for e in ordered
        if not (e.leg in here.done and e.ratio < 1)
        and here.taken.get(e.leg, NO_SIZE) < round_exit_size(Size(e.ratio * entered), decimals)
    ]
    # What rounding or an overfilled step has left still needs an exit.
    return open_ or ordered[-1:]


def _shares(steps: Sequence[WantedExit], here: Exposure) -> list[Size]:
    entered = here.holding.entered(here.entry_side)
    sizes, rest = [], here.left
    for step in steps[:-1]:
        share = Size(step.ratio * entered - here.taken.get(step.leg, NO_SIZE))
        size = min(round_exit_size(share, here.market.size_decimals), rest)
        sizes.append(size)
        rest = Size(rest - size)
    return [*sizes, rest]


def _merge_small(shared: Sequence[Target]) -> list[Target]:
    """Give a share that is too small for the venue to the next step, the last to the one before."""
    sizes = [target.size for target in shared]
    last = len(sizes) - 1
    for i in range(last):
        if sizes[i] and notional(shared[i].price, sizes[i]) < MINIMUM_NOTIONAL:
            sizes[i + 1] = Size(sizes[i + 1] + sizes[i])
            sizes[i] = NO_SIZE
    before = [i for i in range(last) if sizes[i]]
    if before and notional(shared[last].price, sizes[last]) < MINIMUM_NOTIONAL:
        sizes[before[-1]] = Size(sizes[before[-1]] + sizes[last])
        sizes[last] = NO_SIZE
    return [
        Target(t.leg, t.wanted_price, t.price, size, t.at_market)
        for t, size in zip(shared, sizes, strict=True)
    ]
