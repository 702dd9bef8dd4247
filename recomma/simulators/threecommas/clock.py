"""The simulator's clock: it follows the real one until it is set, and can stand still."""

from datetime import datetime
from typing import Any

from recomma.simulators.threecommas.spelling import BadInput, Json, read_time, time_text


class SimulatedClock:
    """Time as the exchange sees it. The real time always comes in as an argument.

    `speed` is how many simulated seconds pass in a real one; 0 stands still.
    """

    def __init__(self) -> None:
        self._set: tuple[datetime, datetime] | None = None  # Simulated time, at this real time.
        self._speed: int | float = 1

    def read(self, real: datetime) -> datetime:
        if self._set is None:
            return real
        at, since = self._set
        # Standing still must be exact: no product of a long real time and 0.0.
        return at + (real - since) * self._speed if self._speed else at

    def set(self, body: Json, real: datetime) -> None:
        """Set the time, the speed or both. Raises BadInput."""
        unknown = set(body) - {"at", "speed"}
        if unknown or not body:
            raise BadInput('The clock takes {"at": time, "speed": number}, one or both.')
        speed: Any = body.get("speed", self._speed)
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 <= speed < 1e6:
            raise BadInput(f"'speed' must be a number from 0 to 1000000, not {speed!r}.")
        at = read_time(body["at"], "'at'") if "at" in body else self.read(real)
        self._set, self._speed = (at, real), speed

    def as_json(self, real: datetime) -> Json:
        return {"at": time_text(self.read(real)), "speed": self._speed}
