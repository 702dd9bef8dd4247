"""The control API of a simulator, from the outside (design.md, section 10)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter

from recomma.domain.money import Price

TIMEOUT_SECONDS: Final = 30.0


class ControlFailed(Exception):
    """A simulator did not take a control call."""


class Control:
    """`transport` ends the wire in this process; without it the simulator listens at `url`."""

    def __init__(self, url: str, transport: BaseAdapter | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        if transport is not None:
            self._session.mount(url, transport)

    def post(self, call: str, body: Any) -> None:
        answer = self._session.post(
            f"{self.url}/_control/{call}", json=body, timeout=TIMEOUT_SECONDS
        )
        if not answer.ok:
            raise ControlFailed(f"{self.url}/_control/{call}: {answer.text[:500]}")

    def get(self, call: str) -> Any:
        answer = self._session.get(f"{self.url}/_control/{call}", timeout=TIMEOUT_SECONDS)
        if not answer.ok:
            raise ControlFailed(f"{self.url}/_control/{call}: {answer.text[:500]}")
        return answer.json()

    def set_clock(self, at: datetime, *, speed: float = 0) -> None:
        self.post("clock", {"at": at.isoformat(), "speed": speed})

    def move_prices(
        self, coin: str, points: Iterable[tuple[datetime, Price]], account: str | None = None
    ) -> None:
        path = [[at.isoformat(), str(price)] for at, price in points]
        self.post("prices", {coin: path} | ({"account": account} if account else {}))
