"""Simulated time: it follows real time until it is set, and then runs at the speed asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

RealTime = Callable[[], int]
"""Returns microseconds since 1970; also the moment of its answer may come from a test."""


@dataclass(frozen=True)
class _Anchor:
    at_us: int
    real_us: int
    speed: Decimal


class Clock:
    """Reading it takes no lock: the anchor is replaced as a whole."""

    def __init__(self, real_time: RealTime) -> None:
        self._real_time = real_time
        self.follow_real_time()

    def follow_real_time(self) -> None:
        real_us = self._real_time()
        self._anchor = _Anchor(real_us, real_us, Decimal(1))

    def set(self, at_us: int | None, speed: Decimal | None) -> None:
        """Set the time, the speed (0 stands still), or both; None keeps what it is."""
        at_us = self.now_us if at_us is None else at_us
        speed = self.speed if speed is None else speed
        self._anchor = _Anchor(at_us, self._real_time(), speed)

    @property
    def speed(self) -> Decimal:
        return self._anchor.speed

    @property
    def now_us(self) -> int:
        anchor = self._anchor
        if not anchor.speed:
            return anchor.at_us
        return anchor.at_us + int((self._real_time() - anchor.real_us) * anchor.speed)

    @property
    def now_ms(self) -> int:
        return self.now_us // 1000

    @property
    def now(self) -> datetime:
        return EPOCH + self.now_us * MICROSECOND


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def iso(at_ms: int) -> str:
    return (EPOCH + at_ms * 1000 * MICROSECOND).isoformat(timespec="milliseconds")
