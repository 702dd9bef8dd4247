"""The end of the demo: what was wanted, placed and filled, and whether it ended as scripted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from recomma.demo.deal import ScriptedDeal
from recomma.demo.happenings import plain
from recomma.demo.kills import WORKER, Kill
from recomma.demo.scene import Scene, VenueOrder
from recomma.domain.differences import Difference, differences
from recomma.domain.duplicates import Executed, duplicates
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored
from recomma.domain.money import NO_SIZE, Size
from recomma.domain.naked import Summary, summary
from recomma.domain.orders import MirrorOrder


@dataclass(frozen=True)
class DealReport:
    """Counts are of legs: a take-profit that was placed anew after each fill is one."""

    deal: ScriptedDeal
    source_status: str
    wanted: int
    placed: int
    filled: int
    position: Size
    exits: tuple[VenueOrder, ...]  # That rest.
    differences: tuple[Difference, ...]
    wrong: tuple[str, ...]  # What is not as scripted.

    def as_json(self) -> dict[str, Any]:
        return {
            "deal_id": self.deal.id,
            "pair": self.deal.pair,
            "what": self.deal.what,
            "source_status": self.source_status,
            "wanted": self.wanted,
            "placed": self.placed,
            "filled": self.filled,
            "position": plain(self.position),
            "exits": [
                {"leg": str(o.leg), "price": plain(o.price), "size": plain(o.size)}
                for o in self.exits
            ],
            "differences": [
                {"leg": d.leg, "what": d.what, "reason": str(d.reason) if d.reason else None}
                for d in self.differences
            ],
            "not_as_scripted": list(self.wrong),
        }


@dataclass(frozen=True)
class Report:
    deals: tuple[DealReport, ...]
    dead_letters: tuple[str, ...]
    duplicates: int
    foreign: int
    first_order_after: timedelta | None  # Since the servers were up.
    naked: Summary  # How long positions stood without exits.
    kills: tuple[Kill, ...] = ()

    @property
    def unexplained(self) -> list[str]:
        return [
            f"deal {d.deal_id}, {d.leg}: {d.what}"
            for deal in self.deals
            for d in deal.differences
            if d.reason is None
        ]

    @property
    def wrong(self) -> list[str]:
        """Return one sentence for everything that keeps the demo from being a success."""
        found = [f"deal {deal.deal.id}: {what}" for deal in self.deals for what in deal.wrong]
        found += [f"unexplained: {what}" for what in self.unexplained]
        found += [f"dead letter: {what}" for what in self.dead_letters]
        counts = {
            "legs filled more than once": self.duplicates,
            "orders on the venue that are nobody's": self.foreign,
        }
        found += [f"{count} {what}" for what, count in counts.items() if count]
        return [*found, *(_unfinished(kill) for kill in self.kills if kill.away is None)]

    def as_json(self) -> dict[str, Any]:
        first = self.first_order_after
        return {
            "deals": len(self.deals),
            "wanted": sum(deal.wanted for deal in self.deals),
            "placed": sum(deal.placed for deal in self.deals),
            "filled": sum(deal.filled for deal in self.deals),
            "dead_letters": len(self.dead_letters),
            "duplicates": self.duplicates,
            "unexplained": self.unexplained,
            "first_order_after_seconds": round(first.total_seconds(), 1) if first else None,
            "naked_seconds": self.naked.as_json(),
            "kills": [kill.as_json() for kill in self.kills],
            "as_scripted": not self.wrong,
            "not_as_scripted": self.wrong,
            "per_deal": [deal.as_json() for deal in self.deals],
        }


def make(
    deals: Iterable[ScriptedDeal],
    scene: Scene,
    first_order_after: timedelta | None,
    kills: Iterable[Kill] = (),
) -> Report:
    """Compare the script, both sides and the ledger."""
    return Report(
        deals=tuple(_deal(deal, scene) for deal in deals),
        dead_letters=scene.dead_letters,
        duplicates=duplicates(scene.books.values(), _executed(scene)),
        foreign=scene.foreign,
        first_order_after=first_order_after,
        naked=_naked(scene),
        kills=tuple(kills),
    )


def _unfinished(kill: Kill) -> str:
    what = "has not come back" if kill.at else "was to be killed, and was not"
    return f"the worker of {WORKER} {what}"


def _executed(scene: Scene) -> Iterable[Executed]:
    return ((order.deal_id, order.leg, order.filled) for order in scene.orders)


def _naked(scene: Scene) -> Summary:
    tracks = [
        deal.past(here.venue).track for deal in scene.books.values() for here in deal.mirrored
    ]
    return summary(tracks, scene.at)


def _deal(deal: ScriptedDeal, scene: Scene) -> DealReport:
    here = _mirrored(deal, scene)
    orders: Sequence[MirrorOrder] = here.orders if here else ()
    legs = {str(leg.leg) for leg in here.source} if here else set()
    said = scene.source.get(deal.id)
    resting = [order for order in scene.orders_of(deal.id) if order.rests]
    report = DealReport(
        deal=deal,
        source_status=said.status if said else "not opened yet",
        wanted=len(legs | {str(order.leg) for order in orders}),
        placed=len({str(order.leg) for order in orders if order.attempts}),
        filled=len(_filled_legs(orders)),
        position=here.holding.left(here.entry_side) if here else NO_SIZE,
        exits=tuple(order for order in resting if order.is_exit),
        differences=differences(here) if here else (),
        wrong=(),
    )
    wrong = tuple(_wrong(report, _filled_legs(orders), resting, scene.positions))
    return replace(report, wrong=wrong)


def _mirrored(deal: ScriptedDeal, scene: Scene) -> Mirrored | None:
    books = scene.books.get(deal.id)
    return books.mirrored[0] if books and books.mirrored else None


def _filled_legs(orders: Iterable[MirrorOrder]) -> frozenset[str]:
    return frozenset(str(order.leg) for order in orders if order.state is State.FILLED)


def _wrong(
    report: DealReport,
    filled: frozenset[str],
    resting: Sequence[VenueOrder],
    positions: Mapping[str, Size],
) -> Iterable[str]:
    end, coin = report.deal.end, report.deal.coin
    if report.source_status != end.source_status:
        yield f"3Commas says {report.source_status}, scripted is {end.source_status}"
    if filled != end.filled:
        yield f"filled are {_listed(filled)}, scripted are {_listed(end.filled)}"
    rests = frozenset(str(order.leg) for order in resting)
    if rests != end.resting or len(rests) != len(resting):
        yield f"on the book are {_listed(rests)}, scripted are {_listed(end.resting)}"
    if report.position != end.position:
        yield f"the ledger holds {plain(report.position)} {coin}, scripted is {plain(end.position)}"
    held = positions.get(coin, NO_SIZE)
    if held != end.position:
        yield f"the venue holds {plain(held)} {coin}, scripted is {plain(end.position)}"
    exits = sum((order.size for order in resting if order.is_exit), Decimal(0))
    if exits != end.position:
        yield f"exits of {plain(exits)} rest for a position of {plain(end.position)}"


def _listed(legs: frozenset[str]) -> str:
    return ", ".join(sorted(legs)) or "none"
