"""Every switch of both simulators can be turned, by name or all at once."""

import pytest
from click import UsageError

from recomma.rehearse import turning
from recomma.simulators.hyperliquid import switches as of_venue
from recomma.simulators.threecommas import switches as of_source


def test_every_switch_of_the_venue_is_turned_to_another_position() -> None:
    start = vars(of_venue.Switches())

    turned = turning.every().venue

    assert turned.keys() == start.keys()
    assert all(turned[name] != start[name] for name in start)
    assert all(turned[name] in of_venue.positions(name) for name in start)


def test_every_switch_of_the_source_with_two_sides_is_turned() -> None:
    start = vars(of_source.Switches())

    turned = turning.every()

    assert start.keys() - turned.source.keys() == {"close_delay_seconds"}
    assert all(turned.source[name] != start[name] for name in turned.source)
    assert vars(turned.source_switches()) == start | dict(turned.source)


def test_switches_are_found_by_name_in_either_simulator() -> None:
    turned = turning.read(["gtc_partial=filled", "disorder=off", "close_delay_seconds=7"])

    assert turned.venue == {"gtc_partial": "filled"}
    assert turned.source == {"disorder": False, "close_delay_seconds": 7}


@pytest.mark.parametrize(
    "word", ["disorder", "unknown=on", "gtc_partial=both", "disorder=7", "close_delay_seconds=-1"]
)
def test_a_word_that_turns_nothing_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        turning.read([word])
