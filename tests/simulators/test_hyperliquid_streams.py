"""Streams without a socket: what each subscription shows at once, and of every change."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recomma.simulators.hyperliquid.delivery import NoAnswer
from recomma.simulators.hyperliquid.streams import GREETING, End, Stream
from tests.simulators.hyperliquid_desk import (
    AGENT,
    DOGE,
    MASTER,
    NOON_MS,
    STRANGER,
    Desk,
    cloid,
    limit,
    oid_of,
)

RECORDED = Path(__file__).parents[2] / "../shared/reference/fixtures/hyperliquid"
UPDATES = {"type": "orderUpdates", "user": MASTER}
FILLS = {"type": "userFills", "user": MASTER}
EVENTS = {"type": "userEvents", "user": MASTER}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


def subscribed(desk: Desk, asked: dict[str, Any]) -> list[Any]:
    """Return every frame that a new subscription brings at once."""
    stream = desk.stream()
    desk.hear(stream, {"method": "subscribe", "subscription": asked})
    return desk.frames(stream)


def wait(desk: Desk, seconds: int) -> None:
    """Let real time pass, in which silence is measured."""
    desk.real_us += seconds * 1_000_000


def test_a_stream_begins_with_a_text_that_is_not_json(desk: Desk) -> None:
    assert desk.texts(desk.simulator.connect()) == [GREETING]


def test_an_acknowledgement_echoes_in_lower_case_with_defaults(desk: Desk) -> None:
    ack, snapshot = subscribed(
        desk, {"type": "userFills", "user": MASTER.upper().replace("X", "x")}
    )

    assert ack == {
        "channel": "subscriptionResponse",
        "data": {"method": "subscribe", "subscription": {**FILLS, "aggregateByTime": False}},
    }
    assert snapshot == {
        "channel": "userFills",
        "data": {"isSnapshot": True, "user": MASTER, "fills": []},
    }


def test_a_snapshot_of_fills_comes_with_every_subscription_newest_first(desk: Desk) -> None:
    desk.long("1000")
    desk.at(1)
    desk.sell("500", "0.2", tif="Ioc")

    _, snapshot = subscribed(desk, FILLS)

    assert [fill["sz"] for fill in snapshot["data"]["fills"]] == ["500.0", "1000.0"]


def test_a_live_fill_has_no_word_of_a_snapshot(desk: Desk) -> None:
    stream = desk.stream(FILLS)

    desk.long("1000")

    (data,) = desk.told(stream, "userFills")
    assert set(data) == {"user", "fills"}
    assert data["fills"] == desk.fills()
    assert desk.frames(stream) == []


def test_an_order_filled_at_once_is_open_and_filled_in_one_frame(desk: Desk) -> None:
    stream = desk.stream(UPDATES)

    desk.buy("100", "0.21", tif="Ioc", c=cloid(1))

    ((opened, filled),) = desk.told(stream, "orderUpdates")
    assert (opened["status"], opened["order"]["sz"]) == ("open", "100.0")
    assert (filled["status"], filled["order"]["sz"]) == ("filled", "0.0")
    assert opened["statusTimestamp"] == filled["statusTimestamp"] == desk.now_ms
    assert opened["order"]["cloid"] == cloid(1)


def test_order_updates_have_no_snapshot_and_name_no_user(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))
    stream = desk.stream(UPDATES)

    desk.cancel(oid)

    assert desk.told(stream, "orderUpdates") == [
        [
            {
                "order": {
                    "coin": "DOGE",
                    "side": "B",
                    "limitPx": "0.19",
                    "sz": "100.0",
                    "oid": oid,
                    "timestamp": NOON_MS,
                    "origSz": "100.0",
                },
                "status": "canceled",
                "statusTimestamp": NOON_MS,
            }
        ]
    ]


def test_a_partial_fill_of_a_resting_order_shows_as_a_fill_alone(desk: Desk) -> None:
    oid = oid_of(desk.buy("100", "0.19"))
    stream = desk.stream(UPDATES, FILLS)

    desk.control("fills", {"account": MASTER, "oid": oid, "size": "40"})

    assert [frame["channel"] for frame in desk.frames(stream)] == ["userFills"]


def test_each_moment_of_a_path_is_a_frame_of_its_own(desk: Desk) -> None:
    stream = desk.stream(UPDATES)
    desk.buy("100", "0.19")
    desk.buy("100", "0.18")
    desk.path("DOGE", (5, "0.19"), (6, "0.18"))

    desk.at(10)

    placed, first, second = desk.told(stream, "orderUpdates")
    assert [len(frame) for frame in (placed, first, second)] == [2, 1, 1]
    assert second[0]["statusTimestamp"] - first[0]["statusTimestamp"] == 1000


def test_user_events_tell_fills_funding_and_what_the_venue_cancelled(desk: Desk) -> None:
    desk.buy("3000000", "0.19")
    doomed = oid_of(desk.buy("3000000", "0.18"))
    stream = desk.stream(EVENTS)
    desk.control("funding", {"DOGE": "0.00001"})

    desk.price("DOGE", "0.18")
    desk.at(3600)

    first, ended, paid = desk.told(stream, "user")
    assert first["fills"][0]["sz"] == "3000000.0"
    assert paid["funding"]["usdc"] == "-5.4"
    assert ended == {"nonUserCancel": [{"coin": "DOGE", "oid": doomed}]}


def test_an_exit_that_ends_with_its_position_is_not_an_event(desk: Desk) -> None:
    desk.long("1000")
    desk.sell("1000", "0.3", reduce_only=True)
    stream = desk.stream(EVENTS, UPDATES)

    desk.sell("1000", "0.2", tif="Ioc")

    frames = desk.frames(stream)
    assert [list(f["data"]) for f in frames if f["channel"] == "user"] == [["fills"]]
    updates = [row["status"] for f in frames if f["channel"] == "orderUpdates" for row in f["data"]]
    assert updates == ["open", "filled", "reduceOnlyCanceled"]


def test_user_events_tell_a_liquidation() -> None:
    desk = Desk("1010")
    desk.price("DOGE", "0.2")
    desk.long("40000")
    stream = desk.stream(EVENTS)

    desk.price("DOGE", "0.184")

    fills, liquidated = desk.told(stream, "user")
    assert fills["fills"][0]["liquidation"]["liquidatedUser"] == MASTER
    assert liquidated["liquidation"]["liquidated_user"] == MASTER
    assert liquidated["liquidation"]["liquidated_ntl_pos"] == "7360.0"


def test_fundings_come_as_a_snapshot_and_then_by_the_hour(desk: Desk) -> None:
    desk.long("1000")
    desk.control("funding", {"DOGE": "0.0001"})
    desk.at(3600)
    _, snapshot = subscribed(desk, {"type": "userFundings", "user": MASTER})
    stream = desk.stream({"type": "userFundings", "user": MASTER})

    desk.at(7200)

    assert snapshot["data"]["isSnapshot"] is True
    (live,) = desk.told(stream, "userFundings")
    assert snapshot["data"]["fundings"][0]["usdc"] == live["fundings"][0]["usdc"] == "-0.02"


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "allMids"},
        {"type": "l2Book", "coin": "DOGE"},
        {"type": "bbo", "coin": "DOGE"},
        {"type": "activeAssetCtx", "coin": "DOGE"},
    ],
)
def test_the_market_is_told_at_once_and_when_it_moves(desk: Desk, asked: dict[str, Any]) -> None:
    _, at_once = subscribed(desk, asked)
    stream = desk.stream(asked)
    still = desk.frames(stream)

    desk.price("DOGE", "0.19")

    (moved,) = desk.frames(stream)
    assert (at_once["channel"], still, moved["channel"]) == (asked["type"], [], asked["type"])
    assert "0.2" in json.dumps(at_once)
    assert "0.19" in json.dumps(moved)


def test_a_coin_without_a_price_has_an_empty_best_bid_and_offer(desk: Desk) -> None:
    _, bbo = subscribed(desk, {"type": "bbo", "coin": "MATIC"})

    assert bbo["data"] == {"coin": "MATIC", "time": NOON_MS, "bbo": [None, None]}


def test_thirty_old_trades_are_told_again_at_each_subscription(desk: Desk) -> None:
    for _ in range(40):
        desk.long("100")
    _, old = subscribed(desk, {"type": "trades", "coin": "DOGE"})
    stream = desk.stream({"type": "trades", "coin": "DOGE"})

    desk.long("100")

    assert len(old["data"]) == 30
    ((new,),) = desk.told(stream, "trades")
    assert new["tid"] == desk.fills()[-1]["tid"]


@pytest.mark.parametrize("kind", ["openOrders", "clearinghouseState"])
def test_whole_states_of_an_account_can_be_followed(desk: Desk, kind: str) -> None:
    stream = desk.stream({"type": kind, "user": MASTER})

    desk.buy("100", "0.19")
    desk.long("1000")

    (told,) = desk.told(stream, kind)
    assert told["user"] == MASTER
    assert desk.frames(stream) == []


def test_two_accounts_do_not_see_each_other(desk: Desk) -> None:
    stream = desk.stream({"type": "orderUpdates", "user": STRANGER})

    desk.buy("100", "0.19")

    assert desk.frames(stream) == []


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


def test_fills_of_a_stream_add_up_to_the_position(desk: Desk) -> None:
    stream, told = desk.stream(FILLS), Decimal(0)
    for number in range(50):
        desk.at(number)
        desk.order(limit(number % 3 > 0, str(100 + number), "0.2", tif="Ioc", asset=DOGE))
        for data in desk.told(stream, "userFills"):
            for fill in data["fills"]:
                told += Decimal(fill["sz"]) * (1 if fill["side"] == "B" else -1)

    assert told == desk.position() != 0


def recorded(name: str) -> Any:
    """Return the first recorded frame of an id, or skip."""
    for file in ("ws_orders_fills.json", "ws_market.json", "ws_control.json"):
        path = RECORDED / file
        if not path.is_file():
            pytest.skip(f"recorded frames are not at hand: {file} is missing")
        for record in json.loads(path.read_text())["records"]:
            if record["id"] == name:
                return record["frame"]
    raise LookupError(name)


def shape(value: Any) -> Any:
    """Return the keys of a frame and the kinds of its values, whatever the values are."""
    if isinstance(value, dict):
        return {key: shape(found) for key, found in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def live(desk: Desk, asked: dict[str, Any]) -> Any:
    """Return a live frame of a subscription to an account that buys and then lets an order go."""
    stream = desk.stream(asked)
    oid = oid_of(desk.buy("100", "0.19", c=cloid(1)))
    desk.long("100")
    desk.price("DOGE", "0.195")
    desk.cancel(oid)
    return desk.frames(stream)[0]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("orderUpdates-open", UPDATES),
        ("userEvents-fill-on-channel-user", EVENTS),
        ("bbo-2", {"type": "bbo", "coin": "DOGE"}),
        ("l2Book-mainnet-cut", {"type": "l2Book", "coin": "DOGE"}),
        ("trades", {"type": "trades", "coin": "DOGE"}),
        ("activeAssetCtx", {"type": "activeAssetCtx", "coin": "DOGE"}),
    ],
)
def test_frames_have_the_shape_of_recorded_ones(
    desk: Desk, name: str, asked: dict[str, Any]
) -> None:
    assert shape(live(desk, asked)) == shape(recorded(name))


def test_a_funding_frame_has_the_shape_of_a_recorded_one(desk: Desk) -> None:
    desk.long("1000")
    desk.control("funding", {"DOGE": "0.0001"})
    stream = desk.stream(EVENTS)

    desk.at(3600)

    assert shape(desk.frames(stream)[0]) == shape(recorded("userEvents-funding"))
