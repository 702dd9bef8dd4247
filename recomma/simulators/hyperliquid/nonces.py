"""Which nonces a signer may still use (hyperliquid.md 6)."""

from bisect import bisect_left, insort
from typing import Final

from recomma.simulators.hyperliquid.refusals import TurnedDown

DAY_MS: Final = 24 * 60 * 60 * 1000
OLDEST_MS: Final = 2 * DAY_MS
NEWEST_MS: Final = DAY_MS
KEPT: Final = 100


class Nonces:
    """The nonces that one signer has used.

    The 100 highest set the floor for new ones. Every nonce inside the window of time is
    remembered, so that signed bytes cannot run twice however many others came in between.
    """

    def __init__(self) -> None:
        self._used: list[int] = []

    def admit(self, nonce: int, now_ms: int) -> None:
        """Use the nonce up. Raises TurnedDown, and then it is not used up."""
        oldest = now_ms - OLDEST_MS
        del self._used[: bisect_left(self._used, oldest)]
        place = bisect_left(self._used, nonce)
        if place < len(self._used) and self._used[place] == nonce:
            raise TurnedDown(f"Invalid nonce: duplicate nonce {nonce}")
        floor = max(oldest, self._used[-KEPT]) if len(self._used) >= KEPT else oldest
        if nonce <= floor:
            raise TurnedDown(f"Invalid nonce: nonce too low {nonce} < {floor}")
        if nonce >= now_ms + NEWEST_MS:
            raise TurnedDown(f"Invalid nonce: nonce too high {nonce} > {now_ms + NEWEST_MS}")
        insort(self._used, nonce)
