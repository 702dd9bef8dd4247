"""What the Postgres ledger keeps for a person: dead letters, timelines, what the source wanted."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from recomma.adapters.postgres.audit import entries
from recomma.adapters.postgres.tables import audit_log, order_history
from recomma.adapters.postgres.views import Timelines
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import Price
from recomma.domain.reasons import Reason
from recomma.domain.source import Reading, Role, RowStatus
from recomma.domain.wanted import wanted
from recomma.ports import Consequence, DeadLetter, NotThere, Observed, Ruling
from tests.contract.ledger_world import (
    DEAL,
    DEAL_SHOWN,
    LEASE,
    PLAN,
    RECONCILE,
    SUBMIT,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
    row,
)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


def bury(world: LedgerWorld, letter: DeadLetter, *, due_at: float | None = None) -> int:
    """Let a run of the letter's note die; return the id of what is kept."""
    failed = Ruling(
        done=False,
        due_at=None if due_at is None else at(due_at),
        failed="Boom: no",
        letter=letter,
    )
    world.ledger.rule(world.take(letter.note), failed)
    return world.letters.list()[0].id


SPENT = DeadLetter(PLAN, Reason.ATTEMPTS_SPENT, "6 attempts", traceback="Traceback …")


def test_a_letter_says_what_a_person_needs_to_know(world: LedgerWorld) -> None:
    world.ledger.rule(world.take(PLAN), Ruling(done=False, due_at=world.now, failed="first"))
    world.now = at(8)

    letter = world.letters.show(bury(world, SPENT))

    assert (letter.note, letter.reason, letter.why) == (PLAN, Reason.ATTEMPTS_SPENT, "6 attempts")
    assert (letter.first_failed_at, letter.died_at) == (at(0), at(8))
    assert [attempt["error"] for attempt in letter.attempts] == ["first", "Boom: no"]
    assert (letter.error, letter.traceback) == ("Boom: no", "Traceback …")
    assert letter.code_version


def test_of_many_errors_the_newest_twenty_are_kept(world: LedgerWorld) -> None:
    for n in range(25):
        failed = Ruling(done=False, due_at=world.now, failed=f"error {n}")
        world.ledger.rule(world.take(PLAN), failed)

    letter = world.letters.show(bury(world, SPENT))

    assert len(letter.attempts) == 20
    assert letter.attempts[-2]["error"] == "error 24"


def test_letters_are_listed_by_what_they_are_about(world: LedgerWorld) -> None:
    first = bury(world, SPENT)
    world.now = at(60)
    second = bury(world, DeadLetter(SUBMIT, Reason.SIGNER_REFUSED, "no"), due_at=90)

    def ids(**filters: object) -> list[int]:
        return [letter.id for letter in world.letters.list(**filters)]  # type: ignore[arg-type]

    assert ids() == [second, first]
    assert ids(queue="deals") == ids(deal_id=DEAL) == ids(task="plan") == [first]
    assert ids(since=at(30)) == [second]
    assert world.letters.counts() == {
        ("deals", "attempts_spent"): 1,
        ("orders", "signer_refused"): 1,
    }


def test_a_letter_whose_cause_is_gone_is_closed_by_the_step_that_saw_it(
    world: LedgerWorld,
) -> None:
    refused = bury(world, DeadLetter(SUBMIT, Reason.SIGNER_REFUSED, "no"), due_at=0)
    other = bury(world, SPENT)

    world.ledger.rule(world.take(SUBMIT), Ruling(done=True, mended=Reason.SIGNER_REFUSED))

    closed = world.letters.show(refused)
    assert [letter.id for letter in world.letters.list()] == [other]
    assert (closed.state, closed.actor) == ("discarded", "submit")
    [entry] = entries(world.engine, f"dead_letter/{refused}")
    assert (entry.actor, entry.action) == ("submit", "discard")


def test_a_requeued_note_starts_afresh_and_is_published(world: LedgerWorld) -> None:
    letter_id = bury(world, SPENT)

    requeued = world.letters.requeue([letter_id], actor="ann")

    assert list(requeued) == [letter_id]
    assert list(world.ledger.take_unpublished(world.now, 9)) == [PLAN]
    claim = world.ledger.claim(PLAN, world.now, LEASE)
    assert claim is not None and claim.attempts == 0
    kept = world.letters.show(letter_id)
    assert (kept.state, kept.actor, kept.acted_at) == ("requeued", "ann", world.now)
    assert world.letters.list() == ()


