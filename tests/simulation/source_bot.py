"""A bot of the source that trades a random price path, and says so as 3Commas would."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from tests.pipeline import story
from tests.pipeline.world import World

COINS = 100
TICK = Decimal("0.00001")


def on_grid(price: Decimal) -> Decimal:
    return price.quantize(TICK)


@dataclass
class SourceDealRun:
    """One long deal: a base at market, two averaging orders below it, one take-profit above."""

    deal_id: int
    bot_id: int
    base: Decimal
    target: Decimal = Decimal(0)
    held: int = COINS
    paid: Decimal = Decimal(0)
    rungs: dict[int, Decimal] = field(default_factory=dict)
    over: bool = False
    released: bool = False

    def open(self, world: World) -> None:
        self.paid = self.base * COINS
        self.target = self._target()
        self.rungs = {k: on_grid(self.base * (1 - Decimal(k) / 50)) for k in (1, 2)}
        world.open_deal(self.deal_id, bot_id=self.bot_id)
        self._tell(
            world,
            story.base_placing(str(self.base)),
            story.base_executed(str(self.base)),
            story.target_placing(str(self.target), str(self.held)),
            *(story.safety_placing(k, str(price)) for k, price in self.rungs.items()),
        )

    def follow(self, world: World, price: Decimal) -> None:
        """Fill what the price has reached."""
        for step, rung in list(self.rungs.items()):
            if price <= rung:
                self._average(world, step, rung)
        if price >= self.target:
            self.finish(world)

    def finish(self, world: World) -> None:
        cancelled = (story.safety_cancelled(k, str(p)) for k, p in self.rungs.items())
        sold = story.target_executed(str(self.target), str(self.held))
        self._tell(world, sold, *cancelled, story.SUMMARY)
        self.over = True

    def surprise(self, world: World, chance: Random) -> None:
        """Do what a person does with a running deal."""
        match chance.randrange(6):
            case 0:
                world.tell(deal_id=self.deal_id, status="panic_sold", finished=True)
                self.over = True
            case 1:
                world.tell(deal_id=self.deal_id, status="cancelled", finished=True)
                self.over = self.released = True
            case 2 if self.rungs:
                step = chance.choice(sorted(self.rungs))
                self._tell(world, story.safety_cancelled(step, str(self.rungs.pop(step))))
            case _:
                self._move_target(world, on_grid(self.target * Decimal("1.002")))

    def _average(self, world: World, step: int, rung: Decimal) -> None:
        del self.rungs[step]
        before = self.held
        self.held += COINS
        self.paid += rung * COINS
        self._tell(world, story.safety_executed(step, str(rung)))
        self._move_target(world, self._target(), before)

    def _move_target(self, world: World, to: Decimal, held_before: int | None = None) -> None:
        old = story.target_cancelled(str(self.target), str(held_before or self.held))
        self.target = to
        self._tell(world, old, story.target_placing(str(to), str(self.held)))

    def _target(self) -> Decimal:
        return on_grid(self.paid / self.held * Decimal("1.015"))

    def _tell(self, world: World, *messages: str) -> None:
        world.tell(*messages, deal_id=self.deal_id)
