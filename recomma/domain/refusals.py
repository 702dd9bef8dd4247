"""What follows for an order when the venue refuses it (hyperliquid.md 9; design.md, section 9).

An exit is asked again for ever, at most half a minute apart. An entry is asked again as long as a
moving price may mend its refusal; where nothing but its own inputs could, it ends after some
refusals; what nobody has classified is for a person.
"""

from collections.abc import Mapping
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
BUDGET_SLOT: Final = timedelta(seconds=10)
"""Of an account without budget one action passes in ten seconds; being refused costs nothing and
does not start them anew (hyperliquid.md 14.2)."""
BUDGET_ENTRY_WAIT: Final = timedelta(seconds=60)  # The slots are for exits.
UNSENT_AGAIN: Final = timedelta(seconds=2)
"""For an exit that never left us. It costs nothing to ask, and the venue may be back: the breaker
of exits rests as long (decision 0030)."""
TRIGGER_AGAIN: Final = timedelta(seconds=2)  # Time for the look that closes instead.


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
    counts: bool  # Towards the policy's `refusals_max`; also: it is not batched with others.


# The market, the venue or the network was not as the order needed it: nobody's fault, and another
# moment mends it. Such an entry ends by its age, or never, but not by a count.
PASSING: Final[Mapping[Refusal, Reason]] = {
    Refusal.PRICE_MOVED: Reason.REFUSED_BY_VENUE,
    Refusal.TRIGGER_PASSED: Reason.STOP_TRIGGERED,
    Refusal.IOC_UNMATCHED: Reason.TOO_FAR,
    Refusal.NO_LIQUIDITY: Reason.TOO_FAR,
    Refusal.PRICE_BAND: Reason.TOO_FAR,
    Refusal.OPEN_INTEREST: Reason.REFUSED_BY_VENUE,
    Refusal.HALTED: Reason.REFUSED_BY_VENUE,
    Refusal.POST_ONLY_PHASE: Reason.REFUSED_BY_VENUE,
    Refusal.NONCE: Reason.REFUSED_BY_VENUE,
    Refusal.NONCE_AHEAD: Reason.REFUSED_BY_VENUE,
    Refusal.EXPIRED: Reason.REFUSED_BY_VENUE,
    Refusal.RATE_LIMIT: Reason.VENUE_UNREADABLE,
    Refusal.UNREACHABLE: Reason.VENUE_UNREADABLE,
    Refusal.ADDRESS_BUDGET: Reason.ADDRESS_BUDGET,
}
# Known, and the same as long as its inputs are the same: the account's money, its open orders.
SETTLED: Final[Mapping[Refusal, Reason]] = {
    Refusal.TOO_SMALL: Reason.BELOW_MINIMUM,
    Refusal.MARGIN: Reason.INSUFFICIENT_MARGIN,
    Refusal.REDUCE_ONLY: Reason.REFUSED_BY_VENUE,
    Refusal.TOO_MANY_ORDERS: Reason.LIMIT_OPEN_ORDERS,
}
# Nothing is taken from this key or for this account; the venue's own note dies (see `submit`).
ACCOUNT: Final = {Refusal.AUTH, Refusal.CONFIG, Refusal.ONBOARDING}
# One defect that is visible before execution refuses a whole batch (hyperliquid.md 7.2).
STATIC: Final = {Refusal.TICK, Refusal.LOT, Refusal.PRICE_BAND, Refusal.OUR_BUG, Refusal.UNKNOWN}


def judge(order: MirrorOrder, refusal: Refusal, policy: Policy) -> Judgement:
    """Say what follows from one refusal of one order. Never raises."""
    wait = back_off(order, refusal)
    if refusal in PASSING:
        # A defect of the whole batch has to be asked alone from now on, so it is counted.
        return Judgement(After.AGAIN, PASSING[refusal], wait, counts=refusal in STATIC)
    if refusal in SETTLED:
        return _settled(order, refusal, policy, wait)
    if refusal in ACCOUNT:
        return Judgement(After.LETTER, Reason.SIGNER_REFUSED, EXIT_BACK_OFF_MAX, counts=False)
    return Judgement(After.LETTER, Reason.UNKNOWN_REFUSAL, EXIT_BACK_OFF_MAX, counts=True)


def _settled(order: MirrorOrder, refusal: Refusal, policy: Policy, wait: timedelta) -> Judgement:
    reason = SETTLED[refusal]
    if order.is_exit:
        return Judgement(After.AGAIN, reason, wait, counts=True)
    if refusal is Refusal.TOO_SMALL:
        return Judgement(After.ENOUGH, reason, wait, counts=True)
    if order.refusals + 1 >= policy.refusals_max:
        return Judgement(After.ENOUGH, Reason.REFUSED_TOO_OFTEN, wait, counts=True)
    return Judgement(After.AGAIN, reason, wait, counts=True)


def back_off(order: MirrorOrder, refusal: Refusal) -> timedelta:
    growing = timedelta(seconds=2.0 ** min(order.attempts, 10))
    match refusal:
        case Refusal.POST_ONLY_PHASE:
            return POST_ONLY_WAIT
        case Refusal.ADDRESS_BUDGET:
            return BUDGET_SLOT if order.is_exit else BUDGET_ENTRY_WAIT
        case Refusal.TRIGGER_PASSED:
            return TRIGGER_AGAIN
        case Refusal.UNREACHABLE | Refusal.RATE_LIMIT if order.is_exit:
            return UNSENT_AGAIN
        case Refusal.IOC_UNMATCHED if order.is_exit:
            return timedelta(seconds=1)  # The next try may fill further from the mid.
        case Refusal.IOC_UNMATCHED | Refusal.NO_LIQUIDITY if not order.is_exit:
            return min(growing, UNMATCHED_MAX)
        case _:
            return min(growing, EXIT_BACK_OFF_MAX if order.is_exit else ENTRY_BACK_OFF_MAX)
