"""Streams without a socket: what each subscription shows at once, and of every change."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recomma.simulators.hyperliquid.streams import GREETING
from tests.simulators.hyperliquid_desk import (
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


def test_an_account_with_its_own_path_can_be_named_for_its_prices(desk: Desk) -> None:
    asked = {"type": "allMids", "user": MASTER}
    common, own = desk.stream({"type": "allMids"}), desk.stream(asked)

    desk.price("DOGE", "0.3", account=MASTER)

    assert desk.frames(common) == []
    assert desk.told(own, "allMids")[0]["mids"]["DOGE"] == "0.3"


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
