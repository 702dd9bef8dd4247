"""Failures of the predecessor that began at 3Commas (design.md, section 13): more of each.

Every test here fails when its defence is taken out: see tests/mutations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from recomma.domain.bots import SourceBot
from recomma.domain.lifecycle import State
from recomma.domain.notes import plan
from recomma.domain.policy import Policy
from recomma.domain.source import SourceDeal
from recomma.pipeline.run import LEASE, run
from recomma.ports import Observed, Source
from tests.pipeline import story
from tests.pipeline.world import ACCOUNT, BOT, DEAL, World, bought_world

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]


@dataclass
class Settings:
    """Settings that cannot be read the next `fails` times."""

    fails: int = 0

    def __call__(self, _bot_id: int, _venue: str) -> Policy:
        if self.fails:
            self.fails -= 1
            raise ValueError("the multiplier of this bot is no number")
        return Policy()


@dataclass
class InterruptedSource:
    """A source that answers, and before we have the answer something else happens once."""

    source: Source
    happens: list[World] = field(default_factory=list)

    def active_deals(self) -> Sequence[SourceDeal]:
        return self.source.active_deals()

    def bots(self) -> Sequence[SourceBot]:
        return self.source.bots()

    def observe(self, deal_id: int, at: datetime) -> Observed:
        observed = self.source.observe(deal_id, at)
        if self.happens:
            another_worker_takes_over(self.happens.pop())
        return observed


def another_worker_takes_over(world: World) -> None:
    """The target moves, our lease runs out, and another worker plans the deal to the end."""
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.sleep(seconds=LEASE.total_seconds() + 1)
    world.locks.held.clear()
    run(plan(DEAL), world.tools)


def test_failure_01_a_decision_that_fails_after_the_deal_was_stored_is_made_again() -> None:
    settings = Settings()
    world = World(policy_of=settings)
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    settings.fails = 2

    world.wait(20)

    assert world.resting() == EXIT_AT_22
    assert world.unexplained() == []


def test_failure_01_a_message_that_the_broker_lost_is_sent_again() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"), story.target_cancelled("0.22"))
    world.tell(story.target_placing("0.23"))
    until = world.now + timedelta(seconds=10)
    world.handle_messages = lambda queue: queue.clear() if world.now < until else None

    world.wait(60)

    assert world.resting() == [
        ("A", Decimal("0.23"), Decimal(100), True),
        ("B", Decimal("0.19"), Decimal(100), False),
    ]


@pytest.mark.parametrize("lost", ["the broker's messages", "nothing"])
def test_failure_04_a_restart_in_the_middle_of_a_replacement_wipes_no_take_profit(
    lost: str,
) -> None:
    """The source is without an exit for seconds at each re-placement (threecommas.md 9.2)."""
    world = bought_world()
    exit_oid = world.order("take_profit/1").oid
    world.tell(story.target_cancelled("0.22"))
    world.sleep(minutes=3)
    if lost != "nothing":
        world.publisher.waiting.clear()

    world.wait(10)

    assert world.resting() == EXIT_AT_22
    assert world.order("take_profit/1").oid == exit_oid


def test_failure_11_looking_goes_on_after_a_failure_that_nobody_foresaw() -> None:
    settings = Settings()
    world = bought_world(policy_of=settings)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    settings.fails = 10_000
    world.price("0.19")
    world.wait(120)
    assert world.letters() != []

    settings.fails = 0
    world.wait(40)

    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]


@pytest.mark.parametrize("status", ["moon_phase", "bought_by_committee", ""])
def test_failure_13_a_status_that_nobody_knows_closes_nothing(status: str) -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)

    world.tell(status=status)
    world.wait(90)

    assert world.position() == 100
    assert world.resting() == [*EXIT_AT_22, ("B", Decimal("0.19"), Decimal(100), False)]


def test_failure_17_bots_beyond_the_quota_are_served_when_the_source_lets_us() -> None:
    """12 requests a minute go to the list alone; the details of 6 bots are as many again."""
    world = World()
    world.at_source("limits", {"on": True, "per_minute": 20})
    bots = range(BOT, BOT + 6)
    terms = world.ledger.venues()[0]
    world.ledger.configure(terms, world.venue.signer, tuple(bots), world.now)
    for bot_id in bots:
        world.open_deal(DEAL + bot_id, bot_id=bot_id)
        told = (story.base_placing(), story.base_executed(), story.target_placing("0.22"))
        world.tell(*told, deal_id=DEAL + bot_id)

    world.wait(300)

    refused = [entry for entry in world.at_source("log") if entry["status"] == 429]
    assert refused != []
    assert [world.orders("base", DEAL + bot_id)[-1].state for bot_id in bots] == 6 * [State.FILLED]
    assert len([order for order in world.resting() if order[3]]) == 6


def test_failure_21_a_worker_that_was_replaced_while_it_read_changes_nothing() -> None:
    world = bought_world()
    source = InterruptedSource(world.tools.sources[ACCOUNT])
    world.tools = replace(world.tools, sources={ACCOUNT: source})
    world.tell(story.safety_placing(1, "0.19"))
    world.ledger.leave(plan(DEAL), world.now)
    source.happens.append(world)

    world.run(plan(DEAL))
    world.wait(1)

    assert [str(order.terms.price) for order in world.orders("take_profit/1")] == ["0.22", "0.23"]
    assert world.order("take_profit/1").state is State.RESTING
