"""What holds of every deal that the engine runs, whatever happens to it.

A failing seed is in the test's name; `random_script(seed)` brings the deal back.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

import pytest

from recomma.domain.bot_events import parse_event
from recomma.domain.source import EventKind
from recomma.simulators.threecommas.engine.actions import Action, Do
from recomma.simulators.threecommas.engine.engine import Engine
from recomma.simulators.threecommas.revised_deal import History, RevisedDeal
from recomma.simulators.threecommas.spelling import time_text
from recomma.simulators.threecommas.switches import Switches
from tests.simulators.threecommas_deals import random_script
from tests.simulators.threecommas_world import START

SEEDS: Final = range(150)
ENTRIES: Final = ("Base", "Safety", "Manual Safety")
RELEASED: Final = ("cancelled", "failed", "switched")
LATER: Final = START + timedelta(days=400)


def play(seed: int) -> dict[str, Any]:
    return Engine(random_script(seed), Random(seed)).run().payload


def number(text: str | None) -> Decimal:
    return Decimal(text or 0)


def held(deal: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Return what was entered and what was left."""
    bought, sold = number(deal["bought_amount"]), number(deal["sold_amount"])
    return (bought, sold) if deal["strategy"] == "long" else (sold, bought)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_more_leaves_a_deal_than_entered_it_and_an_end_is_flat_or_a_release(seed: int) -> None:
    deal = play(seed)
    entered, left = held(deal)
    resting = sum(
        number(row["quantity_remaining"])
        for row in deal["market_orders"]
        if row["status_string"] == "Active" and row["deal_order_type"] == "Take Profit"
    )

    assert left <= entered
    assert resting <= entered - left
    if deal["finished?"]:
        assert all(row["status_string"] != "Active" for row in deal["market_orders"])
        assert deal["status"] in RELEASED or left == entered


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_stand_on_the_side_of_their_role_and_add_up_to_what_was_entered(seed: int) -> None:
    deal = play(seed)
    rows = deal["market_orders"]
    entries = [row for row in rows if row["deal_order_type"] in ENTRIES]
    buys_first = deal["strategy"] == "long"

    filled = sum(number(row["quantity"]) for row in entries if row["status_string"] == "Filled")
    parts = sum(
        number(row["quantity"]) - number(row["quantity_remaining"])
        for row in entries
        if row["status_string"] == "Active"
    )
    assert filled + parts == held(deal)[0]
    for row in rows:
        assert (row["order_type"] == "BUY") == ((row in entries) == buys_first)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_position_at_rest_has_its_exits(seed: int) -> None:
    script, deal = random_script(seed), play(seed)
    entered, left = held(deal)
    settings = script.settings
    if deal["status"] != "bought" or settings.trailing or settings.close_condition:
        return
    exits = [
        row
        for row in deal["market_orders"]
        if row["deal_order_type"] == "Take Profit" and row["status_string"] == "Active"
    ]
    assert sum(number(row["quantity_remaining"]) for row in exits) == entered - left


@pytest.mark.parametrize("seed", SEEDS)
def test_events_are_in_the_grammar_and_have_a_time_each(seed: int) -> None:
    deal = play(seed)
    times = [event["created_at"] for event in deal["bot_events"]]
    unknown = [
        event["message"]
        for event in deal["bot_events"]
        if parse_event(event["message"], START).kind is EventKind.UNKNOWN
    ]

    assert times == sorted(set(times))
    assert all(message.startswith("Cancelling sell order") for message in unknown)


@pytest.mark.parametrize("seed", SEEDS)
def test_its_revisions_lead_to_what_the_deal_is(seed: int) -> None:
    deal = play(seed)
    replayed = RevisedDeal(History.of(deal), seed=1, switches=Switches(disorder=False))

    shown = replayed.shown(LATER)

    live = {"current_price", "crypto_widget", "take_profit_price", "bot_events"}
    live |= {name for name in shown if name.startswith("actual_")}
    assert {k: v for k, v in shown.items() if k not in live} == {
        k: deal[k] for k in shown.keys() - live
    }
    assert replayed.market_orders(LATER) == deal["market_orders"]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_action_more_changes_nothing_that_was_before_it(seed: int) -> None:
    script = random_script(seed)
    at = script.prices[len(script.prices) // 2][0]
    more = replace(script, actions=(*script.actions, Action(at, Do.PANIC_SELL)))

    before = Engine(script, Random(seed)).run().payload["revisions"]
    after = Engine(more, Random(seed)).run().payload["revisions"]

    assert [r for r in after if r["at"] < time_text(at)] == [
        r for r in before if r["at"] < time_text(at)
    ]
