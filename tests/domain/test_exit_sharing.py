"""What a deal's exits may do beside those of others (design.md, section 9, Shared positions)."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.lifecycle import State
from recomma.domain.money import Side
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.reasons import Reason
from recomma.domain.sharing import Neighbour, Room, asked_for
from recomma.domain.source import Leg, Role
from tests.domain.mirror_values import order, price, size, take_profit

TRIGGER = Leg(Role.STOP, "trigger")


def exit_of(deal_id: int = 8, coins: int = 100, **changes: Any) -> MirrorOrder:
    return order(take_profit(), deal_id=deal_id, size=coins, **{"price": "0.22", **changes})


def beside(left: int = 100, *exits: MirrorOrder, side: Side = Side.BUY, of: int = 8) -> Neighbour:
    return Neighbour(of, side, size(left), exits)


def room(left: int = 100, *neighbours: Neighbour, side: Side = Side.BUY) -> Room:
    return Room(side, size(left), neighbours)


# What is held and asked for.


def test_the_net_position_is_what_all_deals_hold() -> None:
    assert room(100, beside(50), beside(30)).net == 180


def test_coins_of_the_other_side_are_taken_off() -> None:
    assert room(100, beside(30, side=Side.SELL)).net == 70
    assert room(100, beside(130, side=Side.SELL)).net == 0


def test_a_sleeping_trigger_asks_for_nothing() -> None:
    sleeping = order(TRIGGER, style=Style.TRIGGER)

    assert asked_for([sleeping]) == 0
    assert asked_for([exit_of(), exit_of(state=State.CANCELLED), sleeping]) == 100


def test_a_partly_filled_exit_asks_for_the_rest() -> None:
    assert asked_for([exit_of(filled=30)]) == 70


# Placing first.


def test_beside_others_coins_two_exits_never_ask_for_more_than_their_deal_has() -> None:
    """Both could fill in one moment, and the second would sell the other deal's coins."""
    assert not room(100, beside(100)).takes([size(100)], [exit_of(7)], set())
    assert room(100, beside(100)).takes([size(40)], [exit_of(7, 60)], {1})


def test_beside_an_exit_without_coins_only_what_has_room_is_placed() -> None:
    assert not room(100, beside(0, exit_of())).takes([size(100)], [exit_of(7)], set())


def test_a_missing_exit_has_room_beside_others() -> None:
    assert room(100, beside(100, exit_of())).takes([size(100)], [], set())


def test_alone_the_oldest_goes_and_it_has_to_be_one_that_goes_anyhow() -> None:
    old, young = exit_of(7, 60, id=1), exit_of(7, 40, id=2)

    assert room().takes([size(60)], [old, young], {young.id})
    assert not room().takes([size(40)], [old, young], {old.id})


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(1, 200), st.booleans()), max_size=5),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 300)), max_size=3),
    st.sampled_from(list(Side)),
)
def test_what_is_placed_first_never_makes_the_venue_take_away_what_has_to_stay(
    left: int, mine: list[tuple[int, bool]], others: list[tuple[int, int]], side: Side
) -> None:
    held = [exit_of(7, coins, id=n) for n, (coins, _) in enumerate(mine, start=1)]
    kept = {n for n, (_, stays) in enumerate(mine, start=1) if stays}
    neighbours = [
        beside(coins, *([exit_of(8 + n, asked)] if asked else []), side=side, of=8 + n)
        for n, (coins, asked) in enumerate(others)
    ]
    here = room(left, *neighbours, side=side)
    stays = sum(o.remaining for o in held if o.id in kept)
    new = [size(left - int(stays))] if stays < left else []

    if not here.takes(new, held, kept):
        return

    excess = sum(new) + asked_for(held) + here.others_ask - here.net
    assert excess <= 0 or not here.others_ask
    assert here.is_whole or sum(new) + asked_for(held) <= here.left
    for oldest in held:  # As the venue does it.
        if excess <= 0:
            break
        assert oldest.id not in kept
        excess -= oldest.remaining


# Dust.


@pytest.mark.parametrize(
    ("left", "neighbours", "small"),
    [(20, (beside(100),), True), (20, (), False), (20, (beside(0, exit_of()),), False)],
    ids=["beside coins", "alone", "beside an exit without coins"],
)
def test_only_beside_other_coins_an_exit_is_too_small(
    left: int, neighbours: tuple[Neighbour, ...], small: bool
) -> None:
    assert room(left, *neighbours).too_small(price("0.2")) is small


def test_exactly_the_minimum_is_enough() -> None:
    assert not room(50, beside(100)).too_small(price("0.2"))
    assert room(49, beside(100)).too_small(price("0.2"))


def test_the_heir_is_the_deal_whose_exit_is_nearest() -> None:
    far = beside(100, exit_of(8, price="0.3"), of=8)
    near = beside(100, exit_of(9, price="0.21"), of=9)

    assert room(20, far, near).heir(price("0.22")) == 9
    assert room(20, far, near).heir(price("0.28")) == 8


@pytest.mark.parametrize(
    "nobody",
    [
        (),
        (beside(100),),
        (beside(100, exit_of(cancel_why=Reason.EXIT_REPLACED)),),
        (beside(100, order(TRIGGER, style=Style.TRIGGER)),),
        (beside(0, exit_of()),),
        (beside(100, exit_of(), side=Side.SELL),),
    ],
    ids=["nobody", "no exit", "an exit that goes", "a trigger", "no coins", "the other side"],
)
def test_nobody_takes_dust_without_an_exit_of_its_own(nobody: tuple[Neighbour, ...]) -> None:
    assert room(20, *nobody).heir(price("0.22")) is None


def test_of_two_equally_near_the_older_deal_inherits() -> None:
    one, two = beside(100, exit_of(8), of=8), beside(100, exit_of(9), of=9)

    assert room(20, two, one).heir(price("0.22")) == 8
    assert room(20, two, one).net == Decimal(220)
