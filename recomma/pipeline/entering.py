"""What an entry waits for before it is asked for: the gates, and its coin's leverage.

`submit` comes here only when no exit and no cancel is due, so that what is read for entries keeps
no exit waiting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, assert_never

from recomma.domain.gates import (
    BUDGET_WAIT,
    LOOK_AGAIN,
    Conditions,
    Leverage,
    Passes,
    Skipped,
    Waits,
    gate,
    leverage_here,
    needs_account,
    needs_mids,
)
from recomma.domain.money import Price
from recomma.domain.notes import plan, survey
from recomma.domain.orders import MirrorOrder
from recomma.domain.reasons import Reason
from recomma.domain.venue import (
    Accepted,
    Answer,
    Answered,
    NeverSent,
    Refusal,
    Refused,
    Unanswered,
    WholeRefused,
)
from recomma.ports import SignerBook, Unreadable, Venue

LEVERAGE_AGAIN: Final = timedelta(seconds=5)
LEVERAGE_HELD: Final = timedelta(seconds=60)
"""A position that is not ours holds the coin's leverage; it goes when its owner lets it go."""


@dataclass
class Reads:
    """What a run of `submit` has read for its entries: each at most once, outside of transactions.

    Asked for and still None: it could not be read, and what needs it waits.
    """

    account_asked: bool = False
    mids_asked: bool = False
    withdrawable: Decimal | None = None
    mids: Mapping[str, Price] | None = None
    missing: set[str] = field(default_factory=set)

    def lack(self, book: SignerBook, entries: Sequence[MirrorOrder]) -> bool:
        """Say whether something has to be read first, and remember what."""
        self.missing = set()
        if not self.account_asked and any(map(needs_account, entries)):
            self.missing.add("account")
        if not self.mids_asked and any(needs_mids(book.policy_of(o.bot_id)) for o in entries):
            self.missing.add("mids")
        return bool(self.missing)

    def read(self, venue: Venue) -> None:
        try:
            if "account" in self.missing:
                self.account_asked = True
                self.withdrawable = venue.account_state().withdrawable
            if "mids" in self.missing:
                self.mids_asked = True
                self.mids = venue.mids()
        except Unreadable:
            # One that does not answer now will hardly answer the next question.
            self.account_asked = self.mids_asked = True
        self.missing = set()


def admitted(
    book: SignerBook, entries: Sequence[MirrorOrder], reads: Reads, now: datetime
) -> tuple[list[MirrorOrder], Conditions]:
    """Put each entry through the gates; return those that pass, and what stood before them.

    Each that passes counts for those after it: together they must fit the limits.
    """
    deals = {order.deal_id for order in entries}
    here = before = Conditions(
        now=now,
        stops=book.stops(),
        commitments=book.committed(),
        account=book.account(),
        source_read_at=book.source_read_at(deals),
        survey_needed_since=book.survey_needed_since(deals),
        markets=book.markets(),
        policy_of=book.policy_of,
        leverage_of=book.leverage_of,
        withdrawable=reads.withdrawable,
        mids=reads.mids,
    )
    passed = []
    for order in entries:
        match gate(order, here):
            case Passes():
                passed.append(order)
                here = here.after(order)
            case Waits(why, until):
                book.wait(order.id, why, until)
                if why is Reason.NOT_SURVEYED:  # One note, however many orders wait for it.
                    book.leave(survey(book.venue.name), now)
            case Skipped(why):
                end(book, order, why, now)
            case never:
                assert_never(never)
    return passed, before


def end(book: SignerBook, order: MirrorOrder, why: Reason, now: datetime) -> None:
    """End a planned entry: what filled of it counts, and what never did is skipped for good."""
    if order.filled:
        book.give_up(order.id, why)
    else:
        book.skip(order.id, why)
    book.leave(plan(order.deal_id), now)


def leverage_to_set(
    passed: Sequence[MirrorOrder], before: Conditions
) -> tuple[str, Leverage] | None:
    """Return the first coin whose leverage or margin mode must be set before its entries go.

    They belong to (account, coin) and outlive everything else there (hyperliquid.md 7.6); an entry
    at somebody's forgotten 20x is a different trade. Of several bots on one coin the most urgent
    entry decides, or two of them would set it by turns for ever.
    """
    most_urgent = {order.coin: order for order in reversed(passed)}
    for coin, order in most_urgent.items():
        wanted = leverage_here(order, before)
        if wanted != before.leverage_of(coin):
            return coin, wanted
    return None


def hear_leverage(
    book: SignerBook, coin: str, leverage: Leverage, answer: Answer, now: datetime
) -> None:
    """Without a confirmed leverage an entry would be another trade: this coin's wait."""
    match answer:
        case Answered(outcomes) if all(isinstance(o, Accepted) for o in outcomes):
            book.leverage_set(coin, leverage)
        case _:
            why, pause = _unconfirmed(answer)
            book.defer(coin, why, now + pause)


def _unconfirmed(answer: Answer) -> tuple[Reason, timedelta]:
    """Setting it again does the same as once, so a lost answer is simply asked for again."""
    match answer:
        case WholeRefused(_, refusal) | NeverSent(_, refusal) | Answered((Refused(_, refusal),)):
            pass
        case Unanswered():
            return Reason.VENUE_UNREADABLE, LEVERAGE_AGAIN
        case _:
            return Reason.REFUSED_BY_VENUE, LEVERAGE_AGAIN
    match refusal:
        case Refusal.LEVERAGE:
            return Reason.FOREIGN, LEVERAGE_HELD
        case Refusal.ADDRESS_BUDGET:
            return Reason.ADDRESS_BUDGET, BUDGET_WAIT
        case Refusal.RATE_LIMIT | Refusal.UNREACHABLE:
            return Reason.VENUE_UNREADABLE, LEVERAGE_AGAIN
        case Refusal.UNKNOWN | Refusal.OUR_BUG:
            return Reason.UNKNOWN_REFUSAL, LEVERAGE_HELD
        case _:
            return Reason.REFUSED_BY_VENUE, LOOK_AGAIN
