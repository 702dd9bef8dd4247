"""RFC 6455 by itself, and over a socket with clients that nobody here wrote."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from queue import Queue
from random import Random
from typing import Any

import pytest
import requests
import websocket
from hyperliquid.info import Info

from recomma.simulators.hyperliquid.server import HyperliquidServer, real_time_us
from recomma.simulators.hyperliquid.simulator import Simulator
from recomma.simulators.websocket import (
    BadFrame,
    CloseCode,
    Decoder,
    Message,
    NotAnUpgrade,
    Opcode,
    accepted,
    closing,
    encoded,
    handshake,
)
from tests.simulators.hyperliquid_desk import MASTER, limit, signed_by

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TIMEOUT_SECONDS = 10
UPGRADE = {
    "connection": "keep-alive, Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
}


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """Return a frame as a client sends it, in the RFC's own way."""
    return websocket.ABNF(int(final), 0, 0, 0, opcode, 1, payload).format()


def test_the_key_of_the_rfc_has_its_answer() -> None:
    assert accepted(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connection", "close"),
        ("upgrade", "h2c"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", "short"),
        ("sec-websocket-key", "no base64 at all!"),
    ],
)
def test_what_is_not_an_upgrade_is_refused(name: str, value: str) -> None:
    handshake(UPGRADE)

    with pytest.raises(NotAnUpgrade):
        handshake({**UPGRADE, name: value})


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_frames_of_every_length_are_read_and_written(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))

    (message,) = Decoder().feed(masked(Opcode.BINARY, payload))
    ours = encoded(Opcode.BINARY, payload)

    assert message == Message(Opcode.BINARY, payload)
    assert ours.endswith(payload)
    assert len(ours) - size == (2 if size < 126 else 4 if size < 65536 else 10)


def test_pieces_of_any_size_give_the_same_messages() -> None:
    seed = 6455
    print(f"seed {seed}")
    random = Random(seed)
    texts = [f"text {number} " * random.randint(0, 60) for number in range(40)]
    sent = b"".join(masked(Opcode.TEXT, text.encode()) for text in texts)

    decoder, found = Decoder(), []
    while sent:
        cut = random.randint(1, 200)
        found += decoder.feed(sent[:cut])
        sent = sent[cut:]

    assert [message.payload.decode() for message in found] == texts


def test_a_ping_may_come_between_the_fragments_of_a_message() -> None:
    sent = (
        masked(Opcode.TEXT, b"one ", final=False)
        + masked(Opcode.PING, b"there?")
        + masked(Opcode.CONTINUATION, b"two ", final=False)
        + masked(Opcode.CONTINUATION, b"three")
    )

    assert Decoder().feed(sent) == [
        Message(Opcode.PING, b"there?"),
        Message(Opcode.TEXT, b"one two three"),
    ]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (encoded(Opcode.TEXT, b"unmasked"), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.CONTINUATION, b"of what?"), CloseCode.PROTOCOL_ERROR),
        (bytes([0x83, 0x80, 0, 0, 0, 0]), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.PING, b"x" * 126), CloseCode.PROTOCOL_ERROR),
        (masked(Opcode.PING, b"", final=False), CloseCode.PROTOCOL_ERROR),
        (bytes([0xC1, 0x80, 0, 0, 0, 0]), CloseCode.PROTOCOL_ERROR),
        (bytes([0x82, 0xFF]) + (2**40).to_bytes(8, "big"), CloseCode.TOO_BIG),
    ],
    # Masks are random: as names they would differ from one collecting to the next.
    ids=["unmasked", "continues_nothing", "reserved", "long_ping", "split_ping", "flags", "huge"],
)
def test_a_broken_frame_is_named_with_its_code(sent: bytes, code: CloseCode) -> None:
    with pytest.raises(BadFrame) as bad:
        Decoder().feed(sent)

    assert bad.value.code is code


def test_a_message_may_not_begin_inside_another() -> None:
    sent = masked(Opcode.TEXT, b"one", final=False) + masked(Opcode.TEXT, b"two")

    with pytest.raises(BadFrame):
        Decoder().feed(sent)


