"""An HTTP transport that gives up on a request as a whole after some time.

The time-outs of requests count from byte to byte: a server that sends one every few seconds keeps
a worker for ever. Here a watch shuts the connection down when the time of the whole request is
over, also in the middle of its headers; what was being read then ends at once.
"""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

IDLE_SECONDS: Final = 60.0

_of_thread = threading.local()


class Request:
    """One request under way: its connection, and until when it may take (monotonic seconds)."""

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self.is_cut = False
        self.connection: HTTPConnection | None = None
        self.sock: socket.socket | None = None

    def cut(self) -> None:
        self.is_cut = True
        # An answer that ends with its connection has taken the socket over; before it, while TLS
        # is agreed on, only the connection has it.
        sock = self.sock or getattr(self.connection, "sock", None)
        if sock is not None:
            with suppress(OSError):  # Closed already.
                # Of the plain socket: TLS has its own, which expects nobody else at work.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Watch:
    """One thread for all requests of the process; it begins with the first of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: set[Request] = set()
        self._thread: threading.Thread | None = None

    def begin(self, request: Request) -> None:
        with self._changed:
            self._under_way.add(request)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            self._changed.notify()

    def end(self, request: Request) -> None:
        with self._changed:
            self._under_way.discard(request)

    def _run(self) -> None:
        while True:
            with self._changed:
                ends_at = min((each.ends_at for each in self._under_way), default=None)
                now = time.monotonic()
                self._changed.wait(IDLE_SECONDS if ends_at is None else max(0.0, ends_at - now))
                over = [r for r in self._under_way if r.ends_at <= time.monotonic()]
                self._under_way.difference_update(over)
                for request in over:
                    request.cut()


_watch: Final = _Watch()


class _WatchedConnection(HTTPConnection):
    def connect(self) -> None:
        _remember(self)
        super().connect()
        # A name that took long to resolve, an address after another that did not answer: while
        # there was no socket, there was nothing to shut down.
        _end_if_over(self)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # As urllib3 itself.
        _remember(self)
        _end_if_over(self)
        return super().getresponse()


class _WatchedSecureConnection(_WatchedConnection, HTTPSConnection):
    pass


def _remember(connection: HTTPConnection) -> None:
    request: Request | None = getattr(_of_thread, "request", None)
    if request is not None:
        request.connection, request.sock = connection, connection.sock


def _end_if_over(connection: HTTPConnection) -> None:
    request: Request | None = getattr(_of_thread, "request", None)
    if request is not None and request.is_cut:
        connection.close()
        raise TimeoutError("the time of the whole request is over")


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecureConnection


class DeadlineAdapter(HTTPAdapter):
    """Sends each request, and reads its whole answer, within `total_seconds`.

    Raises requests.ReadTimeout when they are over: the request may have arrived.
    """

    def __init__(self, *, total_seconds: float, pool_connections: int, pool_maxsize: int) -> None:
        self._total_seconds = total_seconds
        super().__init__(pool_connections=pool_connections, pool_maxsize=pool_maxsize)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _WatchedPool,
            "https": _WatchedSecurePool,
        }

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        under_way = Request(time.monotonic() + self._total_seconds)
        _of_thread.request = under_way
        _watch.begin(under_way)
        try:
            response = super().send(request, stream, timeout, verify, cert, proxies)
            _ = response.content  # The rest of the answer belongs to it; nobody here streams.
        except requests.RequestException as error:
            if under_way.is_cut:
                raise self._over(request) from error
            raise
        finally:
            _watch.end(under_way)
            _of_thread.request = None
        if under_way.is_cut:  # What was read may end anywhere.
            response.close()
            raise self._over(request)
        return response

    def _over(self, request: requests.PreparedRequest) -> requests.ReadTimeout:
        why = f"no whole answer within {self._total_seconds:g} s"
        return requests.ReadTimeout(why, request=request)
