"""The whole pipeline in one process, under a random market and random failures.

A failing run prints its seed: `World`, market and weather follow from it alone.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from random import Random

import pytest

from recomma.domain.cloid import decode
from recomma.domain.lifecycle import State
from recomma.domain.money import Side
from recomma.domain.source import Role
from tests.pipeline.world import ADDRESS, BOT, VENUE, World
from tests.simulation.source_bot import COINS, SourceDealRun, on_grid
from tests.simulation.weather import Weather

STEPS = 25
STEP_SECONDS = 5
SETTLING_SECONDS = 150  # A dead worker's lease, an expired request, and the slow cadence after it.
ENTRIES = (Role.BASE, Role.SAFETY)


class RandomRun:
    """Two bots with one deal each, and a price that wanders."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.world = World()
        self.world.chance = self.chance
        self.weather = Weather(self.world, self.chance)
        self.price = Decimal("0.2")
        self.deals: list[SourceDealRun] = []

    def go(self) -> None:
        for _ in range(STEPS):
            self._open_what_is_missing()
            self._move_the_market()
            self.weather.change()
            self.world.wait(STEP_SECONDS)
            self.check_at_any_time()
        self.weather.clear_up()
        self.world.wait(SETTLING_SECONDS)

    def end_all_deals(self) -> None:
        for deal in self.deals:
            if not deal.over:
                deal.finish(self.world)
        self.world.wait(SETTLING_SECONDS)

    def _open_what_is_missing(self) -> None:
        for bot_id in (BOT, BOT + 1):
            running = [d for d in self.deals if d.bot_id == bot_id and not d.over]
            if not running and self.chance.random() < 0.5:
                steps = self.chance.choice((1, 1, 2))
                deal = SourceDealRun(500 + len(self.deals), bot_id, self.price, steps)
                self.deals.append(deal)
                deal.open(self.world)

    def _move_the_market(self) -> None:
        step = Decimal(self.chance.randrange(-15, 16)) / 1000
        self.price = on_grid(self.price * (1 + step))
        self.world.price(str(self.price))
        for deal in self.deals:
            if not deal.over:
                deal.follow(self.world, self.price)
            if not deal.over and self.chance.random() < 0.06:
                deal.surprise(self.world, self.chance)

    # What must hold.

    def check_at_any_time(self) -> None:
        """No order twice, nothing bought twice, nothing sold that was not bought."""
        orders = self.world.at_the_venue()
        names = Counter(order["cloid"] for order in orders)
        assert [name for name, count in names.items() if count > 1] == []
        bought: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for order in orders:
            said = decode(order["cloid"])
            assert said is not None
            if said.leg.role in ENTRIES:
                bought[said.deal_id, str(said.leg)] += Decimal(order["filledSz"])
                assert not order["reduceOnly"]
            else:
                assert order["reduceOnly"]
        assert {leg: size for leg, size in bought.items() if size > COINS} == {}
        open_exits = [size for _, _, size, reduces in self.world.resting() if reduces]
        assert sum(open_exits, Decimal(0)) <= self.world.position()

    def check_settled(self) -> None:
        """Ledger and venue agree, every position has its exit, every difference its reason."""
        world = self.world
        ledger = world.ledger
        left = {i: ledger.mirrored(i, VENUE).holding.left(Side.BUY) for i in ledger.rows.deals}
        assert sum(left.values(), Decimal(0)) == world.position()
        doubtful = [o for o in ledger.rows.orders.values() if o.state is State.IN_DOUBT]
        assert doubtful == []
        fills = world.at_venue("state")["accounts"][ADDRESS]["fills"]
        assert len(ledger.rows.fills) == len(fills)
        assert world.unexplained() == []
        exits = sum((size for _, _, size, reduces in world.resting() if reduces), Decimal(0))
        # The venue takes no exit below its minimum beside another deal's position.
        dust = sum((size for size in left.values() if size * self.price < 10), Decimal(0))
        assert world.position() - dust <= exits <= world.position()


@pytest.mark.parametrize("seed", range(17))
def test_whatever_happens_nothing_is_doubled_lost_or_unexplained(seed: int) -> None:
    print(f"seed {seed}")
    run = RandomRun(seed)

    run.go()

    run.check_at_any_time()
    run.check_settled()


@pytest.mark.parametrize("seed", range(100, 103))
def test_when_every_deal_has_ended_only_released_coins_are_left(seed: int) -> None:
    print(f"seed {seed}")
    run = RandomRun(seed)
    run.go()

    run.end_all_deals()

    run.check_settled()
    ledger = run.world.ledger
    kept = {d.deal_id for d in run.deals if d.released}
    assert {order.deal_id for order in ledger.rows.orders.values() if order.live} <= kept
