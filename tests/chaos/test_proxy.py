"""The fault proxy does what it says: what was carried out, and what the caller learns of it."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from recomma.adapters.threecommas.answers import failure
from recomma.adapters.threecommas.errors import Banned
from tests.chaos.proxy import Proxy, Weather, proxy
from tests.chaos.refusals import BAN_SECONDS
from tests.chaos.tally import Tally

PATIENCE_SECONDS = 5


class Target(ThreadingHTTPServer):
    """Counts what it has carried out."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.carried_out: list[bytes] = []
        self.has_one = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Target

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) == size:
            self.server.carried_out.append(body)
            self.server.has_one.set()
        answer = b'{"status":"ok"}'
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n"
        self.wfile.write(head.encode() + answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def relays(tally: Tally) -> Iterator[Proxy]:
    with proxy(tally, seed=1) as made:
        yield made


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(relays: Proxy, target: Target, weather: Weather | None) -> requests.Response | None:
    """Send one order through a relay; None: the caller has no usable answer."""
    relay = relays.open_http("api", ("127.0.0.1", target.server_address[1]))
    relay.weather = weather
    with requests.Session() as session:
        session.trust_env = False
        try:
            url = f"http://127.0.0.1:{relay.port}/exchange"
            return session.post(url, data=b"an order", timeout=PATIENCE_SECONDS)
        except (requests.RequestException, HTTPException):
            return None


def test_in_fair_weather_everything_is_passed_on_unchanged(
    relays: Proxy, target: Target, tally: Tally
) -> None:
    answer = ask(relays, target, None)

    assert answer is not None
    assert answer.json() == {"status": "ok"}
    assert (target.carried_out, tally.total) == ([b"an order"], 0)


@pytest.mark.parametrize("kind", ["request_lost", "request_truncated", "cut"])
def test_what_is_lost_on_its_way_is_not_carried_out(
    kind: str, relays: Proxy, target: Target, tally: Tally
) -> None:
    answer = ask(relays, target, Weather(kind))

    assert answer is None
    assert target.carried_out == []
    assert tally.total >= 1


@pytest.mark.parametrize("kind", ["answer_lost", "answer_truncated"])
def test_what_loses_its_answer_was_carried_out(
    kind: str, relays: Proxy, target: Target, tally: Tally
) -> None:
    answer = ask(relays, target, Weather(kind))

    assert answer is None
    assert target.carried_out == [b"an order"]
    assert tally.counted() == {f"api: {kind}": 1}


def test_a_late_commit_is_carried_out_after_the_connection_has_gone(
    relays: Proxy, target: Target
) -> None:
    answer = ask(relays, target, Weather("late_commit", seconds=0.1))

    assert answer is None
    assert target.has_one.wait(PATIENCE_SECONDS)


def test_a_bad_gateway_may_hide_that_it_was_carried_out(relays: Proxy, target: Target) -> None:
    answer = ask(relays, target, Weather("accepted_502"))

    assert answer is not None
    assert answer.status_code == 502
    assert target.carried_out == [b"an order"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("http_429", 429), ("http_418", 418), ("http_500", 500), ("http_502_html", 502)],
)
def test_a_refusal_of_the_way_itself_carries_out_nothing(
    kind: str, status: int, relays: Proxy, target: Target
) -> None:
    answer = ask(relays, target, Weather(kind))

    assert answer is not None
    assert answer.status_code == status
    assert target.carried_out == []


def test_a_ban_says_when_it_ends(relays: Proxy, target: Target) -> None:
    answer = ask(relays, target, Weather("http_418"))

    assert answer is not None
    understood = failure(answer)
    assert isinstance(understood, Banned)
    assert understood.until is not None
    assert timedelta(0) < understood.until - datetime.now(UTC) <= timedelta(seconds=BAN_SECONDS)


# Byte streams.


class Echo(threading.Thread):
    """Gives back what it hears, for one connection."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.heard = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.start()

    def run(self) -> None:
        with self._listening, self._listening.accept()[0] as wire:
            while piece := _hear(wire):
                self.heard += piece
                wire.sendall(piece)


def _hear(wire: socket.socket) -> bytes:
    try:
        return wire.recv(100)
    except ConnectionError:
        return b""


def exchange(relays: Proxy, echo: Echo, weather: Weather | None) -> bytes:
    """Say COMMIT through a relay and return what comes back."""
    relay = relays.open_bytes("database", ("127.0.0.1", echo.port))
    relay.weather = weather
    try:
        with socket.create_connection(("127.0.0.1", relay.port), PATIENCE_SECONDS) as wire:
            wire.sendall(b"COMMIT")
            return wire.recv(100)
    except ConnectionError:
        return b""


def test_bytes_go_both_ways(relays: Proxy) -> None:
    echo = Echo()

    assert exchange(relays, echo, None) == b"COMMIT"


def test_a_commit_is_lost_before_it_is_heard(relays: Proxy) -> None:
    echo = Echo()

    assert exchange(relays, echo, Weather("commit_lost")) == b""
    echo.join(PATIENCE_SECONDS)
    assert echo.heard == b""


def test_a_commit_is_heard_and_its_answer_is_lost(relays: Proxy) -> None:
    echo = Echo()

    assert exchange(relays, echo, Weather("commit_answer_lost")) == b""
    echo.join(PATIENCE_SECONDS)
    assert echo.heard == b"COMMIT"


def test_who_is_refused_reaches_nobody(relays: Proxy, tally: Tally) -> None:
    echo = Echo()

    assert exchange(relays, echo, Weather("refused")) == b""
    assert tally.counted() == {"database: refused": 1}
    socket.create_connection(("127.0.0.1", echo.port)).close()  # It still waits for somebody.
    echo.join(PATIENCE_SECONDS)
    assert echo.heard == b""
