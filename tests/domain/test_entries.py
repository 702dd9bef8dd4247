"""What is decided about entries (design.md, section 9, Entries)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.entries import Skip, Withdraw, base_failed, decide_entries
from recomma.domain.lifecycle import State
from recomma.domain.money import Side
from recomma.domain.orders import MirrorOrder, Standing, Style, Urgency
from recomma.domain.policy import Policy
from recomma.domain.reasons import Reason
from recomma.domain.wanted import Closing
from tests.domain.mirror_values import (
    BASE,
    DOGE,
    NOON,
    after,
    limit_entry,
    market_entry,
    order,
    placed,
    price,
    safety,
    situation,
    size,
    stored,
    take_profit,
    target,
    wish,
)

# Prices and sizes.


def test_a_limit_entry_rests_at_the_source_price_rounded_away_from_the_market() -> None:
    (new,) = placed(decide_entries(wish(limit_entry(BASE, "0.1912345")), situation()))

    assert new.terms.style is Style.REST
    assert new.terms.price == Decimal("0.19123")
    assert not new.terms.reduce_only


def test_a_limit_entry_of_a_short_deal_is_rounded_up() -> None:
    entry = limit_entry(BASE, "0.1912345", side=Side.SELL)

    (new,) = placed(decide_entries(wish(entry, side=Side.SELL), situation()))

    assert (new.terms.side, new.terms.price) == (Side.SELL, Decimal("0.19124"))


def test_a_size_is_multiplied_and_rounded_to_the_lot() -> None:
    here = situation(policy=Policy(multiplier=Decimal("1.5")))

    (new,) = placed(decide_entries(wish(limit_entry(BASE, coins="101")), here))

    assert new.terms.size == 152
    assert (new.wanted_size, new.multiplier) == (Decimal("151.5"), Decimal("1.5"))


def test_a_limit_entry_that_the_source_already_filled_still_rests_at_its_limit() -> None:
    entry = limit_entry(safety(1), filled_at=NOON)

    (new,) = placed(decide_entries(wish(entry), situation(order(BASE, State.FILLED, filled=100))))

    assert (new.terms.style, new.terms.price, new.give_up_at) == (Style.REST, Decimal("0.19"), None)


def test_a_market_entry_crosses_up_to_the_cap_above_the_source_fill() -> None:
    (new,) = placed(decide_entries(wish(market_entry(at="0.2")), situation()))

    assert (new.terms.style, new.terms.price) == (Style.CROSS, Decimal("0.201"))
    assert new.give_up_at == after(seconds=120)


def test_a_market_entry_never_pays_beyond_the_take_profit() -> None:
    wanted = wish(market_entry(at="0.2"), exits=(target("0.2004"),))

    (new,) = placed(decide_entries(wanted, situation()))

    assert new.terms.price == Decimal("0.2004")


def test_a_market_entry_of_a_short_deal_never_sells_below_the_take_profit() -> None:
    entry = replace(market_entry(at="0.2"), side=Side.SELL)
    wanted = wish(entry, side=Side.SELL, exits=(target("0.19961"),))

    (new,) = placed(decide_entries(wanted, situation()))

    assert new.terms.price == Decimal("0.19961")


def test_base_orders_go_before_averaging_orders() -> None:
    here = situation(order(BASE, State.FILLED, filled=100))
    (averaging,) = placed(decide_entries(wish(limit_entry(safety(1))), here))
    (base,) = placed(decide_entries(wish(limit_entry(BASE)), situation()))

    assert base.urgency is Urgency.BASE < averaging.urgency is Urgency.SAFETY


# Skips.


def test_a_market_entry_is_in_time_up_to_its_maximum_age() -> None:
    entry = wish(market_entry())

    assert placed(decide_entries(entry, situation(now=after(seconds=120))))


def test_a_market_entry_past_its_maximum_age_is_skipped_as_too_late() -> None:
    (skip,) = decide_entries(wish(market_entry()), situation(now=after(seconds=121)))

    assert skip == Skip(BASE, Side.BUY, price("0.2"), size(100), Reason.TOO_LATE)


def test_a_limit_entry_is_never_too_late() -> None:
    here = situation(now=NOON + timedelta(days=30))

    assert placed(decide_entries(wish(limit_entry(BASE, filled_at=NOON)), here))


def test_a_limit_entry_of_exactly_ten_dollars_is_placed() -> None:
    assert placed(decide_entries(wish(limit_entry(BASE, "0.1", 100)), situation()))


def test_a_limit_entry_below_ten_dollars_is_skipped() -> None:
    (skip,) = decide_entries(wish(limit_entry(BASE, "0.1", 99)), situation())

    assert isinstance(skip, Skip)
    assert skip.reason is Reason.BELOW_MINIMUM


def test_what_is_below_ten_dollars_only_after_rounding_is_skipped() -> None:
    (skip,) = decide_entries(wish(limit_entry(BASE, "0.10000009", 100)), situation())
    (rounded_down,) = decide_entries(wish(limit_entry(BASE, "0.1005", "99.50")), situation())

    assert not isinstance(skip, Skip)
    assert not isinstance(rounded_down, Skip)
    (small,) = decide_entries(wish(limit_entry(BASE, "0.1005", "99.49")), situation())
    assert isinstance(small, Skip)


def test_a_market_entry_needs_a_margin_above_ten_dollars() -> None:
    (skip,) = decide_entries(wish(market_entry(at="0.1", coins=104)), situation())
    enough = decide_entries(wish(market_entry(at="0.1", coins=105)), situation())

    assert isinstance(skip, Skip)
    assert skip.reason is Reason.BELOW_MINIMUM
    assert placed(enough)


def test_a_skipped_leg_is_not_decided_again() -> None:
    here = situation(skipped=frozenset({BASE}))

    assert decide_entries(wish(market_entry()), here) == ()


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (Reason.UNKNOWN_COIN, Reason.UNKNOWN_COIN),
        (Reason.STRATEGY_SHORT, Reason.STRATEGY_SHORT),
        (Reason.FIRST_SEEN_LATE, Reason.FIRST_SEEN_LATE),
        (Reason.FINISHED_WHEN_FIRST_SEEN, Reason.FINISHED_WHEN_FIRST_SEEN),
        (Reason.TOO_LATE, Reason.BASE_SKIPPED),
        (Reason.BASE_NOT_FILLED, Reason.BASE_SKIPPED),
    ],
)
def test_a_leg_of_a_skipped_deal_says_why_the_deal_is(why: Reason, told: Reason) -> None:
    here = situation(standing=Standing.SKIPPED, standing_why=why)

    (skip,) = decide_entries(wish(limit_entry(safety(1))), here)

    assert isinstance(skip, Skip)
    assert skip.reason is told


@pytest.mark.parametrize("standing", [Standing.CLOSED_HERE, Standing.ENDED])
def test_legs_after_our_own_end_are_skipped(standing: Standing) -> None:
    (skip,) = decide_entries(wish(limit_entry(safety(1))), situation(standing=standing))

    assert isinstance(skip, Skip)
    assert skip.reason is Reason.CLOSED_HERE_FIRST


def test_a_skipped_base_leaves_the_rest_for_the_decision_about_the_deal() -> None:
    wanted = wish(limit_entry(safety(1)), market_entry())

    decisions = decide_entries(wanted, situation(now=after(minutes=5)))

    assert [d.leg for d in decisions if isinstance(d, Skip)] == [BASE]
    assert not placed(decisions)


# Order.


@pytest.mark.parametrize("state", [State.PLANNED, State.IN_DOUBT])
def test_averaging_waits_for_a_base_that_holds_nothing_yet(state: State) -> None:
    wanted = wish(market_entry(), limit_entry(safety(1)))

    assert decide_entries(wanted, situation(order(BASE, state))) == ()


@pytest.mark.parametrize(
    "base",
    [order(BASE, State.RESTING), order(BASE, State.IN_DOUBT, filled=1), order(filled=100)],
)
def test_averaging_starts_once_the_base_rests_or_holds_something(base: MirrorOrder) -> None:
    wanted = wish(market_entry(), limit_entry(safety(1)), limit_entry(safety(2), "0.18"))

    legs = [new.leg for new in placed(decide_entries(wanted, situation(base)))]

    assert legs == [safety(1), safety(2)]


def test_a_base_is_placed_before_averaging_whatever_the_order_of_the_rows() -> None:
    wanted = wish(limit_entry(safety(1)), market_entry())

    assert [new.leg for new in placed(decide_entries(wanted, situation()))] == [BASE]


# Withdrawals.


def test_an_order_that_the_source_cancelled_goes() -> None:
    mine = order(safety(1), id=4)

    decisions = decide_entries(wish(withdrawn=frozenset({safety(1)})), situation(mine))

    assert decisions == (Withdraw(4, Reason.SOURCE_CANCELLED),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"closing": Closing(Reason.SOURCE_STOPPED, NOON, at_once=True)}, Reason.CLOSING),
        ({"released": True}, Reason.SOURCE_ENDED),
        ({"finished": True}, Reason.SOURCE_ENDED),
    ],
)
def test_entries_go_when_the_deal_ends(changes: dict[str, object], reason: Reason) -> None:
    mine = order(safety(1), id=4)

    assert decide_entries(wish(**changes), situation(mine)) == (Withdraw(4, reason),)


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing.CLOSED_HERE, Reason.EXIT_FILLED),
        (Standing.SKIPPED, Reason.BASE_NOT_FILLED),
    ],
)
def test_entries_go_when_the_deal_is_over_here(standing: Standing, reason: Reason) -> None:
    mine = order(safety(1), id=4)

    assert decide_entries(wish(), situation(mine, standing=standing)) == (Withdraw(4, reason),)


@pytest.mark.parametrize(
    "mine",
    [
        order(safety(1), State.FILLED, filled=100),
        order(safety(1), State.CANCELLED),
        order(safety(1), cancel_why=Reason.SOURCE_CANCELLED),
        order(take_profit()),
    ],
)
def test_only_live_entries_that_are_not_going_already_are_withdrawn(mine: MirrorOrder) -> None:
    wanted = wish(finished=True, withdrawn=frozenset({safety(1)}))

    assert decide_entries(wanted, situation(mine)) == ()


def test_an_order_missing_in_the_reading_stays() -> None:
    assert decide_entries(wish(), situation(order(safety(1)))) == ()


# New prices.


def test_a_limit_order_whose_price_changed_is_withdrawn() -> None:
    mine = order(BASE, id=4, price="0.19")

    decisions = decide_entries(wish(limit_entry(BASE, "0.195")), situation(mine))

    assert decisions == (Withdraw(4, Reason.SOURCE_REPRICED),)


def test_after_its_withdrawal_it_is_placed_at_the_new_price() -> None:
    gone = order(BASE, State.CANCELLED, price="0.19", why=Reason.SOURCE_REPRICED)

    (new,) = placed(decide_entries(wish(limit_entry(BASE, "0.195")), situation(gone)))

    assert new.terms.price == Decimal("0.195")


def test_an_order_that_was_cancelled_for_another_reason_is_not_placed_again() -> None:
    gone = order(BASE, State.CANCELLED, why=Reason.CANCELLED_BY_VENUE)

    assert decide_entries(wish(limit_entry(BASE)), situation(gone)) == ()


def test_an_order_that_the_source_has_filled_is_not_moved() -> None:
    entry = limit_entry(BASE, "0.195", filled_at=NOON)

    assert decide_entries(wish(entry), situation(order(BASE, price="0.19"))) == ()


def test_what_filled_before_a_move_is_not_bought_again() -> None:
    gone = order(BASE, State.CANCELLED, price="0.19", filled=40, why=Reason.SOURCE_REPRICED)

    new = placed(decide_entries(wish(limit_entry(BASE, "0.195")), situation(gone)))

    assert sum(order.terms.size for order in new) <= 60


# Deciding again.


def test_decisions_that_were_carried_out_are_not_made_again() -> None:
    wanted = wish(
        market_entry(),
        limit_entry(safety(1)),
        limit_entry(safety(2), "0.18"),
        limit_entry(safety(3), coins=1),
    )
    base = order(BASE, State.FILLED, filled=100)
    first = decide_entries(wanted, situation(base))
    mine = [stored(new, number) for number, new in enumerate(placed(first), start=2)]
    skipped = frozenset(skip.leg for skip in first if isinstance(skip, Skip))

    again = decide_entries(wanted, situation(base, *mine, skipped=skipped))

    assert (len(mine), skipped) == (2, frozenset({safety(3)}))
    assert again == ()


# A deal without its base.


@pytest.mark.parametrize("state", [State.CANCELLED, State.REFUSED, State.SKIPPED])
def test_a_deal_whose_base_ended_empty_is_not_mirrored(state: State) -> None:
    assert base_failed(situation(order(BASE, state))) is Reason.BASE_NOT_FILLED


@pytest.mark.parametrize(
    "base",
    [
        order(BASE, State.PLANNED),
        order(BASE, State.IN_DOUBT),
        order(BASE, State.RESTING),
        order(BASE, State.FILLED, filled=100),
        order(BASE, State.CANCELLED, filled=1),
        order(BASE, State.CANCELLED, why=Reason.SOURCE_REPRICED),
        order(BASE, State.CANCELLED, why=Reason.SOURCE_ENDED),
        order(BASE, State.CANCELLED, why=Reason.SOURCE_CANCELLED),
        order(BASE, State.CANCELLED, why=Reason.CLOSING),
    ],
)
def test_a_deal_whose_base_lives_holds_or_ended_with_the_source_goes_on(base: MirrorOrder) -> None:
    assert base_failed(situation(base)) is None


def test_a_deal_without_any_base_of_ours_has_not_failed() -> None:
    assert base_failed(situation(market=DOGE)) is None


def test_a_base_that_a_dry_run_kept_back_says_so() -> None:
    kept_back = order(BASE, State.SKIPPED, why=Reason.DRY_RUN)

    assert base_failed(situation(kept_back)) is Reason.DRY_RUN


def test_a_deal_that_is_skipped_already_does_not_fail_again() -> None:
    here = situation(order(BASE, State.REFUSED), standing=Standing.SKIPPED)

    assert base_failed(here) is None
