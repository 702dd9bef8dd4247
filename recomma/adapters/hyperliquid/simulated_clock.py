"""The clock of a simulator, for a pipeline that lives in its time (rehearse)."""

from datetime import datetime
from typing import Final

import urllib3

from recomma.ports import Unreadable

TIMEOUT_SECONDS: Final = 5.0
CONNECTIONS_MAX: Final = 32


class SimulatedClock:
    """Asks the simulator at `url` for its time at every call: it stands still until it is moved.

    Raises Unreadable when the simulator does not answer: a guessed time would sign a wrong nonce.
    """

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/_control/clock"
        # Not requests: every step asks several times, and this costs a third.
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS_MAX, timeout=TIMEOUT_SECONDS)

    def __call__(self) -> datetime:
        try:
            answer = self._pool.request("GET", self._url)
            return datetime.fromisoformat(answer.json()["at"])
        except (urllib3.exceptions.HTTPError, KeyError, ValueError) as error:
            raise Unreadable(f"the simulated clock at {self._url} does not answer") from error
