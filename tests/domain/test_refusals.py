"""What follows from a refusal (hyperliquid.md 9; design.md, section 9)."""

from datetime import timedelta

import pytest

from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.refusals import ACCOUNT, EXIT_BACK_OFF_MAX, UNSENT_AGAIN, After, judge
from recomma.domain.source import Leg
from recomma.domain.venue import Refusal
from tests.domain.mirror_values import STOP, order, safety, take_profit

ENTRY = order(safety(1))
EXIT = order(take_profit())
# What another moment mends, and the reason that stands beside the order meanwhile.
PASSING = {
    Refusal.PRICE_MOVED: Reason.REFUSED_BY_VENUE,
    Refusal.TRIGGER_PASSED: Reason.STOP_TRIGGERED,
    Refusal.IOC_UNMATCHED: Reason.TOO_FAR,
    Refusal.NO_LIQUIDITY: Reason.TOO_FAR,
    Refusal.PRICE_BAND: Reason.TOO_FAR,
    Refusal.OPEN_INTEREST: Reason.REFUSED_BY_VENUE,
    Refusal.HALTED: Reason.REFUSED_BY_VENUE,
    Refusal.POST_ONLY_PHASE: Reason.REFUSED_BY_VENUE,
    Refusal.RATE_LIMIT: Reason.VENUE_UNREADABLE,
    Refusal.UNREACHABLE: Reason.VENUE_UNREADABLE,
    Refusal.NONCE: Reason.REFUSED_BY_VENUE,
    Refusal.NONCE_AHEAD: Reason.REFUSED_BY_VENUE,
    Refusal.EXPIRED: Reason.REFUSED_BY_VENUE,
    Refusal.ADDRESS_BUDGET: Reason.ADDRESS_BUDGET,
}
# What stays refused as long as the account is as it is.
SETTLED = {
    Refusal.MARGIN: Reason.INSUFFICIENT_MARGIN,
    Refusal.TOO_MANY_ORDERS: Reason.LIMIT_OPEN_ORDERS,
}


@pytest.mark.parametrize(("refusal", "reason"), PASSING.items())
def test_what_another_moment_mends_never_ends_an_order(refusal: Refusal, reason: Reason) -> None:
    for mine in (order(safety(1), refusals=99), order(take_profit(), refusals=99)):
        judgement = judge(mine, refusal, Policy())

        assert (judgement.after, judgement.reason) == (After.AGAIN, reason)


@pytest.mark.parametrize("refusal", PASSING)
def test_what_another_moment_mends_counts_only_if_it_took_a_whole_batch_along(
    refusal: Refusal,
) -> None:
    assert judge(ENTRY, refusal, Policy()).counts is (refusal is Refusal.PRICE_BAND)


@pytest.mark.parametrize("refusal", [Refusal.UNREACHABLE, Refusal.RATE_LIMIT])
def test_an_exit_that_never_left_us_is_asked_again_soon_however_often(refusal: Refusal) -> None:
    tried = order(take_profit(), attempts=20)

    assert judge(tried, refusal, Policy()).wait == UNSENT_AGAIN
    assert judge(order(safety(1), attempts=20), refusal, Policy()).wait > UNSENT_AGAIN


@pytest.mark.parametrize(("refusal", "reason"), SETTLED.items())
def test_an_entry_refused_too_often_for_the_accounts_sake_is_skipped_for_good(
    refusal: Refusal, reason: Reason
) -> None:
    policy = Policy(refusals_max=3)

    found = [judge(order(safety(1), refusals=n), refusal, policy) for n in range(3)]

    assert [(one.after, one.reason) for one in found] == [
        (After.AGAIN, reason),
        (After.AGAIN, reason),
        (After.ENOUGH, Reason.REFUSED_TOO_OFTEN),
    ]
    assert all(one.counts for one in found)


@pytest.mark.parametrize("refusal", [*SETTLED, Refusal.TOO_SMALL, Refusal.REDUCE_ONLY])
def test_an_exit_refused_however_often_is_asked_again(refusal: Refusal) -> None:
    assert judge(order(take_profit(), refusals=99), refusal, Policy()).after is After.AGAIN


def test_an_entry_that_is_too_small_is_never_tried_again() -> None:
    judgement = judge(ENTRY, Refusal.TOO_SMALL, Policy())

    assert (judgement.after, judgement.reason) == (After.ENOUGH, Reason.BELOW_MINIMUM)


@pytest.mark.parametrize("refusal", list(Refusal))
@pytest.mark.parametrize("leg", [take_profit(), STOP])
def test_an_exit_is_never_given_up_and_never_waits_longer_than_half_a_minute(
    refusal: Refusal, leg: Leg
) -> None:
    tired = order(leg, attempts=500, refusals=500)

    judgement = judge(tired, refusal, Policy())

    assert judgement.after is not After.ENOUGH
    assert timedelta() < judgement.wait <= EXIT_BACK_OFF_MAX


@pytest.mark.parametrize("refusal", sorted(ACCOUNT))
def test_a_signer_that_the_venue_refuses_is_for_a_person(refusal: Refusal) -> None:
    judgement = judge(ENTRY, refusal, Policy())

    assert (judgement.after, judgement.reason) == (After.LETTER, Reason.SIGNER_REFUSED)


@pytest.mark.parametrize("refusal", [Refusal.UNKNOWN, Refusal.OUR_BUG, Refusal.TICK, Refusal.LOT])
@pytest.mark.parametrize("mine", [ENTRY, EXIT])
def test_a_refusal_that_nobody_has_classified_is_never_tried_blindly(
    refusal: Refusal, mine: MirrorOrder
) -> None:
    judgement = judge(mine, refusal, Policy())

    assert (judgement.after, judgement.reason) == (After.LETTER, Reason.UNKNOWN_REFUSAL)


def test_an_order_that_is_refused_again_waits_longer() -> None:
    waits = [
        judge(order(safety(1), attempts=n), Refusal.RATE_LIMIT, Policy()).wait for n in range(1, 5)
    ]

    assert waits == sorted(set(waits))


@pytest.mark.parametrize("refusal", [Refusal.IOC_UNMATCHED, Refusal.NO_LIQUIDITY])
def test_an_unmatched_market_entry_is_asked_again_ever_less_often_up_to_eight_seconds(
    refusal: Refusal,
) -> None:
    waits = [judge(order(safety(1), attempts=n), refusal, Policy()).wait for n in (1, 2, 3, 9)]

    assert waits == [timedelta(seconds=n) for n in (2, 4, 8, 8)]


def test_after_an_upgrade_of_the_network_half_a_minute_passes() -> None:
    assert judge(ENTRY, Refusal.POST_ONLY_PHASE, Policy()).wait == timedelta(seconds=30)


def test_without_address_budget_exits_take_the_next_slot_and_entries_leave_it_to_them() -> None:
    tired = [order(leg, attempts=9) for leg in (take_profit(), safety(1))]

    waits = [judge(mine, Refusal.ADDRESS_BUDGET, Policy()).wait for mine in tired]

    assert waits == [timedelta(seconds=10), timedelta(seconds=60)]
