"""What is said on a stream besides subscriptions, and how it goes wrong: posts, silence, faults."""

import json
from typing import Any

import pytest

from recomma.simulators.hyperliquid.delivery import NoAnswer
from recomma.simulators.hyperliquid.streams import End, Stream
from tests.simulators.hyperliquid_desk import AGENT, MASTER, NOON_MS, STRANGER, Desk, limit, oid_of

UPDATES = {"type": "orderUpdates", "user": MASTER}
FILLS = {"type": "userFills", "user": MASTER}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


def wait(desk: Desk, seconds: int) -> None:
    """Let real time pass, in which silence is measured."""
    desk.real_us += seconds * 1_000_000


def test_a_ping_is_answered_without_a_word_of_data(desk: Desk) -> None:
    stream = desk.stream()

    desk.hear(stream, {"method": "ping"})

    assert desk.frames(stream) == [{"channel": "pong"}]


def test_what_is_subscribed_already_or_no_longer_is_an_error(desk: Desk) -> None:
    stream = desk.stream(UPDATES)

    for method in ("subscribe", "unsubscribe", "unsubscribe"):
        desk.hear(stream, {"method": method, "subscription": UPDATES})

    twice, gone, again = desk.frames(stream)
    assert twice["data"] == f"Already subscribed: {json.dumps(UPDATES)}"
    assert gone["data"]["method"] == "unsubscribe"
    assert again["data"] == f"Already unsubscribed: {json.dumps(UPDATES)}"


def test_after_unsubscribing_nothing_more_is_told(desk: Desk) -> None:
    stream = desk.stream(UPDATES)
    desk.hear(stream, {"method": "unsubscribe", "subscription": UPDATES})
    desk.frames(stream)

    desk.buy("100", "0.19")

    assert desk.frames(stream) == []


@pytest.mark.parametrize(
    "said",
    [
        '{"method": "subscribe", "subscription": {"type": "noSuchType", "coin": "BTC"}}',
        '{"method": "subscribe", "subscription": {"type": "orderUpdates"}}',
        '{"method": "subscribe", "subscription": {"type": "orderUpdates", "user": "me"}}',
        '{"method": "dance"}',
        '{"method": "post", "id": "one", "request": {}}',
        "[]",
        "hello",
    ],
)
def test_what_cannot_be_read_is_said_back_and_the_stream_lives_on(desk: Desk, said: str) -> None:
    stream = desk.stream()

    desk.hear(stream, said)
    desk.hear(stream, {"method": "ping"})

    complaint, pong = desk.frames(stream)
    text = f"Error parsing JSON into valid websocket request: {said}"
    assert complaint == {"channel": "error", "data": text}
    assert pong == {"channel": "pong"}


def test_an_unknown_coin_ends_the_connection_without_a_word(desk: Desk) -> None:
    stream = desk.stream()

    desk.hear(stream, {"method": "subscribe", "subscription": {"type": "bbo", "coin": "NOPE"}})

    assert (desk.frames(stream), stream.end) == ([], End.ABRUPT)


def test_the_users_of_all_streams_together_are_limited(desk: Desk) -> None:
    desk.control("limits", {"stream_users": 2})
    first = desk.stream(UPDATES, {"type": "orderUpdates", "user": STRANGER})
    second = desk.stream()

    desk.hear(second, {"method": "subscribe", "subscription": FILLS})
    desk.hear(second, {"method": "subscribe", "subscription": {**FILLS, "user": AGENT}})
    known = desk.frames(second)
    desk.simulator.disconnect(first)
    desk.hear(second, {"method": "subscribe", "subscription": {**FILLS, "user": AGENT}})

    assert known[-1] == {"channel": "error", "data": "Cannot track more than 2 total users."}
    assert known[0]["channel"] == "subscriptionResponse"
    assert desk.frames(second)[0]["channel"] == "subscriptionResponse"


def test_connections_can_be_limited(desk: Desk) -> None:
    desk.control("limits", {"stream_connections": 1})
    first = desk.stream()

    refused = desk.simulator.connect()
    desk.simulator.disconnect(first)

    assert refused is None
    assert desk.simulator.connect() is not None


def post(desk: Desk, stream: Stream, kind: str, payload: Any) -> Any:
    desk.hear(stream, {"method": "post", "id": 7, "request": {"type": kind, "payload": payload}})
    (data,) = desk.told(stream, "post")
    assert data["id"] == 7
    return data["response"]


def test_a_question_can_be_posted(desk: Desk) -> None:
    response = post(desk, desk.stream(), "info", {"type": "openOrders", "user": MASTER})

    assert response == {"type": "info", "payload": {"type": "openOrders", "data": []}}


def test_an_action_can_be_posted_and_its_updates_come_too(desk: Desk) -> None:
    stream = desk.stream(UPDATES)
    action = {"type": "order", "orders": [limit(True, "100", "0.19")], "grouping": "na"}
    signature = {"r": AGENT, "s": "0x1", "v": 27}
    payload = {"action": action, "nonce": NOON_MS, "signature": signature}

    desk.hear(
        stream, {"method": "post", "id": 1, "request": {"type": "action", "payload": payload}}
    )

    answer, update = desk.frames(stream)
    status = answer["data"]["response"]["payload"]["response"]["data"]["statuses"][0]
    assert status["resting"]["oid"] == update["data"][0]["order"]["oid"]


