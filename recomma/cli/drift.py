"""`recomma drift`: everything in which the two sides differ now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from recomma.cli.acting import counted, say_json
from recomma.cli.deals import difference_json
from recomma.cli.exits import Exit
from recomma.cli.tables import as_json_option, moment, number, table
from recomma.domain.accounts import Beside, OrderOfOthers, PositionBeside
from recomma.domain.books import DealBooks
from recomma.domain.differences import Difference, differences
from recomma.domain.mirrored import Mirrored
from recomma.domain.naked import NO_FILLS, SETTLE, Summary, naked_since, summary
from recomma.domain.reasons import Reason
from recomma.domain.timeline import BookedFill


@dataclass(frozen=True)
class NakedNow:
    """A position that waits for its exit longer than it should."""

    deal_id: int
    venue: str
    seconds: float
    reason: Reason | None  # None: nothing explains it.


@dataclass(frozen=True)
class Drift:
    differences: tuple[Difference, ...]
    naked: tuple[NakedNow, ...]
    summary: Summary
    beside: Beside

    @property
    def unexplained(self) -> int:
        return sum(each.reason is None for each in self.differences)


@click.command()
@as_json_option
def drift(as_json: bool) -> None:
    """List all differences now, explained or not, and what on the accounts is not ours.

    Status 1 if one has no reason.
    """
    from recomma import wiring
    from recomma.config import load

    settings = load()
    books = wiring.books_of(settings).deals(unfinished=True)
    found = drift_of(books, wiring.accounts_of(settings).beside())
    if as_json:
        say_json(_json(found))
    else:
        click.echo("\n".join(_lines(found)))
    raise SystemExit(int(Exit.FAILED if found.unexplained else Exit.OK))


def drift_of(deals: Sequence[DealBooks], beside: Beside) -> Drift:
    """Compare the books of deals, and measure whose position is naked."""
    here = [(deal, each) for deal in deals for each in deal.mirrored]
    tracks = [deal.past(each.venue).track for deal, each in here]
    now = max((deal.read_at for deal in deals if deal.read_at), default=None)
    return Drift(
        differences=tuple(found for _, each in here for found in differences(each)),
        naked=tuple(_naked(here)) if now else (),
        summary=summary(tracks, now) if now else NO_FILLS,
        beside=beside,
    )


def _naked(here: Iterable[tuple[DealBooks, Mirrored]]) -> Iterable[NakedNow]:
    for deal, each in here:
        since = deal.read_at and naked_since(deal.past(each.venue).track, deal.read_at)
        if not since or deal.read_at is None or deal.read_at - since <= SETTLE:
            continue
        why = [found.reason for found in differences(each) if found.leg == "position"]
        reason = why[-1] if why else None
        seconds = (deal.read_at - since).total_seconds()
        yield NakedNow(deal.deal_id, each.venue, round(seconds, 3), reason)


def _json(found: Drift) -> dict[str, Any]:
    return {
        "unexplained": found.unexplained,
        "differences": [difference_json(each) for each in found.differences],
        "naked": [
            {
                "deal": each.deal_id,
                "venue": each.venue,
                "seconds": each.seconds,
                "reason": each.reason,
            }
            for each in found.naked
        ],
        "naked_seconds": found.summary.as_json(),
        "foreign_orders": [_order_json(order) for order in found.beside.orders],
        "positions": [_position_json(held) for held in found.beside.positions],
        "foreign_fills": [_fill_json(fill) for fill in found.beside.fills],
        "troubles": [
            {"venue": each.venue, "text": each.text, "reason": each.reason}
            for each in found.beside.troubles
        ],
    }


def _order_json(order: OrderOfOthers) -> dict[str, Any]:
    return {
        "venue": order.venue,
        "oid": order.oid,
        "coin": order.coin,
        "side": str(order.side),
        "price": number(order.price),
        "size": number(order.size),
        "reduce_only": order.reduce_only,
        "cloid": order.cloid,
        "names_deal": order.names_deal,
        "first_seen_at": order.first_seen_at,
        "reason": str(order.reason),
    }


def _position_json(held: PositionBeside) -> dict[str, Any]:
    return {
        "venue": held.venue,
        "coin": held.coin,
        "held": number(held.held),
        "ours": number(held.ours),
        "beyond": number(held.beyond),
        "read_at": held.read_at,
        "reason": str(held.reason),
    }


def _fill_json(fill: BookedFill) -> dict[str, Any]:
    return {
        "at": fill.at,
        "venue": fill.venue,
        "coin": fill.coin,
        "side": str(fill.side),
        "size": number(fill.size),
        "price": number(fill.price),
        "oid": fill.oid,
        "reason": str(Reason.FOREIGN),
    }


def _lines(found: Drift) -> Iterable[str]:
    heads = ("deal", "venue", "leg", "what", "reason")
    rows = [
        (each.deal_id, each.venue, each.leg, each.what, each.reason or "UNEXPLAINED")
        for each in found.differences
    ]
    yield from table(heads, rows, "No differences.")
    if found.naked:
        yield ""
        naked = [
            (e.deal_id, e.venue, f"{e.seconds:.1f} s", e.reason or "UNEXPLAINED")
            for e in found.naked
        ]
        yield from table(("deal", "venue", "naked for", "reason"), naked, "")
    yield from _beside_lines(found.beside)
    yield ""
    yield found.summary.sentence
    yield (
        f"{counted(len(found.differences), 'difference')}, {found.unexplained} unexplained: "
        "`recomma explain DEAL` tells the whole story of a deal."
    )


def _beside_lines(beside: Beside) -> Iterable[str]:
    if beside.orders or beside.positions or beside.fills:
        yield ""
        yield "On the accounts and not ours (listed, never touched):"
    for order in beside.orders:
        named = f", its cloid names deal {order.names_deal}" if order.names_deal else ""
        yield (
            f"  {order.venue}: order {order.oid}, {order.side} {number(order.size)} {order.coin} "
            f"at {number(order.price)}{named} ({order.reason})"
        )
    for held in beside.positions:
        yield (
            f"  {held.venue}: position {number(held.held)} {held.coin}, "
            f"our deals hold {number(held.ours)} ({held.reason})"
        )
    for fill in beside.fills:
        yield (
            f"  {fill.venue}: {moment(fill.at)} {fill.side} {number(fill.size)} {fill.coin} "
            f"at {number(fill.price)}, order {fill.oid} ({Reason.FOREIGN})"
        )
    for trouble in beside.troubles:
        yield ""
        yield f"{trouble.venue}: nothing new is entered: {trouble.text} ({trouble.reason})"
