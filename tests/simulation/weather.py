"""What goes wrong on the way: lost requests and answers, dead workers, a forgetful broker."""

from random import Random

from recomma.domain.notes import Note
from tests.pipeline.world import World

VENUE_FAULTS = ("answer_lost", "request_lost", "late_commit", "http_429", "http_502_html")


class Weather:
    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance

    def change(self) -> None:
        """Make the weather of the next seconds."""
        chance, world = self._chance, self._world
        kinds = [kind for kind in VENUE_FAULTS if chance.random() < 0.25]
        world.faults(*({"kind": k, "rate": "0.5", "seconds": 7} for k in kinds))
        stormy = chance.random() < 0.1
        broken = [{"kind": "http", "status": 502, "path": "/public", "rate": 0.5}]
        world.at_source("faults", broken if stormy else [])
        thin = {side: str(chance.randrange(150)) for side in ("asks", "bids")}
        world.at_venue("depth", {"DOGE": thin if chance.random() < 0.2 else None})
        world.handle_messages = self._shuffle_messages if chance.random() < 0.3 else _leave_alone
        if chance.random() < 0.1:
            world.venue.dies = chance.choice(("before_sending", "after_sending"))
        if chance.random() < 0.1:
            world.sleep(seconds=chance.randrange(20))

    def _shuffle_messages(self, queue: list[Note]) -> None:
        """Let the broker lose some messages and hand out others twice."""
        queue[:] = [note for note in queue for _ in range(self._chance.choice((0, 1, 1, 1, 2)))]

    def clear_up(self) -> None:
        self._world.faults()
        self._world.at_source("faults", [])
        self._world.at_venue("depth", {"DOGE": None})
        self._world.handle_messages = _leave_alone
        self._world.venue.dies = ""


def _leave_alone(queue: list[Note]) -> None:
    pass
