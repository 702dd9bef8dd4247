"""The Hyperliquid adapter asks its guard before each call, and tells it what came of it."""

from contextlib import suppress
from decimal import Decimal

import pytest
import requests
import structlog

from recomma.adapters.hyperliquid import errors
from recomma.domain.money import Price, Side, Size
from recomma.domain.venue import NeverSent, OrderRequest, Refusal, Tif, Unanswered
from recomma.ports import OutsideError
from recomma.ports.guarding import BreakerOpen, Guard, OverBudget, Purpose
from tests.adapters.test_hyperliquid_info import T0, T0_MS, a_row
from tests.adapters.test_hyperliquid_transport import ACCOUNT, Reply, Venue, exchange, info, saying
from tests.adapters.told_guard import Told
from tests.fakes.guarding import FakeGuardMetrics


def an_order(*, reduce_only: bool) -> OrderRequest:
    return OrderRequest(
        cloid="0x" + "11" * 16,
        asset=5,
        side=Side.BUY,
        price=Price(Decimal("0.2")),
        size=Size(Decimal("100")),
        reduce_only=reduce_only,
        tif=Tif.GTC,
        trigger_price=None,
    )


def test_each_read_is_spent_with_its_weight_before_it_is_sent() -> None:
    told = Told()

    info(saying({"BTC": "1"}), guard=told.guard).mids()

    assert told.spent == [(2, Purpose.READ)]


def test_what_a_long_answer_costs_more_is_charged_and_the_answer_kept() -> None:
    told = Told()
    rows = [a_row(n, T0_MS + n) for n in range(45)]

    fills = info(saying(rows), guard=told.guard).fills_since(ACCOUNT, T0)

    assert len(fills) == 45
    assert (told.spent, told.charged) == ([(20, Purpose.READ)], [2])


@pytest.mark.parametrize("reduce_only", [True, False])
def test_an_order_that_only_reduces_is_an_exit(reduce_only: bool) -> None:
    told = Told()
    desk = exchange(saying({"status": "ok"}), guard=told.guard)
    signed = desk.sign_orders([an_order(reduce_only=reduce_only)], nonce=1, expires_after=None)

    desk.send(signed.body, count=1)

    assert told.spent == [(1, Purpose.EXIT if reduce_only else Purpose.ENTRY)]


def test_cancels_and_noops_count_as_exits_and_leverage_as_an_entry() -> None:
    told = Told()
    desk = exchange(saying({"status": "ok"}), guard=told.guard)
    cancels = desk.sign_cancels([(5, "0x" + "11" * 16)], nonce=1, expires_after=None)
    leverage = desk.sign_leverage(5, 3, is_cross=True, nonce=2)

    for signed in (cancels, desk.sign_noop(3), leverage):
        desk.send(signed.body, count=1)

    assert [purpose for _, purpose in told.spent] == [Purpose.EXIT, Purpose.EXIT, Purpose.ENTRY]


def test_a_batch_costs_one_more_for_every_forty() -> None:
    told = Told()

    exchange(saying({}), guard=told.guard).send(b"{}", count=80)

    assert told.spent == [(3, Purpose.ENTRY)]


@pytest.mark.parametrize(
    ("refusal", "means"),
    [
        (OverBudget("no room"), Refusal.RATE_LIMIT),
        (BreakerOpen("left alone"), Refusal.UNREACHABLE),
    ],
)
def test_what_the_guard_refuses_was_certainly_never_sent(
    refusal: OutsideError, means: Refusal
) -> None:
    venue = saying({})
    told = Told(refusal)

    heard = exchange(venue, guard=told.guard).send(b"{}", count=1)
    with pytest.raises(type(refusal)):
        info(venue, guard=told.guard).mids()

    assert heard == NeverSent(str(refusal), means)
    assert venue.asked == []


@pytest.mark.parametrize(
    ("reply", "failures"),
    [
        ((200, b"{}"), []),
        ((502, b"{}"), ["VenueTrouble"]),
        ((500, b"null"), ["VenueTrouble"]),
        ((200, b"<html>"), ["UnreadableAnswer"]),
        ((422, b"Failed to deserialize"), []),
        ((429, b"null"), []),
        (requests.ReadTimeout("late"), ["AnswerLost"]),
        (requests.ConnectTimeout("never"), ["Unreachable"]),
    ],
)
def test_trouble_is_a_failure_and_a_refusal_is_none(reply: Reply, failures: list[str]) -> None:
    reading, acting, venue = Told(), Told(), Venue(lambda _: reply)

    with suppress(errors.VenueError):
        info(venue, guard=reading.guard).mids()
    exchange(venue, guard=acting.guard).send(b"{}", count=1)

    assert (reading.failures, acting.failures) == (failures, failures)


def test_an_act_that_met_trouble_is_still_in_doubt() -> None:
    heard = exchange(saying({}, 502), guard=Told().guard).send(b"{}", count=1)

    assert isinstance(heard, Unanswered)


def test_after_a_429_everybody_behind_the_address_pauses() -> None:
    told = Told()

    with pytest.raises(errors.TooManyRequests):
        info(saying(None, 429), guard=told.guard).mids()
    exchange(saying(None, 429), guard=told.guard).send(b"{}", count=1)

    assert told.pauses == [(None, 10)] * 2


def test_the_address_budget_is_counted_and_warned_of_from_eighty_percent() -> None:
    metrics = FakeGuardMetrics()
    row = {"cumVlm": "0", "nRequestsUsed": 8000, "nRequestsCap": 10000, "nRequestsSurplus": 0}

    with structlog.testing.capture_logs() as logged:
        info(saying(row | {"nRequestsUsed": 7999})).address_budget(ACCOUNT)
        info(saying(row), guard=Guard(metrics=metrics)).address_budget(ACCOUNT)

    assert metrics.addresses == {ACCOUNT.lower(): (8000, 10000)}
    assert [(line["event"], line["used"]) for line in logged] == [("address_budget", 8000)]
