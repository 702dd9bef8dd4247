"""What a found order says of itself, and whose it is."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from recomma.domain.adoption import Whose, found_ended, found_open, leg_named, whose
from recomma.domain.cloid import Cloid, decode, encode, shortened
from recomma.domain.lifecycle import Event
from recomma.domain.money import Price, Side, Size
from recomma.domain.orders import Style, Urgency
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from recomma.domain.venue import Fill, OpenOrder, OrderRecord

AT = datetime(2026, 1, 1, tzinfo=UTC)
TAG = 5
DEAL = 501
TAKE_PROFIT = Leg(Role.TAKE_PROFIT, "2")


def said(leg: Leg = TAKE_PROFIT, tag: int = TAG) -> Cloid:
    found = decode(encode(tag, DEAL, leg, 3))
    assert found is not None
    return found


def an_order(trigger: str | None = None) -> OpenOrder:
    return OpenOrder(
        coin="DOGE",
        oid=9,
        cloid=encode(TAG, DEAL, TAKE_PROFIT, 3),
        side=Side.SELL,
        price=Price(Decimal("0.22")),
        size=Size(Decimal(40)),
        original_size=Size(Decimal(100)),
        reduce_only=True,
        at=AT,
        trigger_price=Price(Decimal(trigger)) if trigger else None,
    )


def a_fill(size: str, *, crossed: bool = False) -> Fill:
    return Fill(
        coin="DOGE",
        oid=9,
        tid=1,
        side=Side.BUY,
        price=Price(Decimal("0.2")),
        size=Size(Decimal(size)),
        fee=Decimal(0),
        at=AT,
        cloid="0x" + "1" * 32,
        closed_pnl=Decimal(0),
        crossed=crossed,
    )


def a_record(status: str, *, terminal: bool = True) -> OrderRecord:
    rest, asked = Size(Decimal(40)), Size(Decimal(100))
    return OrderRecord(9, None, status, terminal, False, rest, asked, AT)


def test_an_order_under_our_tag_on_a_deal_of_ours_is_ours() -> None:
    assert whose(said(), TAG, {DEAL}) is Whose.OURS


def test_another_tag_on_a_deal_of_ours_is_another_installation() -> None:
    assert whose(said(tag=6), TAG, {DEAL}) is Whose.ANOTHER_INSTALLATION


@pytest.mark.parametrize("tag", [TAG, 6])
def test_a_deal_that_we_do_not_know_is_somebodys(tag: int) -> None:
    assert whose(said(tag=tag), TAG, {DEAL + 1}) is Whose.SOMEBODY


def test_an_order_without_a_cloid_of_a_recomma_is_somebodys() -> None:
    assert whose(decode("0x" + "1" * 32), TAG, {DEAL}) is Whose.SOMEBODY


def test_an_open_order_is_adopted_with_the_size_it_was_asked_for() -> None:
    found = found_open(an_order(), said())

    assert (found.oid, found.coin, found.event) == (9, "DOGE", Event.RESTED)
    assert (found.terms.side, found.terms.size) == (Side.SELL, Size(Decimal(100)))
    assert (found.terms.style, found.terms.reduce_only) == (Style.REST, True)
    assert (found.urgency, found.why) == (Urgency.EXIT, None)


def test_a_sleeping_stop_is_adopted_with_its_trigger_price() -> None:
    found = found_open(an_order(trigger="0.15"), said(Leg(Role.STOP)))

    assert (found.terms.style, found.terms.trigger_price) == (Style.TRIGGER, Decimal("0.15"))
    assert found.urgency is Urgency.CLOSE


@pytest.mark.parametrize("record", [None, a_record("filled")])
def test_what_has_filled_is_the_size_of_an_order_that_is_done(record: OrderRecord | None) -> None:
    found = found_ended([a_fill("60"), a_fill("40")], said(Leg(Role.BASE)), record)

    assert found is not None
    assert (found.event, found.terms.size) == (Event.FILLED, Decimal(100))
    assert (found.terms.side, found.terms.reduce_only) == (Side.BUY, False)


def test_an_order_that_was_cut_short_keeps_the_size_it_was_asked_for() -> None:
    found = found_ended([a_fill("60", crossed=True)], said(), a_record("canceled"))

    assert found is not None
    assert (found.event, found.why) == (Event.GONE, Reason.CANCELLED_BY_VENUE)
    assert (found.terms.size, found.terms.style) == (Decimal(100), Style.CROSS)


def test_an_order_that_the_venue_calls_open_is_not_adopted_by_its_fills() -> None:
    assert found_ended([a_fill("60")], said(), a_record("open", terminal=False)) is None


def test_a_manual_leg_is_found_by_the_short_form_of_its_id() -> None:
    manual, other = Leg(Role.MANUAL, "8812345"), Leg(Role.MANUAL, "771")

    assert leg_named(shortened(manual), [other, manual, TAKE_PROFIT]) == manual
    assert leg_named(shortened(manual), [other]) == shortened(manual)
    assert leg_named(TAKE_PROFIT, []) == TAKE_PROFIT