def test_all_open_letters_can_be_requeued_together(world: LedgerWorld) -> None:
    both = {bury(world, SPENT), bury(world, DeadLetter(RECONCILE, Reason.DUST, "small"))}

    assert set(world.letters.requeue(None, actor="ann")) == both
    assert list(world.letters.requeue(None, actor="bob")) == []


def test_an_unknown_letter_stops_the_requeueing_of_all(world: LedgerWorld) -> None:
    letter_id = bury(world, SPENT)

    with pytest.raises(NotThere, match="no dead letter 999"):
        world.letters.requeue([letter_id, 999], actor="ann")

    assert [letter.id for letter in world.letters.list()] == [letter_id]


def test_a_requeued_orders_refusals_are_forgiven(world: LedgerWorld) -> None:
    order_id = world.place(new_order(TAKE_PROFIT))
    batch, _ = world.ask(order_id)
    letter = DeadLetter(RECONCILE, Reason.UNKNOWN_REFUSAL, "what?", order_id=order_id)
    told = Consequence(order_id, Event.TURNED_AWAY, due_at=at(99), refused=True, letter=letter)
    with world.ledger.signer(VENUE, None) as book:
        book.answered(batch.id, "no", [told])

    world.letters.requeue(None, actor="ann")

    order = world.order(order_id)
    assert (order.refusals, order.due_at) == (0, world.now)


def test_a_letter_requeued_during_a_run_makes_one_more_run(world: LedgerWorld) -> None:
    letter_id = bury(world, replace(SPENT, note=RECONCILE), due_at=0)
    claim = world.ledger.claim(RECONCILE, world.now, LEASE)
    assert claim is not None

    world.letters.requeue([letter_id], actor="ann")
    world.ledger.rule(claim, Ruling(done=True))

    assert world.ledger.claim(RECONCILE, world.now, LEASE) is not None


def test_a_discarded_letter_keeps_its_note_dead(world: LedgerWorld) -> None:
    letter_id = bury(world, SPENT)

    world.letters.discard(letter_id, why="sold by hand", actor="ann")

    assert (world.letters.list(), world.letters.show(letter_id).remark) == ((), "sold by hand")
    world.ledger.leave(PLAN, world.now)
    assert world.ledger.claim(PLAN, world.now, LEASE) is None
    with pytest.raises(NotThere):
        world.letters.discard(letter_id, why="again", actor="bob")


def test_what_a_person_does_with_letters_is_in_the_audit_log(world: LedgerWorld) -> None:
    letter_id = bury(world, SPENT)

    world.letters.requeue([letter_id], actor="ann")

    newest = select(audit_log).order_by(audit_log.c.id.desc()).limit(1)
    with world.engine.connect() as connection:
        deed = connection.execute(newest).one()
    assert (deed.actor, deed.action, deed.subject) == (
        "ann",
        "requeue",
        f"dead_letter/{letter_id}",
    )


def test_open_letters_are_parked_once(world: LedgerWorld) -> None:
    letter_id = bury(world, SPENT)

    before = world.letters.unparked(10)
    world.letters.parked(before)

    assert (list(before), list(world.letters.unparked(10))) == ([letter_id], [])
    assert list(world.letters.open_ids()) == [letter_id]


def test_an_orders_timeline_tells_its_whole_life(world: LedgerWorld) -> None:
    order_id = world.rest()
    with world.ledger.deal(DEAL, None) as book:
        book.withdraw(order_id, Reason.SOURCE_CANCELLED)
    batch = world.ask_to_cancel(order_id)
    with world.ledger.signer(VENUE, None) as signer:
        signer.answered(batch.id, "hm", [Consequence(order_id, None, text="was never placed")])
    with world.ledger.deal(DEAL, None) as book:
        book.record(order_id, Event.GONE)

    lines = Timelines(world.engine).history(DEAL, order_id)

    assert [line.seq for line in lines] == list(range(1, 8))
    assert [line.event for line in lines] == [
        *("planned", "asked", "rested", "cancel_wanted", "cancel_asked", "unclear", "gone")
    ]
    assert (lines[-1].state_from, lines[-1].state_to) == (State.RESTING, State.CANCELLED)
    assert (lines[3].why, lines[5].text) == (Reason.SOURCE_CANCELLED, "was never placed")


