"""What an answer of the venue means for each order of the request (hyperliquid.md 7, 9)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.lifecycle import ARROWS, Event, State
from recomma.domain.orders import Style, Terms
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg
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
from recomma.pipeline.consequences import (
    budget_is_spent,
    consequences,
    follow_up,
    unusable_signer,
)
from recomma.ports import Consequence
from tests.domain.mirror_values import (
    BASE,
    NOON,
    STOP,
    order,
    price,
    safety,
    size,
    take_profit,
)

REFUSALS = st.sampled_from(list(Refusal))
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.just(Rested(1)),
    st.just(Executed(1, size(100), price("0.2"))),
    st.just(Accepted()),
    st.just(Cancelled()),
    st.just(NotThere("never placed, already canceled, or filled")),
    st.builds(Refused, st.just("no"), REFUSALS),
    st.just(Unanswered("lost")),
)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.lists(OUTCOMES, min_size=1, max_size=4).map(lambda found: Answered(tuple(found))),
    st.just(Unanswered("lost")),
    st.builds(NeverSent, st.just("no way"), REFUSALS),
    st.just(Expired()),
    st.just(DuplicateNonce()),
    st.builds(WholeRefused, st.just("no"), REFUSALS),
)


def told(
    answer: Answer, *legs: Leg, cancel: bool = False, resent: bool = False
) -> list[Consequence]:
    state = State.RESTING if cancel else State.IN_DOUBT
    asked = [order(leg, state, id=number) for number, leg in enumerate(legs or (BASE,), start=1)]
    return consequences(
        asked, answer, cancel=cancel, resent=resent, policy_of=lambda _: Policy(), now=NOON
    )


def trigger() -> Terms:
    terms = order(STOP).terms
    return replace(terms, style=Style.TRIGGER, trigger_price=price("0.18"))


@given(ANSWERS, st.integers(1, 4), st.booleans(), st.booleans())
def test_every_answer_means_something_possible_for_every_order(
    answer: Answer, count: int, cancel: bool, resent: bool
) -> None:
    legs = [safety(n + 1) if n % 2 else take_profit(n + 1) for n in range(count)]

    found = told(answer, *legs, cancel=cancel, resent=resent)

    assert [one.order_id for one in found] == list(range(1, count + 1))
    state = State.RESTING if cancel else State.IN_DOUBT
    assert all(one.event is None or (state, one.event) in ARROWS for one in found)


@given(ANSWERS)
def test_bytes_sent_again_are_never_taken_for_certainly_not_executed(answer: Answer) -> None:
    if isinstance(answer, Answered):
        return  # It tells of these very orders.
    if answer == WholeRefused("no", Refusal.NONCE_AHEAD):
        return  # It tells of every sending before it.
    (found,) = told(answer, resent=True)

    assert found.event is None


def test_a_nonce_that_is_too_high_now_was_too_high_at_every_sending_before() -> None:
    (found,) = told(WholeRefused("no", Refusal.NONCE_AHEAD), resent=True)

    assert found.event is Event.TURNED_AWAY


@given(ANSWERS)
def test_an_exit_never_ends_by_a_refusal(answer: Answer) -> None:
    for found in told(answer, take_profit()):
        assert found.event is not Event.REFUSED


@pytest.mark.parametrize("answer", [Unanswered("lost"), DuplicateNonce()])
def test_what_is_not_known_changes_nothing(answer: Answer) -> None:
    (found,) = told(answer)

    assert (found.event, found.due_at, found.executed) == (None, None, None)


def test_only_fills_say_how_much_was_executed() -> None:
    (found,) = told(Answered((Executed(9, size(40), price("0.2")),)))

    assert (found.event, found.oid, found.executed) == (None, 9, size(40))


def test_fewer_outcomes_than_orders_say_nothing_about_any() -> None:
    found = told(Answered((Rested(1),)), safety(1), safety(2))

    assert [one.event for one in found] == [None, None]


def test_a_static_error_for_a_whole_batch_sends_each_order_alone() -> None:
    refused = Refused("Price must be divisible by tick size.", Refusal.TICK)

    found = told(Answered((refused, refused)), safety(1), take_profit())

    assert [one.event for one in found] == [Event.TURNED_AWAY] * 2
    assert [one.due_at for one in found] == [NOON, NOON]
    assert all(one.refused and one.letter is None for one in found)


def test_alone_the_order_with_the_defect_is_for_a_person() -> None:
    (found,) = told(Answered((Refused("Price must be divisible", Refusal.TICK),)))

    assert found.event is Event.REFUSED
    assert found.letter is not None
    assert found.letter.reason is Reason.UNKNOWN_REFUSAL


def test_a_cancel_of_what_is_gone_is_left_to_reconcile() -> None:
    (found,) = told(Answered((NotThere("already canceled"),)), cancel=True)

    assert found.event is None
    assert found.due_at is not None
    assert found.due_at > NOON


def test_a_stop_that_was_accepted_sleeps_on_the_venue_under_an_oid_not_told_yet() -> None:
    sleeping = replace(order(STOP, State.IN_DOUBT), terms=trigger())

    (found,) = consequences(
        [sleeping],
        Answered((Accepted(),)),
        cancel=False,
        resent=False,
        policy_of=lambda _: Policy(),
        now=NOON,
    )

    assert (found.event, found.oid) == (Event.RESTED, None)


def test_an_order_that_does_not_sleep_is_not_at_rest_because_it_was_accepted() -> None:
    (found,) = told(Answered((Accepted(),)), take_profit())

    assert found.event is None


def test_a_stop_whose_price_has_passed_is_looked_at_before_it_is_asked_again() -> None:
    refused = Answered((Refused("Invalid TP/SL price.", Refusal.TRIGGER_PASSED),))

    (found,) = told(refused, STOP)

    assert (found.event, found.why) == (Event.TURNED_AWAY, Reason.STOP_TRIGGERED)
    assert follow_up(found, NOON, is_exit=True) == NOON
    assert found.due_at is not None and found.due_at > NOON


@pytest.mark.parametrize(
    ("leg", "seconds"), [(take_profit(), 10), (safety(1), 60)], ids=["exit", "entry"]
)
def test_a_spent_address_budget_is_waited_for(leg: Leg, seconds: int) -> None:
    answer = WholeRefused("Too many cumulative requests sent", Refusal.ADDRESS_BUDGET)

    (found,) = told(answer, leg)

    assert budget_is_spent(answer)
    assert (found.event, found.why) == (Event.TURNED_AWAY, Reason.ADDRESS_BUDGET)
    assert found.due_at == NOON + timedelta(seconds=seconds)
    assert not found.refused


def test_a_cancel_without_budget_is_asked_again_when_the_next_one_passes() -> None:
    answer = WholeRefused("Too many cumulative requests sent", Refusal.ADDRESS_BUDGET)

    (found,) = told(answer, cancel=True)

    assert (found.event, found.due_at) == (None, NOON + timedelta(seconds=10))


@pytest.mark.parametrize("refusal", [Refusal.AUTH, Refusal.CONFIG, Refusal.ONBOARDING])
def test_a_key_that_nothing_is_taken_from_is_unusable(refusal: Refusal) -> None:
    assert unusable_signer(WholeRefused("no", refusal))
    assert not unusable_signer(WholeRefused("no", Refusal.ADDRESS_BUDGET))


def test_a_refused_exit_is_asked_again_within_half_a_minute() -> None:
    (found,) = told(Answered((Refused("who knows", Refusal.UNKNOWN),)), take_profit())

    assert found.event is Event.TURNED_AWAY
    assert found.due_at is not None
    assert found.due_at - NOON <= timedelta(seconds=30)
    assert found.letter is not None


def test_an_exit_that_was_turned_away_is_looked_at_before_it_is_asked_for_again() -> None:
    told = Consequence(1, Event.TURNED_AWAY, due_at=NOON + timedelta(seconds=4))

    assert follow_up(told, NOON, is_exit=True) == NOON + timedelta(seconds=3)
    assert follow_up(told, NOON, is_exit=False) == told.due_at
