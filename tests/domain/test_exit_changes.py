"""How to get from the exits that rest to those that should (design.md, section 9, Replacing)."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.closing import STOP
from recomma.domain.exit_changes import ExitChanges, ExitsHere, exit_changes
from recomma.domain.exits import Exposure, Target, targets
from recomma.domain.lifecycle import State
from recomma.domain.money import Side
from recomma.domain.orders import MirrorOrder, Style, Urgency
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.sharing import Neighbour, Room
from tests.domain.mirror_values import (
    NOON,
    after,
    exposure,
    order,
    price,
    size,
    stored,
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
    """Compare; not `alone`: another deal has 100 coins and an exit for them."""
    where = here or exposure(last_fill_at=LONG_AGO)
    wanted = targets([target("0.22")], where) if to is None else to
    theirs = order(take_profit(), id=90, deal_id=8, price="0.22")
    beside = () if alone else (Neighbour(8, where.entry_side, size(100), (theirs,)),)
    room = Room(where.entry_side, where.left, beside)
    return exit_changes(wanted, ExitsHere(where, held, Policy(), room, now))


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


def test_two_exits_that_no_longer_fit_both_go_when_the_new_one_stands() -> None:
    changes = changed(resting_exit(4, size=60), resting_exit(5, size=70))

    assert [new.terms.size for new in changes.place] == [100]
    assert {order_id for order_id, _ in changes.withdraw} == {4, 5}


def two_steps(here: Exposure) -> tuple[Target, ...]:
    return targets([target("0.3", "0.5", 1), target("0.4", "0.5", 2)], here)


def test_alone_all_steps_may_go_before_the_old_ones() -> None:
    here = exposure(bought=200, last_fill_at=LONG_AGO)
    old = (resting_exit(4, 1, price="0.3", size=50), resting_exit(5, 2, price="0.4", size=50))

    changes = changed(*old, here=here, to=two_steps(here))

    assert [new.terms.size for new in changes.place] == [100, 100]
    assert {order_id for order_id, _ in changes.withdraw} == {4, 5}


def test_a_step_that_stays_is_never_taken_away_by_one_that_is_placed_over_it() -> None:
    here = exposure(bought=200, last_fill_at=LONG_AGO)
    held = (resting_exit(4, 1, price="0.3"), resting_exit(5, 2, price="0.39"))

    changes = changed(*held, here=here, to=two_steps(here))

    assert changes.place == ()
    assert changes.withdraw == ((5, Reason.EXIT_REPLACED),)


def test_a_step_may_be_placed_over_an_older_one_that_goes() -> None:
    here = exposure(bought=200, last_fill_at=LONG_AGO)
    held = (resting_exit(4, 2, price="0.39"), resting_exit(5, 1, price="0.3"))

    changes = changed(*held, here=here, to=two_steps(here))

    assert [new.leg for new in changes.place] == [take_profit(2)]
    assert changes.withdraw == ((4, Reason.EXIT_REPLACED),)


def test_beside_other_deals_what_has_room_is_placed_at_once() -> None:
    here = exposure(bought=200, last_fill_at=LONG_AGO)
    held = (resting_exit(4, 1, price="0.3"),)

    changes = changed(*held, here=here, to=two_steps(here), alone=False)

    assert [new.leg for new in changes.place] == [take_profit(2)]
    assert changes.withdraw == ()


def test_an_exit_that_was_never_asked_for_blocks_nothing() -> None:
    planned = resting_exit(4, size=60, state=State.PLANNED)

    changes = changed(planned, alone=False)

    assert [(new.terms.size, new.urgency) for new in changes.place] == [
        (Decimal(100), Urgency.FIRST_EXIT)
    ]
    assert changes.withdraw == ((4, Reason.EXIT_REPLACED),)


def test_an_exit_that_was_to_go_first_waits_when_another_deal_has_come_meanwhile() -> None:
    old = resting_exit(4, size=60, cancel_why=Reason.EXIT_REPLACED)
    unsent = resting_exit(5, state=State.PLANNED, attempts=0)

    assert changed(old, unsent) == ExitChanges()
    assert changed(old, unsent, alone=False).withdraw == ((5, Reason.EXIT_REPLACED),)


def test_an_exit_that_was_to_go_first_and_was_turned_away_waits_for_the_old_one_to_go() -> None:
    old = resting_exit(4, size=60, cancel_why=Reason.EXIT_REPLACED)
    tried = resting_exit(5, state=State.PLANNED, attempts=1)

    dropped = replace(tried, state=State.CANCELLED, why=Reason.EXIT_REPLACED)
    assert changed(old, tried).withdraw == ((5, Reason.EXIT_REPLACED),)
    assert changed(old, dropped).place == ()
    assert len(changed(replace(old, state=State.CANCELLED), dropped).place) == 1


def test_a_first_exit_waits_for_room_that_another_deal_is_giving_up() -> None:
    here = exposure(last_fill_at=LONG_AGO)
    theirs = tuple(order(take_profit(), id=n, deal_id=8) for n in (90, 91))
    room = Room(Side.BUY, here.left, (Neighbour(8, Side.BUY, size(100), theirs),))

    changes = exit_changes(
        targets([target("0.22")], here), ExitsHere(here, (), Policy(), room, NOON)
    )

    assert changes == ExitChanges(look_again_at=after(seconds=1))


def test_an_exit_that_the_venue_shrank_is_replaced() -> None:
    here = exposure(last_fill_at=LONG_AGO)
    room = Room(Side.BUY, here.left)
    view = ExitsHere(here, (resting_exit(4),), Policy(), room, NOON, shrunk=frozenset({4}))

    changes = exit_changes(targets([target("0.22")], here), view)

    assert [new.terms.size for new in changes.place] == [100]
    assert changes.withdraw == ((4, Reason.EXIT_REPLACED),)


# A step that the source closes at market.


def closing_step(*held: MirrorOrder, mid: str | None = "0.2") -> ExitChanges:
    here = exposure(bought=200, last_fill_at=LONG_AGO)
    steps = [target("0.3", "0.5", 1), target("0.4", "0.5", 2)]
    wanted = targets(steps, here, closing=frozenset({take_profit(2)}))
    known = price(mid) if mid else None
    room = Room(Side.BUY, here.left)
    return exit_changes(wanted, ExitsHere(here, held, Policy(), room, NOON, mid=known))


def test_a_step_that_the_source_closes_is_sold_at_market() -> None:
    one, two = resting_exit(4, 1, price="0.3"), resting_exit(5, 2, price="0.4")

    changes = closing_step(two, one)

    (new,) = closing_step(resting_exit(4, 2, price="0.4"), resting_exit(5, 1, price="0.3")).place
    assert (new.leg, new.urgency) == (take_profit(2), Urgency.CLOSE)
    assert (new.terms.style, new.terms.price) == (Style.CROSS, Decimal("0.199"))
    assert new.why is Reason.SOURCE_PANIC_SOLD
    assert changes.withdraw == ((5, Reason.EXIT_REPLACED),)


def test_closing_a_step_needs_the_markets_price() -> None:
    assert closing_step(mid=None) == ExitChanges(needs_mid=True)


def test_the_next_try_of_a_closing_step_reaches_further() -> None:
    one = resting_exit(4, 1, price="0.3")
    trying = resting_exit(5, 2, price="0.199", style=Style.CROSS, state=State.PLANNED, attempts=1)

    changes = closing_step(one, trying)

    ((order_id, terms),) = changes.reterm
    assert (order_id, terms.price) == (5, Decimal("0.198"))
    assert (changes.place, changes.withdraw) == ((), ())


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


# Whatever rests, and in whatever state: after some rounds each step has its one exit.

HELD = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["0.3", "0.4", "0.5"]),
        st.integers(1, 300),
        st.sampled_from([State.PLANNED, State.RESTING]),
    ),
    max_size=5,
)


def carried_out(held: list[MirrorOrder], changes: ExitChanges) -> list[MirrorOrder]:
    """Let the venue do what was decided: cancels are confirmed, new exits rest."""
    gone = {order_id for order_id, _ in changes.withdraw}
    stay = [replace(o, state=State.RESTING) for o in held if o.id not in gone]
    first = max((o.id for o in held), default=0) + 1
    new = [stored(n, order_id) for order_id, n in enumerate(changes.place, start=first)]
    return stay + [replace(o, state=State.RESTING) for o in new]


@given(HELD, st.integers(1, 300), st.integers(0, 200), st.sampled_from(list(Side)))
def test_whatever_rests_each_step_ends_with_exactly_one_exit(
    raw: list[tuple[int, str, int, State]], coins: int, theirs: int, side: Side
) -> None:
    here = exposure(coins, side=side, last_fill_at=LONG_AGO)
    steps = [target("0.3", "0.3", 1), target("0.4", "0.3", 2), target("0.5", "0.4", 3)]
    wanted = targets(steps, here)
    others = (order(take_profit(), id=900, deal_id=8, size=theirs),) if theirs else ()
    room = Room(side, here.left, (Neighbour(8, side, size(theirs), others),))
    held = [
        resting_exit(n, step, price=at, size=much, state=state)
        for n, (step, at, much, state) in enumerate(raw, start=1)
    ]
    changes = ExitChanges()
    for _ in range(4):
        changes = exit_changes(wanted, ExitsHere(here, tuple(held), Policy(), room, NOON))
        held = carried_out(held, changes)

    assert changes == ExitChanges()
    assert sorted((o.leg.which, o.remaining, o.terms.price) for o in held) == sorted(
        (t.leg.which, t.size, t.price) for t in wanted
    )
