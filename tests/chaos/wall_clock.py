"""The machine's clock, as the pipeline sees it: the venue's time, off by what a test says.

The pipeline asks `RECOMMA_CLOCK_URL`; this answers there. So the wall clock of every worker can
jump by minutes while the venue's own goes on, and no library has to lie to a process.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WallClock(ThreadingHTTPServer):
    """Runs `speed` times as fast as real time, from `begins_at` on."""

    daemon_threads = True

    def __init__(self, begins_at: datetime, speed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.skew = timedelta(0)
        self.speed = speed
        self._begins_at = begins_at
        self._began = time.monotonic()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def true(self) -> datetime:
        """Return the time that the venue has."""
        passed_seconds = (time.monotonic() - self._began) * self.speed
        return self._begins_at + timedelta(seconds=passed_seconds)

    def shown(self) -> datetime:
        """Return the time that the workers believe in."""
        return self.true() + self.skew


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: WallClock

    def do_GET(self) -> None:
        body = json.dumps({"at": self.server.shown().isoformat()}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def wall_clock(speed: int) -> Iterator[WallClock]:
    """Serve the time on a free port until the end of the block, from now on."""
    with WallClock(datetime.now(UTC), speed) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
