"""The HTTP skin: the simulator on a port, for programs that nobody here wrote."""

import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import uuid4

from recomma.simulators.threecommas.answers import NOT_FOUND, Answer, Cut, Request, error
from recomma.simulators.threecommas.simulator import Simulator
from recomma.simulators.threecommas.stream import Stream
from recomma.simulators.threecommas.streaming import Streaming
from recomma.simulators.websocket import NotAnUpgrade, handshake

_BODY_BYTES_MAX: Final = 64 * 1024 * 1024
_POLL_SECONDS: Final = 0.05  # How long stopping may take; it has nothing to do with answers.


def _real_now() -> datetime:
    return datetime.now(UTC)


class SimulatorServer(ThreadingHTTPServer):
    """Serves one simulator; port 0 takes a free one. Raises OSError if the port is in use."""

    daemon_threads = True
    block_on_close = False  # A client may keep its connection open for ever.

    def __init__(
        self,
        simulator: Simulator | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        real_now: Callable[[], datetime] = _real_now,
    ) -> None:
        self.simulator = simulator or Simulator()
        self._real_now = real_now
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.stopping = threading.Event()
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens, without `/public/api`."""
        host, port = self.server_address[:2]
        return f"http://{host if isinstance(host, str) else host.decode()}:{port}"

    def answer(self, request: Request) -> Answer:
        """Ask the simulator, one request at a time; waiting out a delay is left to the caller."""
        with self._lock:
            return self.simulator.handle(request, self._real_now())

    def connect(self, path: str) -> Stream | None:
        """Open a stream, if there is one at `path`."""
        with self._lock:
            return self.simulator.connect(path, self._real_now())

    def hear(self, stream: Stream, text: str) -> list[str]:
        with self._lock:
            return self.simulator.hear(stream, text, self._real_now())

    def due(self, stream: Stream) -> list[str]:
        with self._lock:
            return self.simulator.due(stream, self._real_now())

    def start(self) -> "SimulatorServer":
        """Serve in a thread until `stop`."""
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="threecommas", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop a started server and free its port."""
        self.stopping.set()
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that hang up; anything else is a fault of ours."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def serve(host: str = "127.0.0.1", port: int = 0, *, seed: int = 0) -> None:
    """Serve until SIGTERM or SIGINT; the first line on stdout is the URL.

    Call it in the main thread. Raises OSError if the port is in use.
    """
    server = SimulatorServer(Simulator(seed), host=host, port=port)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server.start()
    try:
        print(server.url, flush=True)
        stopped.wait()
    finally:
        server.stop()


class _Handler(BaseHTTPRequestHandler):
    server: SimulatorServer
    protocol_version = "HTTP/1.1"  # Clients keep their connection, as with the real API.
    server_version = "cloudflare"
    sys_version = ""
    disable_nagle_algorithm = True  # An answer must not wait for the client's delayed ACK.

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._stream()
        else:
            self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *_args: Any, **_named: Any) -> None:
        """Log nothing: `/_control/log` has it all."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _BODY_BYTES_MAX:
            self.close_connection = True  # What follows cannot be told from a next request.
            self._send(error(400, "record_invalid", "The length of the body is not usable."))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        answer = self.server.answer(Request(self.command, self.path, headers, body))
        if answer.wait_seconds:
            self.server.stopping.wait(answer.wait_seconds)
        if answer.cut is Cut.NEVER:
            self._send(answer)
            return
        self.close_connection = True
        with suppress(OSError):  # The client may have hung up first.
            self.connection.shutdown(socket.SHUT_RDWR)

    def _stream(self) -> None:
        """Upgrade the connection and carry a stream of deals until one side hangs up."""
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            opening = handshake(headers)
        except NotAnUpgrade as refused:
            self._send(error(400, str(refused)))
            return
        stream = self.server.connect(self.path)
        if stream is None:
            self._send(NOT_FOUND)
            return
        self.connection.sendall(opening)
        server = self.server
        Streaming(stream, self.connection, hear=server.hear, due=server.due).serve(server.stopping)
        with suppress(OSError):  # The client may have hung up first.
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        fresh = "max-age=0, private, must-revalidate" if answer.status == 200 else "no-cache"
        self.send_header("Cache-Control", fresh)
        self.send_header("X-Request-Id", str(uuid4()))
        if answer.etag is not None:
            self.send_header("Etag", answer.etag)
        if self.close_connection:
            self.send_header("Connection", "close")
        # Head and body leave in one packet: end_headers() would send the head alone.
        self._headers_buffer.append(b"\r\n" + answer.body)  # type: ignore[attr-defined]
        self.flush_headers()
