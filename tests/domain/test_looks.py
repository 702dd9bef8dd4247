"""Looks that only a cadence asks for stand in one line, so that their price does not grow."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from recomma.domain.looks import LOOK_SPACING, Looks, naked_again, next_look

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def play(deals: dict[int, datetime], until: datetime) -> list[tuple[datetime, int]]:
    """Look at each deal at its time and give it the next one; return every look."""
    looked = []
    while (at := min(deals.values())) < until:
        deal = min(deals, key=lambda each: (deals[each], each))
        later = [time for other, time in deals.items() if other != deal and time > at]
        deals[deal] = next_look(Looks(len(later), max(later, default=None)), at)
        looked.append((at, deal))
    return looked


def test_one_deal_is_looked_at_again_after_one_space() -> None:
    assert next_look(Looks(), NOW) == NOW + LOOK_SPACING


def test_deals_that_began_together_are_looked_at_one_after_the_other() -> None:
    looked = play(dict.fromkeys(range(10), NOW), NOW + timedelta(minutes=3))

    times = [at for at, _ in looked[10:]]
    assert {b - a for a, b in pairwise(times)} == {LOOK_SPACING}
    assert [deal for _, deal in looked[10:30]] == [*range(10), *range(10)]


def test_a_line_with_gaps_is_joined_where_it_is_no_longer_than_it_needs_to_be() -> None:
    far = NOW + timedelta(minutes=5)  # By a clock that was ahead, or after many deals have ended.

    assert next_look(Looks(2, far), NOW) == NOW + 3 * LOOK_SPACING


@pytest.mark.parametrize(
    ("naked_for_seconds", "again_after_seconds"), [(0, 3), (15, 3), (60, 12), (150, 30), (9000, 30)]
)
def test_a_naked_position_is_looked_at_for_ever_and_less_often_the_longer_it_lasts(
    naked_for_seconds: int, again_after_seconds: int
) -> None:
    since = NOW - timedelta(seconds=naked_for_seconds)

    assert naked_again(since, NOW) == NOW + timedelta(seconds=again_after_seconds)
