"""Two complete installations by accident, each with a ledger of its own: the second refuses."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from recomma.domain.cloid import encode
from recomma.domain.lifecycle import State
from recomma.domain.notes import survey, watch
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from recomma.domain.stops import Level
from recomma.pipeline.loop import WaitingNotes
from recomma.pipeline.run import run
from recomma.ports import VenueTerms
from recomma.signing.hyperliquid import Network
from tests.fakes.in_process import source_in_process, venue_in_process
from tests.fakes.mortal_venue import MortalVenue
from tests.fakes.running import FakeLocks
from tests.pipeline import story
from tests.pipeline.test_survey_adoption import backup, restore
from tests.pipeline.world import (
    ACCOUNT,
    ADDRESS,
    BOT,
    DEAL,
    VENUE,
    WATCH_EVERY,
    World,
    bought_world,
    buy,
)

OTHER = DEAL + 1
SAFETY = Leg(Role.SAFETY, "1")
OUR_TAG, OTHER_TAG = 1, 777


class Second(World):
    """A second installation on the first one's account and bots, with the same keys."""

    def __init__(self, first: World, *, tag: int, policy: Policy | None = None) -> None:
        super().__init__(policy)
        self.first = first
        self.source_simulator, self.venue_simulator = first.source_simulator, first.venue_simulator
        self.venue = MortalVenue(
            venue_in_process(VENUE, ADDRESS, self.venue_simulator, Network.TESTNET)
        )
        source = source_in_process(self.source_simulator, self.clock)
        self.tools = replace(self.tools, sources={ACCOUNT: source}, venues={VENUE: self.venue})
        self.now, self._watched_at = first.now, first.now - WATCH_EVERY
        terms = VenueTerms(VENUE, ADDRESS, None, live=True, tag=tag)
        self.ledger.configure(terms, self.venue.signer, (BOT, BOT + 1), first.now)


def both_live(first: World, second: Second, seconds: int) -> None:
    """Let both work side by side; each surveys the account every half a minute."""
    for second_passed in range(seconds):
        first.wait(1)
        second.now = first.now
        second.settle()
        if second_passed % 30 == 29:
            first.survey()
            second.survey()


def trouble(world: World) -> Reason | None:
    return world.ledger.rows.surveyed[VENUE].trouble_why


def entries_of(world: World, deal_id: int) -> list[State]:
    return [order.state for order in world.orders(deal_id=deal_id) if not order.is_exit]


def twin_order(world: World, *, crossing: bool = False) -> None:
    """Let somebody with our tag trade our deal."""
    cloid = encode(OUR_TAG, DEAL, SAFETY, 7)
    world.act("buy", "70", **({} if crossing else {"price": "0.15"}), cloid=cloid)


