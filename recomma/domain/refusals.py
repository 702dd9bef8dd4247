"""What follows for an order when the venue refuses it (hyperliquid.md 9; design.md, section 9)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.venue import Refusal

EXIT_BACK_OFF_MAX: Final = timedelta(seconds=30)  # An exit never gives up, and never waits longer.
ENTRY_BACK_OFF_MAX: Final = timedelta(minutes=5)
UNMATCHED_MAX: Final = timedelta(seconds=8)  # An entry may come back into reach for two minutes.
POST_ONLY_WAIT: Final = timedelta(seconds=30)  # The phase lasts two to three minutes.


class After(StrEnum):
    """What to do with a refused order."""

    AGAIN = "again"  # Certainly not executed; worth another attempt after a pause.
    ENOUGH = "enough"  # A sticky skip with a known reason.
    LETTER = "letter"  # A person must look; an exit is tried again all the same.


@dataclass(frozen=True)
class Judgement:
    after: After
    reason: Reason
    wait: timedelta
    counts: bool  # Towards the policy's `refusals_max`.


# The market was not where the order needed it: nobody's fault, the next look may find it there.
MARKET: Final = {
    Refusal.PRICE_MOVED,
    Refusal.IOC_UNMATCHED,
    Refusal.NO_LIQUIDITY,
    Refusal.OPEN_INTEREST,
    Refusal.HALTED,
    Refusal.POST_ONLY_PHASE,
    Refusal.RATE_LIMIT,
    Refusal.UNREACHABLE,
    Refusal.NONCE,
    Refusal.EXPIRED,
}
# Known, and the same as long as its inputs are the same.
SETTLED: Final = {
    Refusal.TOO_SMALL: Reason.BELOW_MINIMUM,
    Refusal.MARGIN: Reason.REFUSED_BY_VENUE,
    Refusal.PRICE_BAND: Reason.REFUSED_BY_VENUE,
    Refusal.REDUCE_ONLY: Reason.REFUSED_BY_VENUE,
    Refusal.TOO_MANY_ORDERS: Reason.REFUSED_BY_VENUE,
}


def judge(order: MirrorOrder, refusal: Refusal, policy: Policy) -> Judgement:
    """Say what follows from one refusal of one order. Never raises."""
    wait = back_off(order, refusal)
    if refusal in MARKET:
        # An entry of this kind ends by its age, not by a count.
        return Judgement(After.AGAIN, Reason.REFUSED_BY_VENUE, wait, counts=False)
    if refusal in SETTLED:
        enough = order.refusals + 1 >= policy.refusals_max or refusal is Refusal.TOO_SMALL
        after = After.ENOUGH if enough and not order.is_exit else After.AGAIN
        return Judgement(after, SETTLED[refusal], wait, counts=True)
    if refusal in (Refusal.AUTH, Refusal.CONFIG, Refusal.ONBOARDING):
        return Judgement(After.LETTER, Reason.SIGNER_REFUSED, EXIT_BACK_OFF_MAX, counts=False)
    return Judgement(After.LETTER, Reason.UNKNOWN_REFUSAL, EXIT_BACK_OFF_MAX, counts=True)


def back_off(order: MirrorOrder, refusal: Refusal) -> timedelta:
    if refusal is Refusal.POST_ONLY_PHASE:
        return POST_ONLY_WAIT
    if refusal is Refusal.IOC_UNMATCHED and order.is_exit:
        return timedelta(seconds=1)  # The next try may fill further from the mid.
    if refusal is Refusal.IOC_UNMATCHED:
        return min(timedelta(seconds=2.0 ** min(order.attempts, 10)), UNMATCHED_MAX)
    limit = EXIT_BACK_OFF_MAX if order.is_exit else ENTRY_BACK_OFF_MAX
    return min(timedelta(seconds=2.0 ** min(order.attempts, 10)), limit)
