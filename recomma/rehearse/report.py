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
from recomma.domain.duplicates import Executed, duplicates
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored
from recomma.domain.money import Size
from recomma.domain.naked import NO_FILLS, Summary, summary
from recomma.domain.orders import MirrorOrder, Standing
from recomma.domain.source import Leg, Role


@dataclass(frozen=True)
class VenueState:
    """What the simulated venue itself says of one account."""

    orders: Sequence[Mapping[str, Any]]
    positions: Mapping[str, Decimal]  # By coin, signed.
    fills: Sequence[Mapping[str, Any]] = ()


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
        return [
            skip for deal in self.deals for here in deal.mirrored for skip in _skips(deal, here)
        ]

    def skips_of(self, deal: DealBooks, here: Mirrored) -> list[Skipped]:
        """Return the skips of a deal on a venue; one stands for a deal that was left out whole."""
        return _skips(deal, here)

    @property
    def skipped_by_reason(self) -> Mapping[str, int]:
        told = [str(skip.reason) for skip in self.skips]
        told += [str(order.why) for order in self.orders if order.state is State.SKIPPED]
        return dict(sorted(Counter(told).items()))

    @property
    def clean(self) -> bool:
        return not (self.duplicates or self.dead_letters or self.unexplained)

    @property
    def naked(self) -> Summary:
        """How long positions stood without exits, in the time of the rehearsal."""
        now = max((deal.read_at for deal in self.deals if deal.read_at), default=None)
        tracks = [deal.past(here.venue).track for deal in self.deals for here in deal.mirrored]
        return summary(tracks, now) if now else NO_FILLS

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
        duplicates=sum(
            duplicates(deals, _executed(venue), venue=name) for name, venue in venues.items()
        ),
        differences=tuple(found),
        strange=tuple(s for name, venue in venues.items() for s in _strange(deals, name, venue)),
    )


def _skips(deal: DealBooks, here: Mirrored) -> list[Skipped]:
    """Return the skips on a venue; one stands for a whole deal of which no order was seen."""
    found = list(deal.skips[here.venue])
    whole = here.standing is Standing.SKIPPED and here.standing_why
    if whole and not here.orders and not found:
        found.append(Skipped(Leg(Role.BASE), here.entry_side, None, None, whole))
    return found


def _executed(venue: VenueState) -> Iterable[Executed]:
    for order in venue.orders:
        told = decode(str(order.get("cloid") or ""))
        if told:
            yield told.deal_id, told.leg, Size(Decimal(str(order["filledSz"])))


def _strange(deals: Iterable[DealBooks], name: str, venue: VenueState) -> Iterable[str]:
    """Tell what the venue holds otherwise than the ledger."""
    booked: dict[str, Decimal] = defaultdict(Decimal)
    resting = set()
    for here in (each for deal in deals for each in deal.mirrored if each.venue == name):
        for order in here.orders:
            booked[order.coin] += order.filled * order.terms.side.sign
            resting |= {order.cloid} if order.state is State.RESTING else set()
        if here.orders:
            booked[here.orders[-1].coin] += _lost(here) * here.entry_side.sign
    for coin in sorted(booked.keys() | venue.positions.keys()):
        held = venue.positions.get(coin, Decimal(0))
        if held != booked[coin]:
            yield f"{name}: position {held} {coin} there, {booked[coin]} in the ledger"
    for row in venue.orders:
        if row["status"] == "open" and row.get("cloid") not in resting:
            yield f"{name}: order {row.get('cloid')} is open there and not in the ledger"


def _lost(here: Mirrored) -> Decimal:
    """Return what the account lost outside, as a negative change of the deal's position."""
    return sum((move.size for move in here.moves if move.other_deal is None), Decimal(0))


def _deal_json(deal: DealBooks) -> dict[str, Any]:
    """Return a deal; its orders name their venue where it is mirrored on several."""
    several = len(deal.mirrored) > 1
    entries = []
    for here in deal.mirrored:
        mine = [_order_json(order, deal.cloids[order.id]) for order in here.orders]
        mine += [_skip_json(skip) for skip in _skips(deal, here)]
        entries += [entry | {"venue": here.venue} for entry in mine] if several else mine
    told = {
        "deal_id": deal.deal_id,
        "source_status": deal.status,
        "orders": sorted(entries, key=lambda entry: _place(entry["leg"])),
        "positions": {here.venue: plain(_position(here)) for here in deal.mirrored},
    }
    return told | {"venues": {h.venue: _venue_json(h) for h in deal.mirrored}} if several else told


def _position(here: Mirrored) -> Decimal:
    """Return what is left, signed as the venue signs it."""
    moved = here.holding.moved * here.entry_side.sign
    return here.holding.bought - here.holding.sold + moved


def _venue_json(here: Mirrored) -> dict[str, Any]:
    return {
        "standing": str(here.standing) if here.standing else None,
        "why": str(here.standing_why) if here.standing_why else None,
        "multiplier": plain(here.policy.multiplier),
        "position": plain(_position(here)),
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
        "wanted_price": plain(order.wanted_price),
        "wanted_size": plain(order.wanted_size),
        "price": plain(order.terms.price) if sent else None,
        "size": plain(order.terms.size) if sent else None,
        "reduce_only": order.terms.reduce_only,
        "cloids": list(cloids),
        "state": str(order.state),
        "filled": plain(order.filled),
        "why": str(why) if why else None,
    }


def _skip_json(skip: Skipped) -> dict[str, Any]:
    return {
        "leg": str(skip.leg),
        "side": str(skip.side),
        "wanted_price": None if skip.wanted_price is None else plain(skip.wanted_price),
        "wanted_size": None if skip.wanted_size is None else plain(skip.wanted_size),
        "price": None,
        "size": None,
        "reduce_only": False,
        "cloids": [],
        "state": str(State.SKIPPED),
        "filled": "0",
        "why": str(skip.reason),
    }


def plain(number: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0") else text
