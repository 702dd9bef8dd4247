"""What follows from a refusal (hyperliquid.md 9; design.md, section 9)."""

from datetime import timedelta

import pytest

from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.refusals import EXIT_BACK_OFF_MAX, After, judge
from recomma.domain.source import Leg
from recomma.domain.venue import Refusal
from tests.domain.mirror_values import STOP, order, safety, take_profit

ENTRY = order(safety(1))
EXIT = order(take_profit())
SIGNER = [Refusal.AUTH, Refusal.CONFIG, Refusal.ONBOARDING]
MARKET = [
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
]


@pytest.mark.parametrize("refusal", MARKET)
def test_what_the_market_did_is_asked_again_and_counts_for_nothing(refusal: Refusal) -> None:
    judgement = judge(order(safety(1), refusals=99), refusal, Policy())

    assert (judgement.after, judgement.counts) == (After.AGAIN, False)


@pytest.mark.parametrize("refusal", [Refusal.MARGIN, Refusal.PRICE_BAND, Refusal.TOO_MANY_ORDERS])
def test_an_entry_refused_too_often_is_skipped_for_good(refusal: Refusal) -> None:
    policy = Policy(refusals_max=3)

    verdicts = [judge(order(safety(1), refusals=n), refusal, policy).after for n in range(3)]

    assert verdicts == [After.AGAIN, After.AGAIN, After.ENOUGH]


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


@pytest.mark.parametrize("refusal", SIGNER)
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


def test_an_unmatched_market_entry_is_asked_again_ever_less_often_up_to_eight_seconds() -> None:
    waits = [
        judge(order(safety(1), attempts=n), Refusal.IOC_UNMATCHED, Policy()).wait
        for n in (1, 2, 3, 9)
    ]

    assert waits == [timedelta(seconds=n) for n in (2, 4, 8, 8)]


def test_after_an_upgrade_of_the_network_half_a_minute_passes() -> None:
    assert judge(ENTRY, Refusal.POST_ONLY_PHASE, Policy()).wait == timedelta(seconds=30)
