"""The adapter against the simulated venue over a real socket, signatures and all."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.domain.cloid import encode
from recomma.domain.money import Side
from recomma.domain.source import Leg, Role
from recomma.domain.venue import (
    Accepted,
    Answer,
    Answered,
    Cancelled,
    DuplicateNonce,
    Executed,
    Expired,
    NeverSent,
    NotThere,
    Outcome,
    Refusal,
    Refused,
    Rested,
    Tif,
    Unanswered,
    WholeRefused,
)
from recomma.signing.hyperliquid import Network, address_of
from tests.adapters.hyperliquid_bench import ACCOUNT, LIFE_MS, NOW, NOW_MS, SECRET, Bench, opened


@pytest.fixture
def bench() -> Iterator[Bench]:
    with opened() as bench:
        yield bench


def only(answer: Answer) -> Outcome:
    assert isinstance(answer, Answered)
    (outcome,) = answer.outcomes
    return outcome


def test_a_resting_order_is_seen_open_and_then_cancelled(bench: Bench) -> None:
    order = bench.order("0.2")

    rested = only(bench.place(order))
    (seen,) = bench.venue.open_orders()
    cancelled = bench.cancel(order.cloid)
    again = bench.cancel(order.cloid)
    record = bench.venue.order_record(order.cloid)

    assert isinstance(rested, Rested)
    assert (seen.oid, seen.cloid, seen.price, seen.size) == (
        rested.oid,
        order.cloid,
        Decimal("0.2"),
        Decimal(100),
    )
    assert seen.at is not None and abs(seen.at - NOW) < timedelta(seconds=1)
    assert only(cancelled) == Cancelled()
    assert isinstance(only(again), NotThere)
    assert record is not None and record.terminal and not record.refused
    assert bench.venue.open_orders() == ()


def test_an_order_that_fills_at_once_leaves_fills_and_a_position(bench: Bench) -> None:
    order = bench.order("0.26", tif=Tif.IOC)

    executed = only(bench.place(order))
    fills = bench.venue.fills_since(NOW)
    state = bench.venue.account_state()

    assert isinstance(executed, Executed) and executed.size == 100
    assert sum(fill.size for fill in fills) == 100
    assert {(fill.oid, fill.cloid, fill.side) for fill in fills} == {
        (executed.oid, order.cloid, Side.BUY)
    }
    assert state.size_of("DOGE") == 100
    assert bench.venue.mids()["DOGE"] == Decimal("0.25")


def test_a_batch_can_half_succeed(bench: Bench) -> None:
    answer = bench.place(
        bench.order("0.2"), bench.order("0.2", size="1"), bench.order("0.2", reduce_only=True)
    )

    assert isinstance(answer, Answered)
    rested, too_small, reduce_only = answer.outcomes
    assert isinstance(rested, Rested)
    assert isinstance(too_small, Refused) and too_small.refusal is Refusal.TOO_SMALL
    assert isinstance(reduce_only, Refused) and reduce_only.refusal is Refusal.REDUCE_ONLY


@pytest.mark.parametrize("told", ["list", "top_level"])
def test_one_defect_refuses_the_whole_batch_however_it_is_told(bench: Bench, told: str) -> None:
    bench.tell("switches", {"static_error": told})

    answer = bench.place(bench.order("0.2"), bench.order("0.2", size="0.5"), bench.order("0.21"))

    assert bench.venue.open_orders() == ()
    if told == "list":
        assert isinstance(answer, Answered)
        refusals = {o.refusal for o in answer.outcomes if isinstance(o, Refused)}
        assert (len(answer.outcomes), refusals) == (3, {Refusal.LOT})
    else:
        assert isinstance(answer, WholeRefused) and answer.refusal is Refusal.LOT


def test_the_same_bytes_are_executed_once_however_often_they_are_sent(bench: Bench) -> None:
    signed = bench.sign(bench.order("0.26", tif=Tif.IOC))

    first, second = (bench.venue.send(signed.body, count=1) for _ in range(2))

    assert isinstance(only(first), Executed)
    assert second == DuplicateNonce()
    assert bench.venue.account_state().size_of("DOGE") == 100


@pytest.mark.parametrize(("fault", "arrived"), [("answer_lost", True), ("request_lost", False)])
def test_after_a_lost_answer_sending_again_tells_what_happened(
    bench: Bench, fault: str, arrived: bool
) -> None:
    bench.tell("faults", [{"kind": fault, "count": 1}])
    order = bench.order("0.2")
    signed = bench.sign(order)

    lost = bench.venue.send(signed.body, count=1)
    known = bench.venue.order_record(order.cloid)
    again = bench.venue.send(signed.body, count=1)

    assert isinstance(lost, Unanswered)
    assert (known is not None) is arrived
    assert (again == DuplicateNonce()) is arrived
    assert len(bench.venue.open_orders()) == 1


@pytest.mark.parametrize(
    ("fault", "kind"), [("http_429", NeverSent), ("http_502_html", Unanswered)]
)
def test_a_busy_venue_and_a_broken_gateway_are_told_apart(
    bench: Bench, fault: str, kind: type[Answer]
) -> None:
    order = bench.order("0.2")
    bench.tell("faults", [{"kind": fault, "count": 1, "path": "/exchange"}])

    assert isinstance(bench.place(order), kind)


def test_an_expired_request_says_so(bench: Bench) -> None:
    signed = bench.sign(bench.order("0.2"))
    bench.tell("clock", {"at": (NOW + timedelta(minutes=1)).isoformat(), "speed": 0})

    assert bench.venue.send(signed.body, count=1) == Expired()
    assert bench.venue.open_orders() == ()


def test_a_noop_on_its_nonce_keeps_an_order_from_ever_landing(bench: Bench) -> None:
    signed = bench.sign(bench.order("0.2"))

    fenced = bench.venue.send(bench.venue.sign_noop(signed.nonce).body, count=1)
    late = bench.venue.send(signed.body, count=1)

    assert only(fenced) == Accepted()
    assert late == DuplicateNonce()
    assert bench.venue.open_orders() == ()


def test_a_signature_for_the_other_network_is_refused_as_a_strangers(bench: Bench) -> None:
    stranger = HyperliquidExchange(
        base_url=bench.venue.exchange.base_url,
        key=AgentKey(SECRET),
        account=ACCOUNT,
        vault=None,
        network=Network.MAINNET,
    )
    signed = stranger.sign_orders([bench.order("0.2")], nonce=NOW_MS + 9, expires_after=None)

    answer = stranger.send(signed.body, count=1)

    assert isinstance(answer, WholeRefused) and answer.refusal is Refusal.AUTH


def test_bytes_that_were_tampered_with_recover_somebody_else(bench: Bench) -> None:
    content = json.loads(bench.sign(bench.order("0.2")).body)
    content["action"]["orders"][0]["s"] = "1000"

    answer = bench.venue.send(json.dumps(content).encode(), count=1)

    assert isinstance(answer, WholeRefused) and answer.refusal is Refusal.AUTH


def test_leverage_is_set_and_the_agent_knows_its_master(bench: Bench) -> None:
    nonce = bench.next_nonce()
    signed = bench.venue.sign_leverage(
        bench.asset("DOGE").asset, 1, is_cross=True, nonce=nonce, expires_after=nonce + LIFE_MS
    )

    assert only(bench.venue.send(signed.body, count=1)) == Accepted()
    role = bench.venue.info.role(address_of(SECRET))
    assert (role.name, role.master) == ("agent", ACCOUNT)
    assert bench.venue.address_budget().left > 0


def test_an_order_nobody_placed_has_no_record(bench: Bench) -> None:
    assert bench.venue.order_record(encode(7, 1, Leg(Role.BASE), 1)) is None


def test_many_fills_are_paged_to_the_end(bench: Bench) -> None:
    for size in range(100, 130):
        bench.place(bench.order("0.26", size=str(size), tif=Tif.IOC))
        bench.tell("clock", {"at": _later(bench), "speed": 0})
    info = HyperliquidInfo(base_url=bench.venue.info.base_url, fills_page=2000)

    fills = info.fills_since(ACCOUNT, NOW)

    assert sorted(fill.size for fill in fills) == list(range(100, 130))
    assert list(fills) == sorted(fills, key=lambda fill: fill.at)


def _later(bench: Bench) -> str:
    return (NOW + timedelta(milliseconds=bench.next_nonce() - NOW_MS)).isoformat()
