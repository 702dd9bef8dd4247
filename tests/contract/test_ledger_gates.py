"""What every ledger promises about what must be known before an entry (see SignerBook)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from recomma.domain.commitments import Commitment, Commitments
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import Price, Size
from recomma.domain.notes import plan, reconcile
from recomma.domain.orders import NewOrder, Standing, Style
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope
from recomma.domain.venue import AccountState, AddressBudget
from recomma.ports import Consequence, RolesRead, Surveyed
from tests.contract.ledger_world import (
    ACCOUNT,
    BASE,
    COIN,
    DEAL,
    LEASE,
    OTHER_VENUE,
    SAFETY,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
)

OTHER = DEAL + 1


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see(DEAL, OTHER)
    return ledgers


def committed(world: LedgerWorld, venue: str = VENUE) -> Commitments:
    with world.ledger.signer(venue, None) as book:
        return book.committed()


def commitment(entered: str, asked: str, **changed: object) -> Commitment:
    made = Commitment(VENUE, DEAL, COIN, Decimal(entered), Decimal(asked), Decimal(0))
    return replace(made, **changed)  # type: ignore[arg-type]


def with_ladder(usd: str, **order: str) -> NewOrder:
    return replace(new_order(**order), ladder_usd=Decimal(usd))  # type: ignore[arg-type]


def rest(world: LedgerWorld, order: NewOrder, oid: int, deal_id: int = DEAL) -> int:
    order_id = world.place(order, deal_id=deal_id)
    world.ask(order_id)
    with world.ledger.deal(deal_id, None) as book:
        book.record(order_id, Event.RESTED, oid=oid)
    return order_id


# Waiting.


def test_an_order_that_waits_is_due_at_its_time_and_says_why(world: LedgerWorld) -> None:
    order_id = world.place()

    with world.ledger.signer(VENUE, None) as book:
        book.wait(order_id, Reason.STOPPED, at(30))

    order = world.order(order_id)
    assert (order.state, order.waits_why, order.due_at) == (State.PLANNED, Reason.STOPPED, at(30))
    assert world.due() == []
    world.now = at(30)
    assert world.due() == [order_id]


def test_why_an_order_waited_is_forgotten_when_it_is_asked_for(world: LedgerWorld) -> None:
    order_id = world.place()
    with world.ledger.signer(VENUE, None) as book:
        book.wait(order_id, Reason.LIMIT_COIN, at(0))

    world.ask(order_id)

    assert world.order(order_id).waits_why is None


def test_an_order_that_was_turned_away_waits_for_what_it_was_turned_away_for(
    world: LedgerWorld,
) -> None:
    order_id = world.place()
    batch, _ = world.ask(order_id)
    again = Consequence(order_id, Event.TURNED_AWAY, why=Reason.TOO_FAR, due_at=at(4))

    with world.ledger.signer(VENUE, None) as book:
        book.answered(batch.id, "no", [again])

    order = world.order(order_id)
    assert (order.state, order.waits_why, order.why) == (State.PLANNED, Reason.TOO_FAR, None)


def test_only_a_planned_order_waits(world: LedgerWorld) -> None:
    order_id = world.place()
    world.ask(order_id)

    with world.ledger.signer(VENUE, None) as book:
        book.wait(order_id, Reason.STOPPED, at(30))

    assert world.order(order_id).waits_why is None


def test_those_that_wait_for_one_thing_can_be_asked_for_before_their_time(
    world: LedgerWorld,
) -> None:
    early, late = world.place(), world.place(new_order(SAFETY))
    with world.ledger.signer(VENUE, None) as book:
        book.wait(early, Reason.ADDRESS_BUDGET, at(10))
        book.wait(late, Reason.LIMIT_COIN, at(10))

    with world.ledger.signer(VENUE, None) as book:
        found = book.due(world.now, waiting_for={Reason.ADDRESS_BUDGET})

    assert [order.id for order in found] == [early]


# Stops.


def test_a_stop_is_seen_by_the_next_transaction_and_only_on_its_venue(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as book:
        before = book.stops()

    with world.ledger.survey(VENUE) as survey:
        survey.forbid(COIN, Reason.REDUCED_ELSEWHERE, "a person sold")

    with world.ledger.signer(VENUE, None) as book:
        (stop,) = book.stops()
    with world.ledger.signer(OTHER_VENUE, None) as book:
        elsewhere = book.stops()
    assert (list(before), list(elsewhere)) == ([], [])
    assert (stop.level, stop.scope) == (Level.NO_ENTRIES, Scope(venue=VENUE, coin=COIN))
    assert (stop.reason, stop.why) == (Reason.REDUCED_ELSEWHERE, "a person sold")


# What the last survey read.


def surveyed(trouble: str = "", why: Reason | None = None) -> Surveyed:
    return Surveyed(
        state=AccountState((), Decimal("1000.5"), Decimal(900), at(0)),
        budget=AddressBudget(120, 10_000),
        roles=RolesRead(at(0), ""),
        foreign=(),
        coins={},
        short={},
        trouble=trouble,
        trouble_why=why,
        clock_ahead=timedelta(seconds=-1.5),
    )


def test_an_account_that_was_never_surveyed_is_not_known(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as book:
        assert book.account() is None


def test_what_a_survey_read_of_the_account_is_known(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as survey:
        survey.store(surveyed("somebody else", Reason.OTHER_INSTALLATION), at(7))

    with world.ledger.signer(VENUE, None) as book:
        found = book.account()

    assert found is not None
    assert (found.at, found.account_value, found.withdrawable) == (
        at(7),
        Decimal("1000.5"),
        Decimal(900),
    )
    assert found.budget == AddressBudget(120, 10_000)
    assert (found.trouble, found.trouble_why) == ("somebody else", Reason.OTHER_INSTALLATION)
    assert found.clock_ahead == timedelta(seconds=-1.5)
    with world.ledger.survey(VENUE) as survey:
        assert survey.account() == found


def test_a_deal_is_as_old_as_the_last_look_at_its_source(world: LedgerWorld) -> None:
    world.now = at(40)
    with world.ledger.account(ACCOUNT, None) as account:
        account.seen([], world.now)

    with world.ledger.signer(VENUE, None) as book:
        found = book.source_read_at({DEAL, OTHER, OTHER + 1})
    with world.ledger.deal(DEAL, None) as deal:
        assert deal.source_read_at == at(40)
    assert found == {DEAL: at(40), OTHER: at(40)}


def test_a_budget_that_is_spent_stays_spent_until_a_survey_says_otherwise(
    world: LedgerWorld,
) -> None:
    with world.ledger.survey(VENUE) as survey:
        survey.store(surveyed(), at(1))
    with world.ledger.signer(VENUE, None) as book:
        book.budget_spent()

    with world.ledger.signer(VENUE, None) as book:
        spent = book.account()
    with world.ledger.survey(VENUE) as survey:
        survey.store(surveyed(), at(2))
    with world.ledger.signer(VENUE, None) as book:
        after = book.account()

    assert spent is not None and spent.budget.left == 0
    assert after is not None and after.budget.left == 9880


def test_without_a_survey_a_spent_budget_is_nothing_to_remember(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as book:
        book.budget_spent()

    with world.ledger.signer(VENUE, None) as book:
        assert book.account() is None


# What is committed.


def test_what_is_only_planned_commits_nothing(world: LedgerWorld) -> None:
    world.place()

    assert committed(world) == Commitments((), 0)


def test_an_entry_that_was_asked_for_counts_at_its_price_while_it_is_in_doubt(
    world: LedgerWorld,
) -> None:
    world.ask(world.place(with_ladder("70")))

    (found,) = committed(world).deals

    assert found == commitment("0", "20", ladder_usd=Decimal(70), in_doubt_usd=Decimal(20))


def test_a_market_sale_counts_at_the_sources_price_if_that_is_higher(world: LedgerWorld) -> None:
    order = new_order()
    terms = replace(order.terms, style=Style.CROSS, price=Price(Decimal("0.19")))
    world.ask(world.place(replace(order, terms=terms)))

    (found,) = committed(world).deals

    assert found.asked_usd == 20


def test_what_filled_counts_at_what_it_cost_and_the_rest_at_its_price(world: LedgerWorld) -> None:
    rest(world, new_order(), oid=1)
    cheaper = replace(world.fill(oid=1, size="40"), price=Price(Decimal("0.1")))
    world.ledger.book_fills(VENUE, [cheaper], world.now)

    assert committed(world).deals == (commitment("4", "12"),)


def test_what_an_exit_sold_is_free_again_and_the_exit_itself_costs_nothing(
    world: LedgerWorld,
) -> None:
    rest(world, new_order(), oid=1)
    rest(world, new_order(TAKE_PROFIT, price="0.22"), oid=2)
    world.ledger.book_fills(VENUE, [world.fill(oid=1, size="100")], world.now)
    sold = replace(world.fill(oid=2, size="30", tid=2), side=new_order(TAKE_PROFIT).terms.side)

    before = committed(world)
    world.ledger.book_fills(VENUE, [sold], world.now)

    assert before.deals == (commitment("20", "0"),)
    assert committed(world).deals == (commitment("14", "0"),)


def test_coins_that_were_lost_outside_are_committed_no_more(world: LedgerWorld) -> None:
    rest(world, new_order(), oid=1)
    world.ledger.book_fills(VENUE, [world.fill(oid=1, size="100")], world.now)

    with world.ledger.survey(VENUE) as survey:
        survey.hold_coin(COIN)
        survey.lose(DEAL, COIN, Size(Decimal(75)), Reason.REDUCED_ELSEWHERE)

    assert committed(world).deals == (commitment("5", "0"),)


def test_a_deal_that_has_sold_everything_is_not_listed(world: LedgerWorld) -> None:
    entry = rest(world, new_order(), oid=1)
    exit_ = rest(world, new_order(TAKE_PROFIT), oid=2)
    sold = replace(world.fill(oid=2, size="100", tid=2), side=new_order(TAKE_PROFIT).terms.side)
    world.ledger.book_fills(VENUE, [world.fill(oid=1, size="100"), sold], world.now)
    with world.ledger.deal(DEAL, None) as book:
        book.record(entry, Event.FILLED)
        book.record(exit_, Event.FILLED)

    assert committed(world) == Commitments((), 0)


@pytest.mark.parametrize("standing", [Standing.CLOSED_HERE, Standing.ENDED])
def test_a_ladder_that_is_over_commits_nothing(world: LedgerWorld, standing: Standing) -> None:
    world.ask(world.place(with_ladder("70")))
    with world.ledger.deal(DEAL, None) as book:
        book.stand(VENUE, standing, Reason.EXIT_FILLED)

    (found,) = committed(world).deals

    assert found.ladder_usd == 0


def test_every_venue_is_committed_and_only_the_venues_own_orders_are_counted(
    world: LedgerWorld,
) -> None:
    rest(world, new_order(), oid=1)
    rest(world, new_order(TAKE_PROFIT, price="0.22"), oid=2)
    rest(world, new_order(SAFETY, price="0.1"), oid=3, deal_id=OTHER)
    world.ask(world.place(new_order(), venue=OTHER_VENUE), venue=OTHER_VENUE)

    here, there = committed(world), committed(world, OTHER_VENUE)

    assert here.deals == there.deals
    assert [(d.venue, d.deal_id, d.asked_usd) for d in here.deals] == [
        (VENUE, DEAL, Decimal(20)),
        (VENUE, OTHER, Decimal(10)),
        (OTHER_VENUE, DEAL, Decimal(20)),
    ]
    assert (here.open_orders, there.open_orders) == (3, 1)


def test_an_attempt_of_this_transaction_is_committed_in_it(world: LedgerWorld) -> None:
    order_id = world.place()

    with world.ledger.signer(VENUE, None) as book:
        book.store_orders(world.signed(5), [(order_id, world.cloid())])
        found = book.committed()

    assert (found.in_all(), found.open_orders) == (Decimal(20), 1)


def test_a_base_of_two_generations_has_one_ladder(world: LedgerWorld) -> None:
    first = rest(world, with_ladder("70"), oid=1)
    with world.ledger.deal(DEAL, None) as book:
        book.record(first, Event.GONE, why=Reason.SOURCE_REPRICED)
    world.ask(world.place(with_ladder("80")))

    (found,) = committed(world).deals

    assert (found.ladder_usd, found.to_come_usd) == (Decimal(80), Decimal(80))
    assert world.order(first).leg == BASE


# What exits wait for.


def looks_wait_since(world: LedgerWorld, venue: str = VENUE) -> datetime | None:
    with world.ledger.signer(venue, None) as book:
        return book.looks_wait_since(world.now)


def test_the_look_that_waits_longest_says_since_when(world: LedgerWorld) -> None:
    world.ledger.leave(reconcile(DEAL, VENUE), at(5))
    world.ledger.leave(reconcile(OTHER, VENUE), at(3))
    world.ledger.leave(plan(DEAL), at(1))

    assert looks_wait_since(world) is None
    world.now = at(10)
    assert looks_wait_since(world) == at(3)
    assert looks_wait_since(world, OTHER_VENUE) is None


def test_a_look_that_somebody_has_taken_waits_no_longer(world: LedgerWorld) -> None:
    world.ledger.leave(reconcile(DEAL, VENUE), world.now)

    world.ledger.claim(reconcile(DEAL, VENUE), world.now, LEASE)

    assert looks_wait_since(world) is None
