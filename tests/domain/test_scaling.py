"""Coins that the venue counts in thousands (hyperliquid.md 2.2)."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.scaling import in_venue_units
from tests.domain.mirror_values import BASE, limit_entry, price, target, wish


def test_a_thousand_coins_are_one_at_a_thousand_times_the_price() -> None:
    wanted = wish(limit_entry(BASE, "0.00002", coins="5000000"), exits=(target("0.000025"),))

    scaled = in_venue_units(replace(wanted, stop_price=price("0.00001")), 1000)

    (entry,) = scaled.entries
    assert (entry.price, entry.size) == (Decimal("0.02"), Decimal(5000))
    assert [exit_.price for exit_ in scaled.exits] == [Decimal("0.025")]
    assert scaled.stop_price == Decimal("0.01")


@given(st.decimals("0.0000001", "1", places=10), st.decimals("1", "1000000", places=4))
def test_an_order_is_worth_the_same_in_either_count(at: Decimal, coins: Decimal) -> None:
    wanted = wish(limit_entry(BASE, str(at), coins=str(coins)))

    (entry,) = in_venue_units(wanted, 1000).entries

    assert entry.price * entry.size == at * coins


def test_coins_that_are_counted_alike_stay_as_they_are() -> None:
    wanted = wish(limit_entry(BASE))

    assert in_venue_units(wanted, 1) is wanted
