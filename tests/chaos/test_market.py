"""The scripted market follows from its seed."""

from datetime import UTC, datetime

from tests.chaos.market import DEALS_MIN, market

BEGINS = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_the_same_seed_gives_the_same_market() -> None:
    assert market(5, BEGINS, 60) == market(5, BEGINS, 60)


def test_there_are_at_least_forty_deals_of_both_sides() -> None:
    found = market(5, BEGINS, 60)

    strategies = {deal["strategy"] for bot in found.played for deal in bot.deals}
    assert len(found.deal_ids) >= DEALS_MIN
    assert strategies == {"long", "short"}


def test_all_bots_of_a_coin_see_the_venues_prices() -> None:
    found = market(5, BEGINS, 60)

    for bot in found.played:
        for pair, path in bot.prices.items():
            there = [price for _, price in found.paths[pair.removeprefix("USDT_")]]
            assert [price for _, price in path] == there
