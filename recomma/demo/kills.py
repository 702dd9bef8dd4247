"""The worker of `orders` is killed while the script plays, and started again.

What a service manager would do with it, the demo does itself. Each kill waits for what it needs,
however long that takes: for a worker that is up, and for one more base that was asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from recomma.demo.scene import Scene
from recomma.domain.source import Role

WORKER: Final = "orders"


@dataclass(frozen=True)
class Kill:
    """One SIGKILL. None: it has not happened yet."""

    at: datetime | None = None
    back_at: datetime | None = None

    @property
    def away(self) -> timedelta | None:
        return self.back_at - self.at if self.at and self.back_at else None

    def as_json(self) -> dict[str, object]:
        away = self.away
        return {
            "worker": WORKER,
            "signal": "SIGKILL",
            "at": self.at.isoformat() if self.at else None,
            "back_after_seconds": round(away.total_seconds(), 1) if away else None,
        }


@dataclass(frozen=True)
class Victim:
    """What is done to the worker; `restart` is a SIGKILL and a new start."""

    restart: Callable[[], None]
    is_up: Callable[[], bool]


class Kills:
    """`count` kills, one after the other."""

    def __init__(self, victim: Victim, count: int) -> None:
        self._victim = victim
        self.planned = [Kill() for _ in range(count)]

    def go_on(self, scene: Scene) -> Iterator[str]:
        """Do what is due now, and say it."""
        for number, kill in enumerate(self.planned):
            if kill.away is not None:
                continue
            if self._victim.is_up():
                yield from self._next(number, kill, scene)
            return

    def _next(self, number: int, kill: Kill, scene: Scene) -> Iterator[str]:
        if kill.at is not None:
            self.planned[number] = replace(kill, back_at=scene.at)
            yield f"the worker of {WORKER} is back"
        elif _bases_asked(scene) > number:
            self._victim.restart()
            self.planned[number] = Kill(scene.at)
            yield f"the worker of {WORKER} was killed (SIGKILL)"


def _bases_asked(scene: Scene) -> int:
    return sum(
        order.leg.role is Role.BASE and order.attempts > 0
        for deal in scene.books.values()
        for here in deal.mirrored
        for order in here.orders
    )
