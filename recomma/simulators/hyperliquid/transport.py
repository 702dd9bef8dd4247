"""The in-process skin for clients: a `requests` session whose wire ends in the simulator.

The real adapter runs unchanged, without a port.
"""

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from recomma.simulators.hyperliquid.delivery import Request
from recomma.simulators.hyperliquid.simulator import Simulator


class SimulatorTransport(BaseAdapter):
    """Mount it on a session: `session.mount("https://api.hyperliquid.xyz", ...)`.

    A closed connection raises `ConnectionError`; a delay is not waited out, and one beyond the
    read timeout raises `ReadTimeout`.
    """

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self._simulator = simulator

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **options: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = request.body or b""
        delivery = self._simulator.receive(
            Request(
                request.method or "GET",
                parts.path + (f"?{parts.query}" if parts.query else ""),
                str(request.headers.get("Content-Type", "")),
                body.encode() if isinstance(body, str) else body,
            )
        )
        timeout = options.get("timeout")
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and delivery.delay_seconds > patience:
            raise requests.ReadTimeout(request=request)
        if delivery.answer is None:
            raise requests.ConnectionError("The simulator cut the connection.", request=request)
        response = requests.Response()
        response.status_code = delivery.answer.status
        response.headers = CaseInsensitiveDict({"Content-Type": delivery.answer.content_type})
        response.raw = BytesIO(delivery.answer.encoded)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing is held open."""
