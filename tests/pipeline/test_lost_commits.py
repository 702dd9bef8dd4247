"""Whoever never learns what became of its commit loses nothing and doubles nothing.

Its connection is cut, or it is killed, before COMMIT has reached the database or after it was
carried out there: the ledger holds all of a transaction or nothing, and the next look goes by it.
"""

from collections import Counter
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes.mortal_ledger import (
    LostCommit,
    Nth,
    Writes,
    books_a_fill,
    stores_a_request,
    stores_an_answer,
)
from tests.pipeline import story
from tests.pipeline.world import ADDRESS, World, buy

WRITES = [stores_a_request, stores_an_answer, books_a_fill]
HOLDS = {True: "carried out", False: "undone"}
DIES = {True: "killed", False: "cut off"}


def enter(world: World) -> None:
    """The base is bought and gets its exit; two averaging orders follow it."""
    buy(world)
    world.wait(70)
    world.tell(story.safety_placing(1, "0.19"), story.safety_placing(2, "0.18"))
    world.wait(70)


def average(world: World) -> None:
    """The first averaging order fills; the exit grows with it."""
    world.price("0.1895")
    world.wait(70)
    world.tell(
        story.safety_executed(1, "0.19"),
        story.target_cancelled("0.22"),
        story.target_placing("0.21", "200"),
    )
    world.wait(70)


def leave(world: World) -> None:
    """The exit fills; what still waits on the book goes."""
    world.price("0.2105")
    world.wait(70)
    world.tell(story.target_executed("0.21", "200"), story.SUMMARY, status="completed")
    world.wait(70)


CHAPTERS = (enter, average, leave)


@cache
def undisturbed() -> tuple[list[tuple[str, ...]], int]:
    """Return the orders of a life without losses, and how many transactions it took."""
    asked_about = 0

    def counts(before: object, after: object) -> bool:
        nonlocal asked_about
        asked_about += 1
        return False

    world = live_through(LostCommit(counts, carried_out=True, killed=False))
    return taken(world), asked_about


def taken(world: World) -> list[tuple[str, ...]]:
    """Return every order that the venue ever took, and what became of it."""
    fields = ("coin", "side", "limitPx", "origSz", "sz", "reduceOnly")
    return sorted(tuple(str(order[f]) for f in fields) for order in world.at_the_venue())


def live_through(lost: LostCommit) -> World:
    world = World()
    world.ledger.loses = lost
    for chapter in CHAPTERS:
        chapter(world)
    return world


def check(world: World) -> None:
    """Compare the venue's orders, its log of requests and its fills with what had to come."""
    assert taken(world) == undisturbed()[0]
    assert set(carried_out(world).values()) == {1}
    account = world.at_venue("state")["accounts"][ADDRESS]
    booked = [(key[2:4], row.fill.size) for key, row in world.ledger.rows.fills.items()]
    assert sorted(booked) == sorted(
        ((fill["oid"], fill["tid"]), Decimal(fill["sz"])) for fill in account["fills"]
    )
    assert world.position() == 0
    assert not world.letters()
    assert not world.unexplained()


def carried_out(world: World) -> Counter[tuple[str, int]]:
    """Count how often the venue has carried out each nonce."""
    log = [entry for entry in world.at_venue("log") if "nonce" in entry]
    done = [entry for entry in log if entry["answer"]["status"] == "ok"]
    return Counter((entry["signer"], entry["nonce"]) for entry in done)


@pytest.mark.parametrize("killed", DIES, ids=DIES.get)
@pytest.mark.parametrize("held", HOLDS, ids=HOLDS.get)
@pytest.mark.parametrize("writes", WRITES, ids=lambda writes: writes.__name__)
def test_a_commit_whose_outcome_is_unknown_changes_no_order(
    writes: Writes, held: bool, killed: bool
) -> None:
    world = World()
    for chapter in CHAPTERS:
        world.ledger.loses = LostCommit(writes, carried_out=held, killed=killed)
        chapter(world)
        assert world.ledger.loses is None

    check(world)


@settings(max_examples=15, deadline=None)
@given(number=st.integers(0, 10**6), held=st.booleans(), killed=st.booleans())
@example(number=0, held=True, killed=False)
def test_wherever_a_commit_is_lost_the_orders_are_the_same(
    number: int, held: bool, killed: bool
) -> None:
    nth = Nth(number % undisturbed()[1])

    world = live_through(LostCommit(nth, carried_out=held, killed=killed))

    assert world.ledger.loses is None
    check(world)
