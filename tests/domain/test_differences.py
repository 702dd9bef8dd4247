"""Every difference has its reason, or is unexplained (design.md, section 2, drift)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.differences import differences
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Moved
from recomma.domain.money import Side
from recomma.domain.orders import Holding, MirrorOrder, Mode, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import RowStatus
from recomma.domain.stops import Level
from tests.domain.mirror_values import (
    BASE,
    NOON,
    STOP,
    after,
    order,
    safety,
    size,
    take_profit,
)
from tests.domain.mirrored_values import (
    ACTIVE,
    CANCELLED,
    FILLED,
    at_source,
    mirrored,
    reasons,
    stop,
)

# Entries.


def test_a_deal_that_is_mirrored_faithfully_has_no_differences() -> None:
    orders = (order(BASE, State.FILLED, filled=100), order(safety(1)), order(take_profit()))
    here = mirrored(at_source(BASE, FILLED), at_source(safety(1), ACTIVE), held=100, orders=orders)

    assert reasons(here) == []


@pytest.mark.parametrize("status", [FILLED, ACTIVE])
def test_an_entry_that_is_nowhere_without_a_reason_is_unexplained(status: RowStatus) -> None:
    assert reasons(mirrored(at_source(BASE, status))) == [("base", None)]


def test_a_market_order_that_the_source_has_not_filled_is_no_difference() -> None:
    waiting = replace(at_source(BASE, ACTIVE), price=None)

    assert reasons(mirrored(waiting)) == []


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


# What deals share, and what is forbidden.


@pytest.mark.parametrize("shared", [True, False])
def test_dust_is_explained_only_beside_another_position(shared: bool) -> None:
    base = order(BASE, State.FILLED, size=20, filled=20)
    here = mirrored(held=20, orders=(base,), shared=shared)

    assert reasons(here) == [("position", Reason.DUST if shared else None)]


@pytest.mark.parametrize(
    ("told", "held", "reason"),
    [
        (order(STOP, State.CANCELLED, id=2, size=54, why=Reason.DUST), 54, Reason.DUST),
        (order(STOP, State.CANCELLED, id=2, size=60, filled=6, why=Reason.DUST), 54, Reason.DUST),
        (order(STOP, State.CANCELLED, id=2, size=54, why=Reason.DUST), 154, None),
        (order(STOP, State.CANCELLED, id=2, size=54, why=Reason.TOO_FAR), 54, None),
    ],
    ids=["by the decision", "the rest of it", "it holds more by now", "by another decision"],
)
def test_coins_that_were_found_too_few_for_an_exit_are_dust_at_whatever_price(
    told: MirrorOrder, held: int, reason: Reason | None
) -> None:
    base = order(BASE, State.FILLED, size=held, filled=held, price="0.3")
    here = mirrored(held=held, orders=(base, told), finished=True)

    assert reasons(here) == [("position", reason)]


def test_an_exit_that_was_placed_after_its_deal_was_dust_has_to_rest() -> None:
    told = order(STOP, State.CANCELLED, id=2, size=54, why=Reason.DUST)
    newer = replace(told, id=3, generation=2, why=Reason.CANCELLED_BY_VENUE)
    here = mirrored(held=54, orders=(told, newer), finished=True)

    assert reasons(here) == [("position", None)]


def test_coins_that_went_to_another_deal_are_told_and_explained() -> None:
    moves = (Moved(NOON, Decimal(-20), 8, Reason.MERGED),)
    here = mirrored(
        at_source(BASE, FILLED),
        orders=(order(BASE, State.FILLED, filled=100),),
        holding=Holding(size(100), size(80), None, Decimal(-20)),
        standing=Standing.CLOSED_HERE,
        standing_why=Reason.MERGED,
        moves=moves,
    )

    assert [(d.what, d.reason) for d in differences(here)] == [
        ("20 handed over to deal 8", Reason.MERGED),
        ("closed here, not at the source", Reason.MERGED),
    ]


def test_coins_that_came_from_another_deal_must_have_their_exit_too() -> None:
    holding = Holding(size(100), size(0), None, Decimal(20))
    moves = (Moved(NOON, Decimal(20), 8, Reason.MERGED),)
    here = mirrored(holding=holding, moves=moves, orders=(order(take_profit()),))

    assert reasons(here) == [("position", Reason.MERGED), ("position", None)]


def test_a_loss_outside_is_told_with_its_reason() -> None:
    moves = (Moved(NOON, Decimal(-100), None, Reason.REDUCED_ELSEWHERE),)
    holding = Holding(size(100), size(0), None, Decimal(-100))
    here = mirrored(holding=holding, moves=moves, standing=Standing.CLOSED_HERE)

    assert [(d.what, d.reason) for d in differences(here)] == [
        ("100 lost outside", Reason.REDUCED_ELSEWHERE),
        ("closed here, not at the source", Reason.REDUCED_ELSEWHERE),
    ]


@pytest.mark.parametrize("level", [Level.NO_ENTRIES, Level.CLOSE_ALL, Level.FROZEN])
def test_an_entry_that_is_nowhere_because_of_a_stop_is_explained(level: Level) -> None:
    assert reasons(mirrored(at_source(BASE, ACTIVE), stop=stop(level))) == [
        ("base", Reason.STOPPED)
    ]


@pytest.mark.parametrize(
    ("level", "reason"), [(Level.NO_ENTRIES, None), (Level.FROZEN, Reason.STOPPED)]
)
def test_only_a_frozen_venue_excuses_a_missing_exit(level: Level, reason: Reason | None) -> None:
    assert reasons(mirrored(held=100, stop=stop(level))) == [("position", reason)]


def test_an_entry_that_waits_says_for_what() -> None:
    waits = order(safety(1), State.PLANNED, waits_why=Reason.LIMIT_COIN)
    here = mirrored(at_source(safety(1), ACTIVE), orders=(waits,))

    assert reasons(here) == [("safety/1", Reason.LIMIT_COIN)]


def test_an_exit_that_waits_says_for_what() -> None:
    waits = order(take_profit(), State.PLANNED, waits_why=Reason.ADDRESS_BUDGET)

    assert reasons(mirrored(held=100, orders=(waits,))) == [("position", Reason.ADDRESS_BUDGET)]


def test_a_coin_that_trades_no_more_excuses_a_missing_exit() -> None:
    assert reasons(mirrored(held=100, delisted=True)) == [("position", Reason.DELISTED)]


def test_a_bot_that_was_taken_off_the_venue_enters_nothing_more() -> None:
    here = mirrored(at_source(safety(1), ACTIVE), paired=False)

    assert reasons(here) == [("safety/1", Reason.DENIED)]


@pytest.mark.parametrize(
    ("finished", "reason"),
    [(True, Reason.FINISHED_WHEN_FIRST_SEEN), (False, Reason.ATTEMPT_OPEN)],
)
def test_a_deal_that_was_not_looked_at_here_yet_is_explained(
    finished: bool, reason: Reason
) -> None:
    here = mirrored(at_source(BASE, FILLED), standing=None, finished=finished)

    assert reasons(here) == [("base", reason)]


def test_averaging_that_waits_for_its_base_is_explained() -> None:
    here = mirrored(
        at_source(BASE, ACTIVE),
        at_source(safety(1), ACTIVE),
        orders=(order(BASE, State.IN_DOUBT),),
    )

    assert reasons(here) == [("safety/1", Reason.ATTEMPT_OPEN)]


def test_an_exit_may_be_on_its_way_for_some_seconds_after_a_fill() -> None:
    holding = Holding(size(100), size(0), NOON)
    here = mirrored(holding=holding, read_at=after(seconds=5))

    assert reasons(here) == [("position", Reason.ATTEMPT_OPEN)]
    assert reasons(replace(here, read_at=after(seconds=6))) == [("position", None)]


# What is larger, smaller or sooner than at the source.


def test_an_order_that_was_raised_to_the_minimum_is_told() -> None:
    raised = order(safety(1), State.RESTING, why=Reason.RAISED_TO_MINIMUM)

    assert reasons(mirrored(at_source(safety(1), ACTIVE), orders=(raised,))) == [
        ("safety/1", Reason.RAISED_TO_MINIMUM)
    ]


def test_a_base_that_caught_up_is_told_and_what_it_stands_for_too() -> None:
    here = mirrored(
        at_source(BASE, FILLED),
        at_source(safety(1), FILLED),
        held=300,
        mode=Mode.CAUGHT_UP,
        standing_why=Reason.FIRST_SEEN_LATE,
        skips={safety(1): Reason.CAUGHT_UP},
        orders=(order(BASE, State.FILLED, size=300, filled=300), order(take_profit(), size=300)),
    )

    assert reasons(here) == [("base", Reason.CAUGHT_UP), ("safety/1", Reason.CAUGHT_UP)]


def test_a_ladder_says_of_each_leg_that_it_was_missed() -> None:
    here = mirrored(
        at_source(BASE, FILLED),
        at_source(safety(1), ACTIVE),
        mode=Mode.LADDER,
        skips={BASE: Reason.FIRST_SEEN_LATE},
        orders=(order(safety(1)),),
    )

    assert reasons(here) == [("base", Reason.FIRST_SEEN_LATE)]


def test_a_short_deal_is_compared_by_what_it_sold() -> None:
    base = order(BASE, State.FILLED, filled=100)
    exit_ = order(take_profit())
    here = mirrored(
        at_source(BASE, FILLED),
        entry_side=Side.SELL,
        holding=Holding(size(0), size(100), None),
        orders=(base, exit_),
    )

    assert reasons(here) == []
    assert reasons(replace(here, orders=(base,))) == [("position", None)]


@pytest.mark.parametrize(
    ("status", "mine", "reason"),
    [
        (FILLED, order(take_profit(1), size=40), Reason.SOURCE_FILLED_ONLY),
        (ACTIVE, order(take_profit(1), State.FILLED, size=40), Reason.VENUE_FILLED_FIRST),
    ],
)
def test_a_take_profit_step_that_only_one_side_sold_is_explained(
    status: RowStatus, mine: MirrorOrder, reason: Reason
) -> None:
    rest = order(take_profit(2), size=60 if mine.live else 100)
    here = mirrored(at_source(take_profit(1), status), held=100, orders=(mine, rest))

    assert reasons(here) == [("take_profit/1", reason)]
