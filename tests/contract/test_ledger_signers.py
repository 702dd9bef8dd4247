"""What every ledger promises about a venue's signer (recomma.ports.SignerBook)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.gates import Leverage
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import Size
from recomma.domain.policy import MarginMode
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Role
from recomma.ports import Consequence, DeadLetter, FenceLost, NotThere
from tests.contract.ledger_world import (
    BASE,
    COIN,
    DEAL,
    OTHER_VENUE,
    OVER,
    RECONCILE,
    SAFETY,
    SUBMIT,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


def to_be_cancelled(world: LedgerWorld, *, oid: int = 77) -> int:
    order_id = world.rest(oid=oid)
    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(order_id, Reason.SOURCE_CANCELLED)
    return order_id


def test_a_venue_that_nobody_configured_is_not_there(world: LedgerWorld) -> None:
    with pytest.raises(NotThere), world.ledger.signer("nowhere", None):
        pass


def test_a_stale_fence_stores_no_attempt(world: LedgerWorld) -> None:
    order_id = world.place()
    claim = world.take(SUBMIT, OVER)
    world.take(SUBMIT)

    with pytest.raises(FenceLost), world.ledger.signer(VENUE, claim.fence) as book:
        book.store_orders(world.signed(1), [(order_id, world.cloid())])

    assert world.state(order_id) is State.PLANNED


def test_a_planned_order_is_due_at_its_time(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        order_id = book.place(VENUE, new_order(), due_at=at(5))

    early = world.due()
    with world.ledger.signer(VENUE, None) as signer:
        waiting_until = signer.next_due_at()
    world.now = at(5)

    assert (early, waiting_until) == ([], at(5))
    assert world.due() == [order_id]


def test_nothing_waits_when_nothing_is_planned(world: LedgerWorld) -> None:
    world.rest()

    with world.ledger.signer(VENUE, None) as signer:
        assert signer.next_due_at() is None


def test_each_venue_has_its_own_due_orders(world: LedgerWorld) -> None:
    here, there = world.place(), world.place(venue=OTHER_VENUE)

    assert (world.due(VENUE), world.due(OTHER_VENUE)) == ([here], [there])


def test_storing_an_attempt_puts_its_order_in_doubt(world: LedgerWorld) -> None:
    order_id = world.place()

    _, (cloid,) = world.ask(order_id)

    order = world.order(order_id)
    assert (order.state, order.attempts, order.cloid) == (State.IN_DOUBT, 1, cloid)
    assert world.due() == []


def test_a_wanted_cancel_is_due_until_it_is_under_way(world: LedgerWorld) -> None:
    order_id = to_be_cancelled(world)

    before = world.due()
    world.ask_to_cancel(order_id)
    during = world.due()

    assert (before, during) == ([order_id], [])


def test_a_cancel_without_an_answer_is_asked_again_after_a_while(world: LedgerWorld) -> None:
    order_id = to_be_cancelled(world)
    world.ask_to_cancel(order_id)

    with world.ledger.signer(VENUE, None) as signer:
        again_at = signer.next_due_at()
    assert again_at is not None
    world.now = again_at

    assert again_at > at(0)
    assert world.due() == [order_id]


def test_an_answered_cancel_that_failed_is_due_again_at_its_time(world: LedgerWorld) -> None:
    order_id = to_be_cancelled(world)
    batch = world.ask_to_cancel(order_id)
    with world.ledger.signer(VENUE, None) as signer:
        signer.answered(batch.id, "not there", [Consequence(order_id, None, due_at=at(2))])

    early = world.due()
    world.now = at(2)

    assert (early, world.due()) == ([], [order_id])


def test_a_batch_without_an_answer_is_found_by_the_next_run_alone(world: LedgerWorld) -> None:
    order_id = world.place()
    with world.ledger.signer(VENUE, None) as book:
        batch = book.store_orders(world.signed(5), [(order_id, world.cloid())])
        book.sent(batch.id)
        same_run = book.unanswered(world.now)

    with world.ledger.signer(VENUE, None) as book:
        (found,) = book.unanswered(world.now)
        (order,) = book.orders_of(found.id)
        after_expiry = book.unanswered(at(16))

    assert list(same_run) == list(after_expiry) == []
    assert (found.id, found.body, found.nonce, found.sent) == (batch.id, b"signed", 5, 1)
    assert found.expires_at == world.now + timedelta(seconds=15)
    assert order.id == order_id


def test_a_batchs_orders_come_in_the_order_they_were_asked_in(world: LedgerWorld) -> None:
    first, second = world.place(), world.place(new_order(SAFETY))

    batch, _ = world.ask(second, first)

    with world.ledger.signer(VENUE, None) as book:
        assert [order.id for order in book.orders_of(batch.id)] == [second, first]


def test_a_fenced_batch_is_never_sent_again_and_its_orders_stay_in_doubt(
    world: LedgerWorld,
) -> None:
    order_id = world.place()
    batch, _ = world.ask(order_id)

    with world.ledger.signer(VENUE, None) as book:
        book.fence(batch.id)

    with world.ledger.signer(VENUE, None) as book:
        assert book.unanswered(world.now) == []
        assert [order.state for order in book.orders_of(batch.id)] == [State.IN_DOUBT]


def test_an_answer_takes_each_order_one_step_on(world: LedgerWorld) -> None:
    rested, refused = world.place(), world.place(new_order(SAFETY))
    batch, _ = world.ask(rested, refused)

    with world.ledger.signer(VENUE, None) as book:
        again = Consequence(refused, Event.TURNED_AWAY, due_at=at(3), refused=True)
        book.answered(batch.id, "half", [Consequence(rested, Event.RESTED, oid=5), again])
        assert book.unanswered(world.now) == []

    here, there = world.order(rested), world.order(refused)
    assert (here.state, here.oid) == (State.RESTING, 5)
    assert (there.state, there.refusals, there.due_at) == (State.PLANNED, 1, at(3))


def test_an_execution_is_remembered_until_its_fills_are_here(world: LedgerWorld) -> None:
    order_id = world.place()
    batch, _ = world.ask(order_id)
    executed = Size(Decimal(60))

    with world.ledger.signer(VENUE, None) as book:
        book.answered(batch.id, "ok", [Consequence(order_id, None, oid=5, executed=executed)])

    with world.ledger.deal(DEAL, None) as deal:
        (sought,) = deal.sought(VENUE)
    assert (sought.executed, world.order(order_id).oid) == (executed, 5)


def test_a_letter_in_an_answer_is_kept_with_its_order(world: LedgerWorld) -> None:
    order_id = world.place()
    batch, _ = world.ask(order_id)
    letter = DeadLetter(RECONCILE, Reason.UNKNOWN_REFUSAL, "what?", order_id=order_id)
    refused = Consequence(order_id, Event.REFUSED, text="what?", letter=letter)

    with world.ledger.signer(VENUE, None) as book:
        book.answered(batch.id, "ok", [refused])

    (kept,) = world.letters.list()
    assert (kept.note, kept.order_id, kept.reason) == (
        RECONCILE,
        order_id,
        Reason.UNKNOWN_REFUSAL,
    )


def test_a_nonce_never_goes_back(world: LedgerWorld) -> None:
    nonces = []
    for now in (at(5), at(5), at(1), at(9)):
        with world.another().signer(VENUE, None) as book:
            nonces.append(book.next_nonce(now))

    assert nonces == sorted(set(nonces))
    assert nonces[-1] == int(at(9).timestamp() * 1000)


def test_nonces_of_a_clock_far_ahead_are_left_behind_when_it_is_right_again(
    world: LedgerWorld,
) -> None:
    """The venue takes none that is more than a day ahead: exits would wait for that day."""
    stored = []
    for hours in (0, 23, 48, 0, 0):
        with world.ledger.signer(VENUE, None) as book:
            nonce = book.next_nonce(world.now + timedelta(hours=hours))
            stored.append(book.store_other(world.signed(nonce), "noop").nonce)

    ours, tolerable, too_high, *after = stored
    assert ours < tolerable < too_high
    assert after == [tolerable + 1, tolerable + 2]  # The venue may know those below.


def test_venues_of_one_signer_count_its_nonces_together(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as book:
        here = book.next_nonce(world.now)
    with world.ledger.signer(OTHER_VENUE, None) as book:
        there = book.next_nonce(world.now)

    assert there == here + 1


def test_a_request_of_another_signer_is_not_stored(world: LedgerWorld) -> None:
    order_id = world.place()
    foreign = replace(world.signed(1), signer="0x" + "6" * 40)

    with (
        pytest.raises(ValueError, match="must be signed by"),
        world.ledger.signer(VENUE, None) as book,
    ):
        book.store_orders(foreign, [(order_id, world.cloid())])

    assert world.state(order_id) is State.PLANNED


def test_attempts_are_counted_over_all_orders_of_a_leg(world: LedgerWorld) -> None:
    for _ in range(2):
        order_id = world.place()
        world.ask(order_id)
        with world.ledger.deal(DEAL, None) as book:
            book.record(order_id, Event.GONE)
    newest = world.place()

    with world.ledger.signer(VENUE, None) as signer:
        (order,) = signer.due(world.now)
        assert (order.id, order.attempts) == (newest, 0)
        assert signer.attempts_before(order) == 2


def test_manual_orders_of_a_deal_count_their_attempts_together(world: LedgerWorld) -> None:
    world.ask(world.place(new_order(Leg(Role.MANUAL, "a1"))))
    world.place(new_order(Leg(Role.MANUAL, "b2")))

    with world.ledger.signer(VENUE, None) as signer:
        (order,) = signer.due(world.now)
        assert signer.attempts_before(order) == 1


def test_a_confirmed_leverage_is_known_with_its_mode(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as book:
        before = book.leverage_of(COIN)
        book.leverage_set(COIN, Leverage(1, MarginMode.CROSS))
        book.leverage_set(COIN, Leverage(2, MarginMode.ISOLATED))

    with world.ledger.signer(VENUE, None) as book:
        found = [book.leverage_of(COIN), book.leverage_of("BTC")]
    with world.ledger.signer(OTHER_VENUE, None) as book:
        found.append(book.leverage_of(COIN))
    assert (before, found) == (None, [Leverage(2, MarginMode.ISOLATED), None, None])


def test_deferring_a_coin_lets_its_entries_wait_and_not_its_exits(world: LedgerWorld) -> None:
    world.place()
    exit_ = world.place(new_order(TAKE_PROFIT))

    with world.ledger.signer(VENUE, None) as book:
        book.defer(COIN, Reason.FOREIGN, at(5))

    assert world.due() == [exit_]
    assert {o.leg: o.waits_why for o in world.here().orders} == {
        BASE: Reason.FOREIGN,
        TAKE_PROFIT: None,
    }
    with world.ledger.signer(VENUE, None) as book:
        assert book.next_due_at() == at(5)


def test_a_skipped_order_makes_its_leg_skipped(world: LedgerWorld) -> None:
    order_id = world.place()

    with world.ledger.signer(VENUE, None) as book:
        book.skip(order_id, Reason.DRY_RUN)

    assert world.state(order_id) is State.SKIPPED
    assert world.here().skipped == frozenset({BASE})


def test_an_order_that_is_given_up_says_why(world: LedgerWorld) -> None:
    order_id = world.place()

    with world.ledger.signer(VENUE, None) as book:
        book.give_up(order_id, Reason.TOO_LATE)

    order = world.order(order_id)
    assert (order.state, order.why) == (State.CANCELLED, Reason.TOO_LATE)


def test_a_leverage_request_is_stored_and_not_sent_again_as_orders(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as book:
        batch = book.store_other(world.signed(3), "leverage")

    with world.ledger.signer(VENUE, None) as book:
        assert (batch.count, list(book.unanswered(world.now))) == (1, [])


def test_a_coin_that_has_left_the_universe_trades_no_more(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as book:
        market = book.markets()[COIN]

    world.ledger.store_markets(VENUE, [replace(market, coin="BTC", asset=0)], at(1))

    with world.ledger.signer(VENUE, None) as book:
        assert {coin: m.delisted for coin, m in book.markets().items()} == {
            "BTC": False,
            COIN: True,
        }
