"""Deals of what-if scripts in the simulator: replayed exactly, and obeying every command (4.5)."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.domain.wanted import wanted
from recomma.signing.threecommas import sign_hmac
from recomma.simulators.threecommas.answers import Request
from recomma.simulators.threecommas.transport import SimulatorTransport
from recomma.simulators.threecommas.what_if import read, run
from tests.simulators.threecommas_world import API_KEY, SECRET, START, World, finished_deal, second

EXAMPLES: Final = Path(__file__).parents[2] / "docs/examples/what_if"
STEPPED: Final[dict[str, Any]] = {
    "prices": [["0s", "0.25"], ["10m", "0.2515"]],
    "bot": {
        "pair": "USDT_DOGE",
        "base_order_volume": "100",
        "max_safety_orders": 2,
        "take_profit_steps": [
            {"amount_percentage": 60, "profit_percentage": 2},
            {"amount_percentage": 40, "profit_percentage": 4},
        ],
    },
}
SINGLE: Final[dict[str, Any]] = {
    "prices": [["0s", "0.25"], ["10m", "0.2515"]],
    "bot": {"pair": "USDT_DOGE", "max_safety_orders": 2, "take_profit": "2.0"},
}


def world_with(script: dict[str, Any]) -> tuple[World, int]:
    """A world in which a script runs from the start; the clock stands a minute later."""
    world = World()
    loaded = world.control("what_if", {"script": script, "starts_at": START.isoformat()})
    world.stand_at(second(60))
    return world, loaded["loaded"][0]


def send(world: World, target: str, method: str = "POST", **given: str) -> Any:
    """Send a signed command; its parameters go into the query."""
    query = "&".join(f"{name}={value}" for name, value in given.items())
    return world.ask(f"{target}?{query}" if query else target, method=method)


def by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["order_id"])


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_revisions_bring_back_every_state_that_the_engine_had(path: Path) -> None:
    deal = run(read(path), starts_at=START).deals[0]
    world = World(deal)
    world.control("switches", {"disorder": False, "live_prices_move": False})
    fields: dict[str, Any] = {}
    rows: dict[str, Any] = {}

    for revision in deal["revisions"]:
        fields |= revision["fields"]
        rows |= {row["order_id"]: row for row in revision["rows"]}
        world.stand_at(datetime.fromisoformat(revision["at"]))
        shown = world.get(f"/deals/{deal['id']}/show")
        live = {"take_profit_price"} if shown["take_profit_steps"] else set()
        assert {name: shown[name] for name in fields.keys() - live} == {
            name: fields[name] for name in fields.keys() - live
        }
        assert by_id(world.get(f"/deals/{deal['id']}/market_orders")) == by_id(list(rows.values()))


def test_an_event_shows_from_its_own_time_on() -> None:
    deal = run(read(EXAMPLES / "long.toml"), starts_at=START).deals[0]
    world = World(deal)
    third = sorted(deal["bot_events"], key=lambda event: event["created_at"])[2]
    told_at = datetime.fromisoformat(third["created_at"])

    before = world.shown(told_at - timedelta(milliseconds=1), deal["id"])["bot_events"]
    after = world.shown(told_at, deal["id"])["bot_events"]

    assert (len(before), len(after)) == (2, 3)
    assert third in after


def test_time_can_be_turned_back() -> None:
    deal = run(read(EXAMPLES / "long.toml"), starts_at=START).deals[0]
    world = World(deal)

    late = world.shown(second(86_400), deal["id"])["status"]
    early = world.shown(second(120), deal["id"])["status"]

    assert (late, early) == ("completed", "bought")


def test_live_fields_follow_the_path_of_the_price() -> None:
    world, deal_id = world_with(SINGLE)
    world.control("switches", {"live_prices_move": False})

    before = world.shown(second(60), deal_id)
    after = world.shown(second(700), deal_id)

    assert (before["current_price"], after["current_price"]) == ("0.25", "0.2515")
    assert before["final_profit"] == after["final_profit"]  # Stale until the deal changes.
    assert before["actual_profit"] != after["actual_profit"]


def test_the_bot_of_a_script_is_listed_with_its_settings() -> None:
    world, _ = world_with(SINGLE)

    bots = world.get("/bots?scope=enabled")

    assert [(bot["name"], bot["active_deals_count"]) for bot in bots] == [("what_if", 1)]
    assert bots[0]["max_safety_orders"] == 2


@pytest.mark.parametrize(
    ("command", "pending", "final"),
    [
        ("panic_sell", "panic_sell_pending", "panic_sold"),
        ("cancel", "cancel_pending", "cancelled"),
        ("convert_to_smart_trade", "cancel_pending", "cancelled"),
    ],
)
def test_a_deal_is_ended_by_command(command: str, pending: str, final: str) -> None:
    world, deal_id = world_with(SINGLE)

    answer = send(world, f"/deals/{deal_id}/{command}")

    assert answer.status == 201
    assert world.shown(second(60), deal_id)["status"] == pending
    ended = world.shown(second(75), deal_id)
    assert (ended["status"], ended["finished?"]) == (final, True)
    again = send(world, f"/deals/{deal_id}/{command}")
    assert again.status in (403, 422)


def test_one_step_is_sold_and_the_others_stay() -> None:
    world, deal_id = world_with(STEPPED)
    step = world.shown(second(60), deal_id)["take_profit_steps"][0]

    answer = send(world, f"/deals/{deal_id}/panic_sell_step", trade_id=str(step["trade_id"]))

    assert answer.status == 201
    steps = world.shown(second(60), deal_id)["take_profit_steps"]
    assert [each["status"] for each in steps] == ["Panic closing", "Placed"]
    later = world.shown(second(75), deal_id)
    assert [each["status"] for each in later["take_profit_steps"]] == ["finished", "Placed"]
    assert (later["status"], later["sold_amount"]) == ("bought", "240.0")


def test_the_row_of_a_sold_step_is_the_steps_own_under_the_switch() -> None:
    ids = []
    for way in ("same_row", "new_row"):
        world = World()
        world.control("switches", {"panic_step_row": way})
        body = {"script": STEPPED, "starts_at": START.isoformat()}
        deal_id = world.control("what_if", body)["loaded"][0]
        step = world.shown(second(60), deal_id)["take_profit_steps"][0]
        send(world, f"/deals/{deal_id}/panic_sell_step", trade_id=str(step["trade_id"]))
        closed = world.rows(second(75), deal_id)["Closed at Market Price 1"]
        ids.append(closed["order_id"] == str(step["trade_id"]))

    assert ids == [True, False]


def test_a_deal_is_edited() -> None:
    world, deal_id = world_with(SINGLE)

    answer = send(
        world,
        f"/deals/{deal_id}/update_deal",
        method="PATCH",
        take_profit="3.0",
        stop_loss_percentage="5.0",
    )

    assert answer.status == 201
    edited = world.shown(second(75), deal_id)
    assert (edited["take_profit"], edited["take_profit_price"]) == ("3.0", "0.25802")
    assert edited["stop_loss_price"] == "0.2377375"


def test_the_count_of_averaging_orders_is_changed() -> None:
    world, deal_id = world_with(SINGLE)

    send(world, f"/deals/{deal_id}/update_max_safety_orders", max_safety_orders="1")

    edited = world.shown(second(75), deal_id)
    assert (edited["max_safety_orders"], edited["current_active_safety_orders_count"]) == (1, 1)


def test_funds_are_added_and_an_order_is_taken_back() -> None:
    world, deal_id = world_with(SINGLE)

    added = send(
        world,
        f"/deals/{deal_id}/add_funds",
        quantity="50",
        is_market="false",
        rate="0.2",
        response_type="market_order",
    )
    row = json.loads(added.body)
    world.stand_at(second(70))
    cancelled = send(world, f"/deals/{deal_id}/cancel_order", order_id=row["order_id"])

    assert (added.status, cancelled.status) == (201, 201)
    assert (row["deal_order_type"], row["status_string"]) == ("Manual Safety", "Active")
    assert world.rows(second(75), deal_id)["Manual Safety 1"]["status_string"] == "Cancelled"


@pytest.mark.parametrize(
    ("target", "given", "status"),
    [
        ("update_deal", {}, 400),
        ("update_deal", {"take_profit": "much"}, 400),
        ("add_funds", {"is_market": "true"}, 400),
        ("add_funds", {"quantity": "5"}, 400),
        ("cancel_order", {"order_id": "1"}, 404),
        ("panic_sell_step", {"trade_id": "1"}, 400),
    ],
)
def test_a_command_with_bad_parameters_is_refused(
    target: str, given: dict[str, str], status: int
) -> None:
    world, deal_id = world_with(SINGLE)

    method = "PATCH" if target == "update_deal" else "POST"

    assert send(world, f"/deals/{deal_id}/{target}", method, **given).status == status


def test_parameters_may_come_as_a_json_body() -> None:
    world, deal_id = world_with(SINGLE)
    path = f"/public/api/ver1/deals/{deal_id}/update_deal"
    body = b'{"max_safety_orders": 1}'
    headers = {
        "apikey": API_KEY,
        "signature": sign_hmac(SECRET, path.encode() + b"?" + body),
        "content-type": "application/json",
    }

    answer = world.simulator.handle(Request("PATCH", path, headers, body), START)

    assert answer.status == 201
    assert world.shown(second(75), deal_id)["max_safety_orders"] == 1


def test_a_recorded_deal_cannot_be_edited_and_a_played_one_takes_no_command() -> None:
    played = run(read(EXAMPLES / "long.toml"), starts_at=START).deals[0]
    world = World(finished_deal(), played)
    world.stand_at(second(9))

    edited = send(world, "/deals/501/update_deal", method="PATCH", take_profit="3.0")
    sold = send(world, f"/deals/{played['id']}/panic_sell")

    assert (edited.status, sold.status) == (400, 403)


def test_events_cannot_be_added_to_a_deal_that_is_not_told_from_events() -> None:
    world, deal_id = world_with(SINGLE)

    refused = world.control(
        "events", {"deal_id": deal_id, "events": [{"message": "hello"}]}, status=400
    )

    assert "is not told from events" in refused["error"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Give {"),
        ({"script": {}, "starts_at": START.isoformat()}, "what_if: bot.pair must be one pair"),
        ({"script": SINGLE, "starts_at": "noon"}, "must be an ISO 8601 time"),
        ({"script": SINGLE, "speed": 2}, "Give {"),
    ],
)
def test_a_script_that_cannot_be_used_changes_nothing(body: dict[str, Any], said: str) -> None:
    world = World()

    refused = world.control("what_if", body, status=400)

    assert said in refused["error"]
    assert world.control("state")["deals"] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revisions": []}, "'revisions' must not be empty"),
        ({"revisions": [{"at": "now"}]}, "must be an ISO 8601 time"),
        ({"revisions": [1]}, "'revisions' must be a list of objects"),
        ({"prices": [1]}, "A price is a list like"),
    ],
)
def test_revisions_that_cannot_be_read_are_refused(change: dict[str, Any], said: str) -> None:
    played = run(read(EXAMPLES / "long.toml"), starts_at=START).deals[0]

    refused = World().control("deals", played | change, status=400)

    assert said in refused["error"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_real_reader_understands_every_state(path: Path) -> None:
    """Between a row and its "Placing" nobody can tell an averaging order's step (8.1)."""
    for deal in run(read(path), starts_at=START).deals:
        world = World(deal)
        session = requests.Session()
        transport = SimulatorTransport(world.simulator, lambda: START)
        session.mount("https://api.3commas.io", transport)
        client = ThreeCommas(
            "https://api.3commas.io", Credentials(API_KEY, secret=SECRET), session=session
        )
        unknown: set[str] = set()
        for revision in deal["revisions"]:
            at = datetime.fromisoformat(revision["at"])
            world.stand_at(at)
            unknown |= set(wanted(client.read(deal["id"], at)).unknown)

        assert {
            text for text in unknown if "no event tells its averaging step" not in text
        } == set()
