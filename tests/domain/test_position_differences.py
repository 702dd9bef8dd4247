"""A position has exits of its size, or a reason why not."""

from dataclasses import replace
from typing import Any

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import MirrorOrder, Standing, Style
from recomma.domain.policy import OnSourceExit, OnSourceRelease, Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from tests.domain.mirror_values import (
    STOP,
    after,
    order,
    safety,
    take_profit,
)
from tests.domain.mirrored_values import (
    FILLED,
    at_source,
    mirrored,
    reasons,
)

# The position.


def test_a_naked_position_is_unexplained() -> None:
    assert reasons(mirrored(held=100)) == [("position", None)]


def test_an_exit_of_the_wrong_size_is_unexplained() -> None:
    here = mirrored(held=100, orders=(order(take_profit(), size=60),))

    assert reasons(here) == [("position", None)]


@pytest.mark.parametrize(
    "mine",
    [
        order(take_profit(), State.PLANNED),
        order(take_profit(), State.IN_DOUBT),
        order(take_profit(), size=60, cancel_why=Reason.EXIT_REPLACED),
    ],
)
def test_an_exit_on_its_way_explains_a_naked_position(mine: MirrorOrder) -> None:
    assert reasons(mirrored(held=100, orders=(mine,))) == [("position", Reason.ATTEMPT_OPEN)]


def test_a_source_without_an_exit_explains_a_naked_position() -> None:
    here = mirrored(held=100, exits_known=False)

    assert reasons(here) == [("position", Reason.NO_EXIT_AT_SOURCE)]


def test_an_exit_without_a_position_is_unexplained() -> None:
    assert reasons(mirrored(orders=(order(take_profit()),))) == [("position", None)]


def test_a_position_that_outlives_its_deal_is_unexplained_even_with_an_exit() -> None:
    here = mirrored(held=100, finished=True, orders=(order(take_profit()),))

    assert reasons(here) == [("position", None)]


def test_a_released_position_with_its_exit_is_as_it_should_be() -> None:
    here = mirrored(held=100, finished=True, released=True, orders=(order(take_profit()),))

    assert reasons(here) == []


def test_a_close_that_rests_at_its_cap_explains_what_is_left() -> None:
    """Its take-profit rests beside it, so the exits add up to more than the position."""
    closing = order(STOP, id=2, why=Reason.SOURCE_STOPPED)
    here = mirrored(held=100, closing=True, orders=(order(take_profit()), closing))

    assert reasons(here) == [("position", Reason.SOURCE_STOPPED)]
    assert reasons(replace(here, finished=True)) == [("position", Reason.SOURCE_STOPPED)]


def test_the_grace_of_a_take_profit_explains_what_is_left() -> None:
    here = mirrored(
        held=100,
        finished=True,
        orders=(order(take_profit()),),
        closing_why=Reason.SOURCE_TOOK_PROFIT,
        close_at=after(seconds=20),
        read_at=after(seconds=10),
    )

    assert reasons(here) == [("position", Reason.SOURCE_TOOK_PROFIT)]
    assert reasons(replace(here, read_at=after(seconds=20))) == [("position", None)]


def test_a_position_that_the_policy_keeps_needs_its_whole_exit() -> None:
    policy = Policy(on_source_exit=OnSourceExit.KEEP_EXIT)
    here = mirrored(
        held=100,
        finished=True,
        policy=policy,
        closing_why=Reason.SOURCE_STOPPED,
        orders=(order(take_profit()),),
    )

    assert reasons(here) == [("position", Reason.SOURCE_STOPPED)]
    assert reasons(replace(here, orders=())) == [("position", None)]


def test_an_abandoned_position_needs_no_exit() -> None:
    policy = Policy(on_source_release=OnSourceRelease.ABANDON)
    here = mirrored(held=100, finished=True, released=True, policy=policy)

    assert reasons(here) == [("position", Reason.ABANDONED)]


def test_a_released_position_without_an_exit_is_unexplained() -> None:
    assert reasons(mirrored(held=100, finished=True, released=True)) == [("position", None)]


# Stops that rest on the venue.


def trigger(which: str, **changes: Any) -> MirrorOrder:
    return order(Leg(Role.STOP, which), style=Style.TRIGGER, **changes)


def test_a_sleeping_stop_is_no_take_profit() -> None:
    here = mirrored(held=100, orders=(trigger("disaster"),))

    assert reasons(here) == [("position", None)]


def test_a_stop_beside_the_take_profit_is_as_it_should_be() -> None:
    both = (order(take_profit()), trigger("trigger"), trigger("disaster"))

    assert reasons(mirrored(held=100, orders=both)) == []


def test_a_stop_of_another_size_is_unexplained_until_its_successor_is_on_its_way() -> None:
    small = trigger("trigger", size=60)
    here = mirrored(held=100, orders=(order(take_profit()), small))
    moving = replace(small, id=2, state=State.PLANNED)

    assert reasons(here) == [("position", None)]
    assert reasons(replace(here, orders=(*here.orders, moving))) == [
        ("position", Reason.ATTEMPT_OPEN)
    ]


@pytest.mark.parametrize(
    ("closed_by", "reason"),
    [
        (order(STOP, State.FILLED, filled=100, why=Reason.CLOSED_BY_PERSON), "closed_by_person"),
        (order(STOP, State.FILLED, filled=100, why=Reason.SOURCE_RELEASED), "source_released"),
        (trigger("disaster", state=State.FILLED, filled=100), "stop_triggered"),
        (order(take_profit(), State.FILLED, filled=100), "closed_here_first"),
    ],
)
def test_what_closed_the_position_here_explains_why_it_is_gone(
    closed_by: MirrorOrder, reason: str
) -> None:
    here = mirrored(
        at_source(safety(1), FILLED),
        orders=(order(safety(1), State.CANCELLED, why=Reason.EXIT_FILLED), closed_by),
        standing=Standing.CLOSED_HERE,
        standing_why=Reason.EXIT_FILLED,
    )

    assert reasons(here) == [("safety/1", Reason(reason)), ("position", Reason(reason))]
