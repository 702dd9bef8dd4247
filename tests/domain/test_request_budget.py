"""The order in which details have their turn, and the room that lists and details have."""

from datetime import UTC, datetime, timedelta

import pytest

from recomma.domain.request_budget import (
    PLANS,
    WINDOW,
    Line,
    Request,
    ahead,
    detail_from,
    details_in_window,
    list_from,
)

T0 = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "changed", "look"),
    [
        (Line(), 0, 0),
        (Line(looks_ahead=5, looks=5), 0, 5),
        (Line(changed_ahead=5, changed=5), 5, 2),
        (Line(changed_ahead=3, looks_ahead=9, changed=3, looks=9), 4, 12),
        (Line(looks=9, in_row=2), 1, 0),
        (Line(changed=9, in_row=1), 0, 1),
    ],
)
def test_two_that_changed_go_before_each_look(line: Line, changed: int, look: int) -> None:
    assert ahead(line, changed=True) == changed
    assert ahead(line, changed=False) == look


@pytest.mark.parametrize("plan", PLANS)
def test_every_plan_has_room_for_lists_and_details_at_once(plan: str) -> None:
    allowance = PLANS[plan]
    lists = [Request(T0, True)] * allowance.lists_most

    assert list_from(allowance, [], allowance.lists_most, T0, details_wait=False) == T0
    assert detail_from(allowance, lists, 2, T0, before=0, list_weight=1) == T0


@pytest.mark.parametrize(("plan", "limit"), [("starter", 5), ("pro", 50), ("expert", 100)])
def test_no_plan_allows_more_than_3commas_does(plan: str, limit: int) -> None:
    """Expert may ask 120 times a minute, but of the whole API nobody more than 100."""
    assert PLANS[plan].limit == limit


def test_a_list_larger_than_a_whole_plan_has_room_once_in_a_window() -> None:
    starter = PLANS["starter"]
    made = [Request(T0, False)]

    assert list_from(starter, [], 9, T0, details_wait=True) == T0
    assert list_from(starter, made, 9, T0 + timedelta(seconds=1), details_wait=True) == T0 + WINDOW


def test_the_times_of_those_that_wait_are_as_far_apart_as_their_turns() -> None:
    starter = PLANS["starter"]
    full = [Request(T0, True)] + [Request(T0, False)] * 4

    told = [detail_from(starter, full, 2, T0, before=n, list_weight=1) for n in range(4)]

    assert details_in_window(starter, 2, list_weight=1) == 2
    assert told == [T0 + WINDOW + n * WINDOW / 2 for n in range(4)]
