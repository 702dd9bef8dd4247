"""A bot of the source that trades a random price path, and says so as 3Commas would."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from tests.pipeline import story
from tests.pipeline.world import World

COINS = 100
TICK = Decimal("0.00001")
STEP_DISTANCES = (Decimal("1.015"), Decimal("1.025"))


def on_grid(price: Decimal) -> Decimal:
    return price.quantize(TICK)


@dataclass
class SourceDealRun:
    """One long deal: a base at market, two averaging orders below it, one or two targets above.

    `targets` and `rungs` are what still rests, by step.
    """

    deal_id: int
    bot_id: int
    base: Decimal
    steps: int = 1
    held: int = COINS
    average: Decimal = Decimal(0)
    targets: dict[int, Decimal] = field(default_factory=dict)
    rungs: dict[int, Decimal] = field(default_factory=dict)
    over: bool = False
    released: bool = False

    def open(self, world: World) -> None:
        self.average = self.base
        self.rungs = {k: on_grid(self.base * (1 - Decimal(k) / 50)) for k in (1, 2)}
        distances = STEP_DISTANCES[: self.steps]
        self.targets = {j: on_grid(self.base * by) for j, by in enumerate(distances, start=1)}
        world.open_deal(self.deal_id, bot_id=self.bot_id, take_profit_steps=self._settings())
        self._tell(
            world,
            story.base_placing(str(self.base)),
            story.base_executed(str(self.base)),
            *self._placings(),
            *(story.safety_placing(k, str(price)) for k, price in self.rungs.items()),
        )

    def follow(self, world: World, price: Decimal) -> None:
        """Fill what the price has reached."""
        for step, rung in list(self.rungs.items()):
            if price <= rung:
                self._average(world, step, rung)
        for step, target in list(self.targets.items()):
            if price >= target:
                self._take_profit(world, step)

    def finish(self, world: World) -> None:
        for step in list(self.targets):
            self._take_profit(world, step)

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
                self._move_targets(world, Decimal("1.002"), 0)

    def _average(self, world: World, step: int, rung: Decimal) -> None:
        del self.rungs[step]
        self._tell(world, story.safety_executed(step, str(rung)))
        before = self.average
        self.average = (self.average * self.held + rung * COINS) / (self.held + COINS)
        self._move_targets(world, self.average / before, COINS)

    def _take_profit(self, world: World, step: int) -> None:
        coins = self._sizes()[step]
        self._tell(world, story.target_executed(str(self.targets.pop(step)), str(coins)))
        self.held -= coins
        if not self.targets:
            left = (story.safety_cancelled(k, str(p)) for k, p in self.rungs.items())
            self._tell(world, *left, story.SUMMARY)
            self.over = True

    def _move_targets(self, world: World, by: Decimal, bought: int) -> None:
        sizes = self._sizes()
        gone = [story.target_cancelled(str(p), str(sizes[j])) for j, p in self.targets.items()]
        self.held += bought
        self.targets = {j: on_grid(price * by) for j, price in self.targets.items()}
        self._tell(world, *gone, *self._placings())

    def _placings(self) -> list[str]:
        sizes = self._sizes()
        return [story.target_placing(str(p), str(sizes[j])) for j, p in self.targets.items()]

    def _sizes(self) -> dict[int, int]:
        """Share what is held out over the targets that are left."""
        share = self.held // len(self.targets)
        last = max(self.targets)
        rest = self.held - share * (len(self.targets) - 1)
        return {step: rest if step == last else share for step in self.targets}

    def _settings(self) -> list[dict[str, object]]:
        if self.steps == 1:
            return []
        percent = str(Decimal(100) / self.steps)
        return [
            {"id": j, "amount_percentage": percent, "price": {"value": str(p)}, "trade_id": None}
            for j, p in self.targets.items()
        ]

    def _tell(self, world: World, *messages: str) -> None:
        world.tell(*messages, deal_id=self.deal_id)
