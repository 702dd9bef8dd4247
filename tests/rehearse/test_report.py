"""The report of a rehearsal, made of deals of our own."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from recomma.domain.books import DealBooks, Past, Skipped
from recomma.domain.cloid import encode
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored, Moved
from recomma.domain.money import Side
from recomma.domain.naked import Execution, Rested, Track
from recomma.domain.orders import Holding, MirrorOrder, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg
from recomma.rehearse.report import Report, VenueState, make
from tests.domain.mirror_values import BASE, NOON, after, order, safety, size, take_profit
from tests.domain.mirrored_values import mirrored

KEYS = {
    *("deals", "wanted", "placed", "filled", "skipped", "dead_letters", "duplicates"),
    *("unexplained", "per_deal"),
}


def named(number: int, leg: Leg, state: State = State.RESTING, **changes: Any) -> MirrorOrder:
    return order(leg, state, id=number, cloid=encode(1, 7, leg, number), **changes)


def at_venue(mine: MirrorOrder) -> dict[str, Any]:
    status = "open" if mine.state is State.RESTING else "filled"
    return {"cloid": mine.cloid, "filledSz": str(mine.filled), "status": status}


BOUGHT = mirrored(
    held=100,
    orders=(
        named(1, BASE, State.FILLED, filled=100),
        named(2, take_profit()),
    ),
)


def books(*here: Mirrored, **changes: Any) -> DealBooks:
    orders = [order for each in here for order in each.orders]
    made = DealBooks(
        deal_id=7,
        bot_id=1,
        pair="USDT_DOGE",
        status="bought",
        mirrored=here,
        skips={each.venue: () for each in here},
        cloids={each.id: (each.cloid or "",) for each in orders},
    )
    return replace(made, **changes)


def state(here: Mirrored, held: int) -> VenueState:
    return VenueState([at_venue(each) for each in here.orders], {"DOGE": Decimal(held)})


def report(*here: Mirrored, held: int = 100, **changes: Any) -> Report:
    return make([books(*here, **changes)], 0, {each.venue: state(each, held) for each in here})


def test_a_deal_on_one_venue_has_the_keys_that_programs_know() -> None:
    told = report(BOUGHT).as_json()

    (deal,) = told["per_deal"]
    assert told.keys() == KEYS
    assert deal.keys() == {"deal_id", "source_status", "orders", "positions"}
    assert "venue" not in deal["orders"][0]
    assert (deal["positions"], told["placed"], told["filled"]) == ({"main": "100"}, 2, 1)


def test_on_several_venues_each_order_names_its_own() -> None:
    there = replace(BOUGHT, venue="there", standing=Standing.SKIPPED, orders=(), holding=NOTHING)
    there = replace(there, standing_why=Reason.UNKNOWN_COIN)

    found = make([books(BOUGHT, there)], 0, {"main": state(BOUGHT, 100)})

    (deal,) = found.as_json()["per_deal"]
    assert [(o["leg"], o["venue"]) for o in deal["orders"]] == [
        ("base", "main"),
        ("base", "there"),
        ("take_profit/1", "main"),
    ]
    assert deal["venues"]["there"] == {
        "standing": "skipped",
        "why": "unknown_coin",
        "multiplier": "1",
        "position": "0",
    }


NOTHING = Holding(size(0), size(0), None)


def test_a_short_position_is_negative() -> None:
    short = replace(BOUGHT, entry_side=Side.SELL, holding=Holding(size(0), size(100), None))

    assert report(short).as_json()["per_deal"][0]["positions"] == {"main": "-100"}


def test_what_the_venue_has_and_the_ledger_has_not_is_unexplained() -> None:
    stranger = {"cloid": "0x" + "9" * 32, "filledSz": "0", "status": "open"}
    orders = [*(at_venue(each) for each in BOUGHT.orders), stranger]

    found = make([books(BOUGHT)], 0, {"main": VenueState(orders, {"DOGE": Decimal(90)})})

    assert found.unexplained == [
        "main: position 90 DOGE there, 100 in the ledger",
        f"main: order {stranger['cloid']} is open there and not in the ledger",
    ]
    assert not found.clean


def test_coins_that_were_lost_outside_are_missing_on_both_sides() -> None:
    lost = Moved(NOON, Decimal(-40), None, Reason.REDUCED_ELSEWHERE)
    here = replace(
        BOUGHT,
        moves=(lost,),
        holding=Holding(size(100), size(0), None, Decimal(-40)),
        orders=(BOUGHT.orders[0], named(2, take_profit(), size=60)),
    )

    assert report(here, held=60).unexplained == []


def test_skips_are_counted_by_their_reason() -> None:
    skip = Skipped(safety(1), Side.BUY, Decimal("0.19"), Decimal(10), Reason.BELOW_MINIMUM)

    found = report(BOUGHT, skips={"main": (skip,)})

    assert found.skipped_by_reason == {"below_minimum": 1}
    assert found.as_json()["wanted"] == 3


def test_naked_time_is_measured_up_to_when_the_books_were_read() -> None:
    track = Track(
        (Execution(NOON, Decimal(100), 1),),
        (Rested(2, Decimal(100), after(seconds=4), None),),
        exit_shown=((NOON, True),),
    )

    found = report(BOUGHT, pasts={"main": Past(track)}, read_at=after(seconds=60))

    assert found.naked.as_json() == {"median": 4.0, "worst": 4.0, "no_exit_at_source": 0.0}
    assert report(BOUGHT).naked.fills == 0
