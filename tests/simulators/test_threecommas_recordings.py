"""What was recorded of real deals comes back from the simulator (threecommas.md 9.5, 15).

The recordings are no part of the project; without them these tests are skipped, and the cases
written by us (rows, deals) cover the same ground.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.threecommas_world import World

FIXTURES = Path(__file__).parents[2] / "../shared/reference/fixtures/threecommas"
SHOWS = sorted(FIXTURES.glob("recorded_deal_show_*.json"))
# Older shapes, partial targets, a short deal, trailing: some with less fields, or few events.
OTHERS = sorted(
    [
        *FIXTURES.glob("docs_deal_*.json"),
        *FIXTURES.glob("composed_deal_show_*.json"),
        *FIXTURES.glob("recorded2022_deal_show_*.json"),
    ]
)
# Twenty-odd hours after both deals opened, when their rows and the list were recorded.
ROWS_RECORDED_AT = datetime(2025, 9, 23, 12, tzinfo=UTC)
AFTER_ALL = datetime(2025, 12, 1, tzinfo=UTC)

LIVE = {
    "current_price",
    "actual_profit",
    "actual_usd_profit",
    "actual_profit_percentage",
    "crypto_widget",
}
NOT_IN_THE_EVENTS = {
    # When the deal itself changed; events lag it (13.1).
    "updated_at",
    "closed_at",
    # Computed when the deal last changed, with a price that no event tells (6.1).
    "final_profit",
    "usd_final_profit",
    "final_profit_percentage",
    # A stop's event rounds its price to the tick, and so its quote amount.
    "sold_volume",
    "sold_average_price",
    "reserved_base_coin",
    # With averaging by signal the next price is the settings' and nobody's order.
    "buy_steps",
    # Not derived, but live.
    *LIVE,
}
SETTINGS = {
    "id",
    "bot_id",
    "account_id",
    "pair",
    "strategy",
    "created_at",
    "max_safety_orders",
    "stop_loss_percentage",
    "take_profit_steps",
    "safety_strategy_list",
    "bot_events",
}

pytestmark = pytest.mark.skipif(
    not SHOWS, reason="the recorded payloads (../shared/reference/fixtures) are not here"
)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def recorded(kind: str, deal_id: int) -> Any:
    return read(next(FIXTURES.glob(f"recorded_{kind}*{deal_id}*.json")))


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def name(path: Path) -> str:
    return path.stem.removeprefix("recorded_deal_show_")


@pytest.mark.parametrize("path", SHOWS, ids=name)
def test_a_recorded_deal_read_at_its_end_is_what_was_recorded(path: Path) -> None:
    deal = read(path)
    exempt = set() if deal["finished?"] else LIVE

    shown = World(deal).shown(AFTER_ALL, deal["id"])

    assert set(shown) == set(deal)
    differing = {key for key in deal if shown[key] != deal[key] and key != "bot_events"}
    assert differing <= exempt
    assert sorted(map(str, shown["bot_events"])) == sorted(map(str, deal["bot_events"]))


@pytest.mark.parametrize("path", OTHERS, ids=name)
def test_an_older_or_partial_recording_comes_back_with_what_it_lacks_filled_in(path: Path) -> None:
    deal = read(path)
    exempt = set() if deal["finished?"] else LIVE | {"take_profit_price"}

    shown = World(deal).shown(AFTER_ALL, deal["id"])

    assert len(shown) >= 90
    differing = {key for key in deal if shown[key] != deal[key] and key != "bot_events"}
    assert differing <= exempt


@pytest.mark.parametrize("path", SHOWS, ids=name)
def test_the_recorded_fields_follow_from_the_settings_and_the_events(path: Path) -> None:
    deal = read(path)
    world = World({key: deal[key] for key in SETTINGS})

    shown = world.shown(AFTER_ALL, deal["id"])

    derivable = {
        "status",
        "localized_status",
        "finished?",
        "cancellable?",
        "panic_sellable?",
        "add_fundable",
        "smart_trade_convertable",
        "bought_amount",
        "bought_volume",
        "bought_average_price",
        "base_order_average_price",
        "sold_amount",
        "reserved_second_coin",
        "completed_safety_orders_count",
        "current_active_safety_orders_count",
        "take_profit_price",
        "stop_loss_price",
    }
    assert derivable.isdisjoint(NOT_IN_THE_EVENTS)
    assert {k: shown[k] for k in derivable} == {k: deal[k] for k in derivable}


@pytest.mark.parametrize("path", SHOWS, ids=name)
def test_at_every_event_the_rows_say_what_the_events_say(path: Path) -> None:
    deal = read(path)
    world = World(deal)
    told = sorted(deal["bot_events"], key=lambda event: event["created_at"])

    for number, event in enumerate(told, start=1):
        at = time_of(event["created_at"])
        rows = world.rows(at, deal["id"])
        messages = [earlier["message"] for earlier in told[:number]]
        shown = world.shown(at, deal["id"])
        check_fills(messages, rows, shown)
        check_targets(messages, rows, finished=shown["finished?"])
        assert all(
            row["created_at"] <= row["updated_at"] <= event["created_at"] for row in rows.values()
        )
        assert len({row["order_id"] for row in rows.values()}) == len(rows)


def check_fills(messages: list[str], rows: dict[str, Any], shown: dict[str, Any]) -> None:
    """Entries: as many filled rows as executions told of, and their sums are the deal's."""
    filled = [row for row in rows.values() if row["status_string"] == "Filled"]
    buys = [row for row in filled if row["order_type"] == "BUY"]
    executed = [m for m in messages if re.match(r"(Base|Averaging) order .*executed", m)]
    assert len(buys) == len(executed)
    if buys:
        assert sum(Decimal(r["total"]) for r in buys) == Decimal(shown["bought_volume"])
        assert sum(Decimal(r["quantity"]) for r in buys) == Decimal(shown["bought_amount"])
    assert shown["completed_safety_orders_count"] == max(len(executed) - 1, 0)
    resting = [r for n, r in rows.items() if n.startswith("Safety") and r["cancellable"]]
    assert shown["current_active_safety_orders_count"] == len(resting)


