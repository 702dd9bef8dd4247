"""The adapter and the simulated venue agree about accounts: margin, triggers, roles, budgets."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.domain.money import Price, Side
from recomma.domain.venue import (
    Accepted,
    Answer,
    Answered,
    Outcome,
    Refusal,
    Refused,
    Rested,
    Tif,
    WholeRefused,
)
from recomma.signing.hyperliquid import address_of
from tests.adapters.hyperliquid_bench import ACCOUNT, LIFE_MS, NOW, SECRET, Bench, opened

SUB_ACCOUNT = "0x" + "cd" * 20
STRANGER = "0x" + "ef" * 20


@pytest.fixture
def bench() -> Iterator[Bench]:
    with opened() as bench:
        yield bench


def only(answer: Answer) -> Outcome:
    assert isinstance(answer, Answered)
    (outcome,) = answer.outcomes
    return outcome


def set_leverage(bench: Bench, leverage: int, *, is_cross: bool, coin: str = "DOGE") -> Answer:
    nonce = bench.next_nonce()
    signed = bench.venue.sign_leverage(
        bench.asset(coin).asset,
        leverage,
        is_cross=is_cross,
        nonce=nonce,
        expires_after=nonce + LIFE_MS,
    )
    return bench.venue.send(signed.body, count=1)


def buy(bench: Bench, size: str = "100") -> None:
    bench.place(bench.order("0.26", size, tif=Tif.IOC))
    assert bench.venue.account_state().size_of("DOGE") == Decimal(size)


# Leverage and margin mode.


def test_leverage_and_mode_can_be_set_and_the_mode_not_changed_under_a_position(
    bench: Bench,
) -> None:
    isolated = set_leverage(bench, 5, is_cross=False)
    buy(bench)

    higher = set_leverage(bench, 8, is_cross=False)
    switched = set_leverage(bench, 5, is_cross=True)

    assert (only(isolated), only(higher)) == (Accepted(), Accepted())
    assert isinstance(switched, WholeRefused) and switched.refusal is Refusal.LEVERAGE


def test_a_leverage_above_the_coins_is_refused_as_one(bench: Bench) -> None:
    answer = set_leverage(bench, bench.asset("DOGE").max_leverage + 1, is_cross=True)

    assert isinstance(answer, WholeRefused) and answer.refusal is Refusal.LEVERAGE


def test_an_isolated_position_leaves_its_stake_out_of_what_is_withdrawable(bench: Bench) -> None:
    set_leverage(bench, 5, is_cross=False)
    buy(bench, "1000")

    state = bench.venue.account_state()

    assert state.account_value - state.withdrawable == 50  # 250 USD at 5.


# Trigger orders.


def stop_at(bench: Bench, trigger: str, price: str) -> Answer:
    return bench.place(
        bench.order(price, side=Side.SELL, reduce_only=True, trigger_price=Price(Decimal(trigger)))
    )


@pytest.mark.parametrize(("told", "outcome"), [("waiting", Accepted), ("resting", Rested)])
def test_a_stop_sleeps_on_the_venue_with_its_trigger(
    bench: Bench, told: str, outcome: type[Outcome]
) -> None:
    bench.tell("switches", {"trigger_status": told})
    buy(bench)

    answer = stop_at(bench, "0.22", "0.2")
    (sleeping,) = bench.venue.open_orders()

    assert isinstance(only(answer), outcome)
    assert (sleeping.trigger_price, sleeping.price) == (Decimal("0.22"), Decimal("0.2"))
    assert sleeping.reduce_only and sleeping.size == 100 and sleeping.cloid is not None


def test_a_stop_fires_when_the_mark_passes_and_its_fill_has_its_cloid(bench: Bench) -> None:
    buy(bench)
    stop_at(bench, "0.22", "0.2")
    (sleeping,) = bench.venue.open_orders()

    bench.tell("prices", {"DOGE": "0.21"})

    (sold,) = [fill for fill in bench.venue.fills_since(NOW) if fill.side is Side.SELL]
    assert (sold.oid, sold.cloid) == (sleeping.oid, sleeping.cloid)
    assert sold.size == 100
    assert bench.venue.account_state().positions == ()


def test_a_stop_whose_price_has_passed_is_refused_for_that(bench: Bench) -> None:
    buy(bench)

    refused = only(stop_at(bench, "0.27", "0.2"))

    assert isinstance(refused, Refused) and refused.refusal is Refusal.TRIGGER_PASSED


def test_a_sleeping_stop_can_be_cancelled_by_its_cloid(bench: Bench) -> None:
    buy(bench)
    stop_at(bench, "0.22", "0.2")
    (sleeping,) = bench.venue.open_orders()
    assert sleeping.cloid is not None

    bench.cancel(sleeping.cloid)

    assert bench.venue.open_orders() == ()


# Who is who.


def test_every_address_has_its_role(bench: Bench) -> None:
    bench.tell("accounts", {"address": SUB_ACCOUNT, "master": ACCOUNT})

    roles = {
        address: bench.venue.role(address)
        for address in (ACCOUNT, address_of(SECRET), SUB_ACCOUNT, STRANGER)
    }

    assert {address: (role.name, role.master) for address, role in roles.items()} == {
        ACCOUNT: ("user", None),
        address_of(SECRET): ("agent", ACCOUNT),
        SUB_ACCOUNT: ("subAccount", ACCOUNT),
        STRANGER: ("missing", None),
    }


def of_sub_account(bench: Bench) -> HyperliquidVenue:
    """Return the same key, trading for a sub-account."""
    return replace(
        bench.venue, account=SUB_ACCOUNT, exchange=replace(bench.venue.exchange, vault=SUB_ACCOUNT)
    )


def test_a_sub_account_has_its_own_orders_money_and_budget(bench: Bench) -> None:
    bench.tell("accounts", {"address": SUB_ACCOUNT, "master": ACCOUNT, "balance": "300"})
    sub = Bench(bench.simulator, of_sub_account(bench), bench.nonce)

    sub.place(sub.order("0.2"))
    buy(sub)

    assert [order.size for order in sub.venue.open_orders()] == [100]
    assert sub.venue.account_state().account_value < 301
    assert sub.venue.address_budget().used == 2
    assert bench.venue.open_orders() == ()
    assert bench.venue.account_state().positions == ()
    assert bench.venue.address_budget().used == 0


def test_a_sub_account_of_somebody_else_is_a_matter_of_settings(bench: Bench) -> None:
    bench.tell("accounts", {"address": SUB_ACCOUNT, "master": STRANGER, "balance": "300"})
    sub = Bench(bench.simulator, of_sub_account(bench), bench.nonce)

    answer = sub.place(sub.order("0.2"))

    assert isinstance(answer, WholeRefused) and answer.refusal is Refusal.CONFIG


# The budget of actions.


def test_every_order_of_a_batch_counts_and_what_is_left_is_known(bench: Bench) -> None:
    before = bench.venue.address_budget()

    bench.place(bench.order("0.2"), bench.order("0.19"), bench.order("0.18"))

    after = bench.venue.address_budget()
    assert (after.used - before.used, before.left - after.left) == (3, 3)


def test_without_budget_one_action_in_ten_seconds_passes(bench: Bench) -> None:
    bench.tell("limits", {"address_requests": 0})
    bench.place(bench.order("0.2"))  # Used is not yet above what is allowed.
    passed = bench.place(bench.order("0.2"))

    refused = bench.place(bench.order("0.2"))

    assert isinstance(only(passed), Rested)
    assert isinstance(refused, WholeRefused) and refused.refusal is Refusal.ADDRESS_BUDGET
    assert bench.venue.address_budget().left == 0
