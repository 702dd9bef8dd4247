"""The wire that stands in for Hyperliquid, and every way in which a wire can fail."""

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from recomma.adapters.hyperliquid import errors
from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.transport import NEVER_LEFT
from recomma.domain.venue import (
    NeverSent,
    Refusal,
    Unanswered,
)
from recomma.signing.hyperliquid import Network

SECRET = "0x" + "6b" * 32
ACCOUNT = "0xAbCdEf0000000000000000000000000000000001"
URL = "http://venue.invalid/"

Reply = tuple[int, bytes] | Exception


class Venue(BaseAdapter):
    """A wire that answers by a function of the question, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Any], Reply]) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[requests.PreparedRequest] = []
        self.settings: dict[str, Any] = {}

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append(request)
        self.settings = settings
        reply = self.answer(json.loads(request.body or b"null"))
        if isinstance(reply, Exception):
            raise reply
        response = requests.Response()
        response.status_code, body = reply
        response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
        response.url = str(request.url)
        response.request = request
        return response

    def close(self) -> None:
        pass

    @property
    def session(self) -> requests.Session:
        session = requests.Session()
        session.mount("http://", self)
        return session

    def questions(self) -> list[Any]:
        return [json.loads(request.body or b"null") for request in self.asked]


def saying(content: object, status: int = 200) -> Venue:
    return Venue(lambda _question: (status, json.dumps(content).encode()))


def info(venue: Venue, **settings: Any) -> HyperliquidInfo:
    return HyperliquidInfo(base_url=URL, session=venue.session, **settings)


def exchange(venue: Venue, vault: str | None = None, **settings: Any) -> HyperliquidExchange:
    return HyperliquidExchange(
        base_url=URL,
        key=AgentKey(SECRET),
        account=ACCOUNT,
        vault=vault,
        network=Network.TESTNET,
        session=venue.session,
        **settings,
    )


def test_a_redirect_is_not_followed() -> None:
    venue = saying(None, 307)

    assert isinstance(exchange(venue).send(b"{}", count=1), Unanswered)
    assert len(venue.asked) == 1


def errors_of(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from errors_of(below)


def made(kind: type[Exception]) -> Exception:
    return kind("broken", "{", 0) if issubclass(kind, json.JSONDecodeError) else kind("broken")


@pytest.mark.parametrize(
    "kind",
    sorted(set(errors_of(requests.RequestException)), key=repr),
)
def test_every_error_of_the_http_library_becomes_an_answer(kind: type[Exception]) -> None:
    venue = Venue(lambda _question: made(kind))

    heard = exchange(venue).send(b"{}", count=1)

    certain = issubclass(kind, NEVER_LEFT)
    assert isinstance(heard, NeverSent if certain else Unanswered)
    with pytest.raises(errors.NothingHappened if certain else errors.OutcomeUnknown):
        info(venue).mids()


@pytest.mark.parametrize(
    "broken",
    [HTTPError(), ReadTimeoutError(None, "/", "late"), ConnectionResetError(), OSError()],  # type: ignore[arg-type]
)
def test_an_error_from_below_the_http_library_leaves_it_in_doubt(broken: Exception) -> None:
    venue = Venue(lambda _question: broken)

    assert isinstance(exchange(venue).send(b"{}", count=1), Unanswered)


def test_every_error_of_ours_stands_under_one_branch_of_the_tree() -> None:
    branches = (errors.NothingHappened, errors.RefusedByVenue, errors.OutcomeUnknown)
    leaves = [e for e in errors_of(errors.VenueError) if not e.__subclasses__()]

    assert all(sum(issubclass(leaf, branch) for branch in branches) == 1 for leaf in leaves)
    assert all(leaf.__doc__ for leaf in leaves)


# Real sockets: what the libraries raise must be what the tests above believe.


def at_port(port: int) -> HyperliquidExchange:
    return HyperliquidExchange(
        base_url=f"http://127.0.0.1:{port}",
        key=AgentKey(SECRET),
        account=ACCOUNT,
        vault=None,
        network=Network.TESTNET,
    )


def test_a_refused_connection_is_certainly_never_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    heard = at_port(port).send(b"{}", count=1)

    assert isinstance(heard, NeverSent) and heard.refusal is Refusal.UNREACHABLE


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", b"no http at all\r\n\r\n"],
    ids=["nothing", "half an answer", "nonsense"],
)
def test_a_connection_that_breaks_after_the_request_leaves_it_in_doubt(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()

        heard = at_port(server.getsockname()[1]).send(b"{}", count=1)

        thread.join(timeout=10)

    assert isinstance(heard, Unanswered)
