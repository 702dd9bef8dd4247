"""The report of a rehearsal: what was wanted, placed and filled, and every difference.

One entry in a deal's `orders` is one mirror order or one skip: a take-profit that was re-placed
nine times is nine entries, each with the cloids of its own attempts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recomma.domain.books import DealBooks, Skipped
from recomma.domain.cloid import decode
from recomma.domain.differences import Difference, differences
from recomma.domain.lifecycle import State
from recomma.domain.orders import MirrorOrder, Standing
from recomma.domain.source import Leg, Role


@dataclass(frozen=True)
class VenueState:
    """What the simulated venue itself says of one account."""

    orders: Sequence[Mapping[str, Any]]
    positions: Mapping[str, Decimal]  # By coin, signed.


@dataclass(frozen=True)
class Report:
    deals: tuple[DealBooks, ...]
    dead_letters: int
    duplicates: int
    differences: tuple[Difference, ...]
    strange: tuple[str, ...]  # What the venue has and the ledger does not know.

    @property
    def unexplained(self) -> list[str]:
        open_ = [d for d in self.differences if d.reason is None]
        told = [f"deal {d.deal_id} on {d.venue}, {d.leg}: {d.what}" for d in open_]
        return [*told, *self.strange]

    @property
    def orders(self) -> list[MirrorOrder]:
        return [o for deal in self.deals for here in deal.mirrored for o in here.orders]

    @property
    def skips(self) -> list[Skipped]:
        return [skip for deal in self.deals for skip in _skips(deal)]

    @property
    def skipped_by_reason(self) -> Mapping[str, int]:
        told = [str(skip.reason) for skip in self.skips]
        told += [str(order.why) for order in self.orders if order.state is State.SKIPPED]
        return dict(sorted(Counter(told).items()))

    @property
    def clean(self) -> bool:
        return not (self.duplicates or self.dead_letters or self.unexplained)

    def as_json(self) -> dict[str, Any]:
        orders = self.orders
        return {
            "deals": len(self.deals),
            "wanted": len(orders) + len(self.skips),
            "placed": sum(order.attempts > 0 for order in orders),
            "filled": sum(order.state is State.FILLED for order in orders),
            "skipped": self.skipped_by_reason,
            "dead_letters": self.dead_letters,
            "duplicates": self.duplicates,
            "unexplained": self.unexplained,
            "per_deal": [_deal_json(deal) for deal in self.deals],
        }


def make(deals: Sequence[DealBooks], dead_letters: int, venues: Mapping[str, VenueState]) -> Report:
    """Compare the books of all deals with each other and with the venues."""
    found = [d for deal in deals for here in deal.mirrored for d in differences(here)]
    return Report(
        deals=tuple(deals),
        dead_letters=dead_letters,
        duplicates=sum(_duplicates(deals, name, venue) for name, venue in venues.items()),
        differences=tuple(found),
        strange=tuple(s for name, venue in venues.items() for s in _strange(deals, name, venue)),
    )


def _skips(deal: DealBooks) -> list[Skipped]:
    """Return the deal's skips; one stands for the whole of a deal of which no order was seen."""
    found = [skip for skips in deal.skips.values() for skip in skips]
    for here in deal.mirrored:
        whole = here.standing is Standing.SKIPPED and here.standing_why
        if whole and not here.orders and not deal.skips[here.venue]:
            found.append(Skipped(Leg(Role.BASE), here.entry_side, None, None, whole))
    return found


def _duplicates(deals: Iterable[DealBooks], name: str, venue: VenueState) -> int:
    """Count the legs of which the venue, by its own account, executed more than was decided.

    Of an entry all orders of a leg together may fill its size once; of the exits, all together
    what was entered.
    """
    filled: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for order in venue.orders:
        told = decode(str(order.get("cloid") or ""))
        if told:
            filled[told.deal_id, str(told.leg)] += Decimal(str(order["filledSz"]))
    allowed: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for deal in deals:
        for here in deal.mirrored:
            if here.venue != name:
                continue
            for o in here.orders:
                key = (deal.deal_id, str(o.leg))
                # Generations of an entry replace each other; they do not add up.
                allowed[key] = max(allowed[key], o.terms.size)
                if o.is_exit:
                    allowed[key] = here.holding.entered(here.entry_side)
    return sum(size > allowed[key] for key, size in filled.items())


def _strange(deals: Iterable[DealBooks], name: str, venue: VenueState) -> Iterable[str]:
    booked: dict[str, Decimal] = defaultdict(Decimal)
    resting = set()
    for deal in deals:
        for here in deal.mirrored:
            if here.venue != name:
                continue
            for o in here.orders:
                booked[o.coin] += o.filled * o.terms.side.sign
                resting |= {o.cloid} if o.state is State.RESTING else set()
    for coin in sorted(booked.keys() | venue.positions.keys()):
        held = venue.positions.get(coin, Decimal(0))
        if held != booked[coin]:
            yield f"{name}: position {held} {coin} there, {booked[coin]} in the ledger"
    for order in venue.orders:
        if order["status"] == "open" and order.get("cloid") not in resting:
            yield f"{name}: order {order.get('cloid')} is open there and not in the ledger"


def _deal_json(deal: DealBooks) -> dict[str, Any]:
    entries = [
        _order_json(order, deal.cloids[order.id]) for here in deal.mirrored for order in here.orders
    ]
    entries += [_skip_json(skip) for skip in _skips(deal)]
    return {
        "deal_id": deal.deal_id,
        "source_status": deal.status,
        "orders": sorted(entries, key=lambda entry: _place(entry["leg"])),
        "positions": {
            here.venue: _plain(here.holding.bought - here.holding.sold) for here in deal.mirrored
        },
    }


def _place(leg: str) -> tuple[int, int]:
    role, _, which = leg.partition("/")
    return list(Role).index(Role(role)), int(which) if which.isdigit() else 0


def _order_json(order: MirrorOrder, cloids: Sequence[str]) -> dict[str, Any]:
    sent = order.attempts > 0
    why = order.why if order.state is not State.FILLED else None
    return {
        "leg": str(order.leg),
        "side": str(order.terms.side),
        "wanted_price": _plain(order.wanted_price),
        "wanted_size": _plain(order.wanted_size),
        "price": _plain(order.terms.price) if sent else None,
        "size": _plain(order.terms.size) if sent else None,
        "reduce_only": order.terms.reduce_only,
        "cloids": list(cloids),
        "state": str(order.state),
        "filled": _plain(order.filled),
        "why": str(why) if why else None,
    }


def _skip_json(skip: Skipped) -> dict[str, Any]:
    return {
        "leg": str(skip.leg),
        "side": str(skip.side),
        "wanted_price": None if skip.wanted_price is None else _plain(skip.wanted_price),
        "wanted_size": None if skip.wanted_size is None else _plain(skip.wanted_size),
        "price": None,
        "size": None,
        "reduce_only": False,
        "cloids": [],
        "state": str(State.SKIPPED),
        "filled": "0",
        "why": str(skip.reason),
    }


def _plain(number: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0") else text
