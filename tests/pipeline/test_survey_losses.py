"""A person, or a liquidation, takes coins off the account that our deals hold (design.md 9)."""

from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from tests.pipeline import story
from tests.pipeline.world import BOT, DEAL, VENUE, World, bought_world, buy

OTHER = DEAL + 1


def surveyed_twice(world: World) -> None:
    """Let the account be quiet, and be looked at until a loss is confirmed."""
    world.wait(10)
    world.survey()
    world.wait(15)


def exits(world: World) -> list[tuple[Decimal, Decimal]]:
    return [(price, size) for _, price, size, reduces in world.resting() if reduces]


def stops(world: World) -> list[Stop]:
    return list(world.ledger.rows.stops.values())


def left(world: World, deal_id: int = DEAL) -> Decimal:
    mirrored = world.ledger.mirrored(deal_id, VENUE)
    return mirrored.holding.left(mirrored.entry_side)


def two_deals() -> World:
    """Two deals with 100 DOGE and an exit at 0.22 each."""
    world = World()
    buy(world)
    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    return world


def test_an_account_that_holds_what_our_deals_hold_is_left_alone() -> None:
    world = bought_world()

    surveyed_twice(world)

    assert (stops(world), world.ledger.rows.transfers) == ([], [])
    assert exits(world) == [(Decimal("0.22"), Decimal(100))]


def test_when_a_person_sells_half_the_exits_shrink_to_the_rest() -> None:
    world = bought_world()
    world.wait(10)
    world.act("sell", "50")

    surveyed_twice(world)

    assert left(world) == world.position() == 50
    assert exits(world) == [(Decimal("0.22"), Decimal(50))]
    assert world.order("take_profit/1").terms.size == 50
    assert [row.reason for row in world.ledger.rows.transfers] == [Reason.REDUCED_ELSEWHERE]
    assert len(world.orders("take_profit/1")) <= 3  # No storm while the loss is not confirmed.


def test_after_a_loss_nothing_is_entered_on_its_coin_until_a_person_resumes() -> None:
    world = bought_world()
    world.wait(10)
    world.act("sell", "50")
    surveyed_twice(world)
    world.tell(story.safety_placing(1, "0.19"))
    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(70)
    (stop,) = stops(world)
    held_back = world.order("safety/1")
    before = world.position()

    world.ledger.rows.stops.clear()  # What `resume` comes to.
    world.wait(40)

    assert (stop.level, stop.scope) == (Level.NO_ENTRIES, Scope(venue=VENUE, coin="DOGE"))
    assert stop.reason is Reason.REDUCED_ELSEWHERE
    assert "50 of deal 501" in stop.why
    assert (held_back.state, held_back.waits_why) == (State.PLANNED, Reason.STOPPED)
    assert (before, world.skips(OTHER)) == (Decimal(50), {"base": Reason.STOPPED})
    assert world.order("safety/1").state is State.RESTING


def test_one_look_is_not_enough_to_take_anything_away() -> None:
    world = bought_world()
    world.wait(10)
    world.act("sell", "50")
    world.wait(10)

    world.survey()

    assert left(world) == 100
    assert stops(world) == []


def test_a_loss_that_is_made_good_before_the_second_look_is_none() -> None:
    world = bought_world()
    world.wait(10)
    world.act("sell", "50")
    world.wait(10)
    world.survey()
    world.act("buy", "50")

    surveyed_twice(world)

    assert (left(world), stops(world)) == (Decimal(100), [])


def test_a_loss_is_divided_between_the_deals_and_each_keeps_its_exit() -> None:
    world = two_deals()
    world.act("sell", "61")

    surveyed_twice(world)

    assert (left(world), left(world, OTHER)) == (Decimal(69), Decimal(70))
    assert exits(world) == [(Decimal("0.22"), Decimal(69)), (Decimal("0.22"), Decimal(70))]
    assert world.position() == 139


@pytest.mark.parametrize("sold", ["100", "130"])
def test_when_nothing_of_ours_is_left_the_deal_is_closed_here(sold: str) -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    world.act("sell", sold)

    surveyed_twice(world)
    world.wait(10)

    assert left(world) == 0
    assert world.position() == 100 - Decimal(sold)
    assert world.ledger.rows.standings[DEAL, VENUE][0] is Standing.CLOSED_HERE
    assert world.resting() == []


