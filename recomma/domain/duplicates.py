"""Was anything executed more often than it was decided? Asked of the venue's own account."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from recomma.domain.books import DealBooks
from recomma.domain.cloid import shortened
from recomma.domain.money import Size
from recomma.domain.source import Leg

Executed = tuple[int, Leg, Size]
"""What one order of a deal's leg has filled, as the venue tells it."""

_Legs = Mapping[tuple[int, Leg], Decimal]
"""Sizes by deal and leg. Legs are in the form that a cloid has room for."""


def duplicates(
    deals: Iterable[DealBooks], executed: Iterable[Executed], *, venue: str | None = None
) -> int:
    """Count the legs of which `executed` has more than was decided; on one venue, or on any.

    Of an entry all orders of a leg together may fill its size once, because they replace each
    other; of the exits, each leg at most what was entered.
    """
    filled: dict[tuple[int, Leg], Decimal] = defaultdict(Decimal)
    for deal_id, leg, size in executed:
        filled[deal_id, shortened(leg)] += size
    allowed = _allowed(deals, venue)
    return sum(size > allowed.get(key, 0) for key, size in filled.items())


def _allowed(deals: Iterable[DealBooks], venue: str | None) -> _Legs:
    once: dict[tuple[int, Leg], Decimal] = defaultdict(Decimal)
    for deal in deals:
        for here in deal.mirrored:
            if venue not in (None, here.venue):
                continue
            for order in here.orders:
                key = (deal.deal_id, order.leg)
                entered = here.holding.entered(here.entry_side)
                size = entered if order.is_exit else order.terms.size
                once[key] = max(once[key], size)
    allowed: dict[tuple[int, Leg], Decimal] = defaultdict(Decimal)
    for (deal_id, leg), much in once.items():
        allowed[deal_id, shortened(leg)] += much  # Two manual legs may look the same.
    return allowed
