"""The HTTP skin: /info, /exchange and /_control/ over a real socket."""

import signal
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from socketserver import TCPServer
from types import FrameType
from typing import Any, Final

from recomma.signing.hyperliquid import Network, curve
from recomma.simulators.hyperliquid.admission import Recover
from recomma.simulators.hyperliquid.clock import RealTime
from recomma.simulators.hyperliquid.delivery import Request
from recomma.simulators.hyperliquid.faults import STREAM_PATH
from recomma.simulators.hyperliquid.signatures import recovering
from recomma.simulators.hyperliquid.simulator import Simulator
from recomma.simulators.hyperliquid.streaming import Streaming
from recomma.simulators.hyperliquid.wire import Answer, plain
from recomma.simulators.websocket import NotAnUpgrade, handshake

BODY_SIZE_MAX: Final = 64 * 1024 * 1024
NANOSECONDS_PER_MICROSECOND: Final = 1000


def real_time_us() -> int:
    return time.time_ns() // NANOSECONDS_PER_MICROSECOND


class HyperliquidServer(ThreadingHTTPServer):
    """Serves one Simulator. Port 0 takes a free one; a port in use raises OSError here."""

    daemon_threads = True  # A client that keeps its connection must not keep us alive.
    request_queue_size = 128

    def __init__(self, host: str, port: int, simulator: Simulator) -> None:
        self.simulator = simulator
        self.closing = threading.Event()
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def server_bind(self) -> None:
        # The standard one asks the name server for our own name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients hang up; the tests that kill them do so on purpose.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """End `serve_forever` from another thread, and free the port."""
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HyperliquidServer

    def do_GET(self) -> None:
        if self.path.partition("?")[0].rstrip("/") == STREAM_PATH:
            self._stream()
        else:
            self._answer(b"")

    def _stream(self) -> None:
        """Turn the connection into a stream for the rest of its life."""
        self.close_connection = True
        try:
            opened = handshake({name.lower(): value for name, value in self.headers.items()})
        except NotAnUpgrade as why:
            self._send(plain(400, str(why)))
            return
        stream = self.server.simulator.connect()
        if stream is None:
            self._send(Answer(429))
            return
        self.connection.sendall(opened)
        streaming = Streaming(self.server.simulator, stream, self.connection)
        streaming.serve(self.rfile, self.server.closing)

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "0")
        if not size.isdecimal() or int(size) > BODY_SIZE_MAX:
            self.close_connection = True
            self._send(plain(413, "Payload Too Large"))
            return
        self._answer(self.rfile.read(int(size)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: `GET /_control/log` tells more than an access log could."""

    def _answer(self, body: bytes) -> None:
        media = self.headers.get("Content-Type", "")
        request = Request(self.command, self.path, media, body)
        delivery = self.server.simulator.receive(request)
        if delivery.delay_seconds:
            self.server.closing.wait(delivery.delay_seconds)
        if delivery.answer is None:
            self._hang_up()
        else:
            self._send(delivery.answer)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(SHUT_RDWR)

    def _send(self, answer: Answer) -> None:
        """Write head and body in one piece: two would wait for an acknowledgement between them."""
        body = answer.encoded
        head = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(body)}",
            f"Connection: {'close' if self.close_connection else 'keep-alive'}",
        ]
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + body)


def serve(
    host: str,
    port: int,
    *,
    network: Network = Network.TESTNET,
    seed: int = 0,
    recover: Recover | None = None,
    real_time: RealTime = real_time_us,
) -> None:
    """Serve until SIGTERM or SIGINT. The first line of stdout is the URL.

    `recover` takes the place of real signature recovery. Raises OSError when the port is in use.
    """
    simulator = Simulator(recover=recover or recovering(network), real_time=real_time, seed=seed)
    server = HyperliquidServer(host, port, simulator)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever, which this very thread is running.
        threading.Thread(target=server.stop, daemon=True).start()

    # Half a second of imports, which the first signed request should not wait for.
    threading.Thread(target=curve, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    print(server.url, flush=True)
    server.serve_forever(poll_interval=0.1)
    server.closing.wait()
    server.server_close()
