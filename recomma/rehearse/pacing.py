"""Requests to a side that counts them: spaced so evenly that no window of a minute overflows.

The window of 3Commas is fixed and starts at the first request (threecommas.md 11); evenly spaced
requests are safe under that and under every other reading of "so many a minute".
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

PER_MINUTE: Final[Mapping[str, int]] = {"starter": 5, "pro": 50, "expert": 120}
"""Requests a minute by plan (threecommas.md 11)."""

SHARE_PERCENT: Final = 80
"""The rest is left to a mirror that runs on the same account meanwhile."""


class Time(Protocol):
    """Time that can be waited for; a test's own passes at once."""

    def now(self) -> datetime: ...
    def sleep(self, seconds: float) -> None: ...


class RealTime:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def seconds_between(plan: str) -> float:
    """Return how far apart requests have to be on a plan."""
    return 60 * 100 / (PER_MINUTE[plan] * SHARE_PERCENT)


class PacedTransport(BaseAdapter):
    """Lets each request wait for its turn; mount it on a session in place of another transport."""

    def __init__(self, plan: str, time_: Time, inner: BaseAdapter | None = None) -> None:
        super().__init__()
        self._apart_seconds = seconds_between(plan)
        self._time = time_
        self._inner = inner or HTTPAdapter()
        self._last_at: datetime | None = None

    def send(
        self, request: requests.PreparedRequest, *arguments: Any, **options: Any
    ) -> requests.Response:
        if self._last_at is not None:
            passed = (self._time.now() - self._last_at).total_seconds()
            if passed < self._apart_seconds:
                self._time.sleep(self._apart_seconds - passed)
        try:
            return self._inner.send(request, *arguments, **options)
        finally:
            self._last_at = self._time.now()

    def close(self) -> None:
        self._inner.close()
