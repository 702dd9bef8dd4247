"""Rate limits: a fixed window that the first request opens, then 429, then 418 (11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.simulators.threecommas.accounts import PLANS, Account
from recomma.simulators.threecommas.answers import BANNED, Answer, plan_lacks, rate_limited
from recomma.simulators.threecommas.spelling import BadInput, Json

WINDOW: Final = timedelta(seconds=60)


@dataclass
class Window:
    """What one key did since its window opened."""

    opened_at: datetime
    requests: int = 0
    refusals: int = 0  # In a row: an allowed request makes good for all before it.
    bans: int = 0
    banned_until: datetime | None = None


class Limits:
    """Counts the requests of each key in simulated time. Off until switched on.

    Nobody has seen how many refused requests lead to a ban; `persistence` is our guess.
    """

    def __init__(self) -> None:
        self.on = False
        self.plan_refused = False
        self.persistence = 10
        self.ban_seconds = 120
        self.per_minute: int | None = None
        self._windows: dict[str, Window] = {}

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
            "persistence": self.persistence,
            "ban_seconds": self.ban_seconds,
            "per_minute": self.per_minute,
        }

    def refusal(self, account: Account, method: str, now: datetime) -> Answer | None:
        """Count one request and return the refusal it meets, if any."""
        kind = "read" if method == "GET" else "write"
        if self.plan_refused or account.plan == "none":
            return plan_lacks(kind)
        if not self.on:
            return None
        if kind == "write" and account.plan != "expert":
            return plan_lacks(kind)
        most = PLANS[account.plan] if self.per_minute is None else self.per_minute
        return self._count(self._window(account.api_key, now), most, now)

    def _window(self, api_key: str, now: datetime) -> Window:
        window = self._windows.get(api_key)
        if window is None:
            window = self._windows[api_key] = Window(now)
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
