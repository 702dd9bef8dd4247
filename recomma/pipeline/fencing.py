"""End a doubt sooner by a request that does nothing: a noop on the nonce of the one in doubt.

The venue counts a nonce once, so whichever of the two it admits first keeps the other out for ever
(hyperliquid.md 6). Only for what nobody wants any more: nothing is asked for instead, so a doubt
that ends wrongly buys nothing twice. The mark is committed before the noop is sent; whoever dies
around it leaves a doubt that `settle` ends after its expiry, as without a fence.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from recomma.domain.gates import held_by
from recomma.domain.lifecycle import Event, State
from recomma.domain.notes import plan, reconcile
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy
from recomma.domain.stops import Stop
from recomma.domain.venue import Accepted, Answered, DuplicateNonce
from recomma.ports import Consequence, SignerBook, StoredBatch, Venue


def may_be_fenced(
    orders: Iterable[MirrorOrder],
    stops: Sequence[Stop],
    policy_of: Callable[[int], Policy],
    now: datetime,
) -> bool:
    """Say whether every order of a batch is in doubt, is wanted no more, and may be fenced."""
    return all(
        order.state is State.IN_DOUBT
        and (order.cancel_why is not None or held_by(order, stops, now) is not None)
        and policy_of(order.bot_id).fence_by_noop
        for order in orders
    )


def use_up(venue: Venue, batch: StoredBatch) -> bool:
    """Use the batch's nonce up; return whether it is certain that the batch can never land.

    `ok` says so only if a noop uses its nonce, which nobody has measured. So the same noop is sent
    once more: where the nonce is used up, it is refused as a duplicate. Everything else leaves the
    doubt as it was.
    """
    noop = venue.sign_noop(batch.nonce)
    if venue.send(noop.body, count=1) != Answered((Accepted(),)):
        return False
    return isinstance(venue.send(noop.body, count=1), DuplicateNonce)


def never_lands(book: SignerBook, batch: StoredBatch, now: datetime) -> None:
    """Store that nothing of a fenced batch was executed or can be."""
    doubtful = [o for o in book.orders_of(batch.id) if o.state is State.IN_DOUBT]
    text = "a noop has used its nonce"
    told = [Consequence(o.id, Event.NEVER_ARRIVED, text=text, due_at=now) for o in doubtful]
    book.answered(batch.id, text, told)
    for order in doubtful:
        book.leave(reconcile(order.deal_id, order.venue), now)
        book.leave(plan(order.deal_id), now)
