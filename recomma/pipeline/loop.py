"""Run notes one after the other in one process, without Celery.

What the workers, the broker and the relay do together, done by a loop: notes that are due are
published to a list, taken from it risk first, and run. Simulation tests and
`recomma rehearse --in-process` use it; nothing about a step is different here.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from recomma.domain.notes import Note, Queue
from recomma.pipeline.run import relay, run
from recomma.pipeline.tools import Tools

RISK_FIRST: Final = (Queue.TAKE_PROFIT, Queue.ORDERS, Queue.DEALS, Queue.MAINTENANCE)
"""As the general worker takes its queues (docs/decisions/0002)."""

# At one moment: so many, and so many more for each note that took part. A loop that never ends goes
# round a few notes, and is found in moments; a thousand deals may have their thousands of runs.
RUNS_MAX: Final = 300
RUNS_OF_A_NOTE_MAX: Final = 30


class NeverSettles(Exception):
    """The same moment has had more runs than any work could need."""


@dataclass
class WaitingNotes:
    """A broker that is a list. See recomma.ports.Publisher."""

    waiting: list[Note] = field(default_factory=list)

    def publish(self, notes: Sequence[Note]) -> None:
        self.waiting.extend(notes)

    def full(self) -> Collection[Queue]:
        return ()

    def idle(self) -> bool:
        return False  # What it loses, a test loses on purpose, for the whole of STALE_AFTER.

    def take(self, chance: Random | None = None) -> Note:
        """Take the next note: risk first, or any of them, since messages come in any order."""
        if chance:
            return self.waiting.pop(chance.randrange(len(self.waiting)))
        places = range(len(self.waiting))
        return self.waiting.pop(min(places, key=lambda i: RISK_FIRST.index(self.waiting[i].queue)))


def settle(
    tools: Tools,
    notes: WaitingNotes,
    *,
    chance: Random | None = None,
    on_messages: Callable[[list[Note]], None] | None = None,
    run_one: Callable[[Note, Tools], None] = run,
) -> int:
    """Run what is due now until nothing is; return how many runs that took.

    `on_messages` may lose, double or reorder what waits; `run_one` may be killed in mid-step.
    Raises NeverSettles.
    """
    taken: set[Note] = set()
    runs = 0
    while runs < RUNS_MAX + RUNS_OF_A_NOTE_MAX * len(taken):
        if not notes.waiting:
            relay(tools)  # Each run has published what it left.
        if on_messages:
            on_messages(notes.waiting)
        if not notes.waiting:
            return runs
        note = notes.take(chance)
        taken.add(note)
        run_one(note, tools)
        runs += 1
    raise NeverSettles(f"{runs} runs of {len(taken)} notes at {tools.clock()}: {notes.waiting}")
