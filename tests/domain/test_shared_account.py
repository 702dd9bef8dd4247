"""An account beside our deals on it: what is short, what is foreign, and who loses how much."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.money import Side, Size
from recomma.domain.shared_account import CoinHeld, Share, allot, compare, losers

LOT = Decimal(1)


def share(deal_id: int, left: str, side: Side = Side.BUY, coin: str = "DOGE") -> Share:
    return Share(deal_id, coin, side, Size(Decimal(left)), in_doubt=False)


def held(net: str, *shares: Share) -> CoinHeld:
    return compare({"DOGE": Decimal(net)} if Decimal(net) else {}, shares)["DOGE"]


def parts(loss: str, *lefts: str, lot: Decimal = LOT) -> list[Decimal]:
    shares = [share(i, left) for i, left in enumerate(lefts)]
    allotted = allot(Size(Decimal(loss)), shares, lot)
    return [allotted.get(s.deal_id, Size(Decimal(0))) for s in shares]


@pytest.mark.parametrize(
    ("net", "short_by", "foreign"),
    [
        ("150", "0", "0"),  # As it should be.
        ("200", "0", "50"),  # Somebody bought beside us.
        ("60", "90", "0"),  # Somebody sold some of ours.
        ("0", "150", "0"),
        ("-20", "150", "-20"),  # Turned round: all of ours is gone, the short is theirs.
    ],
)
def test_two_long_deals_beside_the_account(net: str, short_by: str, foreign: str) -> None:
    found = held(net, share(1, "100"), share(2, "50"))

    assert found == CoinHeld(
        "DOGE", Decimal(net), Decimal(150), Size(Decimal(short_by)), Decimal(foreign)
    )


@pytest.mark.parametrize(
    ("net", "short_by", "foreign"),
    [("-100", "0", "0"), ("-130", "0", "-30"), ("-40", "60", "0"), ("5", "100", "5")],
)
def test_a_short_deal_beside_the_account(net: str, short_by: str, foreign: str) -> None:
    found = held(net, share(1, "100", Side.SELL))

    assert found.ours == -100
    assert (found.short_by, found.foreign) == (Decimal(short_by), Decimal(foreign))


def test_a_coin_that_none_of_our_deals_holds_is_foreign() -> None:
    found = compare({"ETH": Decimal("-0.5")}, [share(1, "100")])

    assert (found["ETH"].ours, found["ETH"].foreign) == (Decimal(0), Decimal("-0.5"))
    assert found["DOGE"].short_by == 100


def test_deals_of_the_other_direction_lose_nothing() -> None:
    shares = [share(1, "100"), share(2, "30", Side.SELL), share(3, "7", coin="ETH")]

    assert losers(held("0", *shares[:2]), shares) == (shares[0],)


def test_a_loss_is_divided_by_what_each_deal_holds() -> None:
    assert parts("60", "100", "50") == [40, 20]


def test_what_rounding_leaves_goes_to_the_largest_remainder() -> None:
    assert parts("10", "100", "50", "50") == [5, 3, 2]
    assert parts("1", "30", "70") == [0, 1]


def test_of_equal_remainders_the_older_deal_is_first() -> None:
    assert parts("1", "50", "50") == [1, 0]


def test_a_loss_of_everything_takes_everything() -> None:
    assert parts("150", "100", "50") == [100, 50]
    assert parts("999", "100", "50") == [100, 50]


def test_a_deal_that_holds_less_than_a_lot_loses_no_more_than_that() -> None:
    assert parts("2", "0.4", "0.4", "1.6") == [Decimal("0.4"), Decimal("0.4"), Decimal("1.2")]


def test_nothing_lost_is_nothing_allotted() -> None:
    assert allot(Size(Decimal(0)), [share(1, "100")], LOT) == {}
    assert allot(Size(Decimal(5)), [], LOT) == {}


SIZES = st.decimals(min_value=0, max_value=10**9, places=4).map(Size)


@given(
    lefts=st.lists(SIZES, min_size=1, max_size=8),
    loss=SIZES,
    decimals=st.integers(min_value=0, max_value=4),
)
def test_no_deal_loses_more_than_it_holds_and_the_parts_are_exactly_the_loss(
    lefts: list[Size], loss: Size, decimals: int
) -> None:
    shares = [share(deal_id, str(left)) for deal_id, left in enumerate(lefts)]

    allotted = allot(loss, shares, Decimal(1).scaleb(-decimals))

    assert all(0 < size <= lefts[deal_id] for deal_id, size in allotted.items())
    assert sum(allotted.values()) == min(loss, sum(lefts))


@given(
    lefts=st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=8),
    part=st.integers(min_value=0, max_value=10**6),
)
def test_whole_lots_are_lost_in_whole_lots_and_within_one_of_the_exact_part(
    lefts: list[int], part: int
) -> None:
    loss = min(part, sum(lefts))
    shares = [share(deal_id, str(left)) for deal_id, left in enumerate(lefts)]

    allotted = allot(Size(Decimal(loss)), shares, LOT)

    for deal_id, left in enumerate(lefts):
        got = allotted.get(deal_id, Size(Decimal(0)))
        assert got == got.to_integral_value()
        assert abs(got * sum(lefts) - loss * left) <= sum(lefts)


@given(net=st.integers(-500, 500), lefts=st.lists(st.integers(0, 200), max_size=4))
def test_what_is_there_is_ours_or_foreign_and_nothing_counts_twice(
    net: int, lefts: list[int]
) -> None:
    shares = [share(deal_id, str(left)) for deal_id, left in enumerate(lefts)]

    found = compare({"DOGE": Decimal(net)}, shares)["DOGE"]

    assert found.ours - found.short_by + found.foreign == net
    assert 0 <= found.short_by <= found.ours
