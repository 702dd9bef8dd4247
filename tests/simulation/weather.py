"""What goes wrong on the way: lost requests and answers, dead workers, a forgetful broker."""

from decimal import Decimal
from typing import Any, Final

from recomma.domain.notes import Note
from tests.pipeline.world import World
from tests.simulation.coins import COINS
from tests.simulation.scenery import Scenery

LOST: Final = ("answer_lost", "request_lost", "late_commit", "http_429", "http_502_html")
PHASES: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "slow_visibility", "seconds": 4},
    {"kind": "slow_visibility", "seconds": 6, "request_type": "userFillsByTime"},
    {"kind": "post_only_phase"},
    {"kind": "trading_halted"},
    {"kind": "address_budget_exhausted"},
    {"kind": "clock_skew", "seconds": 3},
    {"kind": "clock_skew", "seconds": -3},
    {"kind": "agent_revoked"},
    {"kind": "refuse", "rate": "0.5", "text": "Order must have minimum value of $10."},
    {"kind": "refuse", "rate": "0.3", "text": "The sky is too blue."},
)


class Weather:
    def __init__(self, world: World, scenery: Scenery) -> None:
        self._world = world
        self._calm = scenery.calm
        self._chance = scenery.chance("weather")
        self._messages = scenery.chance("broker")
        self._coins = [coin.name for coin in COINS if coin.pair in scenery.paths]

    def change(self) -> None:
        """Make the weather of the next seconds."""
        if self._calm:
            return
        chance, world = self._chance, self._world
        kinds = [kind for kind in LOST if chance.random() < 0.2]
        faults = [{"kind": k, "rate": "0.5", "seconds": 7} for k in kinds]
        if chance.random() < 0.08:
            faults.append(chance.choice(PHASES))
        world.faults(*faults)
        broken = [{"kind": "http", "status": 502, "path": "/public", "rate": 0.5}]
        world.at_source("faults", broken if chance.random() < 0.1 else [])
        for coin in self._coins:
            thin = {side: str(chance.randrange(150)) for side in ("asks", "bids")}
            world.at_venue("depth", {coin: thin if chance.random() < 0.2 else None})
            self._set_mark_apart(coin)
        world.handle_messages = self._shuffle_messages if chance.random() < 0.3 else _leave_alone
        for name in world.tools.venues:
            if chance.random() < 0.1:
                self._mortal(name).dies = chance.choice(("before_sending", "after_sending"))
        if chance.random() < 0.1:
            world.sleep(seconds=chance.randrange(20))

    def _set_mark_apart(self, coin: str) -> None:
        """Triggers and liquidations go by the mark, which may leave the book for a while."""
        if self._chance.random() < 0.05:
            price = Decimal(self._world.at_venue("state")["prices"].get(coin, 0))
            away = Decimal(self._chance.choice(("0.97", "0.99", "1.01", "1.03")))
            self._world.at_venue("marks", {coin: f"{price * away:f}" if price else None})
        elif self._chance.random() < 0.3:
            self._world.at_venue("marks", {coin: None})

    def _mortal(self, name: str) -> Any:
        return self._world.others.get(name, self._world.venue)

    def _shuffle_messages(self, queue: list[Note]) -> None:
        """Let the broker lose some messages and hand out others twice."""
        times = (0, 1, 1, 1, 2)
        queue[:] = [note for note in queue for _ in range(self._messages.choice(times))]

    def clear_up(self) -> None:
        world = self._world
        world.faults()
        world.at_source("faults", [])
        for coin in self._coins:
            world.at_venue("depth", {coin: None})
            world.at_venue("marks", {coin: None})
        world.handle_messages = _leave_alone
        for name in world.tools.venues:
            self._mortal(name).dies = ""


def _leave_alone(queue: list[Note]) -> None:
    pass
