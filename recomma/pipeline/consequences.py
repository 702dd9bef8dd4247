"""What the venue's answer to one sending means for each order in it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from recomma.domain.lifecycle import Event
from recomma.domain.notes import Note, Step
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.refusals import ACCOUNT, BUDGET_SLOT, STATIC, After, judge
from recomma.domain.venue import (
    Accepted,
    Answer,
    Answered,
    Cancelled,
    DuplicateNonce,
    Executed,
    Expired,
    NeverSent,
    NotThere,
    Outcome,
    Refusal,
    Refused,
    Rested,
    Unanswered,
    WholeRefused,
)
from recomma.ports import Consequence, DeadLetter

PolicyOf = Callable[[int], Policy]

DOUBT_MARGIN: Final = timedelta(seconds=5)
"""How long after its expiry a request may still be executed or be missing in a look-up.

The venue goes by block time, and `orderStatus` may lag 1.1 s behind (hyperliquid.md 10).
"""
LOOK_BEFORE: Final = timedelta(seconds=1)
LOOK_SOON: Final = timedelta(seconds=1)
CANCEL_AGAIN: Final = timedelta(seconds=2)


def unusable_signer(answer: Answer) -> bool:
    """Say whether the venue will take nothing more from this key: no retry mends that."""
    return isinstance(answer, WholeRefused) and answer.refusal in ACCOUNT


def speaks_of_the_clock(answer: Answer, *, resent: bool) -> bool:
    """Say whether what was fresh by our clock was not so by the venue's."""
    if isinstance(answer, WholeRefused):
        return answer.refusal in (Refusal.NONCE, Refusal.NONCE_AHEAD)
    return isinstance(answer, Expired) and not resent


def budget_is_spent(answer: Answer) -> bool:
    """Say whether the account may ask for no more than one thing in ten seconds."""
    return isinstance(answer, WholeRefused) and answer.refusal is Refusal.ADDRESS_BUDGET


def consequences(
    orders: Sequence[MirrorOrder],
    answer: Answer,
    *,
    cancel: bool,
    resent: bool,
    policy_of: PolicyOf,
    now: datetime,
) -> list[Consequence]:
    """Return what `answer` means for each of `orders`, in their order."""
    outcomes = _per_order(answer, len(orders), resent=resent)
    if cancel:
        return [_of_cancel(o, outcome, now) for o, outcome in zip(orders, outcomes, strict=True)]
    shared = len(orders) > 1 and _one_static_error(outcomes)
    told = [
        _of_order(order, outcome, policy_of(order.bot_id), now)
        for order, outcome in zip(orders, outcomes, strict=True)
    ]
    if not shared:
        return told
    # One defect speaks for all, and nobody knows whose it is: each is asked again, alone.
    return [
        replace(c, event=Event.TURNED_AWAY, due_at=now, refused=True, letter=None, why=None)
        for c in told
    ]


def follow_up(told: Consequence, now: datetime, *, is_exit: bool) -> datetime | None:
    """Return when `reconcile` must look because of this consequence, or None: as it does anyway."""
    if told.event is Event.RESTED and is_exit:
        return None  # An entry that rests may have filled in part; its position needs an exit.
    if told.event is None and told.executed is None and told.due_at is None:
        return now + LOOK_SOON  # Perhaps it is there already; if not, reconcile knows how long.
    if told.event is Event.TURNED_AWAY and told.due_at:
        # A stop whose price has passed is no stop any more: the look closes instead.
        if told.why is Reason.STOP_TRIGGERED:
            return now
        # An exit is asked for again on what a look has found, not on what was known before.
        return max(told.due_at - LOOK_BEFORE, now) if is_exit else told.due_at
    return now


