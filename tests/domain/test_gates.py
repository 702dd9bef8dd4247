"""What must hold before an entry is asked for (design.md, section 9)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.commitments import Commitment, Commitments, SurveyedAccount, cost_usd
from recomma.domain.gates import (
    Conditions,
    Gate,
    Leverage,
    Passes,
    Skipped,
    Waits,
    gate,
    held_by,
    leverage_for,
    leverage_here,
    most_at_risk_first,
    ran_out,
)
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side
from recomma.domain.orders import MirrorOrder, Style, Urgency
from recomma.domain.policy import Limits, MarginMode, Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from recomma.domain.venue import AddressBudget
from tests.domain.mirror_values import (
    BASE,
    DOGE,
    NOON,
    STOP,
    after,
    order,
    safety,
    size,
    take_profit,
)

VENUE = "main"
HALF_A_MINUTE = NOON + timedelta(seconds=30)
SAFETY = order(safety(1), State.PLANNED)  # 100 DOGE at 0.2: 20 USD.
MARKET_SAFETY = order(safety(1), State.PLANNED, style=Style.CROSS)
A_BASE = order(BASE, State.PLANNED, style=Style.CROSS)
EXIT = order(take_profit(), State.PLANNED)
CROSS_1 = Leverage(1, MarginMode.CROSS)


def stop(level: Level, scope: Scope | None = None, **changes: Any) -> Stop:
    made = Stop(1, level, scope or Scope(), "me", "", Reason.STOPPED, NOON)
    return replace(made, **changes)


def has(
    entered: str = "0",
    asked: str = "0",
    ladder: str = "0",
    *,
    deal_id: int = 8,
    venue: str = VENUE,
    coin: str = "DOGE",
    in_doubt: str = "0",
) -> Commitment:
    usd = [Decimal(text) for text in (entered, asked, ladder, in_doubt)]
    return Commitment(venue, deal_id, coin, *usd)


def account(left: int = 10_000, **trouble: Any) -> SurveyedAccount:
    budget = AddressBudget(10_000 - left, 10_000)
    return SurveyedAccount(NOON, Decimal(1000), Decimal(1000), budget, trouble.pop("text", ""))


def here(
    policy: Policy | None = None,
    *deals: Commitment,
    open_orders: int = 0,
    leverages: dict[str, Leverage] | None = None,
    **changes: Any,
) -> Conditions:
    """Make conditions under which everything passes: money for everything, no limits, no stops."""
    one = policy or Policy()
    made = Conditions(
        now=NOON,
        stops=(),
        commitments=Commitments(deals, open_orders),
        account=None,
        markets={"DOGE": DOGE},
        policy_of=lambda _bot: one,
        leverage_of=(leverages or {}).get,
        withdrawable=Decimal(1_000_000),
        mids={"DOGE": Price(Decimal("0.2"))},
    )
    return replace(made, **changes)


def limited(*, open_orders: int | None = None, **limits: str) -> Policy:
    usd = {name: Decimal(value) for name, value in limits.items()}
    return Policy(limits=replace(Limits(open_orders=open_orders), **usd))  # type: ignore[arg-type]


def why(found: Gate) -> tuple[str, Reason | None]:
    return type(found).__name__, None if isinstance(found, Passes) else found.why


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


# Margin before the base. Its ladder is worth 100 USD, and its buffer is a tenth.

LADDER = replace(A_BASE, ladder_usd=Decimal(100))


@pytest.mark.parametrize(("free", "passes"), [("110", True), ("109.99", False)])
def test_a_base_whose_whole_ladder_does_not_fit_is_skipped(free: str, passes: bool) -> None:
    found = gate(LADDER, here(withdrawable=Decimal(free)))

    assert found == (Passes() if passes else Skipped(Reason.INSUFFICIENT_MARGIN))


def test_a_base_without_a_known_ladder_needs_margin_for_itself() -> None:
    assert gate(A_BASE, here(withdrawable=Decimal(22))) == Passes()
    assert gate(A_BASE, here(withdrawable=Decimal("21.99"))) == Skipped(Reason.INSUFFICIENT_MARGIN)


def test_leverage_lowers_what_a_ladder_needs_as_far_as_the_market_has_it() -> None:
    policy = Policy(leverage=50)  # The market has 10.

    assert gate(LADDER, here(policy, withdrawable=Decimal(11))) == Passes()
    assert gate(LADDER, here(policy, withdrawable=Decimal("10.99"))) != Passes()


@pytest.mark.parametrize(
    ("other", "leaves"),
    [
        (has("40", "20", "100"), 60),  # 60 of its ladder are still to come.
        (has("40", "90", "100"), 90),  # More is asked than its ladder says.
        (has("40", "20"), 20),  # Its ladder is not known, or over.
        (has("120", "0", "100"), 0),
        (has("40", "20", "100", venue="other"), 0),  # Another account.
        (has("40", "20", "100", deal_id=A_BASE.deal_id), 0),  # Its own.
    ],
)
def test_margin_that_other_ladders_still_need_is_not_free(other: Commitment, leaves: int) -> None:
    enough = Decimal(110 + leaves)

    assert gate(LADDER, here(None, other, withdrawable=enough)) == Passes()
    assert gate(LADDER, here(None, other, withdrawable=enough - 1)) != Passes()


def test_another_ladder_needs_margin_by_its_own_coins_leverage() -> None:
    btc = Leverage(5, MarginMode.CROSS)
    other = has("0", "0", "100", coin="BTC")

    now = here(None, other, leverages={"BTC": btc}, withdrawable=Decimal(130))

    assert gate(LADDER, now) == Passes()


def test_a_base_waits_while_what_is_in_doubt_may_be_counted_twice() -> None:
    other = has("0", "50", "50", in_doubt="50")

    found = gate(LADDER, here(None, other, withdrawable=Decimal(120)))

    assert why(found) == ("Waits", Reason.INSUFFICIENT_MARGIN)
    assert gate(LADDER, here(None, other, withdrawable=Decimal(109))) == Skipped(
        Reason.INSUFFICIENT_MARGIN
    )


def test_a_base_waits_for_an_account_that_cannot_be_read_and_nothing_else_does() -> None:
    unread = here(withdrawable=None)

    assert why(gate(LADDER, unread)) == ("Waits", Reason.VENUE_UNREADABLE)
    assert gate(SAFETY, unread) == Passes()
    assert gate(replace(LADDER, filled=size(50)), unread) == Passes()


# Leverage.


@pytest.mark.parametrize(
    ("policy", "only_isolated", "expected"),
    [
        (Policy(), False, CROSS_1),
        (Policy(leverage=3), False, Leverage(3, MarginMode.CROSS)),
        (Policy(leverage=30), False, Leverage(10, MarginMode.CROSS)),
        (Policy(margin_mode=MarginMode.ISOLATED), False, Leverage(1, MarginMode.ISOLATED)),
        (Policy(leverage=2), True, Leverage(2, MarginMode.ISOLATED)),
    ],
)
def test_leverage_is_the_policys_as_far_as_the_market_has_it(
    policy: Policy, only_isolated: bool, expected: Leverage
) -> None:
    assert leverage_for(policy, replace(DOGE, only_isolated=only_isolated)) == expected


@pytest.mark.parametrize("open_", [has("20"), has("0", "20")])
def test_leverage_stays_while_anything_of_ours_is_open_on_the_coin(open_: Commitment) -> None:
    policy, known = Policy(leverage=5), {"DOGE": CROSS_1}

    assert leverage_here(SAFETY, here(policy, open_, leverages=known)) == CROSS_1
    assert leverage_here(SAFETY, here(policy, leverages=known)).value == 5
    assert leverage_here(SAFETY, here(policy, open_)).value == 5  # It was never confirmed.


# Market entries that ran out.

LATE = after(seconds=121)
ENDS = after(seconds=120)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Reason.TOO_LATE),
        ({"waits_why": Reason.TOO_FAR}, Reason.TOO_FAR),
        ({"waits_why": Reason.STOPPED}, Reason.STOPPED),
        ({"filled": size(50)}, Reason.UNFILLED_REMAINDER),
        ({"filled": size(50), "waits_why": Reason.TOO_FAR}, Reason.UNFILLED_REMAINDER),
    ],
)
def test_a_market_entry_that_ran_out_says_what_it_waited_for(
    changes: dict[str, Any], expected: Reason
) -> None:
    entry = replace(A_BASE, give_up_at=ENDS, **changes)

    assert ran_out(entry, Policy(), LATE) is expected


def test_a_market_entry_is_asked_for_until_its_time_is_over() -> None:
    entry = replace(A_BASE, give_up_at=ENDS)

    assert ran_out(entry, Policy(), ENDS) is None


def test_a_rest_that_the_venue_would_refuse_as_too_small_is_not_asked_for() -> None:
    almost = replace(A_BASE, filled=size(60), give_up_at=ENDS)  # 40 left: 8 USD.

    assert ran_out(almost, Policy(), NOON) is Reason.UNFILLED_REMAINDER


@pytest.mark.parametrize("mine", [SAFETY, EXIT, order(STOP, State.PLANNED, style=Style.CROSS)])
def test_exits_and_resting_entries_never_run_out(mine: MirrorOrder) -> None:
    assert ran_out(replace(mine, give_up_at=NOON), Policy(), LATE) is None


def test_of_one_urgency_the_exit_of_the_largest_position_comes_first() -> None:
    def exit_(number: int, coins: int, urgency: Urgency) -> MirrorOrder:
        return order(take_profit(), State.PLANNED, id=number, size=coins, urgency=urgency)

    orders = [
        exit_(1, 500, Urgency.EXIT),
        exit_(2, 100, Urgency.FIRST_EXIT),
        exit_(3, 300, Urgency.FIRST_EXIT),
        exit_(4, 10, Urgency.CLOSE),
    ]

    assert [o.id for o in most_at_risk_first(orders)] == [4, 3, 2, 1]
