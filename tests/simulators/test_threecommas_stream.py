"""The stream of deals (threecommas.md 12), frame by frame and over a socket."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from recomma.signing.threecommas import sign_hmac
from recomma.simulators.threecommas.server import SimulatorServer
from recomma.simulators.threecommas.stream import Stream
from tests.simulators.threecommas_world import (
    API_KEY,
    SECRET,
    START,
    World,
    finished_deal,
    second,
    text,
)


def identifier(signature: str | None = None, channel: str = "DealsChannel") -> str:
    signed = sign_hmac(SECRET, b"/deals") if signature is None else signature
    return json.dumps({"channel": channel, "users": [{"api_key": API_KEY, "signature": signed}]})


def subscribing(who: str | None = None) -> str:
    return json.dumps({"identifier": who or identifier(), "command": "subscribe"})


class Listener:
    """A client whose connection is a stream of the model."""

    def __init__(self, world: World) -> None:
        self.world = world
        stream = world.simulator.connect("/websocket", START)
        assert stream is not None
        self.stream: Stream = stream

    def say(self, frame: str) -> list[Any]:
        return [json.loads(each) for each in self.world.simulator.hear(self.stream, frame, START)]

    def hear(self, real_seconds: float = 0) -> list[Any]:
        at = START + timedelta(seconds=real_seconds)
        return [json.loads(each) for each in self.world.simulator.due(self.stream, at)]

    def deals(self) -> list[Any]:
        return [frame["message"] for frame in self.hear() if "identifier" in frame]


@pytest.fixture
def listener() -> Listener:
    world = World(finished_deal())
    listener = Listener(world)
    listener.hear()
    return listener


def test_the_server_welcomes_and_pings_every_three_seconds() -> None:
    listener = Listener(World())

    assert listener.hear() == [
        {"type": "welcome"},
        {"type": "ping", "message": int(START.timestamp())},
    ]
    assert listener.hear(2.9) == []
    assert listener.hear(3) == [{"type": "ping", "message": int(START.timestamp()) + 3}]


def test_a_subscription_is_confirmed_with_the_same_text(listener: Listener) -> None:
    who = identifier()

    assert listener.say(subscribing(who)) == [{"identifier": who, "type": "confirm_subscription"}]


@pytest.mark.parametrize(
    "who", [identifier("0" * 64), identifier(channel="CandlesChannel"), "not json"]
)
def test_what_cannot_be_subscribed_is_rejected(listener: Listener, who: str) -> None:
    assert listener.say(subscribing(who)) == [{"identifier": who, "type": "reject_subscription"}]


def test_an_identifier_that_is_an_object_is_ignored_without_a_word(listener: Listener) -> None:
    frame = json.dumps({"identifier": json.loads(identifier()), "command": "subscribe"})

    assert listener.say(frame) == []
    assert listener.say("no json at all") == []


def test_a_key_that_may_not_read_bots_is_rejected() -> None:
    world = World()
    world.control("accounts", {"api_key": API_KEY, "secret": SECRET, "scopes": ["ACCOUNTS_READ"]})

    assert Listener(world).say(subscribing())[0]["type"] == "reject_subscription"


def test_a_fill_and_the_finish_are_told_in_the_shape_of_show(listener: Listener) -> None:
    listener.say(subscribing())

    told = []
    for at in range(1, 20):
        listener.world.stand_at(second(at))
        told += listener.deals()

    assert told[-1]["status"] == "completed"
    assert "bot_events" in told[0]
    # Base and averaging fill, take profit and finish; no re-placement among them.
    assert 3 <= len(told) <= 6


def test_re_placed_take_profits_are_told_of_under_the_switch(listener: Listener) -> None:
    listener.world.control("switches", {"stream_tells_all": True})
    listener.say(subscribing())

    told = []
    for at in range(1, 20):
        listener.world.stand_at(second(at))
        told += listener.deals()

    assert len(told) >= len(finished_deal()["bot_events"])


def test_nothing_is_repeated_for_who_comes_later() -> None:
    world = World(finished_deal())
    world.stand_at(second(9))
    listener = Listener(world)
    listener.say(subscribing())

    assert listener.deals() == []


@pytest.mark.parametrize(("kind", "frames"), [("frame_missed", 0), ("frame_twice", 2)])
def test_a_frame_is_missed_or_comes_twice(listener: Listener, kind: str, frames: int) -> None:
    listener.say(subscribing())
    listener.world.control("faults", {"kind": kind, "count": 1})

    listener.world.stand_at(second(2))
    struck = listener.deals()
    listener.world.stand_at(second(6))

    assert len(struck) == frames
    assert len(listener.deals()) == 1
    assert listener.world.get("/validate") == {"valid": True}


def test_a_connection_drops_instead_of_telling(listener: Listener) -> None:
    listener.say(subscribing())
    listener.world.control("faults", {"kind": "drop", "count": 1})

    listener.world.stand_at(second(2))

    assert listener.deals() == []
    assert listener.stream.dropped


# --- over a socket


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    server = SimulatorServer().start()
    for call, body in (
        ("accounts", {"api_key": API_KEY, "secret": SECRET}),
        ("clock", {"at": text(second(0)), "speed": 0}),
        ("deals", finished_deal()),
    ):
        requests.post(f"{server.url}/_control/{call}", json=body, timeout=10)
    yield server
    server.stop()


class Wire:
    """The least client that can be written: it reads unmasked frames and masks its own."""

    def __init__(self, url: str, path: str = "/websocket") -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self.socket = socket.create_connection((address.hostname, address.port), timeout=10)
        key = b64encode(b"0123456789abcdef").decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline().strip():
            pass

    def send(self, frame: str) -> None:
        payload = frame.encode()
        head = bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big") + bytes(4)
        self.socket.sendall(head + payload)

    def read(self) -> Any:
        """Return the next frame; None once the connection has ended without a close frame."""
        head = self.stream.read(2)
        if len(head) < 2:
            return None
        size = head[1]
        if size > 125:
            size = int.from_bytes(self.stream.read(2 if size == 126 else 8), "big")
        return json.loads(self.stream.read(size))

    def read_until(self, key: str) -> Any:
        while True:
            frame = self.read()
            if frame is None or key in frame:
                return frame

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def test_the_stream_is_on_the_same_port(server: SimulatorServer) -> None:
    wire = Wire(server.url)

    welcome = wire.read()
    wire.send(subscribing())
    confirmed = wire.read_until("identifier")
    clock = {"at": text(second(2)), "speed": 0}
    requests.post(f"{server.url}/_control/clock", json=clock, timeout=10)
    told = wire.read_until("message")
    while told.get("type") == "ping":
        told = wire.read_until("message")
    wire.close()

    assert (wire.status, welcome) == (101, {"type": "welcome"})
    assert confirmed["type"] == "confirm_subscription"
    assert told["message"]["id"] == 501


def test_a_dropped_connection_ends_without_a_close_frame(server: SimulatorServer) -> None:
    wire = Wire(server.url)
    wire.send(subscribing())
    wire.read_until("identifier")
    requests.post(f"{server.url}/_control/faults", json={"kind": "drop"}, timeout=10)
    clock = {"at": text(second(2)), "speed": 0}
    requests.post(f"{server.url}/_control/clock", json=clock, timeout=10)

    ended = wire.read_until("never")
    wire.close()

    assert ended is None


def test_there_is_no_stream_elsewhere(server: SimulatorServer) -> None:
    wire = Wire(server.url, path="/somewhere")
    wire.close()

    assert wire.status == 404