def test_what_a_person_adds_is_shown_as_foreign_and_never_sold() -> None:
    world = bought_world()
    world.wait(10)
    world.act("buy", "70")

    surveyed_twice(world)
    held = world.ledger.rows.surveys_found[VENUE].coins["DOGE"]
    world.price("0.22")
    world.wait(20)

    assert (held.ours, held.foreign, held.short_by) == (Decimal(100), Decimal(70), Decimal(0))
    assert world.position() == 70


def test_a_liquidation_is_named_and_closes_the_deal_here() -> None:
    """200,000 DOGE at ten times the account's money, and the price falls by a quarter."""
    world = World(Policy(multiplier=Decimal(2000), leverage=10))
    buy(world)
    world.wait(10)
    before = world.position()
    world.price("0.15")
    world.wait(5)

    surveyed_twice(world)
    world.wait(10)

    assert (before, world.position(), left(world)) == (Decimal(200_000), Decimal(0), Decimal(0))
    assert {row.reason for row in world.ledger.rows.transfers} == {Reason.VENUE_LIQUIDATED}
    assert {stop.reason for stop in stops(world)} == {Reason.VENUE_LIQUIDATED}
    assert world.ledger.rows.standings[DEAL, VENUE][0] is Standing.CLOSED_HERE
    assert world.resting() == []


def test_while_an_order_of_the_coin_is_in_doubt_nothing_is_taken_away() -> None:
    world = bought_world()
    world.wait(10)
    world.act("sell", "50")
    world.faults({"kind": "request_lost", "rate": 1, "request_type": "order"})
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    world.survey()
    world.wait(30)
    world.survey()
    in_doubt = left(world)

    world.at_venue("faults", [])
    world.wait(40)
    surveyed_twice(world)

    assert (in_doubt, left(world)) == (Decimal(100), Decimal(50))


def test_an_exit_of_ours_whose_fills_cannot_be_seen_yet_is_no_loss() -> None:
    world = bought_world()
    world.wait(10)
    world.faults({"kind": "slow_visibility", "seconds": 60, "request_type": "userFillsByTime"})
    world.price("0.22")
    for _ in range(4):
        world.wait(10)
        world.survey()
    unseen = world.position()
    world.wait(60)

    assert unseen == 0
    assert (world.ledger.rows.transfers, stops(world)) == ([], [])
    assert world.ledger.mirrored(DEAL, VENUE).holding.sold == 100


@pytest.mark.parametrize(
    "question",
    ["clearinghouseState", "frontendOpenOrders", "userFillsByTime", "userRateLimit", "userRole"],
)
def test_a_read_that_fails_changes_nothing(question: str) -> None:
    world = bought_world()
    world.wait(10)
    world.ledger.rows.surveyed.clear()
    world.ledger.rows.surveys_found.clear()
    world.act("sell", "50")
    broken = {"kind": "http_502_html", "path": "/info", "request_type": question, "rate": 1}
    world.faults(broken)
    for _ in range(3):
        world.survey()
        world.wait(20)

    assert left(world) == 100
    assert (stops(world), world.letters()) == ([], [])
    assert VENUE not in world.ledger.rows.surveyed


def test_a_short_that_a_person_bought_back_in_part_loses_as_a_long_does() -> None:
    world = World()
    world.open_deal(strategy="short")
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.18"))
    world.wait(10)
    world.act("buy", "50")

    surveyed_twice(world)

    assert (left(world), world.position()) == (Decimal(50), Decimal(-50))
    assert exits(world) == [(Decimal("0.18"), Decimal(50))]


def test_what_is_left_after_a_loss_is_closed_by_its_exit_and_nothing_stays() -> None:
    world = bought_world()
    world.wait(10)
    world.act("sell", "50")
    surveyed_twice(world)

    world.price("0.22")
    world.wait(20)
    world.tell(story.target_executed("0.22"), story.SUMMARY)
    world.wait(90)
    world.survey()

    assert (world.position(), world.resting()) == (Decimal(0), [])
    assert world.ledger.rows.surveys_found[VENUE].coins == {}
    assert world.unexplained() == []


def test_a_confirmed_loss_needs_no_tick_of_beat() -> None:
    """In a rehearsal nothing runs by a cadence: a survey that saw a loss comes again by itself."""
    world = World(look_cadence=False)
    buy(world)
    world.wait(10)
    world.act("sell", "50")
    world.wait(10)
    world.survey()

    world.wait(15)

    assert left(world) == 50
