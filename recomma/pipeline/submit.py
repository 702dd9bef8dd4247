"""Submit: ask one venue for everything that is due, one signed batch after the other.

Exactly once (design.md, section 7): the attempt and its signed bytes are committed before they are
sent; an answer is stored for each order; a lost answer leaves its orders in doubt, and the same
bytes are sent again while they live, which the venue can execute only once. A crash at any line
leaves either an order that was never asked, or one in doubt that `reconcile` settles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.cloid import encode
from recomma.domain.first_sight import BASE
from recomma.domain.gates import Leverage, behind, held_by, most_at_risk_first, ran_out
from recomma.domain.lifecycle import Event, State
from recomma.domain.notes import plan, reconcile, survey
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.readiness import WAITS_FOR_A_SURVEY, surveyed_lately, venue_time
from recomma.domain.reasons import Reason
from recomma.domain.turns import in_turn
from recomma.domain.venue import (
    Answer,
    Answered,
    NeverSent,
    OrderRequest,
    SignedRequest,
    Tif,
    Unanswered,
)
from recomma.domain.verdict import Dead, Done, Later, Verdict
from recomma.pipeline.consequences import (
    budget_is_spent,
    consequences,
    follow_up,
    speaks_of_the_clock,
    unusable_signer,
)
from recomma.pipeline.entering import Reads, admitted, end, hear_leverage, leverage_to_set
from recomma.pipeline.fencing import may_be_fenced, never_lands, use_up
from recomma.ports import Clock, Consequence, Ledger, SignerBook, StoredBatch, Venue

ATTEMPT_LIFE: Final = timedelta(seconds=15)  # As the venue's own front end (hyperliquid.md 6).
LOST_PAUSE: Final = timedelta(seconds=1)  # A connection that resets at once must not spin us.
BATCH_MAX: Final = 40  # One more unit of IP weight begins above it (hyperliquid.md 14.1).
SLOT_MAX: Final = 200  # Of a batch: an account without budget gets one in ten seconds.
ROUNDS_MAX: Final = 25  # A step is bounded; what is left has its note.
FRESH: Final = timedelta(seconds=5)
"""How old a step's `now` may be for one more request. What is signed with it lives ATTEMPT_LIFE
from then: behind a slow venue the last requests of a long step would arrive expired."""
TIF: Final = {Style.REST: Tif.GTC, Style.CROSS: Tif.IOC, Style.TRIGGER: Tif.GTC}


@dataclass(frozen=True)
class Asked:
    """A stored request on its way: its orders, or the coin whose leverage it sets."""

    batch: StoredBatch
    orders: tuple[MirrorOrder, ...] = ()
    cancel: bool = False
    leverage: tuple[str, Leverage] | None = None
    resent: bool = False
    held: bool = False  # By a stop that came after it was stored: it is not sent again.
    fenced: bool = False  # Held, and its nonce is used up: nobody wants it any more.


def submit(
    *,
    venue: Venue,
    ledger: Ledger,
    clock: Clock,
    fence: int | None,
    now: datetime,
    enters: bool = True,
) -> Verdict:
    """Ask for every due intent of `venue`, the most urgent first.

    Without `enters`, entries are left alone, and the note stays due for who asks for them.
    """
    tried: set[int] = set()
    reads = Reads()
    mended: Reason | None = None
    for sent in range(ROUNDS_MAX):
        # Each in its own transaction: orders are locked by id, and those of the last answer and
        # those that are due next could otherwise be locked against that order.
        with ledger.signer(venue.name, fence) as book:
            current = _doubtful(book, tried, now) or _next(book, venue, reads, now, enters=enters)
            if current is None and not reads.missing:
                return _ended(book, sent, mended, None if enters else now)
            if current is not None:
                _take(book, current, tried)
        if current is None:
            reads.read(venue)
            now = clock()  # What was read has taken its time, too.
            continue
        if current.held:
            _hold(current, venue, ledger, fence, now)
            continue
        answer = venue.send(current.batch.body, count=current.batch.count)
        with ledger.signer(venue.name, fence) as book:
            _hear(book, current, answer, now)
        if unusable_signer(answer):
            return Dead(Reason.SIGNER_REFUSED, str(answer))
        if _tells_nothing(answer, current):
            # It took its time, and what is signed with this `now` would expire early.
            return Later(now + LOST_PAUSE, "an answer was lost", mended)
        if isinstance(answer, Answered):
            mended = Reason.SIGNER_REFUSED  # The venue has acted on our signature.
        if clock() - now >= FRESH:
            break
    return Later(now, "more to come", mended)


def _take(book: SignerBook, current: Asked, tried: set[int]) -> None:
    tried.add(current.batch.id)
    if not current.held:
        book.sent(current.batch.id)


def _hold(current: Asked, venue: Venue, ledger: Ledger, fence: int | None, now: datetime) -> None:
    if current.fenced and use_up(venue, current.batch):
        with ledger.signer(venue.name, fence) as book:
            never_lands(book, current.batch, now)


def _ended(book: SignerBook, sent: int, mended: Reason | None, left_at: datetime | None) -> Verdict:
    """`left_at`: now, if entries are left to others, who find the note due."""
    if left_at and any(o.state is State.PLANNED and not o.is_exit for o in book.due(left_at)):
        return Later(left_at, "entries are left to the workers", mended)
    due_at = book.next_due_at()
    if due_at:
        return Later(due_at, "orders wait", mended)
    return Done(f"{sent} requests", mended=mended)


def _doubtful(book: SignerBook, tried: set[int], now: datetime) -> Asked | None:
    """Return a request whose answer was lost, to be sent again; each once in a run.

    What a stop holds by now is not: it may not have arrived the first time, and is settled when it
    has expired, by the venue's clock.
    """
    lost = book.unanswered(venue_time(book.account(), now)) if book.venue.live else ()
    batch = next((b for b in lost if b.id not in tried), None)
    if batch is None:
        return None
    orders, stops = tuple(book.orders_of(batch.id)), book.stops()
    fenced = may_be_fenced(orders, stops, book.policy_of, now)
    if fenced:
        book.fence(batch.id)
    held = fenced or any(held_by(order, stops, now) for order in orders)
    return Asked(batch, orders, resent=True, held=held, fenced=fenced)


def _next(
    book: SignerBook, venue: Venue, reads: Reads, now: datetime, *, enters: bool
) -> Asked | None:
    """Store the next request: exits, then cancels, then entries.

    A new exit goes before the cancel of the one it replaces, so that no moment is without one.
    """
    due = _due(book, now)
    if not book.venue.live:
        due = [order for order in due if order.state is State.PLANNED]
    exits = _exits(book, due, now)
    if exits:
        return _ask(book, venue, exits, now)
    cancels = [order for order in due if order.state is State.RESTING]
    if cancels:
        return _cancel(book, venue, cancels[:BATCH_MAX], now)
    entries = [order for order in due if order.state is State.PLANNED and not order.is_exit]
    return _ask_entries(book, venue, entries, reads, now) if entries and enters else None


def _due(book: SignerBook, now: datetime) -> list[MirrorOrder]:
    """Return what is due, the most urgent first, without market entries that have run out.

    An account without budget is asked for one thing in ten seconds. All its exits go in that one:
    those that wait for it come along with the first that is due. What waited for a survey goes as
    soon as there is one.
    """
    over = _waits_are_over(book, now)
    found = book.due(now, waiting_for={Reason.ADDRESS_BUDGET, *over})
    slot = any(o.is_exit and o.state is State.PLANNED and o.due_at <= now for o in found)
    kept = []
    for order in in_turn(found):
        if order.due_at > now and not (order.waits_why in over or (slot and order.is_exit)):
            continue
        why = ran_out(order, book.policy_of(order.bot_id), now)
        if why and order.state is State.PLANNED:
            end(book, order, why, now)
        else:
            kept.append(order)
    return kept


def _waits_are_over(book: SignerBook, now: datetime) -> frozenset[Reason]:
    account = book.account()
    if account is None or account.trouble or not surveyed_lately(account, now):
        return frozenset()
    return WAITS_FOR_A_SURVEY


def _exits(book: SignerBook, due: Sequence[MirrorOrder], now: datetime) -> list[MirrorOrder]:
    """Return the exits to ask for; only what is frozen holds one."""
    exits = [order for order in due if order.is_exit and order.state is State.PLANNED]
    stops = book.stops() if exits else ()
    free = []
    for order in exits:
        held = held_by(order, stops, now)
        if held:
            book.wait(order.id, held.why, held.until)
        elif not book.venue.live:
            end(book, order, Reason.DRY_RUN, now)
        else:
            free.append(order)
    return free


def _ask_entries(
    book: SignerBook, venue: Venue, entries: list[MirrorOrder], reads: Reads, now: datetime
) -> Asked | None:
    """Ask for the entries that pass the gates; the leverage of their coins comes first."""
    late = behind(book.looks_wait_since(now), now)
    if late:
        for order in entries:
            book.wait(order.id, late.why, late.until)
        return None
    if reads.lack(book, entries):
        return None
    passed, before = admitted(book, entries, reads, now)
    if not book.venue.live:
        for order in passed:  # Everything happens but the send.
            end(book, order, Reason.DRY_RUN, now)
        return None
    to_set = leverage_to_set(passed, before)
    if to_set:
        return _set_leverage(book, venue, *to_set, now)
    return _ask(book, venue, passed, now) if passed else None


def _set_leverage(
    book: SignerBook, venue: Venue, coin: str, leverage: Leverage, now: datetime
) -> Asked:
    signed = venue.sign_leverage(
        book.markets()[coin].asset,
        leverage.value,
        is_cross=leverage.is_cross,
        nonce=_nonce(book, now),
        expires_after=_expires_ms(book, now),
    )
    return Asked(book.store_other(signed, "leverage"), leverage=(coin, leverage))


def _ask(book: SignerBook, venue: Venue, orders: list[MirrorOrder], now: datetime) -> Asked:
    # One static defect refuses a whole batch (hyperliquid.md 7.2): an order that was refused
    # before goes alone, so that it cannot take the others with it again. The one that is due, that
    # is: whatever came along for the slot is not, and would be asked for and refused without end.
    alone = [min(orders, key=lambda order: order.due_at)]
    batch = _slot(orders) or [o for o in orders if not o.refusals][:BATCH_MAX] or alone
    markets = book.markets()
    cloids = [
        (o.id, encode(book.venue.tag, o.deal_id, o.leg, book.attempts_before(o))) for o in batch
    ]
    requests = [
        OrderRequest(
            cloid=cloid,
            asset=markets[o.coin].asset,
            side=o.terms.side,
            price=o.terms.price,
            size=o.remaining,
            reduce_only=o.terms.reduce_only,
            tif=TIF[o.terms.style],
            trigger_price=o.terms.trigger_price,
        )
        for o, (_, cloid) in zip(batch, cloids, strict=True)
    ]
    signed = _signed_orders(book, venue, requests, now)
    return Asked(book.store_orders(signed, cloids), tuple(batch))


def _slot(orders: Sequence[MirrorOrder]) -> list[MirrorOrder]:
    """Return the exits for the one request that passes in ten seconds; none if all may pass."""
    if not any(o.is_exit and o.waits_why is Reason.ADDRESS_BUDGET for o in orders):
        return []
    return most_at_risk_first(o for o in orders if not o.refusals)[:SLOT_MAX]


def _signed_orders(
    book: SignerBook, venue: Venue, requests: list[OrderRequest], now: datetime
) -> SignedRequest:
    nonce = _nonce(book, now)
    return venue.sign_orders(requests, nonce=nonce, expires_after=_expires_ms(book, now))


def _cancel(book: SignerBook, venue: Venue, orders: list[MirrorOrder], now: datetime) -> Asked:
    markets = book.markets()
    cancels = [(markets[o.coin].asset, o.cloid) for o in orders if o.cloid]
    nonce, expires_after = _nonce(book, now), _expires_ms(book, now)
    signed = venue.sign_cancels(cancels, nonce=nonce, expires_after=expires_after)
    return Asked(book.store_cancels(signed, [o.id for o in orders]), tuple(orders), cancel=True)


def _nonce(book: SignerBook, now: datetime) -> int:
    return book.next_nonce(venue_time(book.account(), now))


def _expires_ms(book: SignerBook, now: datetime) -> int:
    return int((venue_time(book.account(), now) + ATTEMPT_LIFE).timestamp() * 1000)


def _hear(book: SignerBook, asked: Asked, answer: Answer, now: datetime) -> None:
    if budget_is_spent(answer):
        book.budget_spent()
    if speaks_of_the_clock(answer, resent=asked.resent):
        # A survey says how far ours is off, so that exits get through.
        book.leave(survey(book.venue.name), now)
    if asked.leverage:
        book.answered(asked.batch.id, repr(answer), ())
        hear_leverage(book, *asked.leverage, answer, now)
        return
    book.orders_of(asked.batch.id)  # Locks them all, in the one order that everybody keeps.
    told = consequences(
        asked.orders,
        answer,
        cancel=asked.cancel,
        resent=asked.resent,
        policy_of=book.policy_of,
        now=now,
    )
    if asked.cancel or not _tells_nothing(answer, asked):
        # Otherwise it stays unanswered, and its bytes are sent again while they live.
        book.answered(asked.batch.id, repr(answer), told)
    for order, consequence in zip(asked.orders, told, strict=True):
        look_at = follow_up(consequence, now, is_exit=order.is_exit)
        if look_at:
            book.leave(reconcile(order.deal_id, order.venue), look_at)
        if _changes_the_ladder(order, consequence):
            book.leave(plan(order.deal_id), now)


def _tells_nothing(answer: Answer, asked: Asked) -> bool:
    """Say whether this sending has left it open what became of the orders.

    Of bytes that were sent before, an answer that speaks of one sending alone says nothing.
    """
    return isinstance(answer, Unanswered) or (asked.resent and isinstance(answer, NeverSent))


def _changes_the_ladder(order: MirrorOrder, told: Consequence) -> bool:
    """Averaging orders wait for the base to rest, and end with it if it is refused."""
    return not order.is_exit and (
        told.event is Event.REFUSED or (told.event is Event.RESTED and order.leg == BASE)
    )
