"""What open orders and fills of a venue belong to whom, where the ledger does not know them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.adoption import (
    FoundOrder,
    Whose,
    found_ended,
    found_open,
    is_a_twins,
    leg_named,
    whose,
)
from recomma.domain.cloid import Cloid, decode
from recomma.domain.lifecycle import State
from recomma.domain.notes import plan, reconcile
from recomma.domain.orders import Mode, NewOrder, Standing
from recomma.domain.reasons import Reason
from recomma.domain.venue import Fill, OpenOrder
from recomma.ports import DealBook, ForeignOrder, Ledger, SurveyBook, Venue

FOREIGN_FILLS_WINDOW: Final = timedelta(hours=1)
"""How long a fill of another installation on one of our deals keeps ours from entering."""


def adopt_lost(orders: Sequence[OpenOrder], venue: Venue, ledger: Ledger, now: datetime) -> int:
    """Take orders under our tag that the ledger has lost back into it; return how many.

    A backup that was restored does not know what was done after it was made (design.md, 7.6). None
    is taken while another installation uses our tag: it cares for them itself.
    """
    with ledger.survey(venue.name) as book:
        tag = book.venue.tag
        strangers, fills = book.strangers(orders), book.unclaimed()
        deals = _deals_named(book, [*strangers, *fills])
        if _twins(book, strangers, fills, deals, now):
            return 0
    found = [
        found_open(order, said)
        for order in strangers
        if (said := _said(order.cloid)) and whose(said, tag, deals) is Whose.OURS
    ]
    listed = {order.oid for order in orders}
    ended = [fill for fill in fills if fill.oid not in listed]
    for cloid, its_fills in _by_cloid(ended).items():
        said = _said(cloid)
        if said and whose(said, tag, deals) is Whose.OURS:
            order = found_ended(its_fills, said, venue.order_record(cloid))
            found += [order] if order else []
    return sum(
        _adopt(deal_id, theirs, venue.name, ledger, now)
        for deal_id, theirs in _by_deal(found).items()
    )


def sort_strangers(
    book: SurveyBook, orders: Iterable[OpenOrder], now: datetime
) -> tuple[Sequence[ForeignOrder], str, Reason | None]:
    """Return the open orders that are not ours, and whether another installation is at work.

    Two installations that both mirror one deal would both buy it (design.md, 13.21).
    """
    strangers = book.strangers(orders)
    fills = book.foreign_fills(now - FOREIGN_FILLS_WINDOW)
    tag, deals = book.venue.tag, _deals_named(book, [*strangers, *fills])
    twins = _twins(book, strangers, book.unclaimed(), deals, now)
    listed, traded = [], set(twins)
    for order in strangers:
        said = _said(order.cloid)
        kind = whose(said, tag, deals)
        other = kind is Whose.ANOTHER_INSTALLATION or (bool(twins) and kind is Whose.OURS)
        reason = Reason.OTHER_INSTALLATION if other else Reason.FOREIGN
        listed.append(ForeignOrder(order, reason, said.deal_id if said else None))
        traded |= {said.deal_id} if said and other else set()
    for fill in fills:
        said = _said(fill.cloid)
        if said and whose(said, tag, deals) is Whose.ANOTHER_INSTALLATION:
            traded.add(said.deal_id)
    if not traded:
        return listed, "", None
    named = ", ".join(map(str, sorted(traded)))
    if twins:
        text = (
            f"Another installation with our tag trades deal {named} on {book.venue.name}, perhaps "
            f"on a copy of this database: stop one of the two, then `recomma resume`."
        )
        # As long as a person has not looked: between two of its orders it cannot be seen.
        book.forbid(None, Reason.OTHER_INSTALLATION, text)
        return listed, text, Reason.OTHER_INSTALLATION
    text = f"Another installation trades deal {named} on {book.venue.name}: stop one of the two."
    return listed, text, Reason.OTHER_INSTALLATION


def _twins(
    book: SurveyBook,
    strangers: Iterable[OpenOrder],
    unclaimed: Iterable[Fill],
    deals: Collection[int],
    now: datetime,
) -> frozenset[int]:
    """Return the deals of ours that another installation with our own tag trades, or has traded
    as long as a stop says so. See domain.adoption."""
    watched_at, stopped = book.watched_at(), book.tag_is_shared()
    # An order that was there before and could not be adopted yet may fill now.
    known = frozenset() if stopped else book.listed_before()
    made = [
        *((order.cloid, order.at) for order in strangers if order.oid not in known),
        *((fill.cloid, fill.at) for fill in unclaimed if fill.oid not in known),
    ]
    twice = book.overfilled(watched_at) if watched_at and not stopped else frozenset()
    return twice | {
        said.deal_id
        for cloid, at in made
        if (said := _said(cloid)) and whose(said, book.venue.tag, deals) is Whose.OURS
        if stopped or is_a_twins(at, watched_at, now)
    }


def _adopt(
    deal_id: int, found: Sequence[FoundOrder], venue: str, ledger: Ledger, now: datetime
) -> int:
    with ledger.deal(deal_id, None) as book:
        adopted = sum(_adopt_one(book, venue, each, now) for each in found)
        if adopted:
            if book.here(venue).standing is None:
                # It was mirrored here: what is on the venue is the proof.
                book.stand(venue, Standing.OPEN, None, mode=Mode.WHOLE)
            book.leave(reconcile(deal_id, venue), now)
            book.leave(plan(deal_id), now)
    return adopted


def _adopt_one(book: DealBook, venue: str, found: FoundOrder, now: datetime) -> bool:
    """Adopt an order unless a live entry of its leg stands in the way; the next survey sees it
    again when that one has been settled."""
    leg = leg_named(found.said.leg, book.legs())
    mine = [order for order in book.orders(venue) if order.leg == leg]
    planned = next((order for order in mine if order.state is State.PLANNED), None)
    if planned is None:
        if not found.terms.reduce_only and any(order.live for order in mine):
            return False
        new = NewOrder(
            leg=leg,
            coin=found.coin,
            wanted_price=found.terms.price,
            wanted_size=found.terms.size,
            terms=found.terms,
            urgency=found.urgency,
            multiplier=book.here(venue).policy.multiplier,
        )
        order_id = book.place(venue, new, due_at=now)
    else:
        # The venue was asked for it after the backup was made: asked again, it would be twice.
        order_id = planned.id
        book.reterm(order_id, found.terms, due_at=now)
    counted = sum(order.attempts for order in mine if order.id != order_id)
    book.adopt(order_id, found, attempts=max(1, found.said.attempt + 1 - counted))
    return True


def _said(cloid: str | None) -> Cloid | None:
    return decode(cloid) if cloid else None


def _deals_named(book: SurveyBook, things: Iterable[OpenOrder | Fill]) -> frozenset[int]:
    return book.deals_among({said.deal_id for thing in things if (said := _said(thing.cloid))})


def _by_cloid(fills: Iterable[Fill]) -> Mapping[str, list[Fill]]:
    by_cloid: dict[str, list[Fill]] = defaultdict(list)
    for fill in fills:
        by_cloid[fill.cloid or ""].append(fill)
    return by_cloid


def _by_deal(found: Iterable[FoundOrder]) -> Mapping[int, list[FoundOrder]]:
    """Group by deal, in the order in which they were asked for."""
    by_deal: dict[int, list[FoundOrder]] = defaultdict(list)
    for order in sorted(found, key=lambda order: order.said.attempt):
        by_deal[order.said.deal_id].append(order)
    return by_deal
