"""Plan: read one deal, build what it wants, compare with the ledger, store what to change.

Intents and the notes that carry them further commit together. Exits are only remembered here;
`reconcile` places them, because only it knows what was filled.
"""

from datetime import datetime, timedelta
from typing import Final, assert_never

from recomma.domain.entries import (
    Decision,
    Place,
    Situation,
    Skip,
    Withdraw,
    base_failed,
    decide_entries,
    goes_without_base,
)
from recomma.domain.first_sight import BASE, Sight, caught_up, first_sight, missed_legs
from recomma.domain.money import Size
from recomma.domain.notes import reconcile, refresh, submit
from recomma.domain.orders import Mode, Standing
from recomma.domain.reasons import Reason
from recomma.domain.scaling import in_venue_units
from recomma.domain.verdict import Dead, Done, Later, Verdict
from recomma.domain.wanted import Wanted, wanted
from recomma.ports import DealBook, DealHere, Ledger, NotThere, Source

SETTLE_AFTER: Final = (timedelta(seconds=3), timedelta(seconds=23))
"""When a changed deal is read again, counted from the change.

`updated_at` does not move for the last things that follow a change (threecommas.md 13.1), and
those have taken seconds. The last pause also confirms that an exit was taken away on purpose.
"""

LOOK_AFTER: Final = timedelta(seconds=60)  # The slow cadence, for what moved nothing in the list.
MARKETS_WAIT: Final = timedelta(seconds=1)


def plan(
    deal_id: int, *, source: Source, ledger: Ledger, fence: int | None, now: datetime
) -> Verdict:
    """Bring the ledger's intents for one deal in line with what the source has now."""
    try:
        observed = source.observe(deal_id, now)
    except NotThere as gone:
        # Exits stay: the ledger still knows the last ones, and reconcile needs no 3Commas.
        return Dead(Reason.DEAL_NOT_READABLE, str(gone))
    wish = wanted(observed.reading)
    with ledger.deal(deal_id, fence) as book:
        changed = book.observe(observed, wish)
        if wish.entries:
            book.hold_coins()
        changed |= _confirm_missing_exits(book, wish, now)
        unread = []
        for venue in book.venues():
            if book.here(venue).markets_known:
                _plan_here(book, venue, wish, now, changed=changed)
            else:
                book.leave(refresh(venue), now)
                unread.append(venue)
        if unread:  # Only these wait: a venue that fails must not delay another.
            return Later(now + MARKETS_WAIT, f"the markets of {', '.join(unread)} are not read yet")
        return _next_look(book, wish, now, changed=changed)


def _next_look(book: DealBook, wish: Wanted, now: datetime, *, changed: bool) -> Done:
    since = min(book.changed_at or now, now)  # A change in the future was told by a wrong clock.
    settle = next((since + pause for pause in SETTLE_AFTER if since + pause > now), None)
    look = None if wish.finished else now + LOOK_AFTER
    return Done("changed" if changed else "unchanged", again_at=settle, look_at=look)


def _confirm_missing_exits(book: DealBook, wish: Wanted, now: datetime) -> bool:
    """Forget the known exits if the user took them away: two readings apart say so, not one.

    Between "cancelled" and the next placing the source has none either, up to 15 s in recordings
    (threecommas.md 9.2), and a closing deal has none for good; neither is a wish for none.
    """
    since = book.exits_missing_since
    running = not (wish.finished or wish.released or wish.closing or wish.exits_filled)
    if since is None or not running:
        return False
    after = min((book.here(v).policy.exit_removal_after for v in book.venues()), default=None)
    confirmed = after is not None and now - since >= after
    if confirmed:
        book.forget_exits()
    return confirmed


def _plan_here(book: DealBook, venue: str, wish: Wanted, now: datetime, *, changed: bool) -> None:
    here = book.here(venue)
    wish = in_venue_units(wish, here.unit)
    if here.standing is None:
        _first_sight(book, here, wish)
        here = book.here(venue)
    if here.market is None:
        why = here.standing_why or Reason.UNKNOWN_COIN
        for entry in wish.entries:
            if entry.leg not in here.skipped:
                book.skip(venue, Skip(entry.leg, entry.side, entry.price, entry.size, why))
        return
    if here.mode is Mode.CAUGHT_UP and wish.held is not None:
        wish = caught_up(wish, wish.held, now)
    decided = _decide(book, venue, wish, now)
    if decided:
        book.leave(submit(venue), now)
    if changed or decided:
        book.leave(reconcile(book.deal_id, venue), now)


def _decide(book: DealBook, venue: str, wish: Wanted, now: datetime) -> int:
    """Carry out the decisions about entries; return how many there were for the venue."""
    count = 0
    while True:
        here = _situation(book.here(venue), now)
        why = base_failed(here)
        decisions = () if why else decide_entries(wish, here)
        for decision in decisions:
            if isinstance(decision, Place) and not book.here(venue).paired:
                continue
            if isinstance(decision, Place) and not book.claim(venue, here.market.coin):
                why = Reason.OPPOSITE_SIDE  # One account nets both sides (hyperliquid.md 15).
                break
            count += _apply(book, venue, decision, now)
            # In a ladder the base was missed; its skip says nothing about the rest.
            if isinstance(decision, Skip) and decision.leg == BASE and here.mode != Mode.LADDER:
                why = decision.reason
        if why is None or here.standing is not Standing.OPEN:
            return count
        if goes_without_base(why, here):
            book.stand(venue, Standing.OPEN, why, mode=Mode.LADDER)
        else:
            # Without its base the deal is not mirrored here: decide the rest again under that.
            book.stand(venue, Standing.SKIPPED, why)


def _situation(here: DealHere, now: datetime) -> Situation:
    assert here.market is not None
    assert here.standing is not None
    return Situation(
        standing=here.standing,
        standing_why=here.standing_why,
        market=here.market,
        policy=here.policy,
        orders=here.orders,
        skipped=here.skipped,
        now=now,
        mode=here.mode,
        stop=here.stop,
    )


def _apply(book: DealBook, venue: str, decision: Decision, now: datetime) -> int:
    match decision:
        case Place(order):
            book.place(venue, order, due_at=now)
            return 1
        case Skip():
            book.skip(venue, decision)
            return 0
        case Withdraw(order_id, reason):
            book.withdraw(order_id, reason)
            return 1
        case _:
            assert_never(decision)


def _first_sight(book: DealBook, here: DealHere, wish: Wanted) -> None:
    """Decide once, for ever, whether this deal is mirrored on this venue, and what it missed."""
    sight = Sight(
        created_at=book.created_at,
        first_seen_at=book.first_seen_at,
        enabled_at=here.enabled_at,
        market=here.market,
        policy=here.policy,
        stop=here.stop,
    )
    decided = first_sight(wish, sight)
    venue = here.venue.name
    book.stand(venue, decided.standing, decided.why, mode=decided.mode)
    why = Reason.CAUGHT_UP if decided.mode is Mode.CAUGHT_UP else Reason.FIRST_SEEN_LATE
    for entry in missed_legs(wish, decided.mode):
        size = Size(entry.size * here.policy.multiplier)
        book.skip(venue, Skip(entry.leg, entry.side, entry.price, size, why))
