"""The 3Commas adapter asks its guard before each call, and tells it what came of it."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
import requests

from recomma.adapters.threecommas import errors
from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.ports.guarding import OverBudget, Purpose
from tests.adapters.threecommas_wire import API_KEY, SECRET, Says, Wire
from tests.adapters.told_guard import Told

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def source(wire: Wire, told: Told) -> ThreeCommas:
    session = requests.Session()
    session.mount("http://source.test", wire)
    credentials = Credentials(API_KEY, SECRET)
    return ThreeCommas("http://source.test", credentials, session=session, guard=told.guard)


def pages(counts: list[int]) -> Wire:
    """A list whose pages have so many rows; a row is only as good as its id."""
    left = iter(counts)
    seen = iter(range(10**6))
    return Wire(lambda _: Says([{"id": next(seen)} for _ in range(next(left))]))


def test_a_list_costs_one_and_a_reading_of_a_deal_two_at_once() -> None:
    told = Told()
    wire = Wire(lambda _: Says([]))
    source(wire, told).active_deals()
    with pytest.raises(errors.Garbled):
        source(wire, told).observe(7, NOW)

    assert told.spent == [(1, Purpose.LIST), (2, Purpose.DETAIL)]
    assert told.deals == [0, 7]
    assert len(wire.asked) == 3


def test_pages_that_are_known_to_come_are_taken_together_with_the_first() -> None:
    told = Told()
    asking = source(pages([100, 100, 5, 100, 100, 5, 5, 5]), told)

    for _ in range(4):
        asking.bots()

    each_for_itself, together, fewer, fewest = [1, 1, 1], [3], [3], [1]
    assert [weight for weight, _ in told.spent] == [
        *each_for_itself, *together, *fewer, *fewest
    ]  # fmt: skip


def test_a_list_that_was_refused_in_its_middle_is_asked_for_as_a_whole() -> None:
    told = Told()
    asking = source(pages([100, 5]), told)

    def only_one(weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        told.spent.append((weight, purpose))
        if len(told.spent) > 1:
            raise OverBudget("no room")

    told.spend = only_one  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(OverBudget):
            asking.bots()

    assert [weight for weight, _ in told.spent] == [1, 1, 2, 2]


def test_a_refusal_by_the_guard_sends_nothing() -> None:
    wire = Wire(lambda _: Says([]))

    with pytest.raises(OverBudget):
        source(wire, Told(OverBudget("no room"))).observe(7, NOW)

    assert wire.asked == []


@pytest.mark.parametrize(
    ("said", "failures"),
    [
        (Says([]), []),
        (Says(b"<html>", 502), ["ServerFailed"]),
        (Says(b"<html>"), ["Garbled"]),
        (Says({"error": "not_found"}, 404), []),
        (Says({"error": "api_key_invalid_or_expired"}, 401), []),
        (Says({"error": "Rate limit exceeded"}, 429), []),
        (requests.ReadTimeout("late"), ["NoAnswer"]),
        (requests.ConnectTimeout("never"), ["NotReached"]),
    ],
)
def test_trouble_is_a_failure_and_a_refusal_is_none(
    said: Says | requests.RequestException, failures: list[str]
) -> None:
    told = Told()
    asking = source(Wire(lambda _: said), told)

    with suppress(errors.ThreeCommasError):
        asking.active_deals()

    assert told.failures == failures


def test_a_429_pauses_until_the_time_it_names() -> None:
    told = Told()
    text = "Rate limit exceeded. Next request at 2025-11-11 17:08:36 UTC"

    with pytest.raises(errors.RateLimited):
        source(Wire(lambda _: Says({"error": text}, 429)), told).active_deals()

    assert told.pauses == [(datetime(2025, 11, 11, 17, 8, 36, tzinfo=UTC), 60)]


def test_a_ban_pauses_for_ten_minutes() -> None:
    told = Told()

    with pytest.raises(errors.Banned):
        source(Wire(lambda _: Says({}, 418)), told).active_deals()

    assert told.pauses == [(None, 600)]
