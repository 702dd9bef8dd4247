"""A restored backup: what the venue has under our tag is taken back, never placed twice."""

from copy import deepcopy
from dataclasses import fields
from decimal import Decimal

from recomma.domain.lifecycle import State
from recomma.domain.reasons import Reason
from tests.fakes.rows import Rows
from tests.pipeline import story
from tests.pipeline.world import DEAL, VENUE, World, bought_world

NOT_IN_THE_BACKUP = ("notes", "fences")  # What runs now; claims of lost runs are never honoured.


def backup(world: World) -> Rows:
    return deepcopy(world.ledger.rows.snapshot())


def restore(world: World, rows: Rows) -> None:
    """Bring the ledger back to what it was, while the venue went on."""
    for each in fields(rows):
        if each.name not in NOT_IN_THE_BACKUP:
            setattr(world.ledger.rows, each.name, getattr(rows, each.name))


def events(world: World, order_id: int) -> list[str]:
    return [row.event for row in world.ledger.rows.history if row.order_id == order_id]


def test_an_order_that_the_backup_does_not_know_is_adopted_with_its_history() -> None:
    world = bought_world()
    before = backup(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    oid = world.order("safety/1").oid
    held = world.resting()
    restore(world, before)

    world.survey()

    order = world.order("safety/1")
    assert (order.state, order.oid) == (State.RESTING, oid)
    assert events(world, order.id) == ["planned", "adopted", "asked", "rested"]
    assert world.resting() == held
    assert [row.foreign for row in world.ledger.rows.foreign.values()] == []


def test_after_an_adoption_nothing_is_placed_twice() -> None:
    world = bought_world()
    before = backup(world)
    world.tell(story.safety_placing(1, "0.19"), story.safety_placing(2, "0.18"))
    world.wait(70)
    taken = len(world.at_the_venue())
    restore(world, before)

    world.survey()
    world.wait(120)

    assert len(world.at_the_venue()) == taken
    assert len(world.resting()) == 3
    assert world.unexplained() == []


def test_an_order_that_had_filled_meanwhile_is_adopted_with_its_fills() -> None:
    world = bought_world()
    before = backup(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    world.price("0.19")
    world.wait(10)
    restore(world, before)

    world.survey()
    world.wait(30)

    order = world.order("safety/1")
    assert (order.state, order.filled) == (State.FILLED, Decimal(100))
    assert world.ledger.mirrored(DEAL, VENUE).holding.bought == 200
    exits = [size for _, _, size, reduces in world.resting() if reduces]
    assert (exits, world.position()) == ([Decimal(200)], Decimal(200))


def test_an_order_that_the_backup_had_only_planned_is_not_asked_for_again() -> None:
    world = World()
    world.open_deal()
    world.wait(5)
    world.faults({"kind": "http_429", "rate": 1, "path": "/exchange"})
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    world.wait(6)
    before = backup(world)
    planned = world.order("base").state
    world.at_venue("faults", [])
    world.wait(70)
    restore(world, before)

    world.survey()
    world.wait(60)

    assert planned is State.PLANNED
    assert world.position() == 100
    assert world.order("base").state is State.FILLED


def test_an_adopted_legs_next_attempt_has_a_cloid_that_was_never_used() -> None:
    world = bought_world()
    before = backup(world)
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(70)
    restore(world, before)
    world.survey()

    world.tell(story.target_cancelled("0.23"), story.target_placing("0.24"))
    world.wait(90)

    cloids = [order["cloid"] for order in world.at_the_venue()]
    assert len(set(cloids)) == len(cloids)
    assert [row for row in world.resting() if row[3]] == [
        ("A", Decimal("0.24"), Decimal(100), True)
    ]


def test_an_order_under_our_tag_for_a_deal_that_the_ledger_lost_is_listed_as_foreign() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    rows, empty = backup(world), Rows()
    for name in ("deals", "orders", "attempts", "fills", "batches", "standings"):
        setattr(rows, name, getattr(empty, name))
    restore(world, rows)

    with world.ledger.survey(VENUE) as book:
        known = book.deals_among([DEAL])
    world.survey()

    found = [row.foreign for row in world.ledger.rows.foreign.values()]
    assert known == frozenset()
    assert {(foreign.reason, foreign.names_deal) for foreign in found} == {(Reason.FOREIGN, DEAL)}
    assert world.ledger.rows.surveyed[VENUE].trouble == ""
