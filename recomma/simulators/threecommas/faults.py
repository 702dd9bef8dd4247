"""Bad weather on demand: errors of the service and of the way to it (threecommas.md 15)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from recomma.simulators.threecommas.answers import (
    BANNED,
    Answer,
    Cut,
    error,
    gateway_page,
    rate_limited,
)
from recomma.simulators.threecommas.spelling import BadInput, Json

OF_STREAM: Final = ("frame_missed", "frame_twice", "drop")
KINDS: Final = ("http", "slow", "close", *OF_STREAM)
_HTTP: Final = (401, 403, 404, 418, 429, 500, 502, 503, 504)


@dataclass
class Fault:
    """One entry of `/_control/faults`.

    It strikes `count` times (None: for ever), each time with the chance `rate`, and only at
    paths that begin with `path`. `after` lets the request take effect first.
    """

    kind: str
    path: str = "/"
    count: int | None = None
    rate: int | float = 1
    after: bool = False
    status: int = 502
    html: bool = False
    seconds: int | float = 0

    @property
    def of_stream(self) -> bool:
        """Whether it strikes frames of the stream, and no requests."""
        return self.kind in OF_STREAM

    def strikes(self, path: str, random: Random) -> bool:
        """Say whether this fault hits a request to `path`; a hit is used up."""
        if not path.startswith(self.path) or self.count == 0:
            return False
        if random.random() >= self.rate:
            return False
        if self.count is not None:
            self.count -= 1
        return True

    def as_json(self) -> Json:
        return {
            "kind": self.kind,
            "path": self.path,
            "count": self.count,
            "rate": self.rate,
            "when": "after" if self.after else "before",
            "status": self.status,
            "html": self.html,
            "seconds": self.seconds,
        }


def read_fault(entry: Json) -> Fault:
    """Read one fault. Raises BadInput."""
    kind, when = entry.get("kind"), entry.get("when", "before")
    unknown = set(entry) - {"kind", "path", "count", "rate", "when", "status", "html", "seconds"}
    if kind not in KINDS or when not in ("before", "after") or unknown:
        raise BadInput(
            f"A fault has 'kind' ({', '.join(KINDS)}), 'path', 'count' or 'rate', 'when' "
            "(before, after), 'status', 'html' and 'seconds'."
        )
    status = entry.get("status", 502)
    if status not in _HTTP:
        raise BadInput(f"'status' must be one of {', '.join(map(str, _HTTP))}, not {status!r}.")
    fault = Fault(kind, str(entry.get("path", "/")), after=when == "after", status=status)
    fault.html = bool(entry.get("html", status in (502, 503, 504)))
    fault.seconds = _number(entry, "seconds", 0, most=3600)
    fault.rate = _number(entry, "rate", 1, most=1)
    count = entry.get("count")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise BadInput(f"'count' must be a whole number, not {count!r}.")
    fault.count = count
    return fault


def under(
    faults: list[Fault],
    path: str,
    *,
    random: Random,
    now: datetime,
    answer: Callable[[], Answer],
) -> Answer:
    """Answer a request in the weather of `faults`; waits add up, of the rest the first counts."""
    for_requests = [fault for fault in faults if not fault.of_stream]
    struck = [fault for fault in for_requests if fault.strikes(path, random)]
    wait_seconds = sum(fault.seconds for fault in struck)
    hard = next((fault for fault in struck if fault.kind != "slow"), None)
    if hard is None:
        return answer().late(wait_seconds)
    if hard.after:
        answer()
    if hard.kind == "close":
        return _broken(hard).late(wait_seconds)
    return _refusal(hard, now).late(wait_seconds)


def _broken(fault: Fault) -> Answer:
    return Answer(0, b"").lost(Cut.AFTER if fault.after else Cut.BEFORE)


def _refusal(fault: Fault, now: datetime) -> Answer:
    if fault.html:
        return gateway_page(fault.status)
    if fault.status == 429:
        return rate_limited(now + timedelta(seconds=60))
    if fault.status == 418:
        return BANNED
    if fault.status == 500:
        return error(500, "unknown_error", "Unknown error occurred#Timeout::Error")
    return error(fault.status, "unknown_error")


def _number(entry: Json, name: str, default: int, *, most: int) -> int | float:
    value: Any = entry.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadInput(f"{name!r} must be a number from 0 to {most}, not {value!r}.")
    return value
