"""What a deal's fills came to, in quote currency."""

from decimal import Decimal

from recomma.domain.money import Side
from recomma.domain.trades import NO_TRADES, Trades
from tests.domain.mirror_values import size

BUY, SELL = Side.BUY, Side.SELL


def trades(*fills: tuple[Side, int, str]) -> Trades:
    """Sum fills of (side, coins, price), each for a fee of 0.01."""
    sums = NO_TRADES
    for side, coins, price in fills:
        sums = sums.and_also(side, size(coins), coins * Decimal(price), Decimal("0.01"))
    return sums


def test_a_long_deal_gains_what_it_sold_for_more_less_all_fees() -> None:
    assert trades((BUY, 100, "0.2"), (SELL, 100, "0.21")).realised(BUY) == Decimal("0.98")


def test_a_short_deal_gains_what_it_bought_back_for_less() -> None:
    assert trades((SELL, 100, "0.2"), (BUY, 100, "0.19")).realised(SELL) == Decimal("0.98")


def test_what_is_still_open_has_cost_only_its_fees() -> None:
    assert trades((BUY, 100, "0.2"), (BUY, 100, "0.1")).realised(BUY) == Decimal("-0.02")


def test_a_part_that_was_sold_counts_against_the_average() -> None:
    sold = trades((BUY, 100, "0.2"), (BUY, 100, "0.1"), (SELL, 50, "0.16"))

    assert sold.realised(BUY) == Decimal("0.5") - Decimal("0.03")


def test_a_deal_that_only_sold_what_came_from_another_has_gained_nothing_of_its_own() -> None:
    assert trades((SELL, 20, "0.2")).realised(BUY) == Decimal("-0.01")


def test_no_fills_are_no_gain() -> None:
    assert NO_TRADES.realised(BUY) == 0
