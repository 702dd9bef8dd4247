"""A server that drips cannot hold a request for longer than its deadline."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import urllib3.util.connection

from recomma.adapters.hyperliquid.client import HyperliquidInfo
from recomma.adapters.hyperliquid.errors import AnswerLost
from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.adapters.threecommas.errors import NoAnswer
from recomma.wiring.outside import session_of
from tests.adapters.threecommas_wire import API_KEY, SECRET

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def dripping(start: bytes, drop: bytes) -> Iterator[str]:
    """Serve `start`, and then `drop` again and again, until the other side has had enough."""
    stopped = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(start)
                while not stopped.wait(0.01):
                    connection.sendall(drop)
            except OSError:
                pass  # It has hung up.

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stopped.set()
        thread.join()


DRIPS = {
    "body": (HEAD + b"Content-Length: 1000000\r\n\r\n[", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "headers": (HEAD + b"X-More: ", b"."),
    "no length": (HEAD + b"\r\n[", b" "),
}


@pytest.mark.parametrize("where", DRIPS)
def test_a_dripping_answer_is_given_up_as_a_whole(where: str) -> None:
    with dripping(*DRIPS[where]) as url:
        session = session_of(1, total_seconds=0.2)

        with pytest.raises(requests.ReadTimeout, match="no whole answer"):
            session.get(url, timeout=(3, 10))


def test_a_dripping_source_is_one_that_did_not_answer() -> None:
    with dripping(*DRIPS["body"]) as url:
        source = ThreeCommas(
            url, Credentials(API_KEY, SECRET), session=session_of(1, total_seconds=0.2)
        )

        with pytest.raises(NoAnswer):
            source.active_deals()


def test_a_dripping_venue_leaves_it_open_what_became_of_the_request() -> None:
    with dripping(*DRIPS["headers"]) as url:
        info = HyperliquidInfo(base_url=url, session=session_of(1, total_seconds=0.2))

        with pytest.raises(AnswerLost):
            info.mids()


def test_a_request_whose_time_is_over_before_it_is_connected_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = urllib3.util.connection.create_connection

    def late(*args: Any, **kwargs: Any) -> socket.socket:
        """As a name does that takes long to resolve: no time-out of a socket counts it."""
        threading.Event().wait(0.3)
        return connect(*args, **kwargs)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", late)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        with pytest.raises(requests.ReadTimeout, match="no whole answer"):
            session_of(1, total_seconds=0.1).post(url, data=b"an order", timeout=(3, 10))

        connection, _ = listener.accept()
        with connection:
            assert connection.recv(65536) == b""