def _per_order(answer: Answer, count: int, *, resent: bool) -> Sequence[Outcome]:
    match answer:
        case Answered(outcomes) if len(outcomes) == count:
            return outcomes
        case Answered(outcomes):
            why = f"{len(outcomes)} outcomes for {count} orders"
            return [Unanswered(why)] * count
        case Unanswered():
            return [answer] * count
        case NeverSent(why, refusal):
            # The first copy may have got through although this one certainly did not.
            return [Unanswered(why) if resent else Refused(why, refusal)] * count
        case Expired():
            expired = Refused("Action already expired", Refusal.EXPIRED)
            return [Unanswered("expired when sent again") if resent else expired] * count
        case DuplicateNonce():
            return [Unanswered("these bytes were admitted before")] * count
        case WholeRefused(text, Refusal.NONCE_AHEAD as refusal):
            # The venue's limit only rises: what is above it now was so at each earlier sending.
            return [Refused(text, refusal)] * count
        case WholeRefused(text, refusal):
            return [Unanswered(text) if resent else Refused(text, refusal)] * count
        case _:
            assert_never(answer)


def _one_static_error(outcomes: Sequence[Outcome]) -> bool:
    first = outcomes[0]
    return (
        isinstance(first, Refused)
        and first.refusal in STATIC
        and all(outcome == first for outcome in outcomes)
    )


def _of_order(order: MirrorOrder, outcome: Outcome, policy: Policy, now: datetime) -> Consequence:
    match outcome:
        case Rested(oid):
            return Consequence(order.id, Event.RESTED, oid=oid)
        case Executed(oid, size, _):
            # Only fills say how much: the order stays in doubt until reconcile has read them.
            return Consequence(order.id, None, oid=oid, executed=size)
        case Refused(text, refusal):
            return _refused(order, text, refusal, policy, now)
        case Unanswered(why):
            return Consequence(order.id, None, text=why)
        case Accepted() if order.terms.style is Style.TRIGGER:
            # It sleeps on the venue; its oid is learnt where open orders are read.
            return Consequence(order.id, Event.RESTED)
        case Accepted() | Cancelled() | NotThere():
            return Consequence(order.id, None, text=repr(outcome))
        case _:
            assert_never(outcome)


def _refused(
    order: MirrorOrder, text: str, refusal: Refusal, policy: Policy, now: datetime
) -> Consequence:
    judgement = judge(order, refusal, policy)
    again = Consequence(
        order.id,
        Event.TURNED_AWAY,
        why=judgement.reason,
        text=text,
        due_at=now + judgement.wait,
        refused=judgement.counts,
    )
    match judgement.after:
        case After.AGAIN:
            return again
        case After.ENOUGH:
            return Consequence(order.id, Event.REFUSED, why=judgement.reason, text=text)
        case After.LETTER:
            step = Step.RECONCILE if order.is_exit else Step.PLAN
            venue = order.venue if order.is_exit else ""
            note = Note(step, deal_id=order.deal_id, venue=venue)
            letter = DeadLetter(note, judgement.reason, text, order_id=order.id)
            if judgement.reason is Reason.SIGNER_REFUSED:
                return again  # The venue's own note dies; its orders wait for the new key.
            if order.is_exit:
                return replace(again, letter=letter)
            return Consequence(
                order.id, Event.REFUSED, why=judgement.reason, text=text, letter=letter
            )
        case _:
            assert_never(judgement.after)


def _of_cancel(order: MirrorOrder, outcome: Outcome, now: datetime) -> Consequence:
    match outcome:
        case Cancelled():
            return Consequence(order.id, Event.GONE, why=order.cancel_why)
        case NotThere(text):
            # Filled, gone or never there: the venue does not say, reconcile finds out.
            return Consequence(order.id, None, text=text, due_at=now + CANCEL_AGAIN)
        case Refused(text, refusal):
            wait = BUDGET_SLOT if refusal is Refusal.ADDRESS_BUDGET else CANCEL_AGAIN
            return Consequence(order.id, None, text=text, due_at=now + wait)
        case Unanswered(why):
            # A cancel is idempotent in effect: it is simply asked again.
            return Consequence(order.id, None, text=why, due_at=now + CANCEL_AGAIN)
        case Rested() | Executed() | Accepted():
            return Consequence(order.id, None, text=repr(outcome))
        case _:
            assert_never(outcome)
