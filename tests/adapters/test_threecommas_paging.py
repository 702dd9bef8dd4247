"""Lists of 3Commas longer than a page, and that move while we page (threecommas.md 4.3)."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from recomma.adapters.threecommas.errors import NotFound, RateLimited
from tests.adapters.threecommas_wire import (
    Says,
    Wire,
    always,
    bot_json,
    client,
    deal_json,
    row_json,
)

NOON = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)
NOT_FOUND = Says({"error": "not_found", "error_description": "Not Found"}, 404)


def moving(ids: list[int], between: Callable[[list[int]], None]) -> Wire:
    """Answer like a list of deals, newest first, that `between` changes after each page."""

    def answer(request: requests.PreparedRequest) -> Says:
        asked = parse_qs(urlsplit(request.path_url).query)
        start, limit = int(asked["offset"][0]), int(asked["limit"][0])
        page = [deal_json(n) for n in ids[start : start + limit]]
        between(ids)
        return Says(page)

    return Wire(answer)


def newest_first(count: int) -> list[int]:
    return list(range(count, 0, -1))


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 1979, 1980, 1981, 2000, 3500])
def test_every_deal_is_seen_once_however_the_pages_come_out(count: int) -> None:
    deals = client(moving(newest_first(count), lambda _ids: None)).active_deals()

    assert [deal.id for deal in deals] == newest_first(count)


def test_deals_that_end_while_we_page_hide_none_of_the_others() -> None:
    """What stands behind them moves up, over the seam between two pages."""

    def some_end(ids: list[int]) -> None:
        del ids[:10]

    deals = client(moving(newest_first(2500), some_end)).active_deals()

    assert {deal.id for deal in deals} >= set(range(1, 2481))


def test_deals_that_open_while_we_page_make_none_come_twice() -> None:
    def some_open(ids: list[int]) -> None:
        ids[:0] = [max(ids) + n for n in (2, 1)]

    deals = client(moving(newest_first(2500), some_open)).active_deals()

    ids = [deal.id for deal in deals]
    assert len(ids) == len(set(ids))
    assert set(ids) >= set(range(1, 2501))


@pytest.mark.parametrize("seed", range(10))
def test_equal_times_that_come_in_another_order_hide_no_deal(seed: int) -> None:
    """Ties in `created_at` are not ordered by id, so a page may have them in another order."""
    chance = random.Random(seed)  # The seed is in the name of the test.

    def ties_change(ids: list[int]) -> None:
        start = chance.randrange(990, 1000)  # Over the seam of the first two pages.
        tie = ids[start : start + 8]
        chance.shuffle(tie)
        ids[start : start + 8] = tie

    deals = client(moving(newest_first(2500), ties_change)).active_deals()

    assert sorted(deal.id for deal in deals) == list(range(1, 2501))


def test_bots_beyond_the_first_hundred_are_seen() -> None:
    bots = [bot_json(n) for n in range(101)]

    def answer(request: requests.PreparedRequest) -> Says:
        asked = parse_qs(urlsplit(request.path_url).query)
        start, limit = int(asked["offset"][0]), int(asked["limit"][0])
        assert limit <= 100  # More is not documented.
        return Says(bots[start : start + limit])

    assert [bot.id for bot in client(Wire(answer)).bots()] == list(range(101))


def test_a_page_that_fails_makes_the_whole_list_unread() -> None:
    """Half a list would make the other half look vanished."""
    first = Says([deal_json(n) for n in range(1000)])
    limited = Says({"error": "Rate limit exceeded. Next request at 2025-03-04 12:01:07 UTC"}, 429)

    with pytest.raises(RateLimited):
        client(always(first, limited)).active_deals()


@pytest.mark.parametrize("gone", ["/show", "/market_orders"])
def test_a_deal_that_vanishes_between_list_and_page_is_not_found(gone: str) -> None:
    def answer(request: requests.PreparedRequest) -> Says:
        if request.path_url.endswith(gone):
            return NOT_FOUND
        rows = request.path_url.endswith("/market_orders")
        return Says([row_json()] if rows else deal_json(7))

    with pytest.raises(NotFound):
        client(Wire(answer)).observe(7, NOON)
