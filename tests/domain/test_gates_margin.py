"""Before the base: margin for its whole ladder, and leverage; and when a market entry ran out."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from recomma.domain.commitments import Commitment
from recomma.domain.gates import (
    Leverage,
    Passes,
    Skipped,
    gate,
    leverage_for,
    leverage_here,
    most_at_risk_first,
    ran_out,
)
from recomma.domain.lifecycle import State
from recomma.domain.orders import MirrorOrder, Style, Urgency
from recomma.domain.policy import MarginMode, Policy
from recomma.domain.reasons import Reason
from tests.domain.gate_values import (
    A_BASE,
    CROSS_1,
    EXIT,
    SAFETY,
    has,
    here,
    why,
)
from tests.domain.mirror_values import (
    DOGE,
    NOON,
    STOP,
    after,
    order,
    size,
    take_profit,
)

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