class Venue:
    """A served simulator with one account, and its URLs."""

    def __init__(self, simulator: Simulator, url: str) -> None:
        self.simulator = simulator
        self.url = url
        self.stream_url = f"ws{url.removeprefix('http')}/ws"
        self._clients: list[websocket.WebSocket] = []

    def control(self, name: str, body: Any) -> Any:
        answer = requests.post(f"{self.url}/_control/{name}", json=body, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, side: str, size: str, **more: Any) -> Any:
        done = {"address": MASTER, "coin": "DOGE", "side": side, "size": size, **more}
        return self.control("act", done)["statuses"][0]

    def connect(self, *subscriptions: dict[str, Any]) -> websocket.WebSocket:
        """Open a stream and read past its greeting and its acknowledgements."""
        client = websocket.create_connection(self.stream_url, timeout=TIMEOUT_SECONDS)
        self._clients.append(client)
        assert "established" in client.recv()
        for asked in subscriptions:
            client.send(json.dumps({"method": "subscribe", "subscription": asked}))
            assert heard(client)["channel"] == "subscriptionResponse"
        return client

    def hang_up(self) -> None:
        for client in self._clients:
            if client.sock is not None:
                client.sock.close()


def heard(client: websocket.WebSocket) -> Any:
    return json.loads(client.recv())


UPDATES = {"type": "orderUpdates", "user": MASTER}


