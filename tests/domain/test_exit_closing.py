"""What closes a deal here, and how (design.md, section 9, The source closes)."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.closing import (
    STOP,
    Ending,
    close_at,
    closing_here,
    closing_order,
    closing_terms,
)
from recomma.domain.closing_changes import closing_changes
from recomma.domain.exit_changes import ExitChanges, ExitsHere
from recomma.domain.lifecycle import State
from recomma.domain.money import Side
from recomma.domain.orders import MirrorOrder, Standing, Style, Urgency
from recomma.domain.policy import OnSourceExit, OnSourceRelease, Policy
from recomma.domain.reasons import Reason
from recomma.domain.sharing import Neighbour, Room
from recomma.domain.source import Leg, Role
from recomma.domain.stops import Level, Scope, Stop
from recomma.domain.wanted import Closing
from tests.domain.mirror_values import NOON, after, exposure, order, price, size, take_profit

PANIC = Closing(Reason.SOURCE_PANIC_SOLD, NOON, at_once=True)
PROFIT = Closing(Reason.SOURCE_TOOK_PROFIT, NOON, at_once=False)
TRIGGER = Leg(Role.STOP, "trigger")


def ending(**changes: Any) -> Ending:
    return replace(Ending(None, False, None, False, Standing.OPEN, None), **changes)


def stop(level: Level) -> Stop:
    return Stop(1, level, Scope(), "me", "", Reason.STOPPED, NOON)


def reason(found: Ending, policy: Policy | None = None) -> Reason | None:
    closing = closing_here(found, policy or Policy(), NOON)
    return closing.reason if closing else None


# Whether.


def test_a_running_deal_is_not_closed() -> None:
    assert reason(ending()) is None


def test_the_source_closes() -> None:
    assert closing_here(ending(source=PROFIT), Policy(), NOON) == PROFIT


def test_with_keep_exit_the_source_closes_nothing_here() -> None:
    assert reason(ending(source=PANIC), Policy(on_source_exit=OnSourceExit.KEEP_EXIT)) is None


@pytest.mark.parametrize("policy", OnSourceRelease)
def test_released_coins_are_closed_only_where_the_policy_says_so(policy: OnSourceRelease) -> None:
    closes = policy is OnSourceRelease.CLOSE

    found = reason(ending(released=True), Policy(on_source_release=policy))

    assert found is (Reason.SOURCE_RELEASED if closes else None)


def test_a_persons_word_comes_before_the_sources() -> None:
    found = ending(source=PROFIT, stop=stop(Level.CLOSE_ALL), fired=True)

    assert closing_here(found, Policy(), NOON) == Closing(
        Reason.CLOSED_BY_PERSON, NOON, at_once=True
    )


@pytest.mark.parametrize("level", [Level.NO_NEW_DEALS, Level.NO_ENTRIES, Level.FROZEN])
def test_other_levels_close_nothing(level: Level) -> None:
    assert reason(ending(stop=stop(level))) is None


def test_what_a_stop_on_the_venue_has_begun_is_ended_at_once() -> None:
    assert reason(ending(source=PROFIT, fired=True)) is Reason.STOP_TRIGGERED


@pytest.mark.parametrize(
    ("why", "goes_on"),
    [
        (Reason.CLOSED_BY_PERSON, True),
        (Reason.STOP_TRIGGERED, True),
        (Reason.EXIT_FILLED, False),
        (Reason.MERGED, False),
    ],
)
def test_what_was_closed_for_good_is_closed_to_the_end(why: Reason, goes_on: bool) -> None:
    found = ending(standing=Standing.CLOSED_HERE, standing_why=why)

    assert reason(found) is (why if goes_on else None)


def test_only_the_sources_take_profit_gives_ours_time() -> None:
    grace = Policy().exit_grace

    assert [close_at(closing, grace) for closing in (PANIC, PROFIT)] == [NOON, after(seconds=20)]


# How.


def closed(
    *held: MirrorOrder,
    side: Side = Side.BUY,
    alone: bool = True,
    mid: str | None = "0.2",
    now: datetime = NOON,
) -> ExitChanges:
    here = exposure(side=side)
    theirs = order(take_profit(), id=90, deal_id=8)
    beside = () if alone else (Neighbour(8, side, size(100), (theirs,)),)
    room = Room(side, here.left, beside)
    known = price(mid) if mid else None
    return closing_changes(ExitsHere(here, held, Policy(), room, now, known), PANIC)


def close_order(**changes: Any) -> MirrorOrder:
    made: dict[str, Any] = {"id": 9, "price": "0.19", "style": Style.REST, **changes}
    return order(STOP, **made)


@pytest.mark.parametrize(("side", "at"), [(Side.BUY, "0.199"), (Side.SELL, "0.201")])
def test_alone_the_close_goes_first_and_the_take_profit_stays_till_then(
    side: Side, at: str
) -> None:
    changes = closed(order(take_profit(), id=1), side=side)

    (new,) = changes.place
    assert (new.terms.price, new.terms.size, new.why) == (
        Decimal(at),
        Decimal(100),
        Reason.SOURCE_PANIC_SOLD,
    )
    assert changes.withdraw == ()


def test_beside_other_deals_the_take_profit_goes_first() -> None:
    changes = closed(order(take_profit(), id=1), alone=False)

    assert changes.place == ()
    assert changes.withdraw == ((1, Reason.CLOSING),)


def test_beside_other_deals_a_sleeping_stop_goes_first() -> None:
    changes = closed(order(TRIGGER, id=1, style=Style.TRIGGER), alone=False)

    assert changes.place == ()
    assert changes.withdraw == ((1, Reason.CLOSING),)


def test_an_exit_that_was_never_asked_for_is_dropped_and_blocks_nothing() -> None:
    changes = closed(order(take_profit(), State.PLANNED, id=1), alone=False)

    assert len(changes.place) == 1
    assert changes.withdraw == ((1, Reason.CLOSING),)


def test_without_a_price_nothing_is_decided() -> None:
    assert closed(mid=None) == ExitChanges(needs_mid=True)


def test_the_next_try_reaches_further() -> None:
    trying = close_order(state=State.PLANNED, attempts=1, filled=30, style=Style.CROSS)

    ((order_id, terms),) = closed(trying).reterm

    assert (order_id, terms.price) == (9, Decimal("0.198"))


def test_a_close_in_doubt_is_waited_for() -> None:
    assert closed(close_order(state=State.IN_DOUBT, style=Style.CROSS)) == ExitChanges()


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        ({"price": "0.19"}, False),
        ({"price": "0.17"}, True),
        ({"price": "0.23"}, True),
        ({"size": 60}, True),
        ({"price": "0.17", "cancel_why": Reason.EXIT_REPLACED}, False),
    ],
    ids=["near", "too low", "too high", "another size", "going already"],
)
def test_a_resting_close_follows_the_market(changes: dict[str, Any], moves: bool) -> None:
    found = closed(close_order(**changes))

    assert found.withdraw == (((9, Reason.EXIT_REPLACED),) if moves else ())
    assert found.place == ()


# How far it reaches.


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
