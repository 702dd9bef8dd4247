"""The life of a mirror order, step by step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.lifecycle import ARROWS, LIVE, Event, ImpossibleStep, State, step

ENDED = frozenset(State) - LIVE
UNLISTED = [(state, event) for state in State for event in Event if (state, event) not in ARROWS]


@pytest.mark.parametrize(("state", "event"), UNLISTED)
def test_a_step_that_is_not_listed_raises(state: State, event: Event) -> None:
    with pytest.raises(ImpossibleStep, match=f"{event} while {state}"):
        step(state, event)


@pytest.mark.parametrize(("arrow", "end"), ARROWS.items())
def test_a_listed_step_leads_where_the_table_says(arrow: tuple[State, Event], end: State) -> None:
    assert step(*arrow) is end


def test_every_state_can_be_reached_from_planned() -> None:
    reached = {State.PLANNED}
    for _ in State:
        reached |= {end for (state, _event), end in ARROWS.items() if state in reached}

    assert reached == set(State)


def test_every_event_is_possible_in_some_state() -> None:
    assert {event for _state, event in ARROWS} == set(Event)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_has_ended_never_lives_again(state: State) -> None:
    ends = {end for (before, _event), end in ARROWS.items() if before is state}

    assert ends <= ENDED


@pytest.mark.parametrize("state", [State.REFUSED, State.SKIPPED])
def test_nothing_happens_to_an_order_that_the_venue_never_had(state: State) -> None:
    assert not [event for event in Event if (state, event) in ARROWS]


def test_only_a_planned_order_can_be_asked_for() -> None:
    assert [state for state in State if (state, Event.ASKED) in ARROWS] == [State.PLANNED]


def test_an_order_in_doubt_cannot_be_withdrawn_or_skipped() -> None:
    for event in (Event.WITHDRAWN, Event.SKIPPED):
        with pytest.raises(ImpossibleStep):
            step(State.IN_DOUBT, event)


def test_a_fill_may_overtake_our_own_cancel() -> None:
    assert step(State.CANCELLED, Event.FILLED) is State.FILLED


def test_a_cancel_that_came_too_late_leaves_the_order_filled() -> None:
    assert step(State.FILLED, Event.GONE) is State.FILLED


def test_an_order_that_was_filled_before_its_answer_came_stays_filled() -> None:
    assert step(State.FILLED, Event.RESTED) is State.FILLED


@given(st.lists(st.sampled_from(list(Event)), max_size=30))
def test_whatever_happens_an_end_stays_an_end_and_filled_stays_filled(events: list[Event]) -> None:
    path = [State.PLANNED]
    for event in events:
        if (path[-1], event) in ARROWS:
            path.append(step(path[-1], event))

    ends = [i for i, state in enumerate(path) if state in ENDED]
    assert not ends or all(state in ENDED for state in path[ends[0] :])
    fills = [i for i, state in enumerate(path) if state is State.FILLED]
    assert not fills or all(state is State.FILLED for state in path[fills[0] :])
