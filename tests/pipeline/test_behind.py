"""Entries wait when the looks that exits depend on have fallen behind; exits never do."""

from collections.abc import Callable
from decimal import Decimal

from recomma.domain.gates import BEHIND_AFTER
from recomma.domain.lifecycle import State
from recomma.domain.notes import Note, reconcile
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import DEAL, VENUE, World, bought_world

SAFETY = ("B", Decimal("0.19"), Decimal(100), False)


def nobody_takes(note: Note) -> Callable[[list[Note]], None]:
    def lose(waiting: list[Note]) -> None:
        waiting[:] = [each for each in waiting if each != note]

    return lose


def behind_world() -> World:
    """A position whose look has been due for too long, because no worker takes it."""
    world = bought_world()
    world.handle_messages = nobody_takes(reconcile(DEAL, VENUE))
    world.ledger.leave(reconcile(DEAL, VENUE), world.now - 2 * BEHIND_AFTER)
    return world


def test_a_new_entry_waits_until_the_looks_of_its_venue_have_caught_up() -> None:
    world = behind_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    held = world.order("safety/1")

    world.handle_messages = lambda waiting: None
    world.wait(40)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.BEHIND)
    assert SAFETY in world.resting()


def test_a_look_that_is_late_for_a_moment_holds_nothing() -> None:
    world = bought_world()
    world.handle_messages = nobody_takes(reconcile(DEAL, VENUE))
    world.ledger.leave(reconcile(DEAL, VENUE), world.now)
    world.tell(story.safety_placing(1, "0.19"))

    world.wait(20)

    assert SAFETY in world.resting()


def test_an_exit_is_moved_while_entries_wait_for_the_look_at_another_deal() -> None:
    world = bought_world()
    other = reconcile(DEAL + 1, VENUE)
    world.handle_messages = nobody_takes(other)
    world.ledger.leave(other, world.now - 2 * BEHIND_AFTER)

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(40)

    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]
