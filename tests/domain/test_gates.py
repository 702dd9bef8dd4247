"""What must hold before an entry is asked for (design.md, section 9)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.commitments import cost_usd
from recomma.domain.gates import (
    Passes,
    Skipped,
    Waits,
    gate,
    held_by,
)
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope
from tests.domain.gate_values import (
    A_BASE,
    EXIT,
    HALF_A_MINUTE,
    MARKET_SAFETY,
    SAFETY,
    VENUE,
    account,
    has,
    here,
    limited,
    stop,
    why,
)
from tests.domain.mirror_values import (
    DOGE,
    NOON,
    STOP,
    after,
    order,
    safety,
    size,
)


@pytest.mark.parametrize("entry", [SAFETY, MARKET_SAFETY, A_BASE])
def test_where_nothing_forbids_it_an_entry_passes(entry: MirrorOrder) -> None:
    assert gate(entry, here()) == Passes()


# Lists and markets.


@pytest.mark.parametrize("market", [None, replace(DOGE, delisted=True)])
def test_a_coin_that_is_not_traded_any_more_is_not_entered(market: Any) -> None:
    markets = {"DOGE": market} if market else {}

    assert gate(SAFETY, here(markets=markets)) == Skipped(Reason.DELISTED)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(denied=True),
        Policy(denied_coins=frozenset({"DOGE"})),
        Policy(coins=frozenset({"BTC"})),
    ],
)
def test_what_a_list_denies_is_not_entered(policy: Policy) -> None:
    assert gate(SAFETY, here(policy)) == Skipped(Reason.DENIED)


# Stop levels.


@pytest.mark.parametrize(
    ("level", "held"),
    [
        (Level.NO_NEW_DEALS, {"base"}),
        (Level.NO_ENTRIES, {"base", "safety/1"}),
        (Level.CLOSE_ALL, {"base", "safety/1"}),
        (Level.FROZEN, {"base", "safety/1", "take_profit/1", "stop"}),
    ],
)
def test_a_stop_holds_what_its_level_says(level: Level, held: set[str]) -> None:
    orders = [A_BASE, SAFETY, EXIT, order(STOP, State.PLANNED)]

    found = {str(o.leg) for o in orders if held_by(o, [stop(level)], NOON)}

    assert found == held


def test_what_a_stop_holds_is_looked_at_again_in_half_a_minute() -> None:
    stops = [stop(Level.NO_ENTRIES)]

    assert gate(SAFETY, here(stops=stops)) == Waits(Reason.STOPPED, HALF_A_MINUTE)


@pytest.mark.parametrize(("until", "again_at"), [(10, after(seconds=10)), (90, HALF_A_MINUTE)])
def test_a_stop_with_an_end_lets_go_in_time(until: int, again_at: object) -> None:
    stops = [stop(Level.NO_ENTRIES, until=after(seconds=until))]

    assert gate(SAFETY, here(stops=stops)) == Waits(Reason.STOPPED, again_at)  # type: ignore[arg-type]


def test_a_stop_whose_time_is_over_holds_nothing() -> None:
    assert gate(SAFETY, here(stops=[stop(Level.FROZEN, until=NOON)])) == Passes()


@pytest.mark.parametrize(
    "scope",
    [Scope(venue="other"), Scope(bot_id=99), Scope(coin="BTC"), Scope(deal_id=99)],
)
def test_a_stop_for_others_holds_nothing(scope: Scope) -> None:
    assert gate(SAFETY, here(stops=[stop(Level.NO_ENTRIES, scope)])) == Passes()


def test_of_several_stops_the_strictest_decides() -> None:
    stops = [stop(Level.NO_NEW_DEALS), stop(Level.FROZEN, Scope(coin="DOGE"))]

    assert held_by(EXIT, stops, NOON)


def test_no_new_deals_lets_a_deal_go_on_whose_base_has_begun_to_fill() -> None:
    begun = replace(A_BASE, filled=size(50))

    assert held_by(begun, [stop(Level.NO_NEW_DEALS)], NOON) is None


# The account.


def test_an_account_in_trouble_takes_no_entries() -> None:
    troubled = replace(account(), trouble="somebody else", trouble_why=Reason.OTHER_INSTALLATION)

    found = gate(SAFETY, here(account=troubled))

    assert found == Waits(Reason.OTHER_INSTALLATION, HALF_A_MINUTE)


@pytest.mark.parametrize(("seen_seconds", "passes"), [(1, False), (0, True), (-5, True)])
def test_a_deal_that_an_older_survey_knew_nothing_of_waits_for_the_next(
    seen_seconds: int, passes: bool
) -> None:
    needed = {SAFETY.deal_id: NOON + timedelta(seconds=seen_seconds)}
    now = NOON + timedelta(seconds=2)

    found = gate(SAFETY, here(survey_needed_since=needed, now=now))

    waits = Waits(Reason.NOT_SURVEYED, now + timedelta(seconds=10))
    assert found == (Passes() if passes else waits)


def test_other_deals_do_not_wait_for_one_that_was_found_running() -> None:
    needed = {SAFETY.deal_id + 1: NOON + timedelta(seconds=1)}
    now = NOON + timedelta(seconds=2)

    assert gate(SAFETY, here(survey_needed_since=needed, now=now)) == Passes()


def test_a_deal_that_was_found_running_by_a_clock_that_was_ahead_does_not_wait_for_it() -> None:
    needed = {SAFETY.deal_id: NOON + timedelta(minutes=5)}

    assert gate(SAFETY, here(survey_needed_since=needed)) == Passes()


@pytest.mark.parametrize(
    ("left", "deals", "passes"),
    [(500, 0, True), (499, 0, False), (600, 60, True), (599, 60, False), (500, 50, True)],
)
def test_entries_leave_a_reserve_of_the_address_budget_to_exits(
    left: int, deals: int, passes: bool
) -> None:
    running = [has("1", deal_id=100 + n) for n in range(deals)]

    found = gate(SAFETY, here(None, *running, account=account(left)))

    minute = NOON + timedelta(seconds=60)
    assert found == (Passes() if passes else Waits(Reason.ADDRESS_BUDGET, minute))


# Limits. The order is worth 20 USD.


@pytest.mark.parametrize("entry", [SAFETY, MARKET_SAFETY])
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"order_usd": "19.99"}, Reason.LIMIT_ORDER),
        ({"deal_usd": "49.99"}, Reason.LIMIT_DEAL),
    ],
)
def test_what_is_too_much_for_an_order_or_a_deal_is_skipped_for_good(
    entry: MirrorOrder, limits: dict[str, Any], reason: Reason
) -> None:
    mine = has("20", "10", deal_id=entry.deal_id)

    assert gate(entry, here(limited(**limits), mine)) == Skipped(reason)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"coin_usd": "49.99"}, Reason.LIMIT_COIN),
        ({"venue_usd": "59.99"}, Reason.LIMIT_VENUE),
        ({"total_usd": "69.99"}, Reason.LIMIT_TOTAL),
        ({"open_orders": 3}, Reason.LIMIT_OPEN_ORDERS),
    ],
)
def test_where_others_have_taken_the_room_a_resting_entry_waits_and_a_market_entry_is_skipped(
    limits: dict[str, Any], reason: Reason
) -> None:
    others = (has("20", "10"), has("10", coin="BTC"), has("10", venue="other"))
    now = here(limited(**limits), *others, open_orders=3)

    assert gate(SAFETY, now) == Waits(reason, HALF_A_MINUTE)
    assert gate(MARKET_SAFETY, now) == Skipped(reason)


@pytest.mark.parametrize(
    "limits",
    [
        {"order_usd": "20"},
        {"deal_usd": "50"},
        {"coin_usd": "50"},
        {"venue_usd": "60"},
        {"total_usd": "70"},
        {"distance": "0"},
        {"open_orders": 4},
    ],
)
def test_what_is_exactly_at_a_limit_passes(limits: dict[str, Any]) -> None:
    mine = has("20", "10", deal_id=SAFETY.deal_id)
    others = (has("10", coin="BTC"), has("10", venue="other"))

    assert gate(SAFETY, here(limited(**limits), mine, *others, open_orders=3)) == Passes()


@pytest.mark.parametrize("mid", ["0.189", "0.211"])
def test_an_entry_too_far_from_the_mid_on_either_side_waits_for_it(mid: str) -> None:
    mids = {"DOGE": Price(Decimal(mid))}

    found = gate(SAFETY, here(limited(distance="0.05"), mids=mids))

    assert found == Waits(Reason.LIMIT_DISTANCE, HALF_A_MINUTE)


@pytest.mark.parametrize("mids", [None, {}])
def test_an_entry_whose_distance_cannot_be_seen_waits(mids: Any) -> None:
    found = gate(MARKET_SAFETY, here(limited(distance="0.05"), mids=mids))

    assert why(found) == ("Waits", Reason.VENUE_UNREADABLE)


def test_a_crossing_sale_is_worth_what_it_may_get() -> None:
    sale = replace(
        MARKET_SAFETY,
        terms=replace(MARKET_SAFETY.terms, side=Side.SELL, price=Price(Decimal("0.19"))),
    )

    assert cost_usd(sale) == 20
    assert cost_usd(replace(sale, filled=sale.terms.size)) == 0


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 120))
def test_entries_that_pass_one_after_the_other_never_exceed_a_limit_together(
    coins: list[int], limit_usd: int
) -> None:
    now = here(limited(coin_usd=str(limit_usd)))
    asked = Decimal(0)
    for number, tens in enumerate(coins):
        entry = order(safety(1), State.PLANNED, size=tens * 10, id=number, deal_id=number + 1)
        if isinstance(gate(entry, now), Passes):
            now = now.after(entry)
            asked += cost_usd(entry)

    assert asked == now.commitments.of_coin(VENUE, "DOGE") <= limit_usd