def test_a_posted_request_is_refused_like_one_over_http(desk: Desk) -> None:
    stream = desk.stream()
    wrong = post(desk, stream, "info", {"type": "nothing"})
    desk.control("faults", [{"kind": "http_429", "count": 1}])
    busy = post(desk, stream, "info", {"type": "meta"})

    text = "Failed to deserialize the JSON body into the target type"
    assert wrong == {"type": "error", "payload": f"422 Unprocessable Entity: {text}"}
    assert busy == {"type": "error", "payload": "429 Too Many Requests"}


def test_a_posted_answer_can_be_late_or_lost(desk: Desk) -> None:
    asked = {"type": "info", "payload": {"type": "meta"}}
    stream = desk.stream()
    desk.control("faults", [{"kind": "delayed_answer", "seconds": 3, "count": 1}])
    desk.hear(stream, {"method": "post", "id": 1, "request": asked})

    early = desk.frames(stream)
    wait(desk, 3)
    late = desk.frames(stream)
    desk.control("faults", [{"kind": "answer_lost", "path": "/info"}])
    desk.hear(stream, {"method": "post", "id": 2, "request": asked})

    assert (early, [frame["channel"] for frame in late]) == ([], ["post"])
    assert (desk.frames(stream), stream.end) == ([], End.ABRUPT)


def test_a_minute_without_a_word_from_the_venue_ends_the_connection(desk: Desk) -> None:
    quiet, pinging = desk.stream(UPDATES), desk.stream(UPDATES)
    wait(desk, 59)
    desk.hear(pinging, {"method": "ping"})
    before = [desk.frames(quiet), desk.frames(pinging), quiet.end]

    wait(desk, 1)
    desk.frames(quiet)
    desk.frames(pinging)

    assert before == [[], [{"channel": "pong"}], None]
    assert (quiet.end, pinging.end) == (End.POLITE, None)


def test_a_stalled_stream_says_nothing_and_never_makes_up_for_it(desk: Desk) -> None:
    stream = desk.stream(UPDATES)
    desk.control("faults", [{"kind": "stream_stall"}])
    desk.buy("100", "0.19")
    desk.hear(stream, {"method": "ping"})
    stalled = desk.frames(stream)

    desk.control("faults", [])
    desk.buy("100", "0.18")

    assert (stalled, stream.end) == ([], None)
    assert [data[0]["order"]["limitPx"] for data in desk.told(stream, "orderUpdates")] == ["0.18"]


def test_one_channel_can_stall_while_pings_are_answered(desk: Desk) -> None:
    stream = desk.stream(UPDATES, FILLS)
    desk.control("faults", [{"kind": "stream_stall", "request_type": "userFills"}])

    desk.long("100")
    desk.hear(stream, {"method": "ping"})

    assert {frame["channel"] for frame in desk.frames(stream)} == {"orderUpdates", "pong"}


def test_a_connection_can_close_in_the_place_of_a_frame(desk: Desk) -> None:
    stream = desk.stream(UPDATES)
    desk.control("faults", [{"kind": "stream_close", "count": 1}])

    desk.buy("100", "0.19")

    assert (desk.frames(stream), stream.end) == ([], End.ABRUPT)
    assert desk.stream(UPDATES).end is None


def test_a_frame_can_come_twice(desk: Desk) -> None:
    stream = desk.stream(FILLS)
    desk.control("faults", [{"kind": "stream_duplicate", "count": 1}])

    desk.long("100")

    first, second = desk.told(stream, "userFills")
    assert first == second


def test_a_frame_can_come_after_the_next_one(desk: Desk) -> None:
    stream = desk.stream(UPDATES)
    desk.control("faults", [{"kind": "stream_reorder", "count": 1}])
    oid = oid_of(desk.buy("100", "0.19"))
    held_back = desk.frames(stream)
    desk.at(1)

    desk.cancel(oid)

    statuses = [data[0]["status"] for data in desk.told(stream, "orderUpdates")]
    assert (held_back, statuses) == ([], ["canceled", "open"])


def test_a_frame_held_back_comes_after_a_second_if_nothing_follows(desk: Desk) -> None:
    stream = desk.stream(UPDATES)
    desk.control("faults", [{"kind": "stream_reorder", "count": 1}])
    desk.buy("100", "0.19")
    early = desk.frames(stream)

    wait(desk, 1)

    assert (early, len(desk.frames(stream))) == ([], 1)


def test_a_stream_tells_what_the_answer_never_told(desk: Desk) -> None:
    stream = desk.stream(FILLS)
    desk.control("faults", [{"kind": "answer_lost", "count": 1}])

    with pytest.raises(NoAnswer):
        desk.long("100")

    assert desk.told(stream, "userFills")[0]["fills"][0]["sz"] == "100.0"


def test_a_reset_ends_every_stream(desk: Desk) -> None:
    stream = desk.stream(UPDATES)

    desk.control("reset", {})

    assert (desk.frames(stream), stream.end) == ([], End.ABRUPT)
