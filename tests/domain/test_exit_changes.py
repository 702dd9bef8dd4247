"""How to get from the exits that rest to those that should (design.md, section 9, Replacing)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.exits import (
    STOP,
    ExitChanges,
    Exposure,
    Target,
    closing_order,
    closing_terms,
    exit_changes,
    targets,
)
from recomma.domain.lifecycle import State
from recomma.domain.money import Side
from recomma.domain.orders import MirrorOrder, Style, Urgency
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from tests.domain.mirror_values import (
    NOON,
    after,
    exposure,
    order,
    price,
    size,
    take_profit,
    target,
)

LONG_AGO = after(hours=-1)


def resting_exit(order_id: int = 1, step: int = 1, **changes: Any) -> MirrorOrder:
    return order(take_profit(step), id=order_id, **{"price": "0.22", **changes})


def changed(
    *held: MirrorOrder,
    here: Exposure | None = None,
    to: tuple[Target, ...] | None = None,
    alone: bool = True,
    now: datetime = NOON,
) -> ExitChanges:
    where = here or exposure(last_fill_at=LONG_AGO)
    wanted = targets([target("0.22")], where) if to is None else to
    return exit_changes(wanted, held, where, Policy(), alone=alone, now=now)


# Nothing to do.


@pytest.mark.parametrize("state", [State.PLANNED, State.IN_DOUBT, State.RESTING])
def test_an_exit_that_fits_is_left_alone(state: State) -> None:
    assert changed(resting_exit(state=state)) == ExitChanges()


def test_a_partly_filled_exit_still_fits_what_is_left() -> None:
    here = exposure(bought=100, sold=40, taken={take_profit(): 40}, last_fill_at=LONG_AGO)

    assert changed(resting_exit(filled=40), here=here) == ExitChanges()


# The first exit.


def test_a_naked_position_gets_its_exit_first_of_all_exits() -> None:
    (new,) = changed().place

    assert (new.leg, new.urgency) == (take_profit(), Urgency.FIRST_EXIT)
    assert new.terms.reduce_only
    assert (new.terms.side, new.terms.style) == (Side.SELL, Style.REST)


def test_the_exit_of_a_short_position_buys_and_is_reduce_only() -> None:
    (new,) = changed(here=exposure(side=Side.SELL, last_fill_at=LONG_AGO)).place

    assert (new.terms.side, new.terms.reduce_only) == (Side.BUY, True)


@pytest.mark.parametrize("state", [State.CANCELLED, State.REFUSED, State.FILLED])
def test_an_exit_that_ended_is_no_exit(state: State) -> None:
    assert len(changed(resting_exit(state=state)).place) == 1


def test_an_exit_that_is_going_already_does_not_count() -> None:
    changes = changed(resting_exit(cancel_why=Reason.EXIT_REPLACED))

    assert len(changes.place) == 1
    assert changes.withdraw == ()


# Replacing.


def test_alone_on_its_coin_a_new_exit_goes_before_the_old_one() -> None:
    changes = changed(resting_exit(4, size=60))

    assert [new.terms.size for new in changes.place] == [100]
    assert [new.urgency for new in changes.place] == [Urgency.EXIT]
    assert changes.withdraw == ((4, Reason.EXIT_REPLACED),)


def test_beside_other_deals_the_old_exit_goes_first() -> None:
    changes = changed(resting_exit(4, size=60), alone=False)

    assert changes.place == ()
    assert changes.withdraw == ((4, Reason.EXIT_REPLACED),)


def test_beside_other_deals_the_new_exit_follows_when_the_old_one_is_gone() -> None:
    gone = resting_exit(4, size=60, state=State.CANCELLED)

    assert [new.terms.size for new in changed(gone, alone=False).place] == [100]


def test_of_two_exits_that_no_longer_fit_both_go_before_a_new_one_comes() -> None:
    changes = changed(resting_exit(4, size=60), resting_exit(5, size=70))

    assert changes.place == ()
    assert {order_id for order_id, _ in changes.withdraw} == {4, 5}


def test_several_steps_are_never_placed_over_old_ones() -> None:
    here = exposure(bought=200, last_fill_at=LONG_AGO)
    steps = targets([target("0.3", "0.5", 1), target("0.4", "0.5", 2)], here)

    changes = changed(resting_exit(4, size=100), here=here, to=steps)

    assert changes.place == ()
    assert changes.withdraw == ((4, Reason.EXIT_REPLACED),)


def test_only_the_step_that_changed_is_moved() -> None:
    here = exposure(bought=200, last_fill_at=LONG_AGO)
    steps = targets([target("0.3", "0.5", 1), target("0.4", "0.5", 2)], here)
    held = (resting_exit(4, 1, price="0.3"), resting_exit(5, 2, price="0.39"))

    changes = changed(*held, here=here, to=steps)

    assert changes.withdraw == ((5, Reason.EXIT_REPLACED),)


def test_an_exit_at_a_new_price_is_moved_at_once() -> None:
    here = exposure(last_fill_at=NOON)

    changes = changed(resting_exit(4, price="0.23"), here=here, now=after(seconds=1))

    assert [new.terms.price for new in changes.place] == [Decimal("0.22")]


def test_an_exit_that_is_wanted_no_more_goes() -> None:
    assert changed(resting_exit(4), to=()).withdraw == ((4, Reason.EXIT_REMOVED_AT_SOURCE),)


def test_a_stop_is_not_taken_for_a_take_profit() -> None:
    changes = changed(order(STOP, id=9))

    assert changes.withdraw == ()
    assert len(changes.place) == 1


# A burst of fills.


def test_a_small_gap_waits_for_the_burst_of_fills_to_end() -> None:
    here = exposure(bought=100, last_fill_at=NOON)

    changes = changed(resting_exit(size=60), here=here, now=after(seconds=1))

    assert changes == ExitChanges(look_again_at=after(seconds=2))


def test_after_the_burst_the_exit_is_resized() -> None:
    here = exposure(bought=100, last_fill_at=NOON)

    changes = changed(resting_exit(size=60), here=here, now=after(seconds=2))

    assert [new.terms.size for new in changes.place] == [100]


def test_a_gap_of_the_minimum_does_not_wait() -> None:
    here = exposure(bought=100, last_fill_at=NOON)

    changes = changed(resting_exit(size=54), here=here, now=NOON)

    assert [new.terms.size for new in changes.place] == [100]


def test_a_missing_exit_never_waits() -> None:
    assert len(changed(here=exposure(last_fill_at=NOON)).place) == 1


# Closing.


def caps_of(side: Side) -> list[tuple[Style, Decimal]]:
    here = exposure(side=side)
    found = [closing_terms(here, price("0.2"), tries, Policy()) for tries in range(6)]
    return [(terms.style, terms.price) for terms in found]


def test_a_close_reaches_further_from_try_to_try_and_then_rests() -> None:
    assert caps_of(Side.BUY) == [
        (Style.CROSS, Decimal("0.199")),
        (Style.CROSS, Decimal("0.198")),
        (Style.CROSS, Decimal("0.196")),
        (Style.CROSS, Decimal("0.19")),
        (Style.REST, Decimal("0.19")),
        (Style.REST, Decimal("0.19")),
    ]


def test_a_close_of_a_short_position_buys_above_the_mid() -> None:
    assert caps_of(Side.SELL)[0] == (Style.CROSS, Decimal("0.201"))
    assert caps_of(Side.SELL)[5] == (Style.REST, Decimal("0.21"))


def test_a_close_takes_what_is_left_and_can_never_turn_the_position() -> None:
    terms = closing_terms(exposure(bought=100, sold=30), price("0.2"), 0, Policy())

    assert (terms.size, terms.reduce_only) == (size(70), True)


def test_a_closing_order_says_why_it_closes() -> None:
    terms = closing_terms(exposure(), price("0.2"), 0, Policy())

    new = closing_order(terms, "DOGE", Reason.SOURCE_STOPPED, Decimal(1))

    assert (new.leg, new.urgency, new.why) == (STOP, Urgency.CLOSE, Reason.SOURCE_STOPPED)
