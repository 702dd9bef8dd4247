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
from recomma.domain.entries import BASE
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import notional
from recomma.domain.notes import plan, reconcile
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.policy import MINIMUM_NOTIONAL
from recomma.domain.reasons import Reason
from recomma.domain.turns import in_turn
from recomma.domain.venue import (
    Accepted,
    Answer,
    Answered,
    NeverSent,
    OrderRequest,
    SignedRequest,
    Tif,
    Unanswered,
)
from recomma.domain.verdict import Dead, Done, Later, Verdict
from recomma.pipeline.consequences import consequences, follow_up, unusable_signer
from recomma.ports import Consequence, Ledger, SignerBook, StoredBatch, Venue

ATTEMPT_LIFE: Final = timedelta(seconds=15)  # As the venue's own front end (hyperliquid.md 6).
LOST_PAUSE: Final = timedelta(seconds=1)  # A connection that resets at once must not spin us.
BATCH_MAX: Final = 40  # One more unit of IP weight begins above it (hyperliquid.md 14.1).
LEVERAGE_AGAIN: Final = timedelta(seconds=5)
ROUNDS_MAX: Final = 25  # A step is bounded; what is left has its note.
TIF: Final = {Style.REST: Tif.GTC, Style.CROSS: Tif.IOC}


@dataclass(frozen=True)
class Asked:
    """A stored request on its way: its orders, or the coin whose leverage it sets."""

    batch: StoredBatch
    orders: tuple[MirrorOrder, ...] = ()
    cancel: bool = False
    leverage: tuple[str, int] | None = None
    resent: bool = False


def submit(*, venue: Venue, ledger: Ledger, fence: int | None, now: datetime) -> Verdict:
    """Ask for every due intent of `venue`, the most urgent first."""
    tried: set[int] = set()
    for sent in range(ROUNDS_MAX):
        # Each in its own transaction: orders are locked by id, and those of the last answer and
        # those that are due next could otherwise be locked against that order.
        with ledger.signer(venue.name, fence) as book:
            current = _doubtful(book, tried, now) or _next(book, venue, now)
            if current is None:
                due_at = book.next_due_at()
                return Later(due_at, "orders wait") if due_at else Done(f"{sent} requests")
            tried.add(current.batch.id)
            book.sent(current.batch.id)
        answer = venue.send(current.batch.body, count=current.batch.count)
        with ledger.signer(venue.name, fence) as book:
            _hear(book, current, answer, now)
        if unusable_signer(answer):
            return Dead(Reason.SIGNER_REFUSED, str(answer))
        if _tells_nothing(answer, current):
            # It took its time, and what is signed with this `now` would expire early.
            return Later(now + LOST_PAUSE, "an answer was lost")
    return Later(now, "more to come")


def _doubtful(book: SignerBook, tried: set[int], now: datetime) -> Asked | None:
    """Return a request whose answer was lost, to be sent again; each once in a run."""
    lost = book.unanswered(now) if book.venue.live else ()
    batch = next((b for b in lost if b.id not in tried), None)
    return Asked(batch, tuple(book.orders_of(batch.id)), resent=True) if batch else None


def _next(book: SignerBook, venue: Venue, now: datetime) -> Asked | None:
    """Store the next request: exits, then cancels, then entries.

    A new exit goes before the cancel of the one it replaces, so that no moment is without one.
    """
    due = _worth_asking(book, book.due(now), now)
    planned = [order for order in due if order.state is State.PLANNED]
    exits = [order for order in planned if order.is_exit]
    if exits:
        return _ask(book, venue, exits, now)
    cancels = [order for order in due if order.state is State.RESTING]
    if cancels:
        return _cancel(book, venue, cancels[:BATCH_MAX], now)
    return _ask_entries(book, venue, planned, now) if planned else None


