"""Prices and sizes that the venue accepts (hyperliquid.md 2.3)."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recomma.domain.money import Price, Side, Size
from recomma.domain.rounding import (
    PERP_DECIMALS,
    round_crossing,
    round_entry_size,
    round_exit_size,
    round_resting,
    tick_at,
)

DECIMALS = st.integers(0, 5)
SIDES = st.sampled_from(list(Side))
PRICES = st.builds(
    lambda digits, exponent: Price(Decimal(digits).scaleb(exponent)),
    st.integers(1, 10**9 - 1),
    st.integers(-12, -3),
).filter(lambda price: Decimal("1e-6") <= price <= Decimal("1e6"))
SIZES = st.decimals(0, 10**6, places=8).map(Size)


def is_legal(price: Decimal, size_decimals: int) -> bool:
    """Judge as the venue does: whole, or of five figures and few enough decimals."""
    if price == price.to_integral_value():
        return True
    exponent = price.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    figures = len(price.normalize().as_tuple().digits)
    return figures <= 5 and -exponent <= PERP_DECIMALS - size_decimals


@given(PRICES, SIDES, DECIMALS)
def test_a_rounded_price_is_legal(price: Price, side: Side, decimals: int) -> None:
    assert is_legal(round_resting(price, side, decimals), decimals)
    assert is_legal(round_crossing(price, side, decimals), decimals)


@given(PRICES, SIDES, DECIMALS)
def test_a_legal_price_is_left_as_it_is(price: Price, side: Side, decimals: int) -> None:
    assume(is_legal(price, decimals))

    assert round_resting(price, side, decimals) == price
    assert round_crossing(price, side, decimals) == price


@given(PRICES, SIDES, DECIMALS)
def test_rounding_again_changes_nothing(price: Price, side: Side, decimals: int) -> None:
    resting = round_resting(price, side, decimals)
    crossing = round_crossing(price, side, decimals)
    assume(resting and crossing)

    assert round_resting(resting, side, decimals) == resting
    assert round_crossing(crossing, side, decimals) == crossing


@given(PRICES, SIDES, DECIMALS)
def test_a_resting_order_never_pays_more_than_the_source(
    price: Price, side: Side, decimals: int
) -> None:
    moved = (round_resting(price, side, decimals) - price) * side.sign

    assert -tick_at(price, decimals) < moved <= 0


@given(PRICES, SIDES, DECIMALS)
def test_a_crossing_order_reaches_at_least_as_far_as_its_price(
    price: Price, side: Side, decimals: int
) -> None:
    moved = (round_crossing(price, side, decimals) - price) * side.sign

    assert 0 <= moved < tick_at(price, decimals)


@pytest.mark.parametrize(
    ("price", "decimals", "down", "up"),
    [
        ("1234.56", 0, "1234.5", "1234.6"),
        ("0.0012345", 0, "0.001234", "0.001235"),
        ("0.012345", 1, "0.01234", "0.01235"),
        ("12345.6", 5, "12345", "12346"),
        ("123456", 5, "123456", "123456"),
        ("123456.7", 0, "123456", "123457"),
        ("99999.5", 0, "99999", "100000"),
        ("0.99999999", 0, "0.99999", "1"),
    ],
)
def test_prices_round_as_the_venue_documents(price: str, decimals: int, down: str, up: str) -> None:
    exact = Price(Decimal(price))

    assert round_resting(exact, Side.BUY, decimals) == Decimal(down)
    assert round_resting(exact, Side.SELL, decimals) == Decimal(up)


@given(SIZES, DECIMALS)
def test_an_entry_is_at_most_half_a_lot_off(size: Size, decimals: int) -> None:
    lot = Decimal(1).scaleb(-decimals)

    rounded = round_entry_size(size, decimals)

    assert abs(rounded - size) <= lot / 2
    assert rounded % lot == 0


@given(SIZES, DECIMALS)
def test_an_exit_never_takes_more_than_its_share(size: Size, decimals: int) -> None:
    lot = Decimal(1).scaleb(-decimals)

    rounded = round_exit_size(size, decimals)

    assert 0 <= size - rounded < lot
    assert rounded % lot == 0