def test_a_new_price_of_the_source_is_a_new_revision(world: LedgerWorld) -> None:
    base = row(Role.BASE, RowStatus.FILLED)
    exit_ = row(Role.TAKE_PROFIT, RowStatus.ACTIVE, "0.21")
    world.read(base, exit_)
    world.now += timedelta(seconds=9)

    world.read(base, replace(exit_, rate=Price(Decimal("0.22"))))

    found = [w for w in Timelines(world.engine).wanted(DEAL) if w.leg == TAKE_PROFIT]
    assert [(w.revision, w.price, w.first_seen_at) for w in found] == [
        (1, Decimal("0.21"), at(0)),
        (2, Decimal("0.22"), at(9)),
    ]


def test_a_fill_of_the_source_is_kept_with_what_it_wanted(world: LedgerWorld) -> None:
    exit_ = row(Role.TAKE_PROFIT, RowStatus.ACTIVE, "0.21")
    world.read(row(Role.BASE, RowStatus.FILLED), exit_)

    done = row(Role.TAKE_PROFIT, RowStatus.FILLED, "0.21")
    world.read(row(Role.BASE, RowStatus.FILLED), done)

    (kept,) = (w for w in Timelines(world.engine).wanted(DEAL) if w.leg == TAKE_PROFIT)
    assert (kept.status, kept.fill_price) == (RowStatus.FILLED, Decimal("0.21"))
    assert kept.ratio == 1


def test_only_readings_that_differ_are_kept_in_the_log(world: LedgerWorld) -> None:
    for _ in range(3):
        world.read(row(Role.BASE, RowStatus.FILLED))
    with world.ledger.account("main", None) as book:
        book.seen([DEAL_SHOWN], at(5))

    kinds = [kind for _, kind, _ in Timelines(world.engine).readings(DEAL)]

    assert kinds == ["list", "detail"]


@pytest.mark.parametrize("words", ["a\0b", "half \ud83d of a face", r"a \u0000 that is none", "\\"])
def test_words_that_postgres_cannot_store_stop_nothing(world: LedgerWorld, words: str) -> None:
    with world.ledger.deal(DEAL, None) as book:
        reading = Reading(DEAL_SHOWN, (), (), world.now)
        book.observe(Observed(reading, {"note": words}), wanted(reading))
    world.ledger.rule(world.take(PLAN), Ruling(done=False, failed=words, summary=words))
    order_id = world.place()
    batch, _ = world.ask(order_id)
    letter = DeadLetter(RECONCILE, Reason.UNKNOWN_REFUSAL, words, order_id, traceback=words)
    told = Consequence(order_id, Event.REFUSED, text=words, letter=letter)

    with world.ledger.signer(VENUE, None) as signer:
        signer.answered(batch.id, words, [told])

    assert world.state(order_id) is State.REFUSED
    (_, _, payload) = Timelines(world.engine).readings(DEAL)[-1]
    assert payload == {"note": words.replace("\0", "").replace("\ud83d", "?")}


def test_why_an_order_waited_stands_in_its_timeline_once_for_each_reason(
    world: LedgerWorld,
) -> None:
    order_id = world.place()
    for seconds, why in enumerate((Reason.STOPPED, Reason.STOPPED, Reason.LIMIT_COIN)):
        with world.ledger.signer(VENUE, None) as book:
            book.wait(order_id, why, at(seconds + 30))

    lines = history(world, order_id)

    assert lines[1:] == [("waits", "stopped"), ("waits", "limit_coin")]


def history(world: LedgerWorld, order_id: int) -> list[tuple[str, str | None]]:
    told = select(order_history.c.event, order_history.c.why)
    of_order = told.where(order_history.c.order_id == order_id).order_by(order_history.c.seq)
    with world.engine.connect() as connection:
        return [(row.event, row.why) for row in connection.execute(of_order)]