def check_targets(messages: list[str], rows: dict[str, Any], *, finished: bool) -> None:
    """Exits: one target at most rests, at the price and size of its last placing."""
    targets = [row for n, row in rows.items() if n.startswith("Take Profit")]
    resting = [row for row in targets if row["status_string"] == "Active"]
    sold = [m for m in messages if m.startswith("TakeProfit trade finished")]
    assert len([row for row in targets if row["status_string"] == "Filled"]) == len(sold)
    about = [m for m in messages if "TakeProfit" in m]
    placed = bool(about) and about[-1].startswith("Placing")
    assert len(resting) == (1 if placed and not finished else 0)
    if resting:
        found = re.search(r"Price: (\S+) \w+ Size: .*\((\S+) \w+\)", about[-1])
        assert found is not None
        assert Decimal(resting[0]["rate"]) == Decimal(found[1])
        assert Decimal(resting[0]["quantity"]) == Decimal(found[2])


@pytest.mark.parametrize("path", SHOWS, ids=name)
def test_updated_at_and_the_status_never_go_back(path: Path) -> None:
    deal = read(path)
    world = World(deal)
    times = sorted(time_of(event["created_at"]) for event in deal["bot_events"])
    moments = sorted(
        [*times, time_of(deal["updated_at"]), *(t + timedelta(seconds=1) for t in times)]
    )

    reads = [world.shown(at, deal["id"]) for at in moments]

    stamps = [shown["updated_at"] for shown in reads]
    assert stamps == sorted(stamps)
    ended = [shown["finished?"] for shown in reads]
    assert ended == sorted(ended)


@pytest.mark.parametrize("deal_id", [2375612039, 2375636916])
def test_derived_rows_are_the_recorded_ones(deal_id: int) -> None:
    show, rows = recorded("deal_show", deal_id), recorded("market_orders", deal_id)
    world = World(show | {"market_orders": rows})

    world.stand_at(ROWS_RECORDED_AT)
    derived = {row["order_id"]: row for row in world.get(f"/deals/{deal_id}/market_orders")}

    assert set(derived) == {row["order_id"] for row in rows}
    for row in rows:
        own = derived[row["order_id"]]
        times = {"created_at", "updated_at"}
        assert {k: own[k] for k in row if k not in times} == {
            k: row[k] for k in row if k not in times
        }
        lag = abs(time_of(own["created_at"]) - time_of(row["created_at"]))
        assert lag < timedelta(milliseconds=50)


def test_the_list_read_back_then_is_the_recorded_list() -> None:
    listed = read(FIXTURES / "recorded_deals_list_bot16506279_2025-09-23.json")
    world = World(*(recorded("deal_show", row["id"]) for row in listed))
    world.stand_at(ROWS_RECORDED_AT)

    served = world.get("/deals?bot_id=16506279")

    assert [row["id"] for row in served] == [row["id"] for row in listed]
    for own, row in zip(served, listed, strict=True):
        assert set(own) == set(row)
        differing = {key for key in row if own[key] != row[key]}
        stale = {"updated_at", "final_profit", "usd_final_profit"}
        assert differing <= (set() if row["finished?"] else LIVE | stale)


def test_every_recorded_list_comes_back_in_its_order() -> None:
    listed = read(FIXTURES / "recorded_deals_list_bot16464928_2025-09-28.json")
    world = World(*reversed(listed))
    world.stand_at(AFTER_ALL)

    served = world.get("/deals?bot_id=16464928&limit=1000")

    assert [row["created_at"] for row in served] == [row["created_at"] for row in listed]
    assert {row["id"] for row in served} == {row["id"] for row in listed}


def test_made_up_bots_have_the_recorded_field_set() -> None:
    bots = read(FIXTURES / "recorded_bots_list_from_2025-07-04.json")
    world = World(recorded("deal_show", 2375612039))

    made_up = world.get("/bots")[0]

    # The field came with September 2025; this list is older (threecommas.md 5).
    assert set(made_up) - set(bots[0]) == {"custom_safety_steps"}
    assert set(bots[0]) <= set(made_up)


def test_signatures_of_the_published_vectors_are_accepted() -> None:
    vectors = read(FIXTURES / "signing_vectors.json")
    world = World()
    world.control("accounts", {"api_key": "hmac", "secret": vectors["hmac_secret"]})
    world.control("accounts", {"api_key": "rsa", "public_key": vectors["rsa_public_key_pem"]})

    for vector in vectors["vectors"]:
        if vector["method"] != "GET":
            continue
        target = vector["path"].removeprefix("/public/api/ver1")
        target += f"?{vector['query']}" if vector["query"] else ""
        hmac, rsa = vector["hmac_sha256_hex"], vector["rsa_sha256_pkcs1v15_base64"]
        assert world.ask(target, apikey="hmac", signature=hmac).status in (200, 404)
        assert world.ask(target, apikey="rsa", signature=rsa).status in (200, 404)
        assert world.ask(target, apikey="rsa", signature=hmac).status == 401
