"""Naked seconds: from a fill to the exits that cover the position again."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from recomma.domain.naked import (
    NO_FILLS,
    Execution,
    Naked,
    Rested,
    Track,
    naked_per_fill,
    naked_since,
    summary,
)
from tests.domain.mirror_values import NOON

NOW = NOON + timedelta(hours=1)
BASE, SAFETY, EXIT, WIDER_EXIT = range(4)
SHOWN = ((NOON, True),)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def fill(seconds: float, change: int, order_id: int = BASE) -> Execution:
    return Execution(at(seconds), Decimal(change), order_id)


def rested(since: float, until: float | None, size: int, order_id: int = EXIT) -> Rested:
    ends = None if until is None else at(until)
    return Rested(order_id, Decimal(size), at(since), ends)


def seconds(track: Track) -> list[float]:
    return [each.naked.total_seconds() for each in naked_per_fill(track, NOW)]


def test_a_fill_is_naked_until_an_exit_of_its_size_rests() -> None:
    track = Track((fill(0, 100),), (rested(2, None, 100),), exit_shown=SHOWN)

    assert seconds(track) == [2]
    assert naked_since(track, NOW) is None


def test_an_exit_that_is_too_small_does_not_cover() -> None:
    exits = (rested(2, 9, 60), rested(9, None, 100, WIDER_EXIT))

    assert seconds(Track((fill(0, 100),), exits, exit_shown=SHOWN)) == [9]


def test_a_second_fill_is_measured_from_its_own_time() -> None:
    fills = (fill(0, 100), fill(60, 100, SAFETY))
    exits = (rested(1, 63, 100), rested(63, None, 200, WIDER_EXIT))

    assert seconds(Track(fills, exits, exit_shown=SHOWN)) == [1, 3]


def test_what_happens_in_one_moment_counts_together() -> None:
    """In lockstep a fill and its exit have the same time; nothing was naked between them."""
    track = Track((fill(0, 100),), (rested(0, None, 100),), exit_shown=SHOWN)

    assert seconds(track) == [0]


def test_an_exit_that_fills_in_part_still_covers_the_rest() -> None:
    fills = (fill(0, 100), fill(30, -40, EXIT))

    assert seconds(Track(fills, (rested(1, None, 100),), exit_shown=SHOWN)) == [1, 0]


def test_a_fill_of_the_exit_that_was_seen_before_it_was_known_to_rest_counts_once() -> None:
    fills = (fill(0, 100), fill(1, -40, EXIT))

    assert seconds(Track(fills, (rested(2, None, 100),), exit_shown=SHOWN)) == [2, 1]


def test_the_fill_that_ends_the_position_is_not_measured() -> None:
    fills = (fill(0, 100), fill(30, -100, EXIT))

    assert seconds(Track(fills, (rested(1, 30, 100),), exit_shown=SHOWN)) == [1]


def test_two_steps_cover_a_position_together() -> None:
    exits = (rested(1, None, 40), rested(4, None, 60, WIDER_EXIT))

    assert seconds(Track((fill(0, 100),), exits, exit_shown=SHOWN)) == [4]


def test_time_in_which_the_source_shows_no_exit_is_counted_apart() -> None:
    track = Track((fill(0, 100),), (rested(32, None, 100),), exit_shown=((at(30), True),))

    (found,) = naked_per_fill(track, NOW)

    assert found == Naked(at(0), timedelta(seconds=2), timedelta(seconds=30), ended=True)
    assert summary([track], NOW).no_exit_at_source == timedelta(seconds=30)


def test_an_exit_that_the_source_took_away_is_counted_apart_from_then_on() -> None:
    shown = ((at(0), True), (at(100), False))
    track = Track((fill(0, 100),), (rested(0, 100, 100),), exit_shown=shown)

    assert summary([track], at(160)).no_exit_at_source == timedelta(seconds=60)
    assert naked_since(track, at(160)) == at(100)


def test_a_position_without_any_exit_is_naked_still() -> None:
    track = Track((fill(0, 100),), exit_shown=SHOWN)

    (found,) = naked_per_fill(track, at(7))

    assert (found.naked, found.ended) == (timedelta(seconds=7), False)
    assert naked_since(track, at(7)) == at(0)


def test_coins_that_went_to_another_deal_need_no_exit_here() -> None:
    track = Track((fill(0, 30),), (), ((at(5), Decimal(-30)),), SHOWN)

    assert seconds(track) == [5]
    assert naked_since(track, NOW) is None


def test_coins_that_came_from_another_deal_need_one() -> None:
    moved = ((at(50), Decimal(30)),)
    track = Track((fill(0, 100),), (rested(0, None, 100),), moved, SHOWN)

    assert naked_since(track, NOW) == at(50)


def test_the_summary_has_the_median_and_the_worst_of_all_deals() -> None:
    tracks = [
        Track((fill(0, 100),), (rested(after, None, 100),), exit_shown=SHOWN) for after in (1, 2, 9)
    ]

    assert summary(tracks, NOW).as_json() == {
        "median": 2.0,
        "worst": 9.0,
        "no_exit_at_source": 0.0,
    }


def test_a_summary_of_nothing_is_zero() -> None:
    assert summary([], NOW) == NO_FILLS
    assert NO_FILLS.as_json() == {"median": 0.0, "worst": 0.0, "no_exit_at_source": 0.0}


@pytest.mark.parametrize("seed", range(30))
def test_no_time_is_negative_and_no_exit_makes_it_longer(seed: int) -> None:
    print(f"seed {seed}")
    chance = Random(seed)
    fills = tuple(fill(chance.randrange(300), 100, n) for n in range(4))
    exits = [rested(chance.randrange(300), None, chance.randrange(1, 500), 9) for _ in range(3)]

    bare = sum(seconds(Track(fills, (), exit_shown=SHOWN)))
    covered = sum(seconds(Track(fills, tuple(exits), exit_shown=SHOWN)))

    assert 0 <= covered <= bare
