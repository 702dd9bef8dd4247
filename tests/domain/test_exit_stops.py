"""Which stop orders rest on the venue, and how they are replaced (docs/decisions/0024)."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.exit_changes import ExitChanges, ExitsHere
from recomma.domain.lifecycle import State
from recomma.domain.money import Side
from recomma.domain.orders import MirrorOrder, Style, Terms
from recomma.domain.policy import OnStop, Policy
from recomma.domain.reasons import Reason
from recomma.domain.sharing import Neighbour, Room
from recomma.domain.stop_orders import (
    DISASTER,
    TRIGGER,
    StopTarget,
    has_fired,
    stop_changes,
    stop_targets,
    unrested,
)
from tests.domain.mirror_values import NOON, after, exposure, order, price, size

BOTH = Policy(on_stop=OnStop.VENUE_TRIGGER, disaster_stop=Decimal("0.3"))
FOLLOWED = price("0.1823456")


def view(
    *held: MirrorOrder,
    side: Side = Side.BUY,
    alone: bool = True,
    policy: Policy = BOTH,
    coins: int = 100,
    now: datetime = NOON,
) -> ExitsHere:
    """A position that was entered at 0.2."""
    here = exposure(coins, side=side, last_fill_at=after(hours=-1))
    usd = Decimal(coins) / 5
    here = replace(here, holding=replace(here.holding, bought_usd=usd, sold_usd=usd))
    beside = () if alone else (Neighbour(8, side, size(100), ()),)
    return ExitsHere(here, held, policy, Room(side, here.left, beside), now)


def found(here: ExitsHere, stop_price: str | None = "0.1823456") -> list[tuple[str, Decimal]]:
    known = price(stop_price) if stop_price else None
    return [(t.leg.which, t.trigger) for t in stop_targets(here, known)]


def sleeping(target: StopTarget, order_id: int = 1, **changes: Any) -> MirrorOrder:
    """Return the order that serves a target."""
    side = Side.SELL
    terms = Terms(side, target.price, target.size, Style.TRIGGER, True, target.trigger)
    return replace(order(target.leg, id=order_id), terms=terms, **changes)


def the_trigger(here: ExitsHere | None = None) -> StopTarget:
    return next(t for t in stop_targets(here or view(), FOLLOWED) if t.leg == TRIGGER)


# Which.


def test_nothing_rests_by_default() -> None:
    assert found(view(policy=Policy())) == []


def test_a_stop_is_rounded_so_that_it_never_fires_later_than_the_sources() -> None:
    assert found(view())[0] == ("trigger", Decimal("0.18235"))
    assert found(view(side=Side.SELL), "0.2123456")[0] == ("trigger", Decimal("0.21234"))


def test_a_stop_may_fill_as_far_beyond_as_the_last_cap_of_a_close() -> None:
    (long, *_) = stop_targets(view(), price("0.18"))
    (short, *_) = stop_targets(view(side=Side.SELL), price("0.22"))

    assert (long.price, short.price) == (Decimal("0.171"), Decimal("0.231"))


@pytest.mark.parametrize(("side", "at"), [(Side.BUY, "0.14"), (Side.SELL, "0.26")])
def test_a_disaster_stop_keeps_its_distance_from_the_average(side: Side, at: str) -> None:
    assert found(view(side=side), None) == [("disaster", Decimal(at))]


def test_without_a_stop_at_the_source_there_is_none_to_follow() -> None:
    assert found(view(policy=replace(BOTH, disaster_stop=None)), None) == []


def test_alone_both_rest_the_one_that_fires_first_before_the_other() -> None:
    assert [name for name, _ in found(view())] == ["trigger", "disaster"]
    assert [name for name, _ in found(view(), "0.1")] == ["disaster", "trigger"]


def test_beside_other_deals_only_the_one_that_fires_first_rests() -> None:
    assert [name for name, _ in found(view(alone=False))] == ["trigger"]
    assert [name for name, _ in found(view(alone=False, side=Side.SELL), "0.3")] == ["disaster"]


def test_beside_other_deals_a_stop_that_is_too_small_is_not_tried() -> None:
    assert found(view(alone=False, coins=40)) == []


def test_a_stop_is_passed_where_the_market_is_at_or_beyond_it() -> None:
    target = the_trigger()

    told = [target.passed(price(mid), Side.SELL) for mid in ("0.19", "0.18235", "0.18")]

    assert told == [False, True, True]
    assert the_trigger().passed(price("0.19"), Side.BUY)


# How they are replaced.


def changes(here: ExitsHere, stop_price: str | None = "0.1823456") -> ExitChanges:
    known = price(stop_price) if stop_price else None
    return stop_changes(stop_targets(here, known), here)


ONE = replace(BOTH, disaster_stop=None)


def test_a_missing_stop_is_placed_asleep_and_reduce_only() -> None:
    (new,) = changes(view(policy=ONE)).place

    assert (new.leg, new.terms.style, new.terms.reduce_only) == (TRIGGER, Style.TRIGGER, True)
    assert (new.terms.trigger_price, new.terms.size) == (Decimal("0.18235"), Decimal(100))


@pytest.mark.parametrize("state", [State.PLANNED, State.IN_DOUBT, State.RESTING])
def test_a_stop_that_fits_is_left_alone(state: State) -> None:
    here = view(sleeping(the_trigger(), state=state), policy=ONE)

    assert changes(here) == ExitChanges()


def test_the_new_stop_is_placed_and_the_old_one_stays_until_it_rests() -> None:
    old = sleeping(replace(the_trigger(), size=size(60)), 1)
    new = sleeping(the_trigger(), 2, state=State.IN_DOUBT)
    rests = replace(new, state=State.RESTING)

    first = changes(view(old, policy=ONE))

    assert [o.terms.size for o in first.place] == [100]
    assert first.withdraw == ()
    assert changes(view(old, new, policy=ONE)) == ExitChanges()
    assert changes(view(old, rests, policy=ONE)).withdraw == ((1, Reason.STOP_REPLACED),)


def test_beside_other_deals_the_old_stop_goes_first() -> None:
    old = sleeping(replace(the_trigger(), size=size(60)), 1)
    gone = replace(old, state=State.CANCELLED)

    assert changes(view(old, alone=False, policy=ONE)) == ExitChanges(
        withdraw=((1, Reason.STOP_REPLACED),)
    )
    assert len(changes(view(gone, alone=False, policy=ONE)).place) == 1


def test_a_stop_that_the_source_takes_away_goes() -> None:
    here = view(sleeping(the_trigger()), policy=ONE)

    assert changes(here, None) == ExitChanges(withdraw=((1, Reason.EXIT_REMOVED_AT_SOURCE),))


def test_a_new_size_waits_for_the_burst_of_fills_to_end_and_a_new_price_does_not() -> None:
    old = sleeping(replace(the_trigger(), size=size(60)), 1)
    here = view(old, policy=ONE)
    burst = replace(
        here,
        exposure=replace(here.exposure, holding=replace(here.exposure.holding, last_fill_at=NOON)),
    )

    assert changes(burst) == ExitChanges(look_again_at=after(seconds=2))
    assert len(changes(burst, "0.17").place) == 1


# Whether one has fired.


@pytest.mark.parametrize("leg", [TRIGGER, DISASTER])
def test_a_stop_that_has_filled_anything_has_fired(leg: Any) -> None:
    assert not has_fired([order(leg)])
    assert has_fired([order(leg, State.CANCELLED, filled=1)])


def test_a_target_counts_as_rested_only_when_its_order_does() -> None:
    target = the_trigger()

    assert unrested([target], [sleeping(target, state=State.IN_DOUBT)]) == [target]
    assert unrested([target], [sleeping(target)]) == []
