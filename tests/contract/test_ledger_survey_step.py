"""The survey as a whole on every ledger, before a venue that holds what the test says."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from recomma.domain.cloid import encode
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import plan, reconcile
from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from recomma.domain.venue import (
    AccountState,
    AddressBudget,
    AddressRole,
    Fill,
    OpenOrder,
    OrderRecord,
    Position,
)
from recomma.domain.verdict import Done
from recomma.pipeline.survey import CONFIRM_AFTER, survey
from recomma.ports import Ruling, Venue
from tests.contract.ledger_world import (
    BASE,
    COIN,
    DEAL,
    LEASE,
    SAFETY,
    SIGNER,
    VENUE,
    LedgerWorld,
    new_order,
)

MASTER = "0xaa"


@dataclass
class HeldVenue:
    """A venue to read: what it holds is set by the test."""

    world: LedgerWorld
    size: str = "0"
    orders: Sequence[OpenOrder] = ()
    fills: list[Fill] = field(default_factory=list)
    records: dict[str, OrderRecord] = field(default_factory=dict)
    name: str = VENUE
    signer: str = SIGNER
    at: datetime | None = None  # None: it answers with the present.

    def open_orders(self) -> Sequence[OpenOrder]:
        return self.orders

    def fills_since(self, _since: object) -> Sequence[Fill]:
        return self.fills

    def order_record(self, cloid: str) -> OrderRecord | None:
        return self.records.get(cloid)

    def account_state(self) -> AccountState:
        size = Decimal(self.size)
        held = (Position(COIN, size, Price(Decimal("0.2"))),) if size else ()
        return AccountState(held, Decimal(100), Decimal(90), self.at or self.world.now)

    def address_budget(self) -> AddressBudget:
        return AddressBudget(1, 1000)

    def role(self, address: str) -> AddressRole:
        return AddressRole("agent", MASTER) if address == SIGNER else AddressRole("user")


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see(DEAL, DEAL + 1)
    for deal_id, size, oid in ((DEAL, "100", 1), (DEAL + 1, "50", 2)):
        order_id = ledgers.place(new_order(size=size), deal_id=deal_id)
        ledgers.ask(order_id)
        with ledgers.ledger.deal(deal_id, None) as book:
            book.record(order_id, Event.RESTED, oid=oid)
        ledgers.ledger.book_fills(VENUE, [ledgers.fill(oid=oid, size=size)], ledgers.now)
        with ledgers.ledger.deal(deal_id, None) as book:
            book.record(order_id, Event.FILLED)
        taken = ledgers.ledger.claim(reconcile(deal_id, VENUE), ledgers.now, LEASE)
        assert taken is not None
        ledgers.ledger.rule(taken, Ruling(done=True))
    ledgers.now += CONFIRM_AFTER
    return ledgers


def look(world: LedgerWorld, venue: HeldVenue) -> Done:
    verdict = survey(
        venue=cast(Venue, cast(Any, venue)),
        ledger=world.ledger,
        clock=world.clock,
        now=world.now,
    )
    assert isinstance(verdict, Done)
    return verdict


def left(world: LedgerWorld) -> list[Decimal]:
    return [world.here(deal_id).holding.left(Side.BUY) for deal_id in (DEAL, DEAL + 1)]


def test_a_loss_is_confirmed_by_a_second_look_and_divided(world: LedgerWorld) -> None:
    venue = HeldVenue(world, "120")
    first = look(world, venue)
    after_one = left(world)
    world.now += CONFIRM_AFTER

    second = look(world, venue)

    assert first.again_at == world.now
    assert after_one == [Decimal(100), Decimal(50)]
    assert left(world) == [Decimal(80), Decimal(40)]
    assert second.again_at is None
    with world.ledger.signer(VENUE, None) as book:
        assert [(s.scope.coin, s.reason) for s in book.stops()] == [
            (COIN, Reason.REDUCED_ELSEWHERE)
        ]


def test_what_was_taken_off_is_not_taken_off_again(world: LedgerWorld) -> None:
    venue = HeldVenue(world, "120")
    for _ in range(5):
        look(world, venue)
        world.now += CONFIRM_AFTER

    assert left(world) == [Decimal(80), Decimal(40)]


def test_only_what_was_missing_in_both_looks_is_lost(world: LedgerWorld) -> None:
    look(world, HeldVenue(world, "120"))
    world.now += CONFIRM_AFTER

    look(world, HeldVenue(world, "90"))

    assert sum(left(world)) == 120


def test_two_looks_in_one_moment_are_one(world: LedgerWorld) -> None:
    venue = HeldVenue(world, "0")
    look(world, venue)

    look(world, venue)

    assert left(world) == [Decimal(100), Decimal(50)]


def test_a_coin_that_was_traded_a_moment_ago_is_not_judged(world: LedgerWorld) -> None:
    venue = HeldVenue(world, "120")
    for tid in (5, 6, 7):
        venue.fills = [world.fill(oid=9, tid=tid, size="1")]
        look(world, venue)
        world.now += CONFIRM_AFTER

    assert left(world) == [Decimal(100), Decimal(50)]


def test_a_survey_that_stood_still_while_others_booked_fills_judges_nothing(
    world: LedgerWorld,
) -> None:
    look(world, HeldVenue(world, "120"))
    read_at = world.now + CONFIRM_AFTER
    world.now = read_at + CONFIRM_AFTER
    world.ledger.book_fills(VENUE, [world.fill(oid=1, tid=8, size="30")], world.now)

    look(world, HeldVenue(world, "120", at=read_at))

    assert left(world) == [Decimal(130), Decimal(50)]


def test_a_liquidation_among_the_fills_is_the_reason(world: LedgerWorld) -> None:
    taken = replace(world.fill(oid=9, size="150"), side=Side.SELL, liquidation=True)
    world.now += CONFIRM_AFTER
    venue = HeldVenue(world, "0", fills=[taken])
    look(world, venue)
    world.now += CONFIRM_AFTER

    look(world, venue)

    assert left(world) == [Decimal(0), Decimal(0)]
    with world.ledger.signer(VENUE, None) as book:
        assert [stop.reason for stop in book.stops()] == [Reason.VENUE_LIQUIDATED]


def test_each_deal_that_lost_is_looked_at(world: LedgerWorld) -> None:
    venue = HeldVenue(world, "0")
    look(world, venue)
    world.now += CONFIRM_AFTER
    deals = (DEAL, DEAL + 1)
    before = [world.ledger.claim(reconcile(d, VENUE), world.now, LEASE) for d in deals]

    look(world, venue)

    assert before == [None, None]
    for deal_id in deals:
        assert world.ledger.claim(reconcile(deal_id, VENUE), world.now, LEASE) is not None


def test_an_open_order_of_ours_that_the_ledger_lacks_is_adopted(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        cloid = encode(book.venue.tag, DEAL, SAFETY, 0)
    size = Size(Decimal(50))
    price = Price(Decimal("0.19"))
    lost = OpenOrder(COIN, 9, cloid, Side.BUY, price, size, size, reduce_only=False, at=None)

    told = look(world, HeldVenue(world, "150", [lost]))
    again = look(world, HeldVenue(world, "150", [lost]))

    (order,) = [o for o in world.here().orders if o.leg == SAFETY]
    assert (order.state, order.cloid, order.oid) == (State.RESTING, cloid, 9)
    assert ("1 adopted" in told.summary, "0 adopted" in again.summary) == (True, True)
    assert world.ledger.claim(plan(DEAL), world.now, LEASE) is not None


def test_fills_of_ours_that_the_ledger_lacks_are_adopted_with_their_order(
    world: LedgerWorld,
) -> None:
    with world.ledger.survey(VENUE) as book:
        cloid = encode(book.venue.tag, DEAL, SAFETY, 0)
    fills = [world.fill(oid=9, tid=tid, size="25", cloid=cloid) for tid in (1, 2)]
    at_some_time = replace(fills[1], at=fills[0].at - CONFIRM_AFTER)

    look(world, HeldVenue(world, "200", fills=[fills[0], at_some_time]))

    (order,) = [o for o in world.here().orders if o.leg == SAFETY]
    assert (order.state, order.oid) == (State.FILLED, 9)
    assert order.filled == order.terms.size == 50
    assert left(world) == [Decimal(150), Decimal(50)]


def test_an_adopted_order_takes_the_place_of_one_that_was_only_planned(
    world: LedgerWorld,
) -> None:
    planned = world.place(new_order(SAFETY, price="0.19"))
    with world.ledger.survey(VENUE) as book:
        cloid = encode(book.venue.tag, DEAL, SAFETY, 0)
    size = Size(Decimal(50))
    price = Price(Decimal("0.18"))
    lost = OpenOrder(COIN, 9, cloid, Side.BUY, price, size, size, reduce_only=False, at=None)

    look(world, HeldVenue(world, "150", [lost]))

    order = world.order(planned)
    assert (order.state, order.oid) == (State.RESTING, 9)
    assert (order.terms.price, order.terms.size) == (price, size)


def test_the_next_cloid_of_an_adopted_leg_was_never_used(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        cloid = encode(book.venue.tag, DEAL, SAFETY, 9)
    size = Size(Decimal(50))
    price = Price(Decimal("0.18"))
    lost = OpenOrder(COIN, 9, cloid, Side.BUY, price, size, size, reduce_only=False, at=None)

    look(world, HeldVenue(world, "150", [lost]))

    (order,) = [o for o in world.here().orders if o.leg == SAFETY]
    with world.ledger.signer(VENUE, None) as signer:
        assert signer.attempts_before(order) == 10


def test_a_leg_whose_order_is_in_doubt_is_settled_first(world: LedgerWorld) -> None:
    doubtful = world.place(new_order(SAFETY, price="0.19"))
    world.ask(doubtful)
    with world.ledger.survey(VENUE) as book:
        cloid = encode(book.venue.tag, DEAL, SAFETY, 9)
    size = Size(Decimal(50))
    price = Price(Decimal("0.18"))
    lost = OpenOrder(COIN, 9, cloid, Side.BUY, price, size, size, reduce_only=False, at=None)

    look(world, HeldVenue(world, "150", [lost]))

    assert world.state(doubtful) is State.IN_DOUBT
    assert len([o for o in world.here().orders if o.leg == SAFETY]) == 1


def test_a_deal_that_never_stood_here_stands_open_once_its_order_was_found(
    world: LedgerWorld,
) -> None:
    third = DEAL + 2
    world.see(third)
    with world.ledger.survey(VENUE) as book:
        cloid = encode(book.venue.tag, third, BASE, 0)
    size = Size(Decimal(50))
    price = Price(Decimal("0.18"))
    lost = OpenOrder(COIN, 9, cloid, Side.BUY, price, size, size, reduce_only=False, at=None)

    look(world, HeldVenue(world, "150", [lost]))

    assert world.here(third).standing is Standing.OPEN
