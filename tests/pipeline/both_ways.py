"""One story for long and short: prices are told as steps from 0.2, towards profit or loss."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pytest

from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from tests.pipeline import story
from tests.pipeline.world import DEAL, World


@dataclass(frozen=True)
class Way:
    """`sign` says which way the price has to go to win."""

    name: str
    sign: int

    def at(self, gain: str) -> str:
        """Return the price that is this much better than 0.2, or worse if it is negative."""
        return f"{Decimal('0.2') + self.sign * Decimal(gain)}"

    def price(self, gain: str) -> Decimal:
        return Decimal(self.at(gain))

    @property
    def exit_side(self) -> str:
        """As the venue says it: A sells, B buys."""
        return "A" if self.sign > 0 else "B"

    def held(self, size: int) -> Decimal:
        return Decimal(self.sign * size)

    def exit(self, gain: str, size: int | str = 100) -> tuple[str, Decimal, Decimal, bool]:
        return (self.exit_side, self.price(gain), Decimal(size), True)

    def enter(
        self, world: World, deal_id: int = DEAL, *, coins: str = "100", **fields: Any
    ) -> None:
        """Open a deal that enters at 0.2 and exits 0.02 further."""
        world.open_deal(deal_id, strategy=self.name, **fields)
        world.tell(
            story.base_placing(coins=coins),
            story.base_executed(coins=coins),
            story.target_placing(self.at("0.02"), coins),
            deal_id=deal_id,
        )
        world.wait(1)

    def world(self, **fields: Any) -> World:
        world = World(**fields)
        self.enter(world)
        return world


LONG: Final = Way("long", 1)
SHORT: Final = Way("short", -1)
both_ways: Final = pytest.mark.parametrize("way", [LONG, SHORT], ids=lambda way: way.name)


def flat(world: World) -> bool:
    """Say whether nothing is held and nothing rests."""
    return not world.position() and not world.resting()


def stop(world: World, level: Level, scope: Scope | None = None) -> Stop:
    """Have a person set a stop, and every deal looked at as the command does."""
    made = Stop(
        id=len(world.ledger.rows.stops) + 1,
        level=level,
        scope=scope or Scope(),
        actor="test",
        why="",
        reason=Reason.CLOSED_BY_PERSON if level is Level.CLOSE_ALL else Reason.STOPPED,
        set_at=world.now,
    )
    world.ledger.rows.stops[made.id] = made
    for deal_id in world.ledger.rows.deals:
        world.look(deal_id)
    return made


def resume(world: World) -> None:
    world.ledger.rows.stops.clear()
    for deal_id in world.ledger.rows.deals:
        world.look(deal_id)
