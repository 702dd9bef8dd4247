"""Several deals on one coin share one net position (design.md, section 9, Shared positions)."""

from decimal import Decimal

from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import BOT, DEAL, VENUE, World, buy

OTHER = DEAL + 1


def two_deals() -> World:
    """Two deals with 100 DOGE and an exit at 0.22 each."""
    world = World()
    buy(world)
    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    return world


def exits(world: World) -> list[tuple[Decimal, Decimal]]:
    return [(price, size) for _, price, size, reduces in world.resting() if reduces]


def test_each_deal_has_an_exit_of_its_own() -> None:
    world = two_deals()

    assert world.position() == 200
    assert exits(world) == [(Decimal("0.22"), Decimal(100)), (Decimal("0.22"), Decimal(100))]
    assert world.unexplained() == []


def test_moving_one_exit_never_takes_the_other_deals_away() -> None:
    world = two_deals()
    other = world.order("take_profit/1", OTHER).oid

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(90)

    assert exits(world) == [(Decimal("0.22"), Decimal(100)), (Decimal("0.23"), Decimal(100))]
    assert world.order("take_profit/1", OTHER).oid == other
    assert world.order("take_profit/1", OTHER).state is State.RESTING


def test_closing_one_deal_leaves_the_other_its_position_and_its_exit() -> None:
    world = two_deals()
    world.tell(status="panic_sell_pending")

    world.wait(30)

    assert world.position() == 100
    assert exits(world) == [(Decimal("0.22"), Decimal(100))]
    assert len(world.orders("take_profit/1", OTHER)) == 1
    assert world.unexplained() == []


def test_a_fill_of_one_deal_is_not_counted_for_the_other() -> None:
    world = two_deals()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    world.price("0.19")

    world.wait(30)

    assert world.position() == 300
    assert world.ledger.mirrored(DEAL, "hl").holding.bought == 200
    assert world.ledger.mirrored(OTHER, "hl").holding.bought == 100
    assert exits(world) == [(Decimal("0.22"), Decimal(100)), (Decimal("0.22"), Decimal(200))]


def test_failure_09_a_sale_is_read_as_a_sale() -> None:
    world = two_deals()
    world.price("0.22")

    world.wait(10)

    holding = world.ledger.mirrored(DEAL, "hl").holding
    assert (holding.bought, holding.sold) == (Decimal(100), Decimal(100))
    assert world.position() == 0


def test_failure_08_nothing_is_ever_modified_so_no_answer_to_it_can_be_misread() -> None:
    world = two_deals()
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(90)

    kinds = {entry["action"]["type"] for entry in world.at_venue("log") if "action" in entry}

    assert kinds == {"order", "cancelByCloid", "updateLeverage"}


def test_one_deals_refused_entry_does_not_hold_up_the_others() -> None:
    world = World()
    world.open_deal()
    world.open_deal(OTHER, bot_id=BOT + 1)
    text = "Insufficient margin to place order."
    world.faults({"kind": "refuse", "count": 1, "coin": "DOGE", "text": text})
    for deal_id in (DEAL, OTHER):
        world.tell(story.base_placing(), story.base_executed(), deal_id=deal_id)

    world.wait(20)

    assert world.position() == 200


def test_a_close_too_small_for_the_venue_is_merged_with_the_other_deals_exit() -> None:
    world = World()
    buy(world, OTHER, bot_id=BOT + 1)
    world.at_venue("depth", {"DOGE": {"asks": "20", "bids": None}})
    world.price("0.2")
    buy(world)
    world.wait(10)
    world.tell(status="panic_sell_pending")
    world.wait(300)

    (moved,) = world.ledger.rows.transfers
    assert (moved.from_deal, moved.to_deal, moved.size) == (DEAL, OTHER, Decimal(20))
    assert exits(world) == [(Decimal("0.22"), Decimal(120))]
    assert world.ledger.rows.standings[DEAL, VENUE] == (Standing.CLOSED_HERE, Reason.MERGED)
    assert world.unexplained() == []
