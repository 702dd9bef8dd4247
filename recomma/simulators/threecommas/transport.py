"""The in-process skin: a `requests` session whose wire ends in the simulator.

The real client runs unchanged, on a clock of the test's own, without a port.
"""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from recomma.simulators.threecommas.answers import Cut, Request
from recomma.simulators.threecommas.simulator import Simulator


class SimulatorTransport(BaseAdapter):
    """Mount it on a session: `session.mount("https://api.3commas.io", SimulatorTransport(...))`.

    A delay is not waited out: one longer than the read timeout raises `ReadTimeout`, a shorter
    one is nothing. A cut connection raises `ConnectionError`.
    """

    def __init__(self, simulator: Simulator, real_now: Callable[[], datetime]) -> None:
        super().__init__()
        self._simulator = simulator
        self._real_now = real_now

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **options: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = request.body or b""
        answer = self._simulator.handle(
            Request(
                method=request.method or "GET",
                target=parts.path + (f"?{parts.query}" if parts.query else ""),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body.encode() if isinstance(body, str) else body,
            ),
            self._real_now(),
        )
        timeout = options.get("timeout")
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and answer.wait_seconds > patience:
            raise requests.ReadTimeout(request=request)
        if answer.cut is not Cut.NEVER:
            raise requests.ConnectionError("The simulator cut the connection.", request=request)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict({"Content-Type": answer.content_type})
        if answer.etag is not None:
            response.headers["Etag"] = answer.etag
        response.raw = BytesIO(answer.body)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing is held open."""