@pytest.fixture
def venue() -> Iterator[Venue]:
    simulator = Simulator(recover=signed_by, real_time=real_time_us)
    server = HyperliquidServer("127.0.0.1", 0, simulator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    venue = Venue(simulator, server.url)
    venue.control("accounts", {"address": MASTER, "balance": "10000"})
    venue.control("prices", {"DOGE": "0.2"})
    yield venue
    venue.hang_up()
    server.stop()
    thread.join()


def test_a_plain_client_is_told_what_happens(venue: Venue) -> None:
    client = venue.connect(UPDATES)

    status = venue.act("buy", "100", price="0.19")

    (row,) = heard(client)["data"]
    assert row["order"]["oid"] == status["resting"]["oid"]


def test_both_kinds_of_ping_are_answered(venue: Venue) -> None:
    client = venue.connect()

    client.ping("are you there")
    opcode, payload = client.recv_data(control_frame=True)
    client.send('{"method":"ping"}')

    assert (opcode, payload) == (Opcode.PONG, b"are you there")
    assert heard(client) == {"channel": "pong"}


def test_a_client_that_closes_is_told_goodbye_and_forgotten(venue: Venue) -> None:
    venue.control("limits", {"stream_connections": 1})
    client = venue.connect()

    client.close(timeout=TIMEOUT_SECONDS)

    with pytest.raises(websocket.WebSocketConnectionClosedException):
        client.recv()
    eventually(venue.connect)


def eventually(attempt: Callable[[], object]) -> None:
    """Try again until it works or the time is up; what is waited for is another thread."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            attempt()
            return
        except websocket.WebSocketException:
            pass
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_connection_too_many_is_refused_with_429(venue: Venue) -> None:
    venue.control("limits", {"stream_connections": 1})
    venue.connect()

    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        venue.connect()

    assert refused.value.status_code == 429


def test_a_request_that_is_no_upgrade_is_answered_in_http(venue: Venue) -> None:
    answer = requests.get(f"{venue.url}/ws", timeout=TIMEOUT_SECONDS)

    assert (answer.status_code, answer.text) == (
        400,
        "Connection header did not include 'upgrade'",
    )


def test_a_broken_frame_is_answered_with_a_close(venue: Venue) -> None:
    client = venue.connect()

    assert client.sock is not None
    client.sock.sendall(encoded(Opcode.TEXT, b"unmasked"))
    opcode, payload = client.recv_data(control_frame=True)

    assert encoded(Opcode(opcode), payload) == closing(CloseCode.PROTOCOL_ERROR)


def test_silence_ends_with_a_close_frame_and_a_fault_without(venue: Venue) -> None:
    venue.control("limits", {"stream_silence_seconds": 0})
    polite = venue.connect()
    opcode, _ = polite.recv_data(control_frame=True)
    venue.control("limits", {"stream_silence_seconds": 60})
    abrupt = venue.connect(UPDATES)

    venue.control("faults", [{"kind": "stream_close", "count": 1}])
    venue.act("buy", "100", price="0.19")

    assert opcode == Opcode.CLOSE
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        abrupt.recv_data(control_frame=True)


def test_time_that_goes_on_by_itself_is_told_without_anybody_asking(venue: Venue) -> None:
    venue.act("buy", "100", price="0.19")
    client = venue.connect(UPDATES)

    at_us = venue.simulator.clock.now_us + 100_000
    venue.control("prices", {"DOGE": [[at_us // 1000, "0.19"]]})

    assert heard(client)["data"][0]["status"] == "filled"


def test_a_fill_is_told_before_its_answer_where_that_is_delayed(venue: Venue) -> None:
    client = venue.connect(UPDATES)
    venue.control("faults", [{"kind": "delayed_answer", "seconds": "0.3", "count": 1}])
    order = limit(True, "100", "0.2", tif="Ioc")
    action = {"type": "order", "orders": [order], "grouping": "na"}
    signature = {"r": MASTER, "s": "0x1", "v": 27}
    payload = {"action": action, "nonce": real_time_us() // 1000, "signature": signature}
    request = {"type": "action", "payload": payload}

    client.send(json.dumps({"method": "post", "id": 1, "request": request}))

    told, answer = heard(client), heard(client)
    (status,) = answer["data"]["response"]["payload"]["response"]["data"]["statuses"]
    assert [row["status"] for row in told["data"]] == ["open", "filled"]
    assert status["filled"]["oid"] == told["data"][0]["order"]["oid"]


def test_many_streams_are_told_the_same(venue: Venue) -> None:
    clients = [venue.connect(UPDATES) for _ in range(5)]

    for step in range(9):
        venue.act("buy", "100", price=f"0.1{step + 11}")

    def prices(client: websocket.WebSocket) -> list[str]:
        found: list[str] = []
        while len(found) < 9:
            found += [row["order"]["limitPx"] for row in heard(client)["data"]]
        return found

    told = [prices(client) for client in clients]
    assert told[0] == [f"0.1{step + 11}" for step in range(9)]
    assert told.count(told[0]) == 5


def test_the_official_sdk_follows_everything_it_can_subscribe_to(venue: Venue) -> None:
    info, told = Info(venue.url, timeout=TIMEOUT_SECONDS), Queue[Any]()
    kinds = ("orderUpdates", "userFills", "userEvents", "userFundings")
    coins = ("l2Book", "bbo", "trades", "activeAssetCtx")
    for asked in [
        *({"type": kind, "user": MASTER} for kind in kinds),
        *({"type": kind, "coin": "DOGE"} for kind in coins),
        {"type": "allMids"},
    ]:
        info.subscribe(asked, told.put)

    def channels(wanted: set[str]) -> set[str]:
        found: set[str] = set()
        while not wanted <= found:
            found.add(told.get(timeout=TIMEOUT_SECONDS)["channel"])
        return found

    snapshots = {"userFills", "userFundings", "l2Book", "bbo", "activeAssetCtx", "allMids"}
    channels(snapshots)
    venue.act("buy", "100")
    channels({"orderUpdates", "userFills", "user", "trades"})
    venue.control("prices", {"DOGE": "0.21"})
    channels({"allMids", "l2Book", "bbo", "activeAssetCtx"})

    info.disconnect_websocket()


def test_the_official_sdk_can_stop_following(venue: Venue) -> None:
    info, told = Info(venue.url, timeout=TIMEOUT_SECONDS), Queue[Any]()
    number = info.subscribe({"type": "bbo", "coin": "DOGE"}, told.put)
    told.get(timeout=TIMEOUT_SECONDS)

    assert info.unsubscribe({"type": "bbo", "coin": "DOGE"}, number)

    info.disconnect_websocket()


def test_a_server_that_stops_says_goodbye() -> None:
    simulator = Simulator(recover=lambda _: None, real_time=real_time_us)
    server = HyperliquidServer("127.0.0.1", 0, simulator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    venue = Venue(simulator, server.url)
    client = venue.connect()

    server.stop()
    opcode, payload = client.recv_data(control_frame=True)
    venue.hang_up()
    thread.join()

    assert encoded(Opcode(opcode), payload) == closing(CloseCode.GOING_AWAY)
