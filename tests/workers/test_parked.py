"""The queue that shows the open dead letters, on a real broker."""

import base64
import json
from collections.abc import Sequence

import pytest

from tests.workers.running import Broker
from workers.parked import AT_ONCE, Parking


class LetterBox:
    """Open letters, and which of them were parked."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.was_parked: set[int] = set()

    def open_ids(self) -> Sequence[int]:
        return list(self.open)

    def unparked(self, limit: int) -> Sequence[int]:
        return [letter for letter in self.open if letter not in self.was_parked][:limit]

    def parked(self, ids: Sequence[int]) -> None:
        self.was_parked.update(ids)


@pytest.fixture
def letters() -> LetterBox:
    return LetterBox()


@pytest.fixture
def parking(valkey: Broker, letters: LetterBox) -> Parking:
    return Parking(valkey.app(), lambda: letters)


def shown(valkey: Broker) -> list[int]:
    """Return the ids in the queue, the oldest message first."""
    messages = [json.loads(str(entry)) for entry in valkey.client.lrange("dead_letters", 0, -1)]
    bodies = [json.loads(base64.b64decode(message["body"])) for message in messages]
    return [keywords["id"] for _, keywords, _ in reversed(bodies)]


def test_open_letters_are_shown(valkey: Broker, letters: LetterBox, parking: Parking) -> None:
    letters.open = [3, 5]

    parking.mirror()

    assert shown(valkey) == [3, 5]


def test_looking_again_changes_nothing(
    valkey: Broker, letters: LetterBox, parking: Parking
) -> None:
    letters.open = [3, 5]
    parking.mirror()
    before = valkey.client.lrange("dead_letters", 0, -1)

    parking.mirror()

    assert valkey.client.lrange("dead_letters", 0, -1) == before


def test_a_new_letter_is_added_to_those_shown(
    valkey: Broker, letters: LetterBox, parking: Parking
) -> None:
    letters.open = [3]
    parking.mirror()
    letters.open = [3, 9]

    parking.mirror()

    assert shown(valkey) == [3, 9]


def test_a_letter_that_was_acted_on_disappears(
    valkey: Broker, letters: LetterBox, parking: Parking
) -> None:
    letters.open = [3, 5, 9]
    parking.mirror()
    letters.open = [3, 9]

    parking.mirror()

    assert shown(valkey) == [3, 9]


def test_a_flush_of_the_broker_mends_itself(
    valkey: Broker, letters: LetterBox, parking: Parking
) -> None:
    letters.open = [3, 5]
    parking.mirror()
    valkey.client.flushall()

    parking.mirror()

    assert shown(valkey) == [3, 5]


def test_a_letter_parked_twice_is_shown_once(
    valkey: Broker, letters: LetterBox, parking: Parking
) -> None:
    """A crash between the broker and the row parks a letter again."""
    letters.open = [3]
    parking.mirror()
    letters.was_parked.clear()

    parking.mirror()

    assert shown(valkey) == [3]


def test_many_letters_at_once_are_shown_and_then_left_alone(
    valkey: Broker, letters: LetterBox, parking: Parking
) -> None:
    letters.open = list(range(AT_ONCE + 1))
    parking.mirror()
    before = valkey.client.lrange("dead_letters", 0, -1)

    parking.mirror()

    assert len(before) == AT_ONCE + 1
    assert valkey.client.lrange("dead_letters", 0, -1) == before


def test_no_letter_is_an_empty_queue(valkey: Broker, parking: Parking) -> None:
    parking.mirror()

    assert valkey.client.exists("dead_letters") == 0
