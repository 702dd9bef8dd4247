"""Nothing is executed more often than it was decided."""

from dataclasses import replace

from recomma.domain.books import DealBooks
from recomma.domain.cloid import decode, encode
from recomma.domain.duplicates import duplicates
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored
from recomma.domain.source import Leg, Role
from tests.domain.mirror_values import BASE, order, safety, size, take_profit
from tests.domain.mirrored_values import mirrored


def books(*here: Mirrored) -> DealBooks:
    return DealBooks(7, 1, "USDT_DOGE", "bought", here, {}, {})


DEAL = mirrored(
    held=100,
    orders=(
        order(BASE, State.FILLED, filled=100),
        order(safety(1), State.CANCELLED, filled=30),
        order(safety(1), size=70, generation=2),
        order(take_profit(), State.CANCELLED, size=60),
        order(take_profit(), size=100, generation=2),
    ),
)


def test_what_was_decided_may_be_executed_once() -> None:
    executed = [(7, BASE, size(100)), (7, safety(1), size(30)), (7, safety(1), size(70))]

    assert duplicates([books(DEAL)], executed) == 0


def test_an_entry_that_executed_twice_is_counted() -> None:
    assert duplicates([books(DEAL)], [(7, BASE, size(100)), (7, BASE, size(1))]) == 1


def test_generations_of_an_entry_replace_each_other() -> None:
    executed = [(7, safety(1), size(60)), (7, safety(1), size(70))]

    assert duplicates([books(DEAL)], executed) == 1


def test_exits_may_take_out_what_was_entered_however_often_they_moved() -> None:
    fits = [(7, take_profit(), size(40)), (7, take_profit(), size(60))]

    assert duplicates([books(DEAL)], fits) == 0
    assert duplicates([books(DEAL)], [*fits, (7, take_profit(), size(1))]) == 1


def test_what_nobody_decided_is_a_duplicate() -> None:
    assert duplicates([books(DEAL)], [(8, BASE, size(1))]) == 1


def test_each_venue_is_asked_about_its_own_orders() -> None:
    there = replace(DEAL, venue="there", orders=())

    assert duplicates([books(DEAL, there)], [(7, BASE, size(100))], venue="main") == 0
    assert duplicates([books(DEAL, there)], [(7, BASE, size(100))], venue="there") == 1


def test_a_manual_order_is_known_by_the_short_form_of_its_leg() -> None:
    manual = Leg(Role.MANUAL, "8123456789")
    deal = replace(DEAL, orders=(*DEAL.orders, order(manual, State.FILLED, filled=100)))
    told = decode(encode(1, 7, manual, 1))
    assert told is not None

    assert duplicates([books(deal)], [(7, told.leg, size(100))]) == 0
    assert duplicates([books(deal)], [(7, told.leg, size(101))]) == 1
