"""Deals that share a coin's net position: room for exits, and dust (docs/decisions/0024)."""

from decimal import Decimal

from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import LONG, SHORT, Way, both_ways, flat
from tests.pipeline.world import BOT, DEAL, VENUE, World

OTHER = DEAL + 1


def exits(world: World) -> list[tuple[str, Decimal, Decimal, bool]]:
    return [order for order in world.resting() if order[3]]


def two_deals(way: Way) -> World:
    """Two deals with 100 DOGE and an exit each."""
    world = way.world()
    way.enter(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    return world


def with_dust(way: Way) -> World:
    """A deal of 100 DOGE with its exit, and one that got only 20, with an averaging order open."""
    world = World()
    way.enter(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    world.at_venue("depth", {"DOGE": {"asks": "20", "bids": "20"}})
    world.price("0.2")
    world.open_deal(DEAL, strategy=way.name)
    world.tell(
        story.base_placing(), story.base_executed(), story.safety_placing(1, way.at("-0.01"))
    )
    world.wait(150)  # Until the rest of its base is given up.
    world.at_venue("depth", {"DOGE": None})
    return world


def moves(world: World) -> list[tuple[int, int | None, Decimal]]:
    return [(t.from_deal, t.to_deal, t.size) for t in world.ledger.rows.transfers]


@both_ways
def test_a_moved_exit_waits_for_its_cancel_and_the_other_deals_stays(way: Way) -> None:
    world = two_deals(way)
    theirs = world.order("take_profit/1", OTHER)

    world.tell(story.target_cancelled(way.at("0.02")), story.target_placing(way.at("0.03")))
    world.wait(90)

    assert exits(world) == sorted([way.exit("0.02"), way.exit("0.03")])
    assert world.order("take_profit/1", OTHER) == theirs
    assert world.unexplained() == []


@both_ways
def test_both_exits_move_at_once_and_each_deal_ends_with_one(way: Way) -> None:
    world = two_deals(way)
    for deal_id in (DEAL, OTHER):
        world.tell(
            story.target_cancelled(way.at("0.02")),
            story.target_placing(way.at("0.03")),
            deal_id=deal_id,
        )

    world.wait(120)

    assert exits(world) == [way.exit("0.03"), way.exit("0.03")]
    assert [len(world.orders("take_profit/1", d)) for d in (DEAL, OTHER)] == [2, 2]


@both_ways
def test_what_the_exits_ask_for_never_exceeds_the_position(way: Way) -> None:
    world = two_deals(way)
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(70)
    world.price(way.at("-0.01"))

    world.wait(30)

    assert exits(world) == sorted([way.exit("0.02", 100), way.exit("0.02", 200)])
    cancelled = [o for o in world.at_the_venue() if o["status"] == "reduceOnlyCanceled"]
    assert cancelled == []


@both_ways
def test_dust_is_handed_to_the_deal_whose_exit_is_nearest_and_its_exit_grows(way: Way) -> None:
    world = with_dust(way)
    world.tell(story.target_placing(way.at("0.02"), "20"))

    world.wait(60)

    assert moves(world) == [(DEAL, OTHER, Decimal(20))]
    assert exits(world) == [way.exit("0.02", 120)]
    assert world.unexplained() == []


@both_ways
def test_a_running_deal_whose_dust_was_handed_over_averages_and_exits_later(way: Way) -> None:
    world = with_dust(way)
    world.tell(story.target_placing(way.at("0.02"), "20"))
    world.wait(60)
    assert world.ledger.rows.standings[DEAL, VENUE][0] is Standing.OPEN

    world.price(way.at("-0.01"))
    world.wait(30)

    assert world.position() == way.held(220)
    assert exits(world) == sorted([way.exit("0.02", 100), way.exit("0.02", 120)])
    world.price(way.at("0.02"))
    world.wait(30)
    assert flat(world)
    assert world.unexplained() == []


@both_ways
def test_a_deal_that_is_over_ends_with_its_dust_handed_over(way: Way) -> None:
    world = with_dust(way)

    world.tell(status="panic_sell_pending")
    world.wait(60)

    assert moves(world) == [(DEAL, OTHER, Decimal(20))]
    assert world.ledger.rows.standings[DEAL, VENUE] == (Standing.CLOSED_HERE, Reason.MERGED)
    assert exits(world) == [way.exit("0.02", 120)]
    assert world.unexplained() == []


@both_ways
def test_dust_that_nobody_can_take_waits_for_the_close_of_the_whole(way: Way) -> None:
    world = with_dust(way)
    sent = len(world.actions())
    world.tell(story.target_cancelled(way.at("0.02")), deal_id=OTHER)
    world.wait(120)
    assert exits(world) == []
    world.tell(story.target_placing(way.at("0.02"), "20"))
    world.wait(120)

    assert exits(world) == []
    assert moves(world) == []
    assert len(world.actions()) == sent  # Nothing was tried against a refusal.
    reasons = {d.reason for d in world.differences() if (d.deal_id, d.leg) == (DEAL, "position")}
    assert reasons == {Reason.DUST}

    world.tell(status="panic_sell_pending", deal_id=OTHER)
    world.wait(60)

    assert exits(world) == [way.exit("0.02", 20)]
    assert world.position() == way.held(20)


def beside_one_without_an_exit(way: Way) -> World:
    """A deal of 54 DOGE, and a younger one of 100 whose source shows no exit."""
    world = World()
    world.open_deal(OTHER, bot_id=BOT + 1, strategy=way.name)
    world.tell(story.base_placing(), story.base_executed(), deal_id=OTHER)
    world.wait(10)
    way.enter(world, coins="54")
    world.wait(30)
    return world


def sold_at_source(world: World) -> None:
    world.tell(story.target_cancelled("0.22", "54"), status="panic_sold", finished=True)


def why_held(world: World) -> set[Reason | None]:
    return {d.reason for d in world.differences() if (d.deal_id, d.leg) == (DEAL, "position")}


def closing_orders(world: World) -> list[tuple[int, Reason | None]]:
    return [(order.attempts, order.why) for order in world.orders("stop")]


def test_a_close_that_the_price_has_made_too_small_waits_with_its_reason() -> None:
    world = beside_one_without_an_exit(LONG)
    sent = len(world.actions())
    world.price("0.19")

    sold_at_source(world)
    world.wait(300)

    assert exits(world) == [LONG.exit("0.02", 54)]  # What rests may fill, should the price rise.
    assert len(world.actions()) == sent
    assert closing_orders(world) == [(0, Reason.DUST)]  # Told once, not at each look.
    assert why_held(world) == {Reason.DUST}
    assert world.unexplained() == []


def test_a_close_that_never_arrived_and_is_too_small_by_now_waits_with_its_reason() -> None:
    world = beside_one_without_an_exit(LONG)
    world.tell(story.target_cancelled("0.22", "54"))
    world.wait(120)
    world.faults({"kind": "request_lost", "path": "/exchange"})
    world.tell(status="panic_sold", finished=True)
    world.wait(10)
    assert world.order("stop").attempts

    world.faults()
    world.price("0.19")
    world.wait(120)

    assert why_held(world) == {Reason.DUST}
    assert world.unexplained() == []


def test_a_close_that_waited_as_dust_goes_out_when_the_price_lets_it() -> None:
    world = beside_one_without_an_exit(LONG)
    world.price("0.19")
    sold_at_source(world)
    world.wait(60)

    world.price("0.2")
    world.wait(60)

    assert world.position() == 100
    assert exits(world) == []
    assert closing_orders(world) == [(0, Reason.DUST), (1, Reason.SOURCE_PANIC_SOLD)]
    assert world.unexplained() == []


def test_an_exit_that_is_too_small_only_at_its_target_waits_with_its_reason() -> None:
    world = beside_one_without_an_exit(SHORT)
    world.wait(120)

    assert exits(world) == []
    (told,) = world.orders("take_profit/1")
    assert (told.attempts, told.why) == (0, Reason.DUST)
    assert why_held(world) == {Reason.DUST}
    assert world.unexplained() == []


@both_ways
def test_what_is_all_that_is_held_is_never_too_small_for_an_exit(way: Way) -> None:
    world = World()
    world.at_venue("depth", {"DOGE": {"asks": "20", "bids": "20"}})
    way.enter(world)
    world.wait(10)

    assert exits(world) == [way.exit("0.02", 20)]


def test_coins_that_somebody_else_holds_beside_ours_make_dust_that_is_asked_for_once() -> None:
    world = World()
    world.act("buy", "500")
    world.at_venue("depth", {"DOGE": {"asks": "20", "bids": "20"}})
    LONG.enter(world)
    world.wait(300)

    (asked,) = world.orders("take_profit/1")

    assert exits(world) == []
    assert (asked.attempts, asked.why) == (1, Reason.DUST)
    assert world.unexplained() == []


@both_ways
def test_closing_one_deal_leaves_the_other_its_position_and_its_exit(way: Way) -> None:
    world = two_deals(way)
    theirs = world.order("take_profit/1", OTHER)

    world.tell(status="panic_sell_pending")
    world.wait(30)

    assert world.position() == way.held(100)
    assert exits(world) == [way.exit("0.02")]
    assert world.order("take_profit/1", OTHER) == theirs
