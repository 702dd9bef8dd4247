"""What every ledger promises about a deal's book (recomma.ports.DealBook)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from recomma.domain.entries import Skip
from recomma.domain.lifecycle import Event, ImpossibleStep, State
from recomma.domain.looks import Looks
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import reconcile
from recomma.domain.orders import Standing, Style, Terms
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role, RowStatus
from recomma.ports import FenceLost, NotThere, Ruling
from tests.contract.ledger_world import (
    BASE,
    DEAL,
    DEAL_SHOWN,
    LEASE,
    OTHER_VENUE,
    OVER,
    PLAN,
    SAFETY,
    START,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    bot,
    new_order,
    row,
)

OTHER = DEAL + 1
FILLED_BASE = row(Role.BASE, RowStatus.FILLED)
EXIT = row(Role.TAKE_PROFIT, RowStatus.ACTIVE, "0.21")
SKIP = Skip(SAFETY, Side.BUY, Price(Decimal("0.19")), Size(Decimal(3)), Reason.BELOW_MINIMUM)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


def test_a_deal_that_was_never_seen_is_not_there(world: LedgerWorld) -> None:
    with pytest.raises(NotThere), world.ledger.deal(999, None):
        pass


def test_a_stale_fence_writes_nothing(world: LedgerWorld) -> None:
    claim = world.take(PLAN, OVER)
    world.take(PLAN)

    with pytest.raises(FenceLost), world.ledger.deal(DEAL, claim.fence) as book:
        book.place(VENUE, new_order(), due_at=world.now)

    assert world.here().orders == ()


def test_an_error_in_the_block_leaves_nothing_behind(world: LedgerWorld) -> None:
    def fail() -> None:
        with world.ledger.deal(DEAL, None) as book:
            book.place(VENUE, new_order(), due_at=world.now)
            book.leave(PLAN, world.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert world.here().orders == ()
    assert world.ledger.claim(PLAN, world.now, LEASE) is None


def test_notes_left_in_a_book_are_due_after_it(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        book.leave(PLAN, at(9))
        book.leave(PLAN, at(5))

    assert world.ledger.claim(PLAN, at(5), LEASE) is not None


def test_a_book_says_what_the_list_said_about_its_deal(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        facts = (book.deal_id, book.bot_id, book.pair, book.strategy, book.side)
        times = (book.created_at, book.first_seen_at)
        empty = (book.exits, book.closing, book.finished, book.changed_at)

    shown = DEAL_SHOWN
    assert facts == (DEAL, shown.bot_id, shown.pair, shown.strategy, Side.BUY)
    assert times == (START, START)
    assert empty == ((), None, False, None)


def test_the_first_reading_is_news_and_the_same_again_is_not(world: LedgerWorld) -> None:
    news = [world.read(FILLED_BASE, EXIT) for _ in range(3)]

    with world.ledger.deal(DEAL, None) as book:
        assert news == [True, False, False]
        assert book.changed_at == START


def test_a_price_written_with_more_zeros_is_no_news(world: LedgerWorld) -> None:
    world.read(replace(EXIT, rate=Price(Decimal("0.21"))))

    assert world.read(replace(EXIT, rate=Price(Decimal("0.2100")))) is False


def test_the_time_of_the_last_change_is_kept(world: LedgerWorld) -> None:
    world.read(FILLED_BASE)
    world.now = at(10)

    changed = world.read(FILLED_BASE, EXIT)

    with world.ledger.deal(DEAL, None) as book:
        assert changed and book.changed_at == at(10)


def test_exits_stay_known_when_a_reading_shows_none(world: LedgerWorld) -> None:
    world.read(FILLED_BASE, EXIT)
    world.now = at(10)
    world.read(FILLED_BASE)
    world.now = at(20)
    world.read(FILLED_BASE)

    with world.ledger.deal(DEAL, None) as book:
        assert [exit_.leg for exit_ in book.exits] == [TAKE_PROFIT]
        assert book.exits_missing_since == at(10)


def test_exits_that_come_back_are_not_missing(world: LedgerWorld) -> None:
    world.read(FILLED_BASE, EXIT)
    world.read(FILLED_BASE)

    world.read(FILLED_BASE, EXIT)

    with world.ledger.deal(DEAL, None) as book:
        assert book.exits_missing_since is None


def test_a_closing_deal_misses_no_exits(world: LedgerWorld) -> None:
    world.read(FILLED_BASE, EXIT)

    world.read(FILLED_BASE, deal=replace(DEAL_SHOWN, status="panic_sell_pending"))

    with world.ledger.deal(DEAL, None) as book:
        assert book.exits_missing_since is None
        assert book.closing is not None and book.closing.reason is Reason.SOURCE_PANIC_SOLD


def test_exits_that_were_taken_away_on_purpose_are_forgotten(world: LedgerWorld) -> None:
    world.read(FILLED_BASE, EXIT)

    with world.ledger.deal(DEAL, None) as book:
        book.forget_exits()
        assert book.exits == ()

    with world.ledger.deal(DEAL, None) as book:
        assert (book.exits, book.exits_missing_since) == ((), None)


def test_the_first_time_of_a_closing_is_kept(world: LedgerWorld) -> None:
    pending = replace(DEAL_SHOWN, status="panic_sell_pending", updated_at=at(3))
    world.read(FILLED_BASE, deal=pending)

    world.read(FILLED_BASE, deal=replace(pending, updated_at=at(60)))

    with world.ledger.deal(DEAL, None) as book:
        assert book.closing is not None and book.closing.at == at(3)


def test_a_finished_deal_is_no_longer_known_as_active(world: LedgerWorld) -> None:
    world.read(deal=replace(DEAL_SHOWN, status="completed", finished=True, closed_at=at(1)))

    with world.ledger.deal(DEAL, None) as book:
        assert book.finished
    with world.ledger.account("main", None) as account:
        assert account.known() == {}


def test_a_placed_order_is_planned_and_due(world: LedgerWorld) -> None:
    order_id = world.place()

    order = world.order(order_id)
    wanted = new_order()
    assert (order.state, order.leg, order.terms) == (State.PLANNED, BASE, wanted.terms)
    assert (order.generation, order.attempts) == (1, 0)
    assert order.filled == 0
    assert order.due_at == world.now


def test_the_next_order_of_a_leg_is_its_next_generation(world: LedgerWorld) -> None:
    first = world.place()
    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(first, Reason.SOURCE_REPRICED)

    second = world.place()

    assert [(o.id, o.generation) for o in world.here().orders] == [(first, 1), (second, 2)]


def test_a_book_sees_its_own_writes(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        before = book.here(VENUE)
        book.stand(VENUE, Standing.OPEN, None)
        book.place(VENUE, new_order(), due_at=world.now)
        book.skip(VENUE, SKIP)
        after = book.here(VENUE)

    assert (before.standing, before.orders, before.skipped) == (None, (), frozenset())
    assert (after.standing, len(after.orders), after.skipped) == (
        Standing.OPEN,
        1,
        frozenset({SAFETY}),
    )


def test_one_venue_knows_nothing_of_the_other(world: LedgerWorld) -> None:
    world.place()

    there = world.here(venue=OTHER_VENUE)

    assert (there.orders, there.standing) == ((), None)
    with world.ledger.deal(DEAL, None) as book:
        assert list(book.venues()) == [VENUE, OTHER_VENUE]


def test_the_first_reason_of_a_skip_stays(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        book.skip(VENUE, SKIP)
        book.skip(VENUE, replace(SKIP, reason=Reason.TOO_LATE))

    assert world.here().skipped == frozenset({SAFETY})


def test_a_planned_order_is_dropped_when_it_is_withdrawn(world: LedgerWorld) -> None:
    order_id = world.place()

    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(order_id, Reason.SOURCE_CANCELLED)

    order = world.order(order_id)
    assert (order.state, order.why) == (State.CANCELLED, Reason.SOURCE_CANCELLED)


def test_an_order_that_is_only_told_stands_there_with_its_reason(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        order_id = book.place(VENUE, new_order(TAKE_PROFIT), due_at=world.now)
        book.withdraw(order_id, Reason.DUST)
        (told,) = book.orders(VENUE)

    assert told == world.order(order_id)
    assert (told.state, told.why, told.attempts) == (State.CANCELLED, Reason.DUST, 0)
    assert world.due() == []


def test_a_resting_order_is_to_be_cancelled_when_it_is_withdrawn(world: LedgerWorld) -> None:
    order_id = world.rest()

    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(order_id, Reason.SOURCE_CANCELLED)
        book.withdraw(order_id, Reason.CLOSING)

    order = world.order(order_id)
    assert (order.state, order.cancel_why) == (State.RESTING, Reason.SOURCE_CANCELLED)


def test_an_order_that_has_ended_is_left_alone_when_it_is_withdrawn(world: LedgerWorld) -> None:
    order_id = world.rest()
    with world.ledger.deal(DEAL, None) as book:
        book.record(order_id, Event.FILLED)
        book.withdraw(order_id, Reason.CLOSING)

    order = world.order(order_id)
    assert (order.state, order.cancel_why) == (State.FILLED, None)


def test_an_order_withdrawn_in_doubt_is_not_asked_for_again(world: LedgerWorld) -> None:
    order_id = world.place()
    world.ask(order_id)
    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(order_id, Reason.SOURCE_CANCELLED)
        book.record(order_id, Event.NEVER_ARRIVED, due_at=world.now)

    order = world.order(order_id)
    assert (order.state, order.why) == (State.CANCELLED, Reason.SOURCE_CANCELLED)
    assert world.due() == []


def test_a_cancelled_order_says_why_it_was_to_go(world: LedgerWorld) -> None:
    order_id = world.rest()
    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(order_id, Reason.SOURCE_REPRICED)
        book.record(order_id, Event.GONE)

    assert world.order(order_id).why is Reason.SOURCE_REPRICED


def test_an_impossible_step_raises_and_writes_nothing(world: LedgerWorld) -> None:
    order_id = world.place()

    def fill_what_nobody_asked_for() -> None:
        with world.ledger.deal(DEAL, None) as book:
            book.skip(VENUE, SKIP)
            book.record(order_id, Event.FILLED)

    with pytest.raises(ImpossibleStep):
        fill_what_nobody_asked_for()

    assert world.state(order_id) is State.PLANNED
    assert world.here().skipped == frozenset()


def test_only_a_planned_order_gets_other_terms(world: LedgerWorld) -> None:
    terms = Terms(Side.BUY, Price(Decimal("0.3")), Size(Decimal(5)), Style.CROSS, False)
    planned = world.place()
    resting = world.rest(new_order(SAFETY))

    with world.ledger.deal(DEAL, None) as book:
        book.reterm(planned, terms, due_at=at(4))
    with pytest.raises(ImpossibleStep), world.ledger.deal(DEAL, None) as book:
        book.reterm(resting, terms, due_at=at(4))

    assert (world.order(planned).terms, world.order(planned).due_at) == (terms, at(4))
    assert world.order(resting).terms != terms


def test_another_deals_exit_on_the_same_coin_is_a_stranger(world: LedgerWorld) -> None:
    world.see(8)
    alone = world.here().strangers

    world.place(new_order(TAKE_PROFIT), deal_id=8)

    assert (alone, world.here().strangers, world.here(8).strangers) == (False, True, False)


def test_a_coin_that_the_venue_has_not_is_no_market(world: LedgerWorld) -> None:
    shown = replace(DEAL_SHOWN, id=8, pair="USDT_NOSUCH")
    with world.ledger.account("main", None) as account:
        account.seen([shown], world.now)

    here = world.here(8)

    assert (here.market, here.markets_known) == (None, True)


def test_a_venue_whose_markets_were_never_read_says_so(ledgers: LedgerWorld) -> None:
    with ledgers.ledger.account("main", None) as account:
        account.bots_seen([bot()], ledgers.now)
        account.seen([DEAL_SHOWN], ledgers.now)

    here = ledgers.here()

    assert (here.market, here.markets_known) == (None, False)


def test_a_leg_is_read_back_as_it_was_written(world: LedgerWorld) -> None:
    leg = Leg(Role.MANUAL, "1234-abc")

    order_id = world.place(new_order(leg))

    assert world.order(order_id).leg == leg


def test_the_line_of_looks_is_that_of_all_other_deals_and_venues(world: LedgerWorld) -> None:
    world.see(DEAL, OTHER)
    for seconds, deal_id in enumerate((DEAL, OTHER), start=10):
        for venue in (VENUE, OTHER_VENUE):
            note = reconcile(deal_id, venue)
            world.ledger.leave(note, world.now)
            world.ledger.rule(world.take(note), Ruling(done=True, look_at=at(seconds)))

    with world.ledger.deal(DEAL, None) as book:
        assert book.looks(VENUE, world.now) == Looks(3, at(11))
        assert book.looks(VENUE, at(10)) == Looks(2, at(11))
        assert book.looks(VENUE, at(11)) == Looks(0, None)
