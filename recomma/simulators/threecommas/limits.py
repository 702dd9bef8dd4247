"""Rate limits: a fixed window that the first request opens, then 429, then 418 (11)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.simulators.threecommas.accounts import PLANS, Account
from recomma.simulators.threecommas.answers import (
    BANNED,
    Answer,
    Request,
    plan_lacks,
    rate_limited,
)
from recomma.simulators.threecommas.spelling import BadInput, Json

WINDOW: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class Layer:
    """A documented limit on some routes, and for how long a breach blocks them (11)."""

    pattern: re.Pattern[str]
    per_minute: int
    blocked: timedelta


LAYERS: Final = (
    Layer(re.compile(r".*"), 100, timedelta(seconds=300)),
    Layer(re.compile(r".*/deals"), 120, timedelta(seconds=60)),
    Layer(re.compile(r".*/deals/[0-9]+/show"), 120, timedelta(seconds=60)),
)


@dataclass
class Window:
    """What one key did since its window opened."""

    opened_at: datetime
    requests: int = 0
    refusals: int = 0  # In a row: an allowed request makes good for all before it.
    bans: int = 0
    banned_until: datetime | None = None
    blocked_until: datetime | None = None


class Limits:
    """Counts the requests of each key in simulated time. Off until switched on.

    `layers` adds the limits that the documentation gives for the whole API and for single routes;
    recorded clients of the largest plan seem to live above them, so they are off by default.
    Nobody has seen how many refused requests lead to a ban; `persistence` is our guess.
    """

    def __init__(self) -> None:
        self.on = False
        self.plan_refused = False
        self.layers = False
        self.persistence = 10
        self.ban_seconds = 120
        self.per_minute: int | None = None
        self._windows: dict[tuple[str, str], Window] = {}

    def set(self, body: Json) -> None:
        """Switch on or off, or set the numbers. Starts counting anew. Raises BadInput."""
        kinds = {name: type(value) for name, value in self.as_json().items()}
        kinds["per_minute"] = int
        for name, value in body.items():
            if name not in kinds:
                raise BadInput(f"Limits have no {name!r}; they have {', '.join(kinds)}.")
            if type(value) is not kinds[name] or value < 0:
                raise BadInput(f"Limit {name!r} takes {kinds[name].__name__}, not {value!r}.")
        for name, value in body.items():
            setattr(self, name, value)
        self._windows.clear()

    def as_json(self) -> Json:
        return {
            "on": self.on,
            "plan_refused": self.plan_refused,
            "layers": self.layers,
            "persistence": self.persistence,
            "ban_seconds": self.ban_seconds,
            "per_minute": self.per_minute,
        }

    def refusal(self, account: Account, request: Request, now: datetime) -> Answer | None:
        """Count one request and return the refusal it meets, if any."""
        kind = "read" if request.method == "GET" else "write"
        if self.plan_refused or account.plan == "none":
            return plan_lacks(kind)
        if not self.on:
            return None
        if kind == "write" and account.plan != "expert":
            return plan_lacks(kind)
        most = PLANS[account.plan] if self.per_minute is None else self.per_minute
        refused = self._count(self._window(account.api_key, "", now), most, now)
        if refused is None and self.layers:
            refused = self._layered(account.api_key, request.path, now)
        return refused

    def _layered(self, api_key: str, path: str, now: datetime) -> Answer | None:
        for layer in LAYERS:
            if layer.pattern.fullmatch(path) is None:
                continue
            window = self._window(api_key, layer.pattern.pattern, now)
            window.requests += 1
            if window.blocked_until is None and window.requests > layer.per_minute:
                window.blocked_until = now + layer.blocked
            if window.blocked_until is not None and now < window.blocked_until:
                return rate_limited(window.blocked_until)
            window.blocked_until = None
        return None

    def _window(self, api_key: str, layer: str, now: datetime) -> Window:
        window = self._windows.get((api_key, layer))
        if window is None:
            window = self._windows[api_key, layer] = Window(now)
        # The clock can be set back by hand; a window from the future would never end.
        elif now >= window.opened_at + WINDOW or now < window.opened_at:
            window.opened_at, window.requests = now, 0
        return window

    def _count(self, window: Window, most: int, now: datetime) -> Answer | None:
        if window.banned_until is not None:
            if now < window.banned_until:
                return BANNED
            window.banned_until, window.refusals = None, 0
            window.opened_at, window.requests = now, 0
        window.requests += 1
        if window.requests <= most:
            window.refusals = 0
            return None
        window.refusals += 1
        if window.refusals <= self.persistence:
            return rate_limited(window.opened_at + WINDOW)
        # A ban grows with repetition (threecommas.md 11).
        ban = timedelta(seconds=self.ban_seconds * 2**window.bans)
        window.bans += 1
        window.banned_until = now + min(ban, timedelta(days=3))
        return BANNED
