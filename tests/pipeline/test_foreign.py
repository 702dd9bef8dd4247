"""What is on the account and not ours is listed, explained and never touched (issue 3, 9)."""

from decimal import Decimal

from recomma.domain.cloid import encode
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from recomma.ports import ForeignOrder
from tests.fakes.rows import ForeignRow
from tests.pipeline import story
from tests.pipeline.world import BOT, DEAL, VENUE, World, bought_world, buy

OTHER = DEAL + 1
OTHER_TAG = 777
BASE = Leg(Role.BASE)


def listed(world: World) -> list[ForeignRow]:
    return list(world.ledger.rows.foreign.values())


def open_foreign(world: World) -> list[ForeignOrder]:
    return [row.foreign for row in listed(world) if row.gone_at is None]


def trouble(world: World) -> tuple[Reason | None, str]:
    found = world.ledger.rows.surveyed[VENUE]
    return found.trouble_why, found.trouble


def test_our_own_orders_are_not_foreign() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)

    world.survey()

    assert len(world.resting()) == 2
    assert listed(world) == []


def test_a_persons_order_is_listed_and_left_where_it_is() -> None:
    world = bought_world()
    world.act("buy", "70", price="0.15")

    world.wait(10)
    world.survey()
    world.wait(60)

    (foreign,) = open_foreign(world)
    assert (foreign.order.coin, foreign.order.price) == ("DOGE", Decimal("0.15"))
    assert (foreign.reason, foreign.names_deal) == (Reason.FOREIGN, None)
    assert ("B", Decimal("0.15"), Decimal(70), False) in world.resting()
    assert trouble(world) == (None, "")


def test_a_foreign_order_that_has_gone_stays_known_with_its_times() -> None:
    world = bought_world()
    world.act("buy", "70", price="0.15")
    world.survey()
    first = world.now
    world.wait(30)
    world.at_venue("act", {"address": "0x" + "ab" * 20, "cancel": "all", "coin": "DOGE"})
    world.wait(5)

    world.survey()

    (row,) = [row for row in listed(world) if row.foreign.order.price == Decimal("0.15")]
    assert (row.first_seen_at, row.gone_at) == (first, world.now)


def test_an_order_that_another_installation_made_for_a_deal_we_do_not_know_is_foreign() -> None:
    world = bought_world()
    world.act("buy", "70", price="0.15", cloid=encode(OTHER_TAG, 99_999, BASE, 0))

    world.survey()

    (foreign,) = open_foreign(world)
    assert (foreign.reason, foreign.names_deal) == (Reason.FOREIGN, 99_999)
    assert trouble(world) == (None, "")


def test_another_installation_on_one_of_our_deals_keeps_ours_from_entering() -> None:
    world = bought_world()
    world.act("buy", "70", price="0.15", cloid=encode(OTHER_TAG, DEAL, BASE, 0))
    world.survey()
    why, text = trouble(world)

    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(10)

    assert why is Reason.OTHER_INSTALLATION
    (foreign,) = open_foreign(world)
    assert (foreign.reason, foreign.names_deal) == (Reason.OTHER_INSTALLATION, DEAL)
    assert text == f"Another installation trades deal {DEAL} on {VENUE}: stop one of the two."
    assert world.order("base", OTHER).waits_why is Reason.OTHER_INSTALLATION
    assert world.position() == 100


def test_another_installations_market_orders_are_seen_by_their_fills() -> None:
    world = bought_world()
    world.act("buy", "70", cloid=encode(OTHER_TAG, DEAL, BASE, 0))

    world.survey()

    assert trouble(world)[0] is Reason.OTHER_INSTALLATION


def test_when_the_other_installation_has_stopped_ours_enters_again() -> None:
    world = bought_world()
    world.act("buy", "70", price="0.15", cloid=encode(OTHER_TAG, DEAL, BASE, 0))
    world.survey()
    world.at_venue("act", {"address": "0x" + "ab" * 20, "cancel": "all", "coin": "DOGE"})
    world.wait(5)
    world.survey()

    assert trouble(world) == (None, "")


def test_exits_stand_while_another_installation_is_at_work() -> None:
    world = bought_world()
    world.act("buy", "70", price="0.15", cloid=encode(OTHER_TAG, DEAL, BASE, 0))
    world.survey()
    world.price("0.22")

    world.wait(10)

    assert world.position() == 0


def test_foreign_fills_are_listed_and_belong_to_no_deal() -> None:
    world = bought_world()
    world.act("buy", "70")

    world.survey()

    with world.ledger.survey(VENUE) as book:
        (fill,) = book.foreign_fills(world.now)
    assert (fill.coin, fill.side, fill.size) == ("DOGE", "buy", Decimal(70))
    assert world.ledger.mirrored(DEAL, VENUE).holding.bought == 100


def test_a_survey_of_a_venue_in_dry_run_lists_what_is_there_and_sends_nothing() -> None:
    world = World(live=False)
    world.act("buy", "70", price="0.15")

    world.survey()

    assert len(open_foreign(world)) == 1
    assert world.actions() == []
