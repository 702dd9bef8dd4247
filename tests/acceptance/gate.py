"""A gate in front of a simulator: where a test can stand between a worker and the venue.

It passes requests on, one by one and unchanged, until the request that a strike was ordered for:
then whatever the test wants happens (a worker is killed), and nobody gets an answer. A request that
is held up is carried out after that, however late, and answered.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

PASSED_ON: Final = ("Content-Type", "Accept")
TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Strike:
    """At the `number`th request (counted from the strike before) whose path ends with `path`.

    `delivered`: the venue carries the request out first, so that only its answer is lost.
    `happens`: what, if the test knows more than one thing. `held_up`: carried out afterwards.
    """

    number: int
    delivered: bool
    path: str = ""
    happens: str = ""
    held_up: bool = False


class Gate(ThreadingHTTPServer):
    """Forwards to `target`; strikes in the order given, each once."""

    daemon_threads = True

    def __init__(
        self, target: str, strikes: Sequence[Strike], happens: Callable[[str], None]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        parts = urlsplit(target)
        self.address = (str(parts.hostname), int(parts.port or 80))
        self.happens = happens
        self.struck: list[str] = []  # The paths at which it struck.
        self.carried = 0  # Requests that were passed on.
        self._left = list(strikes)
        self._seen = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def strike_at(self, path: str) -> Strike | None:
        """Count a request; return the strike that falls on it."""
        with self._lock:
            if not self._left or not path.endswith(self._left[0].path):
                return None
            self._seen += 1
            if self._seen < self._left[0].number:
                return None
            self._seen = 0
            self.struck.append(path)
            return self._left.pop(0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def do_POST(self) -> None:
        self._carry()

    def do_GET(self) -> None:
        self._carry()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def _carry(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        strike = self.server.strike_at(self.path)
        if strike is not None and strike.delivered:
            self._forward(body)
        if strike is not None:
            self.server.happens(strike.happens)
        if strike is not None and not strike.held_up:
            self.close_connection = True
            return
        status, kind, answer = self._forward(body)
        with suppress(OSError):  # Who asked may have been killed meanwhile.
            self._answer(status, kind, answer)

    def _forward(self, body: bytes) -> tuple[int, str, bytes]:
        connection = HTTPConnection(*self.server.address, timeout=TIMEOUT_SECONDS)
        try:
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            self.server.carried += 1
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, kind: str, answer: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@contextmanager
def gate(target: str, strikes: Sequence[Strike], happens: Callable[[str], None]) -> Iterator[Gate]:
    """Open a gate on a free port until the end of the block."""
    with Gate(target, strikes, happens) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