def test_two_installations_on_one_database_place_each_order_once() -> None:
    world = World()
    tools = replace(world.tools, locks=FakeLocks(), publisher=WaitingNotes())
    world.open_deal()
    told = (story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    world.tell(*told, story.safety_placing(1, "0.19"))

    for _ in range(90):
        world.sleep(seconds=1)
        for step in (watch(ACCOUNT), survey(VENUE)):
            world.ledger.tick(step, world.now)
        notes = [*world.ledger.rows.notes]
        for note in notes:  # Each takes up every note, as if no message were ever lost.
            run(note, world.tools)
            run(note, tools)

    assert len(world.at_the_venue()) == 3
    assert world.position() == 100
    assert len(world.resting()) == 2
    assert trouble(world) is None
    assert world.unexplained() == []


def test_the_second_of_two_installations_enters_nothing() -> None:
    first = bought_world()
    first.tell(story.safety_placing(1, "0.19"))
    first.wait(70)
    second = Second(first, tag=OTHER_TAG)
    second.settle()
    second.survey()

    buy(first, OTHER, bot_id=BOT + 1)
    both_live(first, second, 10)

    assert trouble(second) is Reason.OTHER_INSTALLATION
    assert entries_of(first, OTHER) == [State.FILLED]
    assert first.position() == 200
    assert entries_of(second, OTHER) == [State.PLANNED]


def test_of_two_that_start_at_once_the_one_that_asks_later_refuses() -> None:
    """Its first survey comes before its first order, and shows the other's."""
    first = World()
    second = Second(first, tag=OTHER_TAG)
    buy(first)
    both_live(first, second, 31)
    bought = first.position()

    buy(first, OTHER, bot_id=BOT + 1)
    both_live(first, second, 60)

    assert bought == 100
    assert (trouble(first), trouble(second)) == (None, Reason.OTHER_INSTALLATION)
    assert first.position() == 200
    exits = [size for _, _, size, reduces in first.resting() if reduces]
    assert sorted(exits) == [Decimal(100), Decimal(100)]


def test_an_order_under_our_own_tag_that_appears_while_we_watch_is_a_twins() -> None:
    world = bought_world()
    world.survey()
    world.wait(30)
    twin_order(world)

    world.survey()
    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(30)

    assert trouble(world) is Reason.OTHER_INSTALLATION
    assert [order.leg for order in world.orders()].count(SAFETY) == 0
    assert ("B", Decimal("0.15"), Decimal(70), False) in world.resting()
    (stop,) = world.ledger.rows.stops.values()
    assert (stop.level, stop.reason) == (Level.NO_ENTRIES, Reason.OTHER_INSTALLATION)
    assert State.FILLED not in entries_of(world, OTHER)


def test_a_twins_market_order_is_seen_by_its_fill() -> None:
    world = bought_world()
    world.survey()
    world.wait(30)
    twin_order(world, crossing=True)

    world.survey()

    assert trouble(world) is Reason.OTHER_INSTALLATION


def test_a_twin_is_not_forgotten_between_two_of_its_orders() -> None:
    world = bought_world()
    world.survey()
    world.wait(30)
    twin_order(world)
    world.survey()

    for _ in range(5):
        world.wait(30)
        world.survey()

    assert trouble(world) is Reason.OTHER_INSTALLATION
    assert [order.leg for order in world.orders()].count(SAFETY) == 0


def test_after_a_resume_what_a_stopped_twin_has_left_is_ours() -> None:
    world = bought_world()
    world.survey()
    world.wait(30)
    twin_order(world)
    world.survey()
    world.wait(30)
    world.survey()
    world.ledger.rows.stops.clear()

    world.survey()

    assert trouble(world) is None
    assert world.order("safety/1").state is State.RESTING


def test_exits_go_on_while_a_twin_is_at_work() -> None:
    world = bought_world()
    world.survey()
    world.wait(30)
    twin_order(world)
    world.survey()

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(90)

    exits = [row for row in world.resting() if row[3]]
    assert exits == [("A", Decimal("0.23"), Decimal(100), True)]


def test_a_copy_of_the_database_finds_the_original_at_its_next_order() -> None:
    original = bought_world()
    rows = backup(original)
    original.wait(90)
    copy = Second(original, tag=OUR_TAG)
    restore(copy, rows)
    original.survey()
    copy.survey()  # Adopts what was done since the copy was made: that may have been its own.

    original.tell(story.safety_placing(1, "0.19"))
    for _ in range(3):
        original.wait(25)
        copy.now = original.now
        copy.survey()

    assert trouble(copy) is Reason.OTHER_INSTALLATION


def test_two_copies_of_one_database_that_ask_in_the_same_words_see_it_by_the_fills() -> None:
    original = bought_world()
    copy = Second(original, tag=OUR_TAG)
    restore(copy, backup(original))
    both_live(original, copy, 30)

    buy(original, OTHER, bot_id=BOT + 1)
    both_live(original, copy, 30)

    assert (trouble(original), trouble(copy)) == (Reason.OTHER_INSTALLATION,) * 2


def test_a_backup_that_was_restored_is_no_twin() -> None:
    world = bought_world()
    world.survey()
    rows = backup(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    restore(world, rows)

    world.survey()

    assert trouble(world) is None
    assert world.order("safety/1").state is State.RESTING


def test_an_adopted_order_that_fills_later_is_no_twins() -> None:
    world = bought_world()
    world.survey()
    rows = backup(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    restore(world, rows)
    world.survey()

    world.price("0.19")
    world.wait(30)
    world.survey()

    assert trouble(world) is None
    assert world.now - world.ledger.rows.surveyed[VENUE].at < timedelta(seconds=1)
