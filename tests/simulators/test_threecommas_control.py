"""The control API: clock, faults, limits, log and state (design.md 10)."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from recomma.simulators.threecommas.answers import Cut, Request
from recomma.simulators.threecommas.simulator import Simulator
from tests.simulators.threecommas_world import (
    API_KEY,
    SECRET,
    START,
    World,
    deal,
    finished_deal,
    second,
    text,
)


def control(simulator: Simulator, name: str, body: Any, at_seconds: int) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    request = Request(method, f"/_control/{name}", {}, content)
    return json.loads(simulator.handle(request, START + timedelta(seconds=at_seconds)).body)


def test_the_clock_follows_the_real_one_until_it_is_set() -> None:
    assert control(Simulator(), "clock", None, 5) == {"at": text(second(5)), "speed": 1}


def test_a_clock_of_speed_zero_stands_still() -> None:
    simulator = Simulator()

    control(simulator, "clock", {"at": "2020-01-01T00:00:00Z", "speed": 0}, 5)

    assert control(simulator, "clock", None, 999)["at"] == "2020-01-01T00:00:00.000Z"


def test_a_fast_clock_runs_ahead_from_where_it_was_set() -> None:
    simulator = Simulator()

    control(simulator, "clock", {"at": "2020-01-01T00:00:00Z", "speed": 60}, 5)

    assert control(simulator, "clock", None, 65)["at"] == "2020-01-01T01:00:00.000Z"


def test_changing_only_the_speed_keeps_the_time() -> None:
    simulator = Simulator()
    control(simulator, "clock", {"at": "2020-01-01T00:00:00Z", "speed": 60}, 0)

    control(simulator, "clock", {"speed": 0}, 1)

    assert control(simulator, "clock", None, 50) == {"at": "2020-01-01T00:01:00.000Z", "speed": 0}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("deals", [1]),
        ("deals", {"id": "x", "pair": "USDT_DOGE"}),
        ("deals", {"id": 1, "pair": "DOGE"}),
        ("deals", {"id": 1, "pair": "USDT_DOGE", "bot_events": [{"message": "no time"}]}),
        ("deals", {"id": 1, "pair": "USDT_DOGE", "created_at": "yesterday"}),
        ("deals", {"id": 1, "pair": "USDT_DOGE", "market_orders": "x"}),
        ("bots", {"id": None}),
        ("events", {"deal_id": 999, "events": []}),
        ("events", {"deal_id": 501, "events": "x"}),
        ("events", {"deal_id": 501, "events": []}),
        ("events", {"deal_id": 501, "status": 7}),
        ("clock", {"at": "noon"}),
        ("clock", {"speed": -1}),
        ("clock", {"sped": 1}),
        ("accounts", {"api_key": "a"}),
        ("accounts", {"api_key": "a", "secret": "b", "public_key": "c"}),
        ("accounts", {"api_key": "a", "public_key": "not a key"}),
        ("accounts", {"api_key": "a", "secret": "b", "plan": "golden"}),
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kind": "http", "status": 299}),
        ("faults", {"kind": "http", "rate": 2}),
        ("faults", {"kind": "http", "count": -1}),
        ("limits", {"on": "yes"}),
        ("switches", {"honest": True}),
    ],
)
def test_bad_input_is_answered_with_one_sentence_and_changes_nothing(name: str, body: Any) -> None:
    world = World(finished_deal())
    before = world.control("state")

    refused = world.control(name, body, status=400)

    assert refused["error"].endswith(".")
    assert world.control("state") == before


def test_a_body_that_is_not_json_is_refused() -> None:
    answer = Simulator().handle(Request("POST", "/_control/deals", {}, b"{"), START)

    assert (answer.status, json.loads(answer.body)) == (400, {"error": "The body is not JSON."})


def test_one_bad_deal_keeps_all_of_them_out() -> None:
    world = World()

    world.control("deals", [finished_deal(), {"id": 1}], status=400)

    assert world.control("state")["deals"] == []


def test_reset_forgets_everything() -> None:
    world = World(finished_deal())
    world.stand_at(second(-900))

    world.control("reset", {})

    assert world.control("clock") == {"at": text(START), "speed": 1}
    assert world.control("state")["deals"] == []
    assert world.control("log") == []
    assert world.ask("/validate").status == 401


def test_the_log_has_every_request_of_the_real_api() -> None:
    world = World(finished_deal())
    world.get("/deals?limit=5")
    world.ask("/deals/9/show")

    log = world.control("log")

    assert [(e["path"], e["query"], e["status"], e["weight"]) for e in log] == [
        ("/public/api/ver1/deals", "limit=5", 200, 1),
        ("/public/api/ver1/deals/9/show", "", 404, 1),
    ]
    assert log[0]["time"] == text(START)


def test_the_state_has_the_deals_with_their_rows() -> None:
    world = World(finished_deal(), deal(id=502, created_at=text(second(50))))
    world.stand_at(second(9))

    state = world.control("state")

    assert (state["at"], [entry["id"] for entry in state["deals"]]) == (text(second(9)), [501])
    assert len(state["deals"][0]["market_orders"]) == 4


def test_a_fault_with_a_count_strikes_that_often() -> None:
    world = World()
    world.control("faults", {"kind": "http", "status": 500, "count": 2})

    assert [world.ask("/validate").status for _ in range(4)] == [500, 500, 200, 200]


def test_a_fault_with_a_rate_strikes_about_that_often() -> None:
    world = World()
    world.control("faults", [{"kind": "http", "status": 503, "rate": 0.25}])

    seen = Counter(world.ask("/validate").status for _ in range(400))

    assert 60 < seen[503] < 140  # The seed is fixed (1), so this cannot flicker.


def test_a_fault_strikes_only_under_its_path() -> None:
    world = World(finished_deal())
    world.control("faults", {"kind": "http", "status": 502, "path": "/public/api/ver1/deals"})

    assert world.ask("/deals/501/show").status == 502
    assert world.ask("/bots").status == 200


def test_a_bad_gateway_is_a_page_and_not_json() -> None:
    world = World()
    world.control("faults", {"kind": "http", "status": 502})

    answer = world.ask("/validate")

    assert answer.content_type == "text/html"
    assert answer.body.startswith(b"<html>")


def test_a_slow_answer_says_how_long_it_takes() -> None:
    world = World()
    world.control("faults", [{"kind": "slow", "seconds": 7}, {"kind": "slow", "seconds": 0.5}])

    answer = world.ask("/validate")

    assert (answer.status, answer.wait_seconds) == (200, 7.5)


@pytest.mark.parametrize(("when", "took_effect"), [("before", False), ("after", True)])
def test_a_connection_can_break_before_or_after_the_request_took_effect(
    when: str, took_effect: bool
) -> None:
    world = World(finished_deal())
    world.stand_at(second(9))
    world.control("faults", {"kind": "close", "when": when, "count": 1})

    answer = world.ask("/deals/501/cancel", method="POST")

    assert answer.cut is Cut(when)
    assert (world.shown(second(9))["status"] == "cancel_pending") is took_effect
    assert world.control("log")[0]["status"] is None


def test_a_gateway_timeout_can_come_after_the_action_was_accepted() -> None:
    world = World(finished_deal())
    world.stand_at(second(9))
    world.control("faults", {"kind": "http", "status": 504, "when": "after", "count": 1})

    assert world.ask("/deals/501/cancel", method="POST").status == 504
    assert world.shown(second(9))["status"] == "cancel_pending"


def limited_world(plan: str) -> World:
    world = World(finished_deal())
    world.control("accounts", {"api_key": API_KEY, "secret": SECRET, "plan": plan})
    world.control("limits", {"on": True, "persistence": 3})
    return world


def test_limits_are_off_until_they_are_switched_on() -> None:
    world = World()
    world.control("accounts", {"api_key": API_KEY, "secret": SECRET, "plan": "starter"})

    assert {world.ask("/validate").status for _ in range(200)} == {200}


@pytest.mark.parametrize(("plan", "most"), [("starter", 5), ("pro", 50), ("expert", 120)])
def test_each_plan_has_its_requests_a_minute(plan: str, most: int) -> None:
    world = limited_world(plan)

    statuses = [world.ask("/validate").status for _ in range(most + 1)]

    assert statuses == [200] * most + [429]


def test_the_window_opens_with_the_first_request_and_lasts_a_minute() -> None:
    world = limited_world("starter")
    world.stand_at(second(24))
    world.get("/validate")
    world.stand_at(second(60))
    answers = [world.ask("/validate") for _ in range(5)]

    assert [answer.status for answer in answers] == [200, 200, 200, 200, 429]
    assert json.loads(answers[-1].body) == {
        "error": "Rate limit exceeded. Next request at 2026-03-01 12:01:24 UTC"
    }
    world.stand_at(second(84))
    assert world.ask("/validate").status == 200


def test_who_goes_on_asking_is_banned_for_a_while() -> None:
    world = limited_world("starter")

    statuses = [world.ask("/validate").status for _ in range(10)]

    assert statuses == [200] * 5 + [429] * 3 + [418] * 2
    world.stand_at(second(61))
    assert world.ask("/validate").status == 418  # The ban outlasts the window.
    world.stand_at(second(121))
    assert world.ask("/validate").status == 200


def test_a_plan_without_read_access_is_a_429_that_is_not_a_rate_limit() -> None:
    world = World()
    world.control("limits", {"plan_refused": True})

    answer = world.ask("/deals")

    assert answer.status == 429
    assert json.loads(answer.body)["error"].startswith("The request type 'read' is not available")


def test_a_read_only_plan_refuses_commands() -> None:
    world = limited_world("pro")
    world.stand_at(second(9))

    assert world.ask("/deals/501/cancel", method="POST").status == 429
