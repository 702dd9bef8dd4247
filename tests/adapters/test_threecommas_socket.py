"""The 3Commas client over a real socket: what arrives is what was signed."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.adapters.threecommas.errors import NotReached
from recomma.signing.threecommas import verify_hmac
from tests.adapters.threecommas_wire import API_KEY, SECRET


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: set[object]
    heard: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.connections.add(self.client_address)
        self.heard.append((self.path, self.headers["Signature"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[Answering]]]:
    handler = type("Fresh", (Answering,), {"connections": set(), "heard": []})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", handler
    http.shutdown()
    thread.join()
    http.server_close()


def test_what_arrives_is_what_was_signed_over_one_kept_connection(
    server: tuple[str, type[Answering]],
) -> None:
    url, handler = server
    source = ThreeCommas(url, Credentials(API_KEY, SECRET))

    source.bots()
    source.active_deals()

    assert all(verify_hmac(SECRET, path.encode(), sign) for path, sign in handler.heard)
    assert (len(handler.heard), len(handler.connections)) == (2, 1)


def test_a_port_where_nobody_listens_is_certainly_not_reached() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as http:
        port = http.server_port  # Free again when the block ends.
    source = ThreeCommas(f"http://127.0.0.1:{port}", Credentials(API_KEY, SECRET))

    with pytest.raises(NotReached, match="NewConnectionError"):
        source.bots()
