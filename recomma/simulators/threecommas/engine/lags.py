"""The separate clocks of a deal: how long each thing takes (threecommas.md 8.1, 9.1, 9.2).

Ranges are milliseconds, taken from the recordings; a draw comes from the seeded random.
"""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

Range = tuple[int, int]

OPENING: Final[Range] = (40, 90)  # From the deal's birth to its base row.
PLACING_TOLD: Final[Range] = (28, 61)  # From a row to its "Placing".
CHANGE_KNOWN: Final[Range] = (4, 40)  # From a row to the deal's fields and `updated_at`.
CHANGE_TOLD: Final[Range] = (62, 402)  # From a row to its "executed" or "cancelled".
MARKET_FILL: Final[Range] = (250, 900)
MATCHING: Final[Range] = (1, 9)  # Between two limit orders that one move of the price fills.
FIRST_TARGET: Final[Range] = (70, 200)
NEXT_PLACING: Final[Range] = (40, 80)
SLOW_PLACING: Final[Range] = (150, 400)
NEXT_SAFETY: Final[Range] = (120, 260)
TARGET_CANCELLING: Final[Range] = (90, 180)
TARGET_CANCELLED: Final[Range] = (8, 15)
TARGET_AGAIN: Final[Range] = (60, 310)
TARGET_LATE: Final[Range] = (1000, 4400)
WINDING_UP: Final[Range] = (200, 350)
NEXT_CANCELLING: Final[Range] = (24, 49)
CANCELLING: Final[Range] = (150, 700)
CLOSING: Final[Range] = (40, 90)
FINISHING: Final[Range] = (50, 200)
SUMMARY_TOLD: Final[Range] = (55, 402)

_SELDOM: Final = 12  # Once in so many times something takes seconds.


@dataclass
class Lags:
    """Draws how long things take; two with one seed, asked the same, answer the same."""

    random: Random

    def of(self, range_ms: Range) -> timedelta:
        return timedelta(milliseconds=self.random.randint(*range_ms))

    def now_and_then(self, usual: Range, seldom: Range) -> timedelta:
        """Draw from `usual`, and once in a while from `seldom`."""
        slow = self.random.randrange(_SELDOM) == 0
        return self.of(seldom if slow else usual)
