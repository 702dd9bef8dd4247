"""What must hold when everything has settled: ledger, venue and source agree or say why not."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored
from recomma.domain.notes import reconcile
from recomma.domain.orders import Style
from recomma.domain.reasons import Reason
from recomma.domain.shared_account import Share, compare
from recomma.domain.sharing import is_told_as_dust
from recomma.pipeline.exits_here import DUST_AGAIN
from recomma.pipeline.survey import FILLS_OVERLAP
from tests.fakes.rows import Here
from tests.pipeline.world import World
from tests.simulation.book import Book, books

NAKED_SECONDS_MAX = 10
"""While nothing fails: a look each three seconds, and one request after it."""

FAR = datetime.max.replace(tzinfo=UTC)

SHRUNK_SECONDS_MAX = 100
"""An exit that the venue has shrunk beside other deals is placed again when surveys are over."""


def check_settled(world: World) -> None:
    for venue, book in books(world).items():
        _check_fills(world, book)
        _check_positions(world, venue, book)
        _check_orders(world, book)
    doubtful = [o for o in world.ledger.rows.orders.values() if o.state is State.IN_DOUBT]
    assert not doubtful, f"in doubt after everything has settled: {doubtful}"
    unexplained = world.unexplained()
    assert not unexplained, f"unexplained: {unexplained}"
    _check_dust(world)
    _check_exits(world)
    _check_failures(world)


def _check_fills(world: World, book: Book) -> None:
    """The ledger has every fill of the account once, and no others.

    What somebody else traded before the first survey could read the account is not looked for.
    """
    fills = [row.fill for row in world.ledger.rows.fills.values() if row.venue == book.venue]
    booked = {(fill.oid, fill.tid, fill.size, fill.price): fill.at for fill in fills}
    assert len(fills) == len(booked), f"booked twice: {fills}"
    made = {
        (fill["oid"], fill["tid"], Decimal(fill["sz"]), Decimal(fill["px"])): _at(fill)
        for fill in book.fills
    }
    ours = {order.oid for order in book.orders}
    read_from = world.first_surveys[book.venue] - FILLS_OVERLAP
    early = {fill for fill, at in made.items() if fill[0] not in ours and at < read_from}
    missing = made.keys() - booked.keys() - early
    invented = booked.keys() - made.keys()
    assert not missing and not invented, f"{book.venue}: missing {missing}, invented {invented}"


def _at(fill: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(fill["time"] / 1000, UTC)


def _check_positions(world: World, venue: str, book: Book) -> None:
    """What our deals hold is there; the rest of the position is foreign."""
    shares = [share for share in _shares(world) if share[0] == venue]
    net = {coin: book.held(coin) for coin in book.positions}
    found = compare(net, [share for _, share in shares])
    short = {coin: held.short_by for coin, held in found.items() if held.short_by}
    assert not short, f"coins that deals hold and {venue} does not: {short}"


def _shares(world: World) -> list[tuple[str, Share]]:
    rows, found = world.ledger.rows, []
    for deal_id, venue, coin in sorted(
        {(o.deal_id, o.venue, o.coin) for o in rows.orders.values()}
    ):
        here = world.ledger.mirrored(deal_id, venue)
        if here.left:
            share = Share(deal_id, coin, here.entry_side, here.left, in_doubt=False)
            found.append((venue, share))
    return found


def _check_orders(world: World, book: Book) -> None:
    """What the ledger says rests is on the book, with the same size, and nothing else is."""
    rests = {
        o.cloid or "": o.remaining
        for o in world.ledger.rows.orders.values()
        if o.venue == book.venue and o.state is State.RESTING
    }
    on_book = {order.cloid: order.open_size for order in book.orders if order.is_open}
    odd = {c: (rests.get(c), on_book.get(c)) for c in rests.keys() ^ on_book.keys()}
    odd |= {c: (rests[c], on_book[c]) for c in rests.keys() & on_book if rests[c] != on_book[c]}
    assert not odd, f"resting in the ledger and at {book.venue}: {odd}"


def _check_dust(world: World) -> None:
    """Coins that wait as dust are looked at again soon: only that finds what lets them go."""
    rows, soon = world.ledger.rows, world.now + DUST_AGAIN
    late = [
        here
        for here in {(order.deal_id, order.venue) for order in rows.orders.values()}
        if _waits_as_dust(world.ledger.mirrored(*here))
        and (rows.notes[reconcile(*here)].due_at or FAR) > soon
    ]
    assert not late, f"dust that nobody looks at: {late}"


def _waits_as_dust(here: Mirrored) -> bool:
    exits = [order for order in here.orders if order.is_exit]
    return bool(here.left) and is_told_as_dust(exits, here.left)


def _check_exits(world: World) -> None:
    """Each leg has one live exit at most."""
    live = Counter(
        (order.deal_id, order.venue, order.leg)
        for order in world.ledger.rows.orders.values()
        if order.is_exit and order.live
    )
    doubled = [leg for leg, count in live.items() if count > 1]
    assert not doubled, f"two live exits of one step: {doubled}"


def _check_failures(world: World) -> None:
    """No step has raised what it does not know, and nothing is dead but what a person ended."""
    failed = [note for note, how in world.metrics.ends if how == "failed"]
    told = [row.errors for note, row in world.ledger.rows.notes.items() if note in failed]
    assert not failed, f"steps raised: {failed}: {told}"
    spent = [row for row in world.letters() if row.reason is Reason.ATTEMPTS_SPENT]
    assert not spent, f"dead letters: {spent}"


def check_naked(world: World) -> None:
    """No position waits long for its exits, where nothing fails and nobody is in the way."""
    liquidated = {
        row.venue for row in world.ledger.rows.fills.values() if row.fill.liquidation
    }  # Its coins are gone, which a survey finds out.
    # A stop order that fires takes exits of other deals down with it, and shrinks some.
    fired = {
        order.venue
        for order in world.ledger.rows.orders.values()
        if order.terms.style is Style.TRIGGER and order.filled
    }
    longest: dict[Here, float] = {
        (deal_id, venue): max(seconds)
        for (venue, deal_id), seconds in world.metrics.naked_seconds.items()
        if venue not in liquidated
    }
    over = {
        here: seconds
        for here, seconds in longest.items()
        if seconds > (SHRUNK_SECONDS_MAX if here[1] in fired else NAKED_SECONDS_MAX)
    }
    assert not over, f"positions without their exits: {over}"
