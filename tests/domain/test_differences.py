"""Every difference has its reason, or is unexplained (design.md, section 2, drift)."""

from dataclasses import replace
from typing import Any

import pytest

from recomma.domain.differences import differences
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored, SourceState
from recomma.domain.money import Side
from recomma.domain.orders import Holding, MirrorOrder, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, RowStatus
from tests.domain.mirror_values import BASE, NOON, order, price, safety, size, take_profit

FILLED, ACTIVE, CANCELLED = RowStatus.FILLED, RowStatus.ACTIVE, RowStatus.CANCELLED


def at_source(leg: Leg, status: RowStatus) -> SourceState:
    return SourceState(leg, Side.BUY, status, price("0.2"), size(100), NOON)


def mirrored(*source: SourceState, held: int = 0, **changes: Any) -> Mirrored:
    """Make a running deal that holds `held` DOGE."""
    made = Mirrored(
        deal_id=7,
        venue="main",
        entry_side=Side.BUY,
        finished=False,
        released=False,
        closing=False,
        exits_known=True,
        standing=Standing.OPEN,
        standing_why=None,
        source=source,
        orders=(),
        skips={},
        holding=Holding(size(held), size(0), None),
        dead_letters=0,
    )
    return replace(made, **changes)


def reasons(here: Mirrored) -> list[tuple[str, Reason | None]]:
    return [(found.leg, found.reason) for found in differences(here)]


# Entries.


def test_a_deal_that_is_mirrored_faithfully_has_no_differences() -> None:
    orders = (order(BASE, State.FILLED, filled=100), order(safety(1)), order(take_profit()))
    here = mirrored(at_source(BASE, FILLED), at_source(safety(1), ACTIVE), held=100, orders=orders)

    assert reasons(here) == []


@pytest.mark.parametrize("status", [FILLED, ACTIVE])
def test_an_entry_that_is_nowhere_without_a_reason_is_unexplained(status: RowStatus) -> None:
    assert reasons(mirrored(at_source(BASE, status))) == [("base", None)]


def test_a_skip_explains_its_leg() -> None:
    here = mirrored(at_source(BASE, FILLED), skips={BASE: Reason.TOO_LATE})

    assert reasons(here) == [("base", Reason.TOO_LATE)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"standing": Standing.SKIPPED, "standing_why": Reason.FIRST_SEEN_LATE},
            Reason.FIRST_SEEN_LATE,
        ),
        ({"standing": Standing.CLOSED_HERE}, Reason.CLOSED_HERE_FIRST),
        ({"finished": True}, Reason.SOURCE_FILLED_ONLY),
        ({"released": True}, Reason.SOURCE_FILLED_ONLY),
        ({"closing": True}, Reason.SOURCE_FILLED_ONLY),
        ({"dead_letters": 1}, Reason.DEAD_LETTER),
    ],
)
def test_an_entry_that_is_nowhere_is_explained_by_its_deal(
    changes: dict[str, Any], reason: Reason
) -> None:
    here = mirrored(at_source(safety(1), FILLED), **changes)

    assert ("safety/1", reason) in reasons(here)


@pytest.mark.parametrize(
    ("mine", "reason"),
    [
        (order(safety(1)), Reason.SOURCE_FILLED_ONLY),
        (order(safety(1), State.PLANNED), Reason.ATTEMPT_OPEN),
        (order(safety(1), State.IN_DOUBT), Reason.ATTEMPT_OPEN),
        (order(safety(1), cancel_why=Reason.CLOSING), Reason.ATTEMPT_OPEN),
        (order(safety(1), State.CANCELLED, why=Reason.EXIT_FILLED), Reason.CLOSED_HERE_FIRST),
        (order(safety(1), State.CANCELLED, why=Reason.SOURCE_ENDED), Reason.SOURCE_FILLED_ONLY),
        (
            order(safety(1), State.CANCELLED, why=Reason.CANCELLED_BY_VENUE),
            Reason.CANCELLED_BY_VENUE,
        ),
        (order(safety(1), State.CANCELLED), None),
    ],
)
def test_an_entry_that_only_the_source_filled_is_explained_by_ours(
    mine: MirrorOrder, reason: Reason | None
) -> None:
    here = mirrored(at_source(safety(1), FILLED), orders=(mine,))

    assert reasons(here) == [("safety/1", reason)]


def test_an_entry_that_filled_here_first_is_explained() -> None:
    mine = order(safety(1), State.FILLED, filled=100)
    here = mirrored(at_source(safety(1), ACTIVE), held=100, orders=(mine, order(take_profit())))

    assert reasons(here) == [("safety/1", Reason.VENUE_FILLED_FIRST)]


@pytest.mark.parametrize(
    ("mine", "letters", "reason"),
    [
        (order(safety(1)), 0, None),
        (order(safety(1)), 1, Reason.DEAD_LETTER),
        (order(safety(1), cancel_why=Reason.SOURCE_CANCELLED), 0, Reason.ATTEMPT_OPEN),
    ],
)
def test_an_entry_that_the_source_cancelled_must_be_on_its_way_out(
    mine: MirrorOrder, letters: int, reason: Reason | None
) -> None:
    here = mirrored(at_source(safety(1), CANCELLED), orders=(mine,), dead_letters=letters)

    assert reasons(here) == [("safety/1", reason)]


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
