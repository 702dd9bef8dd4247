"""What reports read of the Postgres ledger: deals whole, with their pasts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert

from recomma.adapters.postgres import tables as t
from recomma.adapters.postgres.books import Books
from recomma.domain.books import DealBooks
from recomma.domain.differences import differences
from recomma.domain.lifecycle import Event
from recomma.domain.mirrored import Mirrored
from recomma.domain.money import Price, Side, Size
from recomma.domain.naked import naked_per_fill
from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Reading, Role, RowStatus
from recomma.domain.wanted import wanted
from recomma.ports import DeadLetter, Observed, Ruling
from tests.contract.ledger_world import (
    COIN,
    DEAL,
    DEAL_SHOWN,
    OTHER_VENUE,
    RECONCILE,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
    row,
)

OTHER = DEAL + 1


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see(DEAL, OTHER)
    ledgers.read(row(Role.BASE, RowStatus.FILLED), row(Role.TAKE_PROFIT, RowStatus.ACTIVE, "0.21"))
    return ledgers


def books(world: LedgerWorld, deal_id: int = DEAL) -> DealBooks:
    (found,) = Books(world.engine, clock=world.clock).deals(deal_id)
    return found


def here(world: LedgerWorld, deal_id: int = DEAL, venue: str = VENUE) -> Mirrored:
    return next(m for m in books(world, deal_id).mirrored if m.venue == venue)


def fill_base(world: LedgerWorld, deal_id: int = DEAL, oid: int = 77) -> None:
    """Have 100 DOGE bought at 0.2, for a fee of 0.02."""
    order_id = world.place(deal_id=deal_id)
    _, (cloid,) = world.ask(order_id)
    fill = replace(world.fill(oid, "100", cloid, tid=oid), fee=Decimal("0.02"))
    world.ledger.book_fills(VENUE, [fill], world.now)
    with world.ledger.deal(deal_id, None) as book:
        book.record(order_id, Event.FILLED, oid=oid)


def test_a_deal_that_was_bought_is_read_whole(world: LedgerWorld) -> None:
    fill_base(world)

    found = books(world)

    assert [m.venue for m in found.mirrored] == [VENUE, OTHER_VENUE]
    assert here(world).left == 100
    assert found.past(VENUE).trades.paid == 20
    assert found.read_at == world.now
    assert books(world).past(OTHER_VENUE).trades.bought == 0


def test_naked_time_is_from_the_fill_to_the_rest_of_the_exit(world: LedgerWorld) -> None:
    fill_base(world)
    world.now = at(3)
    world.rest(new_order(TAKE_PROFIT, price="0.21"), oid=78)
    world.now = at(60)

    (naked,) = naked_per_fill(books(world).past(VENUE).track, world.now)

    assert (naked.naked, naked.without_exit) == (timedelta(seconds=3), timedelta(0))


def test_an_exit_that_went_covers_no_more(world: LedgerWorld) -> None:
    fill_base(world)
    order_id = world.rest(new_order(TAKE_PROFIT, price="0.21"), oid=78)
    world.now = at(10)
    with world.ledger.deal(DEAL, None) as book:
        book.record(order_id, Event.GONE, why=Reason.CANCELLED_BY_VENUE)

    (exit_,) = books(world).past(VENUE).track.rested

    assert (exit_.since, exit_.until) == (at(0), at(10))


def test_time_before_the_source_shows_an_exit_is_known(ledgers: LedgerWorld) -> None:
    ledgers.see()
    ledgers.read(row(Role.BASE, RowStatus.FILLED))
    fill_base(ledgers)
    ledgers.now = at(30)
    exit_ = row(Role.TAKE_PROFIT, RowStatus.ACTIVE, "0.21")
    ledgers.read(row(Role.BASE, RowStatus.FILLED), exit_)
    ledgers.now = at(32)
    ledgers.rest(new_order(TAKE_PROFIT, price="0.21"), oid=78)

    (naked,) = naked_per_fill(books(ledgers).past(VENUE).track, at(90))

    assert (naked.naked, naked.without_exit) == (timedelta(seconds=2), timedelta(seconds=30))


def test_what_was_sold_is_realised_less_all_fees(world: LedgerWorld) -> None:
    fill_base(world)
    world.now = at(9)
    exit_id = world.rest(new_order(TAKE_PROFIT, size="100", price="0.21"), oid=78)
    sale = replace(world.fill(78, "50"), side=Side.SELL, price=Price(Decimal("0.21")))
    sale = replace(sale, fee=Decimal("0.01"))
    world.ledger.book_fills(VENUE, [replace(sale, cloid=world.order(exit_id).cloid)], world.now)

    trades = books(world).past(VENUE).trades

    assert trades.realised(Side.BUY) == Decimal("0.5") - Decimal("0.03")


def test_the_sources_profit_is_read_when_the_deal_has_ended(world: LedgerWorld) -> None:
    running = books(world).source_profit
    ended = replace(DEAL_SHOWN, finished=True, status="completed")
    reading = Reading(ended, (), (), world.now)
    with world.ledger.deal(DEAL, None) as book:
        shown = {"show": {"final_profit": "1.25"}}
        book.observe(Observed(reading, shown), wanted(reading))

    assert (running, books(world).source_profit) == (None, Decimal("1.25"))


def test_another_deals_position_in_the_coin_is_seen(world: LedgerWorld) -> None:
    fill_base(world)
    alone = here(world).shared
    fill_base(world, OTHER, oid=99)

    assert (alone, here(world).shared) == (False, True)


def test_coins_that_were_handed_over_are_told_to_both(world: LedgerWorld) -> None:
    fill_base(world)
    fill_base(world, OTHER, oid=99)
    with world.ledger.deal(DEAL, None) as book:
        book.hold_coin(VENUE, COIN)
        book.hand_over(VENUE, COIN, OTHER, Size(Decimal(100)), Reason.MERGED)

    assert [here(world, deal).left for deal in (DEAL, OTHER)] == [0, 200]
    assert [m.size for m in here(world).moves] == [-100]
    assert [m.other_deal for m in here(world, OTHER).moves] == [DEAL]
    assert books(world).past(VENUE).track.moved == ((world.now, Decimal(-100)),)


def test_a_stop_that_holds_is_read_with_the_deal(world: LedgerWorld) -> None:
    stop = {"level": "no_entries", "coin": COIN, "actor": "ann", "reason": "stopped"}
    times = {"set_at": world.now, "until": at(60)}
    with world.engine.begin() as connection:
        connection.execute(insert(t.stops), [stop | times])
    world.place()

    during = here(world).stop
    world.now = at(61)

    assert during is not None and during.actor == "ann"
    assert here(world).stop is None


def test_a_dead_letter_counts_where_it_happened(world: LedgerWorld) -> None:
    letter = DeadLetter(RECONCILE, Reason.ATTEMPTS_SPENT, "no")
    world.ledger.rule(world.take(RECONCILE), Ruling(done=False, letter=letter))

    assert (here(world).dead_letters, here(world, venue=OTHER_VENUE).dead_letters) == (1, 0)


def test_a_bot_that_was_taken_off_its_venue_is_read_there_still(world: LedgerWorld) -> None:
    fill_base(world)
    with world.engine.begin() as connection:
        connection.execute(t.pairs.delete())

    found = books(world)

    assert [(m.venue, m.paired) for m in found.mirrored] == [(VENUE, False)]


def test_only_what_goes_on_is_read_if_asked_for(world: LedgerWorld) -> None:
    fill_base(world)
    for deal_id in (DEAL, OTHER):
        ended = replace(DEAL_SHOWN, id=deal_id, finished=True, status="cancelled")
        world.read(deal=ended)

    everything = Books(world.engine).deals()
    going_on = Books(world.engine).deals(unfinished=True)

    assert [b.deal_id for b in everything] == [DEAL, OTHER]
    assert [b.deal_id for b in going_on] == [DEAL]  # It still has a position.
    assert Books(world.engine).deals(bot_id=12345) == []


def test_a_deal_is_compared_as_it_was_read(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        book.stand(VENUE, Standing.SKIPPED, Reason.DENIED)

    found = [d for d in differences(here(world)) if d.venue == VENUE]

    assert [(d.leg, d.reason) for d in found] == [("base", Reason.DENIED)]
