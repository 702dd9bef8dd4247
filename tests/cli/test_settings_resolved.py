"""Which table of recomma.toml decides, and what its words mean to the pipeline."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from recomma.config_file import ConfigFile, changes, policy_of, resolved, stored
from recomma.domain.policy import BelowMinimum, Limits, MarginMode, OnFirstSight, OnStop, Policy
from tests.docs_generators import ROOT

BOT = 7
OTHER_BOT = 8


def written(**tables: Any) -> ConfigFile:
    """Return settings with one venue `main` that mirrors every bot."""
    main = {"name": "main", "account": "0x" + "ab" * 20}
    return stored({"venues": [main | tables.pop("main", {})], **tables})


def test_nothing_written_is_the_default_policy() -> None:
    assert policy_of(stored({}), BOT, "main") == Policy()
    assert policy_of(written(), BOT, "main") == Policy()


def test_what_is_shown_as_default_is_the_default() -> None:
    knobs = {knob.key: knob.value for knob in resolved(written(), BOT, "main")}
    table = {
        key.removeprefix("policy."): str(value) if isinstance(value, Decimal) else value
        for key, value in knobs.items()
        if key.startswith("policy.")
    }

    assert policy_of(stored({"policy": table}), BOT, "main") == Policy()


@pytest.mark.parametrize(
    ("narrower", "decides"),
    [
        ([], "1"),
        (["policy"], "2"),
        (["policy", "main"], "3"),
        (["policy", "main", "bots"], "4"),
        (["policy", "main", "bots", "pairs"], "5"),
        (["policy", "pairs"], "5"),
        (["main", "bots"], "4"),
    ],
)
def test_the_narrowest_table_that_has_a_key_decides(narrower: list[str], decides: str) -> None:
    tables: dict[str, Any] = {
        "policy": {"multiplier": "2"},
        "main": {"policy": {"multiplier": "3"}},
        "bots": [{"id": BOT, "policy": {"multiplier": "4"}}],
        "pairs": [{"bot": BOT, "venue": "main", "policy": {"multiplier": "5"}}],
    }

    config = written(**{name: tables[name] for name in narrower})

    assert policy_of(config, BOT, "main").multiplier == Decimal(decides)


def test_each_key_is_decided_by_itself() -> None:
    config = written(
        policy={"leverage": 2, "stop": "venue_trigger"},
        limits={"order_usd": "10", "deal_usd": "20"},
        main={"policy": {"leverage": 3}, "limits": {"order_usd": "30"}},
        bots=[{"id": OTHER_BOT, "policy": {"leverage": 5}}],
    )

    found = policy_of(config, BOT, "main")

    assert (found.leverage, found.on_stop) == (3, OnStop.VENUE_TRIGGER)
    assert found.limits == Limits(order_usd=Decimal(30), deal_usd=Decimal(20))
    assert policy_of(config, OTHER_BOT, "main").leverage == 5
    assert policy_of(config, BOT, "elsewhere").leverage == 2


def test_percent_in_the_file_are_shares_in_the_policy() -> None:
    config = written(
        policy={
            "disaster_stop_percent": "12.5",
            "entry_cap_percent": "1",
            "margin_buffer_percent": "25",
            "close_caps_percent": ["0.1", "2"],
            "entry_max_age_seconds": 60,
            "exit_grace_seconds": 5,
            "margin_mode": "isolated",
            "below_minimum": "raise",
            "on_first_sight": "catch_up",
        },
        limits={"distance_percent": "15", "open_orders": 9},
    )

    found = policy_of(config, BOT, "main")

    assert found.disaster_stop == Decimal("0.125")
    assert (found.entry_cap, found.margin_buffer) == (Decimal("0.01"), Decimal("0.25"))
    assert found.close_caps == (Decimal("0.001"), Decimal("0.02"))
    assert (found.entry_max_age, found.exit_grace) == (timedelta(minutes=1), timedelta(seconds=5))
    assert (found.margin_mode, found.below_minimum) == (MarginMode.ISOLATED, BelowMinimum.RAISE)
    assert found.on_first_sight is OnFirstSight.CATCH_UP
    assert found.limits == Limits(distance=Decimal("0.15"), open_orders=9)


def test_no_disaster_stop_can_be_said_where_a_wider_table_has_one() -> None:
    config = written(
        policy={"disaster_stop_percent": "12"},
        bots=[{"id": BOT, "policy": {"disaster_stop_percent": "0"}}],
    )

    assert policy_of(config, BOT, "main").disaster_stop is None
    assert policy_of(config, OTHER_BOT, "main").disaster_stop == Decimal("0.12")


def test_a_list_can_only_take_away() -> None:
    config = written(
        lists={"coins": ["BTC", "ETH"], "deny_bots": [BOT]},
        main={"lists": {"coins": ["ETH", "DOGE"], "deny_coins": ["SOL"], "bots": [BOT, OTHER_BOT]}},
    )

    found = policy_of(config, OTHER_BOT, "main")

    assert [coin for coin in ("BTC", "ETH", "DOGE", "SOL") if found.allows(coin)] == ["ETH"]
    assert not policy_of(config, BOT, "main").allows("ETH")
    assert not policy_of(config, 9, "main").allows("ETH")
    assert policy_of(config, OTHER_BOT, "elsewhere").allows("BTC")


def test_what_is_stored_of_a_file_gives_the_same_policies() -> None:
    from recomma.config_file import read

    config = read(ROOT / "docs/examples/recomma.toml")

    again = stored(config.model_dump(mode="json", exclude_unset=True))

    assert again == config
    assert changes(config, again) == ()
    assert policy_of(again, 1234567, "small").multiplier == Decimal("0.2")
    assert policy_of(again, 1234568, "small").limits.deal_usd == Decimal(50)


def test_versions_stored_by_older_programs_are_understood() -> None:
    older = {"policy": {"multiplier": "0.37", "leverage": 2}, "venues": []}

    assert policy_of(stored(older), BOT, "main").multiplier == Decimal("0.37")
    assert policy_of(stored({"venues": ["main"]}), BOT, "main") == Policy()


def test_changes_name_venues_and_bots_and_not_their_places() -> None:
    before = written(bots=[{"id": BOT, "policy": {"leverage": 2}}])
    bots = [{"id": OTHER_BOT}, {"id": BOT, "policy": {"leverage": 3}}]

    found = changes(before, written(main={"live": True}, bots=bots))

    assert [(c.key, c.before, c.after) for c in found] == [
        ("bots.7.policy.leverage", 2, 3),
        ("bots.8.id", None, 8),
        ("venues.main.live", None, True),
    ]
