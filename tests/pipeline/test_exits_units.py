"""A coin that the venue counts in thousands: prices of the source are scaled, sizes are fills."""

from decimal import Decimal

from recomma.domain.policy import OnStop, Policy
from tests.pipeline import story
from tests.pipeline.both_ways import Way, both_ways
from tests.pipeline.world import DEAL, World

EACH = Decimal("0.001")  # What the source calls 0.0002 is 0.2 here.


def pepe_world(way: Way) -> World:
    """A deal of 100,000 PEPE at 0.0002, stopped 10 % below: 100 kPEPE at 0.2."""
    world = World(policy=Policy(on_stop=OnStop.VENUE_TRIGGER))
    world.price("0.2", "kPEPE")
    world.open_deal(strategy=way.name, pair="USDT_PEPE", stop_loss_percentage="10.0")
    world.tell(
        story.base_placing("0.0002", "100000"),
        story.base_executed("0.0002", "100000"),
        story.target_placing(f"{way.price('0.02') * EACH}", "100000"),
    )
    world.wait(30)
    return world


@both_ways
def test_exits_and_stops_stand_at_the_sources_prices_times_a_thousand(way: Way) -> None:
    world = pepe_world(way)

    stop = world.order("stop/trigger").terms
    assert world.position("kPEPE") == way.held(100)
    assert way.exit("0.02") in world.resting()
    assert (stop.trigger_price, stop.size) == (way.price("-0.02"), Decimal(100))
    assert world.unexplained() == []


@both_ways
def test_an_exit_moves_to_the_sources_new_price_times_a_thousand(way: Way) -> None:
    world = pepe_world(way)

    world.tell(
        story.target_cancelled(f"{way.price('0.02') * EACH}", "100000"),
        story.target_placing(f"{way.price('0.03') * EACH}", "100000"),
        deal_id=DEAL,
    )
    world.wait(90)

    assert way.exit("0.03") in world.resting()
    assert way.exit("0.02") not in world.resting()
