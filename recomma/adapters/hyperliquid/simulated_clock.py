"""The clock of a simulator, for a pipeline that lives in its time (rehearse)."""

from datetime import datetime
from threading import local

import requests

from recomma.ports import Unreadable

TIMEOUT_SECONDS = 5.0


class SimulatedClock:
    """Asks the simulator at `url` for its time at every call: it stands still until it is moved.

    Raises Unreadable when the simulator does not answer: a guessed time would sign a wrong nonce.
    """

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/_control/clock"
        self._local = local()

    def __call__(self) -> datetime:
        try:
            answer = self._session().get(self._url, timeout=TIMEOUT_SECONDS)
            return datetime.fromisoformat(answer.json()["at"])
        except (requests.RequestException, KeyError, ValueError) as error:
            raise Unreadable(f"the simulated clock at {self._url} does not answer") from error

    def _session(self) -> requests.Session:
        # One connection per thread: a requests session is not meant to be shared between them.
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session