def _worth_asking(book: SignerBook, due: Sequence[MirrorOrder], now: datetime) -> list[MirrorOrder]:
    kept = []
    for order in in_turn(due):
        over = _not_worth_it(order, book, now) if order.state is State.PLANNED else None
        if over:
            book.give_up(order.id, over)
        elif not book.venue.live:
            if order.state is not State.PLANNED:
                continue  # In dry run nothing is sent, not even a cancel.
            book.skip(order.id, Reason.DRY_RUN)
        else:
            kept.append(order)
            continue
        book.leave(plan(order.deal_id), now)
    return kept


def _not_worth_it(order: MirrorOrder, book: SignerBook, now: datetime) -> Reason | None:
    """Say why a market entry, or what is left of one, is not asked for any more."""
    if order.is_exit or order.terms.style is not Style.CROSS:
        return None
    if order.give_up_at and now > order.give_up_at:
        return Reason.UNFILLED_REMAINDER if order.filled else Reason.TOO_LATE
    margin = book.policy_of(order.bot_id).market_minimum_margin
    if order.filled and notional(order.terms.price, order.remaining) < MINIMUM_NOTIONAL * margin:
        return Reason.UNFILLED_REMAINDER  # Known beforehand, not learned from a refusal.
    return None


def _ask_entries(
    book: SignerBook, venue: Venue, entries: list[MirrorOrder], now: datetime
) -> Asked:
    """Ask for entries, but first confirm the leverage of a coin that has none confirmed.

    Leverage belongs to (account, coin) and outlives everything else there (hyperliquid.md 7.6);
    an entry at somebody's forgotten 20x is a different trade.
    """
    for order in entries:
        if not book.leverage_known(order.coin):
            leverage = book.policy_of(order.bot_id).leverage
            market = book.markets()[order.coin]
            nonce = book.next_nonce(now)
            signed = venue.sign_leverage(
                market.asset, leverage, nonce=nonce, expires_after=_expires_ms(now)
            )
            batch = book.store_other(signed, "leverage")
            return Asked(batch, leverage=(order.coin, leverage))
    return _ask(book, venue, entries, now)


def _ask(book: SignerBook, venue: Venue, orders: list[MirrorOrder], now: datetime) -> Asked:
    # One static defect refuses a whole batch (hyperliquid.md 7.2): an order that was refused
    # before goes alone, so that it cannot take the others with it again.
    batch = [o for o in orders if not o.refusals][:BATCH_MAX] or orders[:1]
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
        )
        for o, (_, cloid) in zip(batch, cloids, strict=True)
    ]
    signed = _signed_orders(book, venue, requests, now)
    return Asked(book.store_orders(signed, cloids), tuple(batch))


def _signed_orders(
    book: SignerBook, venue: Venue, requests: list[OrderRequest], now: datetime
) -> SignedRequest:
    nonce = book.next_nonce(now)
    return venue.sign_orders(requests, nonce=nonce, expires_after=_expires_ms(now))


def _cancel(book: SignerBook, venue: Venue, orders: list[MirrorOrder], now: datetime) -> Asked:
    markets = book.markets()
    cancels = [(markets[o.coin].asset, o.cloid) for o in orders if o.cloid]
    signed = venue.sign_cancels(cancels, nonce=book.next_nonce(now), expires_after=_expires_ms(now))
    return Asked(book.store_cancels(signed, [o.id for o in orders]), tuple(orders), cancel=True)


def _expires_ms(now: datetime) -> int:
    return int((now + ATTEMPT_LIFE).timestamp() * 1000)


def _hear(book: SignerBook, asked: Asked, answer: Answer, now: datetime) -> None:
    if asked.leverage:
        _hear_leverage(book, asked, answer, now)
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


def _hear_leverage(book: SignerBook, asked: Asked, answer: Answer, now: datetime) -> None:
    """Without a confirmed leverage an entry would be another trade: this coin's wait."""
    assert asked.leverage is not None
    coin, leverage = asked.leverage
    book.answered(asked.batch.id, repr(answer), ())
    match answer:
        case Answered(outcomes) if all(isinstance(o, Accepted) for o in outcomes):
            book.leverage_set(coin, leverage)
        case _:
            book.defer(coin, now + LEVERAGE_AGAIN)
