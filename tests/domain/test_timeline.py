"""Lines of one moment are told in the order in which one led to the other."""

from random import Random

import pytest

from recomma.domain.lifecycle import Event
from recomma.domain.timeline import HAPPENED, Line, Told, happened, in_order
from tests.domain.mirror_values import NOON, after

MOMENT = (
    Line(NOON, Told.SOURCE, "base filled at the source"),
    Line(NOON, Told.WANTED, "base wanted"),
    Line(NOON, Told.STOP, "stop set"),
    Line(NOON, Told.DECIDED, "deal is open here", place=(0, 0)),
    Line(NOON, Told.DECIDED, "order 1 planned", place=(1, 2)),
    Line(NOON, Told.SENT, "order 1 asked for", place=(1, 4)),
    Line(NOON, Told.FILLED, "order 1 buys", place=(1, 5)),
    Line(NOON, Told.ANSWERED, "order 1 filled", place=(1, 6)),
    Line(NOON, Told.DECIDED, "order 2 planned", place=(2, 2)),
    Line(NOON, Told.DECIDED, "deal is closed here", place=(2**63, 0)),
    Line(NOON, Told.MOVED, "coins went"),
    Line(NOON, Told.PERSON, "somebody looked"),
    Line(after(seconds=1), Told.SOURCE, "the next reading"),
)


@pytest.mark.parametrize("seed", range(5))
def test_a_moment_is_told_from_what_was_said_to_what_came_of_it(seed: int) -> None:
    print(f"seed {seed}")
    shuffled = list(MOMENT)
    Random(seed).shuffle(shuffled)

    assert sorted(shuffled, key=in_order) == list(MOMENT)


def test_every_event_of_an_orders_life_has_words() -> None:
    assert {str(event) for event in Event} - HAPPENED.keys() == set()


def test_what_is_not_known_is_told_by_its_own_name() -> None:
    assert happened("looked_at_twice") == (Told.ANSWERED, "looked at twice")
