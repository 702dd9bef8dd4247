"""Lists that are long, shift, lose a deal, or say nothing of what changed (threecommas.md 13)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from recomma.domain.bots import SourceBot
from recomma.domain.notes import Step, watch
from recomma.domain.reasons import Reason
from recomma.domain.source import SourceDeal
from recomma.ports import Observed, Source
from recomma.simulators.threecommas.answers import Answer, Request
from recomma.simulators.threecommas.simulator import Simulator
from tests.fakes.in_process import source_in_process
from tests.pipeline import story
from tests.pipeline.both_ways import Way, both_ways
from tests.pipeline.world import ACCOUNT, BOT, DEAL, START, World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]
EXIT_AT_23 = [("A", Decimal("0.23"), Decimal(100), True)]


@dataclass
class HidingSource:
    """A source whose list leaves some deals out, while their pages are still there."""

    source: Source
    hidden: set[int] = field(default_factory=set)

    def active_deals(self) -> Sequence[SourceDeal]:
        return [deal for deal in self.source.active_deals() if deal.id not in self.hidden]

    def bots(self) -> Sequence[SourceBot]:
        return self.source.bots()

    def observe(self, deal_id: int, at: datetime) -> Observed:
        return self.source.observe(deal_id, at)


class ShiftingSimulator(Simulator):
    """New deals open, and old ones end, after each page of the list has been served."""

    def __init__(self, world: World, opens: int, ends: int) -> None:
        super().__init__(1)
        self.exchange = world.source_simulator.exchange
        self._world, self._opens, self._ends = world, opens, ends

    def handle(self, request: Request, real_now: datetime) -> Answer:
        answer = super().handle(request, real_now)
        if request.path.endswith("/deals"):
            for number in range(self._opens):
                self._world.open_deal(9000 + number)
            for number in range(self._ends):
                self._world.tell(status="failed", finished=True, deal_id=2000 + number)
        return answer


def hiding(world: World) -> HidingSource:
    source = HidingSource(world.tools.sources[ACCOUNT])
    world.tools = replace(world.tools, sources={ACCOUNT: source})
    return source


def many_deals(world: World, count: int) -> list[int]:
    """Open deals one second apart, the newest of which are listed first."""
    deals = [story.deal(1000 + n, world.now - timedelta(seconds=count - n)) for n in range(count)]
    world.at_source("deals", deals)
    return [deal["id"] for deal in deals]


def watch_once(world: World) -> set[int]:
    """Read the list once; return the deals that a note was left for."""
    world.ledger.tick(watch(ACCOUNT), world.now)
    world.run(watch(ACCOUNT))
    return {note.deal_id for note in world.ledger.rows.notes if note.step is Step.PLAN}


# Long lists.


def test_more_than_a_thousand_deals_are_all_seen_in_one_look() -> None:
    world = World()
    deals = many_deals(world, 1005)

    assert watch_once(world) == set(deals)


@pytest.mark.parametrize(("opens", "ends"), [(0, 10), (10, 0), (15, 5)])
def test_a_list_that_shifts_while_it_is_paged_loses_no_deal(opens: int, ends: int) -> None:
    world = World()
    deals = many_deals(world, 1010)
    simulator = ShiftingSimulator(world, opens, ends)
    source = source_in_process(simulator, world.clock)
    world.tools = replace(world.tools, sources={ACCOUNT: source})

    seen = watch_once(world)

    still_open = {d for d in deals if not 2000 <= d < 2000 + ends}
    assert still_open <= seen


def test_more_than_a_page_of_bots_are_paired_when_their_first_deals_are_seen() -> None:
    world = World()
    terms = world.ledger.venues()[0]
    world.ledger.rows.pairs.clear()
    world.ledger.configure(terms, world.venue.signer, None, START)
    bots = range(100, 230)
    world.at_source("deals", [story.deal(n, world.now, bot_id=n) for n in bots])

    planned = watch_once(world)

    assert planned == set(bots)
    assert {(bot_id, terms.name) for bot_id in bots} == world.ledger.rows.pairs.keys()


# Lists that say too little.


def test_a_deal_whose_updated_at_does_not_move_is_followed_all_the_same() -> None:
    world = bought_world()
    world.wait(40)
    source = world.tools.sources[ACCOUNT]
    before = [deal.updated_at for deal in source.active_deals()]

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    assert [deal.updated_at for deal in source.active_deals()] == before
    world.wait(65)

    assert world.resting() == EXIT_AT_23


@both_ways
def test_what_follows_a_fill_without_a_trace_in_the_list_is_read_after_a_settle_time(
    way: Way,
) -> None:
    """After a fill `updated_at` moves once; the new target comes later and does not move it."""
    world = way.world()
    world.tell(story.safety_placing(1, way.at("-0.01")))
    world.wait(60)
    world.price(way.at("-0.01"))
    world.tell(story.safety_executed(1, way.at("-0.01")), story.target_cancelled(way.at("0.02")))
    world.wait(6)
    world.tell(story.target_placing(way.at("0.01"), "200"))

    world.wait(25)

    assert world.resting() == [way.exit("0.01", 200)]


def test_a_deal_that_vanishes_from_the_list_keeps_its_exit_and_is_followed_when_it_is_back() -> (
    None
):
    world = bought_world()
    source = hiding(world)
    source.hidden.add(DEAL)
    world.wait(120)
    assert world.resting() == EXIT_AT_22
    assert world.letters() == []

    source.hidden.clear()
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(70)

    assert world.resting() == EXIT_AT_23
    assert world.unexplained() == []


def test_a_deal_that_changes_while_the_list_hides_it_is_followed_by_its_page() -> None:
    world = bought_world()
    hiding(world).hidden.add(DEAL)
    world.wait(10)

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(70)
    assert world.resting() == EXIT_AT_23

    world.tell(status="panic_sold", finished=True)
    world.wait(70)
    assert world.position() == 0
    assert world.unexplained() == []


def test_an_empty_list_ends_no_deal() -> None:
    world = bought_world()
    buy(world, DEAL + 1, bot_id=BOT + 1)
    world.wait(10)
    hiding(world).hidden |= {DEAL, DEAL + 1}

    world.wait(180)

    assert world.resting() == 2 * EXIT_AT_22
    assert world.position() == 200


# The two meanings of 429, and a ban.


def test_a_lapsed_plan_is_one_alarm_and_mirroring_goes_on_when_it_is_paid() -> None:
    world = bought_world()
    world.at_source("limits", {"on": True, "plan_refused": True})
    world.wait(300)
    assert world.resting() == EXIT_AT_22
    assert [letter.reason for letter in world.letters()] == [Reason.SOURCE_REFUSED]

    world.at_source("limits", {"on": False, "plan_refused": False})
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(150)

    assert world.resting() == EXIT_AT_23


def test_a_ban_is_waited_out_without_a_request() -> None:
    world = bought_world()
    world.at_source("faults", [{"kind": "http", "status": 418, "path": "/public"}])
    world.wait(70)
    world.at_source("faults", [])
    asked = len(world.at_source("log"))

    world.wait(300)

    assert len(world.at_source("log")) == asked
    assert world.resting() == EXIT_AT_22
