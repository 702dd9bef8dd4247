"""Keys, lists and errors of the real API (threecommas.md 2, 4, 10)."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from recomma.signing.threecommas import sign_hmac, sign_rsa
from recomma.simulators.threecommas.answers import Answer, Request
from tests.simulators.threecommas_world import (
    API_KEY,
    BASE_EXECUTED,
    BASE_PLACING,
    SECRET,
    START,
    TARGET_PLACING,
    World,
    deal,
    finished_deal,
    second,
    text,
)

KEY_INVALID = {
    "error": "api_key_invalid_or_expired",
    "error_description": "Unauthorized. Invalid or expired api key.",
}
SIGNATURE_INVALID = {
    "error": "signature_invalid",
    "error_description": "Provided signature is invalid",
}
NOT_FOUND = {"error": "not_found", "error_description": "Not Found"}


def told(answer: Answer) -> tuple[int, Any]:
    return answer.status, json.loads(answer.body)


def many_deals(count: int) -> list[dict[str, Any]]:
    return [
        deal(id=1000 + n, created_at=text(second(n)), bot_id=1 + n % 2, account_id=1 + n % 3)
        for n in range(count)
    ]


def ids(world: World, **query: Any) -> list[int]:
    return [row["id"] for row in world.get(f"/deals?{urlencode(query)}")]


def test_ping_and_time_need_no_key() -> None:
    world = World()

    assert told(world.ask("/ping", apikey="", signature="")) == (200, {"pong": "pong"})
    assert told(world.ask("/time", apikey="")) == (200, {"server_time": int(START.timestamp())})


def test_a_valid_key_is_told_so() -> None:
    assert World().get("/validate") == {"valid": True}


@pytest.mark.parametrize("key", ["", "somebody-else"])
def test_an_unknown_or_missing_key_is_refused(key: str) -> None:
    assert told(World().ask("/validate", apikey=key)) == (401, KEY_INVALID)


@pytest.mark.parametrize("signature", ["", "0" * 64, "ä"])
def test_a_wrong_or_missing_signature_is_refused(signature: str) -> None:
    assert told(World().ask("/validate", signature=signature)) == (401, SIGNATURE_INVALID)


def test_every_read_needs_a_signature() -> None:
    world = World(finished_deal())
    paths = ("/deals", "/deals/501/show", "/deals/501/market_orders", "/bots", "/bots/7/show")

    for path in (*paths, "/accounts", "/users/permissions_info", "/users/current_mode"):
        assert world.ask(path, signature="").status == 401
        assert world.ask(path).status == 200


def test_the_query_is_verified_as_it_came_over_the_wire() -> None:
    world = World()
    encoded = "/bots?from=2025-08-04T17%3A07%3A14Z&scope=enabled"
    plain = encoded.replace("%3A", ":")

    own = sign_hmac(SECRET, f"/public/api/ver1{encoded}".encode())

    assert world.ask(encoded, signature=own).status == 200
    assert world.ask(plain, signature=own).status == 401


def test_the_case_of_an_hmac_signature_does_not_matter() -> None:
    own = sign_hmac(SECRET, b"/public/api/ver1/validate")

    assert World().ask("/validate", signature=own.upper()).status == 200


def test_a_self_generated_key_signs_with_rsa() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    world = World()
    world.control("accounts", {"api_key": "own", "public_key": public.decode(), "plan": "pro"})

    good = sign_rsa(private, b"/public/api/ver1/validate")

    assert world.ask("/validate", apikey="own", signature=good).status == 200
    assert told(world.ask("/deals", apikey="own", signature=good)) == (401, SIGNATURE_INVALID)


@pytest.mark.parametrize("between", ["?", ""])
def test_a_json_body_may_be_signed_with_or_without_a_question_mark(between: str) -> None:
    world = World(deal([BASE_PLACING, BASE_EXECUTED, TARGET_PLACING]))
    world.stand_at(second(3))
    path, body = "/public/api/ver1/deals/501/cancel", b'{"a": 1}'
    signature = sign_hmac(SECRET, path.encode() + between.encode() + body)
    headers = {
        "apikey": API_KEY,
        "signature": signature,
        "content-type": "application/json",
    }

    answer = world.simulator.handle(Request("POST", path, headers, body), START)

    assert answer.status == 201


def test_a_key_without_the_permission_is_refused() -> None:
    world = World(finished_deal())
    world.control("accounts", {"api_key": API_KEY, "secret": SECRET, "scopes": ["BOTS_READ"]})

    assert world.ask("/deals").status == 200
    assert told(world.ask("/accounts")) == (
        403,
        {
            "error": "access_denied",
            "error_description": "Api key doesn't have enough permissions",
        },
    )


def test_forced_mode_is_accepted_and_told_back() -> None:
    answer = World().ask("/users/current_mode", **{"forced-mode": "paper"})

    assert told(answer) == (200, {"mode": "paper"})


@pytest.mark.parametrize("path", ["/deals/999/show", "/deals/999/market_orders", "/nothing"])
def test_what_does_not_exist_is_not_found(path: str) -> None:
    assert told(World(finished_deal()).ask(path)) == (404, NOT_FOUND)


def test_an_unknown_bot_is_not_found_in_the_words_of_that_endpoint() -> None:
    assert told(World().ask("/bots/999/show")) == (404, {"error": "Not found"})


def test_deals_come_newest_first() -> None:
    world = World(*reversed(many_deals(5)))
    world.stand_at(second(100))

    assert ids(world) == [1004, 1003, 1002, 1001, 1000]


def test_without_a_limit_fifty_deals_come_silently() -> None:
    world = World(*many_deals(60))
    world.stand_at(second(100))

    assert len(ids(world)) == 50
    assert len(ids(world, limit=1000)) == 60
    assert ids(world, limit=7, offset=50) == [1009, 1008, 1007, 1006, 1005, 1004, 1003]


def test_deals_are_filtered_by_bot_and_account() -> None:
    world = World(*many_deals(6))
    world.stand_at(second(100))

    assert ids(world, bot_id=1) == [1004, 1002, 1000]
    assert ids(world, account_id=3) == [1005, 1002]
    assert ids(world, bot_id=99) == []


def test_from_and_to_ask_for_the_creation_time() -> None:
    world = World(*many_deals(6))
    world.stand_at(second(100))

    assert ids(world, **{"from": text(second(4))}) == [1005, 1004]
    assert ids(world, to=text(second(1))) == [1001, 1000]


@pytest.mark.parametrize("path", ["/deals", "/bots"])
def test_a_malformed_from_is_a_server_error(path: str) -> None:
    answer = World(finished_deal()).ask(f"{path}?from=1754327234000")

    assert told(answer) == (
        500,
        {
            "error": "unknown_error",
            "error_description": "Unknown error occurred#ActiveRecord::StatementInvalid",
        },
    )


def test_a_scope_of_deals_selects_and_an_unknown_one_means_all() -> None:
    ended = finished_deal(id=502)
    world = World(deal([BASE_PLACING, BASE_EXECUTED]), ended)
    world.stand_at(second(99))

    assert ids(world, scope="active") == [501]
    assert ids(world, scope="finished") == [502]
    assert ids(world, scope="completed") == [502]
    assert ids(world, scope="failed") == []
    assert sorted(ids(world, scope="whatever")) == [501, 502]


def test_a_deal_leaves_the_active_scope_the_moment_it_finishes() -> None:
    world = World(finished_deal())

    world.stand_at(second(12.99))
    assert ids(world, scope="active") == [501]
    world.stand_at(second(13))
    assert ids(world, scope="active") == []


def test_deals_can_be_ordered_by_their_last_update() -> None:
    world = World(finished_deal(), deal([BASE_PLACING, BASE_EXECUTED], id=502))
    world.stand_at(second(5))

    world.control("events", {"deal_id": 502, "events": [], "status": "ttp_activated"})

    assert ids(world, order="updated_at", order_direction="desc") == [502, 501]
    assert ids(world, order="updated_at", order_direction="ASC") == [501, 502]


def test_there_is_an_enabled_bot_for_each_bot_id_of_the_deals() -> None:
    world = World(finished_deal(), deal([BASE_PLACING], id=502, bot_id=8, bot_name="Second"))
    world.stand_at(second(5))

    bots = {bot["id"]: bot for bot in world.get("/bots")}

    assert set(bots) == {7, 8}
    assert (bots[8]["name"], bots[8]["is_enabled"], bots[8]["pairs"]) == (
        "Second",
        True,
        ["USDT_DOGE"],
    )
    assert bots[7]["active_deals_count"] == 1


def test_loaded_bots_are_served_as_they_are() -> None:
    world = World()
    world.control("bots", [{"id": 4, "name": "Mine", "is_enabled": False}, {"id": 5}])

    assert [bot["id"] for bot in world.get("/bots?scope=disabled")] == [4]
    assert [bot["id"] for bot in world.get("/bots?scope=enabled")] == [5]
    assert world.get("/bots/4/show")["name"] == "Mine"


def test_a_bad_scope_of_bots_is_an_invalid_parameter() -> None:
    assert told(World().ask("/bots?scope=enable")) == (
        400,
        {
            "error": "record_invalid",
            "error_description": "Invalid parameters",
            "error_attributes": {"scope": ["does not have a valid value"]},
        },
    )


def test_more_than_fifty_bots_need_a_second_page() -> None:
    world = World()
    world.control("bots", [{"id": number} for number in range(120)])

    assert len(world.get("/bots")) == 50
    assert len(world.get("/bots?limit=500")) == 100
    assert len(world.get("/bots?limit=100&offset=100")) == 20


def test_a_bot_shows_its_active_deals_and_on_request_all_events() -> None:
    world = World(finished_deal(), deal([BASE_PLACING, BASE_EXECUTED], id=502))
    world.stand_at(second(99))

    plain, full = world.get("/bots/7/show"), world.get("/bots/7/show?include_events=true")

    assert [row["id"] for row in plain["active_deals"]] == [502]
    assert "bot_events" not in plain["active_deals"][0]
    assert "bot_events" not in plain
    assert len(full["bot_events"]) == 15


def test_accounts_are_those_of_the_deals() -> None:
    world = World(finished_deal(account_name="Paper"), deal(id=502, account_id=9))

    accounts = {entry["id"]: entry["name"] for entry in world.get("/accounts")}

    assert accounts == {3: "Paper", 9: "Account 9"}
