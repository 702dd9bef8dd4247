"""What every reader of /info is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.faults import FaultKind
from recomma.simulators.hyperliquid.wire import address
from recomma.simulators.hyperliquid.world import World


@dataclass(frozen=True)
class Question:
    """One info request, the world it is asked of, and the time."""

    world: World
    asked: Mapping[str, Any]
    now_ms: int

    @property
    def account(self) -> Account:
        """Return whom it is about. Raises WrongShape where `user` is not an address."""
        return self.world.account(address(self.asked.get("user")))

    @property
    def viewer(self) -> str | None:
        """Return whose prices are asked for: an account may have price paths of its own.

        The venue ignores a `user` here; in the simulator it makes an account's own market visible.
        """
        return None if self.asked.get("user") is None else address(self.asked["user"])

    @property
    def newest_ms(self) -> int:
        """Return the age from which this question sees things; looking counts a fault."""
        slow = self.world.faults.strike(
            FaultKind.SLOW_VISIBILITY, "/info", str(self.asked.get("type"))
        )
        return self.now_ms if slow is None else self.now_ms - int(slow.seconds * 1000)


Reader = Callable[[Question], Any]
"""Answers one type of info request. Raises WrongShape."""
