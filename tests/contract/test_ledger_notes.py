"""What every ledger promises about notes (recomma.ports.Ledger)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from recomma.domain.notes import Queue, plan, reconcile, watch
from recomma.domain.reasons import Reason
from recomma.ports import DeadLetter, Ruling
from tests.contract.ledger_world import (
    ACCOUNT,
    DEAL,
    LEASE,
    OVER,
    PLAN,
    RECONCILE,
    SUBMIT,
    VENUE,
    LedgerWorld,
    at,
)

DONE = Ruling(done=True)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see()
    return ledgers


def test_a_note_that_was_never_left_cannot_be_claimed(world: LedgerWorld) -> None:
    assert world.ledger.claim(PLAN, world.now, LEASE) is None


def test_a_note_is_claimed_when_it_is_due_and_not_before(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, at(5))

    early = world.ledger.claim(PLAN, at(4), LEASE)
    in_time = world.ledger.claim(PLAN, at(5), LEASE)

    assert early is None
    assert in_time is not None and in_time.note == PLAN


def test_only_one_of_eight_claims_at_once_succeeds(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, world.now)

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: world.ledger.claim(PLAN, world.now, LEASE), range(8)))

    assert sum(claim is not None for claim in claims) == 1


def test_a_claim_whose_lease_ran_out_can_be_taken_over(world: LedgerWorld) -> None:
    first = world.take(PLAN, OVER)

    second = world.ledger.claim(PLAN, world.now, LEASE)

    assert second is not None
    assert second.fence > first.fence


def test_each_claim_on_a_subject_counts_up_one_fence(world: LedgerWorld) -> None:
    fences = [world.take(note).fence for note in (PLAN, RECONCILE)]
    account = world.take(watch(ACCOUNT))

    assert fences == [1, 2]
    assert account.fence == 1


def test_a_refused_claim_does_not_take_the_fence_from_its_holder(world: LedgerWorld) -> None:
    claim = world.take(PLAN)

    refused = world.another().claim(PLAN, world.now, LEASE)

    assert refused is None
    with world.ledger.deal(DEAL, claim.fence) as book:
        assert book.deal_id == DEAL


def test_a_thousand_triggers_during_a_run_make_exactly_one_more_run(world: LedgerWorld) -> None:
    claim = world.take(PLAN)
    for _ in range(1000):
        world.ledger.leave(PLAN, world.now)

    world.ledger.rule(claim, DONE)

    again = world.ledger.claim(PLAN, world.now, LEASE)
    assert again is not None
    world.ledger.rule(again, DONE)
    assert world.ledger.claim(PLAN, world.now, LEASE) is None


def test_a_note_left_for_later_during_a_run_comes_due_later(world: LedgerWorld) -> None:
    claim = world.take(PLAN)
    world.ledger.leave(PLAN, at(30))

    world.ledger.rule(claim, DONE)

    assert world.ledger.claim(PLAN, at(29), LEASE) is None
    assert world.ledger.claim(PLAN, at(30), LEASE) is not None


def test_the_earliest_time_that_a_note_was_left_for_counts(world: LedgerWorld) -> None:
    for seconds in (50, 20, 40):
        world.ledger.leave(PLAN, at(seconds))

    assert world.ledger.claim(PLAN, at(20), LEASE) is not None


def test_a_verdict_says_when_the_note_is_due_again(world: LedgerWorld) -> None:
    claim = world.take(PLAN)

    world.ledger.rule(claim, Ruling(done=True, due_at=at(3)))

    assert world.ledger.claim(PLAN, at(2), LEASE) is None
    assert world.ledger.claim(PLAN, at(3), LEASE) is not None


def test_a_look_comes_due_only_where_the_cadence_is_kept(world: LedgerWorld) -> None:
    hurried = world.another(look_cadence=False)
    world.ledger.rule(world.take(PLAN), Ruling(done=True, look_at=at(3)))

    without, published = hurried.claim(PLAN, at(9), LEASE), hurried.take_unpublished(at(9), 9)

    assert without is None and published == []
    assert world.ledger.claim(PLAN, at(3), LEASE) is not None


def test_a_failed_run_counts_as_an_attempt_and_waiting_does_not(world: LedgerWorld) -> None:
    world.ledger.rule(world.take(PLAN), Ruling(done=False, due_at=world.now, failed="boom"))
    failed = world.ledger.claim(PLAN, world.now, LEASE)
    assert failed is not None
    world.ledger.rule(failed, Ruling(done=False, due_at=world.now, summary="rate limit"))
    waited = world.ledger.claim(PLAN, world.now, LEASE)
    assert waited is not None
    world.ledger.rule(waited, DONE)

    done = world.take(PLAN)

    assert (failed.attempts, waited.attempts, done.attempts) == (1, 1, 0)


def test_the_verdict_of_a_replaced_claim_changes_nothing(world: LedgerWorld) -> None:
    replaced = world.take(PLAN, OVER)
    current = world.take(PLAN)

    letter = DeadLetter(PLAN, Reason.ATTEMPTS_SPENT, "late")
    world.ledger.rule(replaced, Ruling(done=False, letter=letter))

    assert world.ledger.claim(PLAN, world.now, LEASE) is None, "its holder still has it"
    assert world.letters.list() == ()
    world.ledger.rule(current, DONE)
    assert world.ledger.claim(PLAN, world.now, LEASE) is None


def test_a_run_that_neither_finished_nor_said_when_is_due_at_once(world: LedgerWorld) -> None:
    world.ledger.rule(world.take(PLAN), Ruling(done=False))

    assert world.ledger.claim(PLAN, world.now, LEASE) is not None


def test_a_dead_note_stays_dead_however_often_it_is_left(world: LedgerWorld) -> None:
    letter = DeadLetter(PLAN, Reason.DEAL_NOT_READABLE, "gone")
    world.ledger.rule(world.take(PLAN), Ruling(done=False, letter=letter))

    world.ledger.leave(PLAN, world.now)

    assert world.ledger.claim(PLAN, world.now, LEASE) is None
    assert [(kept.note, kept.reason) for kept in world.letters.list()] == [
        (PLAN, Reason.DEAL_NOT_READABLE)
    ]


def test_a_letter_with_a_next_time_is_an_alarm_and_not_an_end(world: LedgerWorld) -> None:
    letter = DeadLetter(RECONCILE, Reason.ATTEMPTS_SPENT, "again")
    for _ in range(3):
        claim = world.take(RECONCILE)
        world.ledger.rule(claim, Ruling(done=False, due_at=at(30), failed="e", letter=letter))

    assert world.ledger.claim(RECONCILE, at(30), LEASE) is not None
    (kept,) = world.letters.list()
    assert kept.times == 3
    assert len(kept.attempts) == 3


def test_a_due_note_is_published_once(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, world.now)

    first = world.ledger.take_unpublished(world.now, 10)
    second = world.ledger.take_unpublished(world.now, 10)

    assert (list(first), list(second)) == ([PLAN], [])


def test_a_note_is_published_when_it_comes_due_and_not_before(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, at(5))

    assert list(world.ledger.take_unpublished(at(4), 10)) == []
    assert list(world.ledger.take_unpublished(at(5), 10)) == [PLAN]


def test_a_note_that_is_due_again_after_its_run_is_published_again(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, world.now)
    world.ledger.take_unpublished(world.now, 10)
    world.ledger.rule(world.take(PLAN), Ruling(done=False, due_at=at(2)))

    assert list(world.ledger.take_unpublished(at(1), 10)) == []
    assert list(world.ledger.take_unpublished(at(2), 10)) == [PLAN]


def test_a_published_note_is_published_again_once_it_is_marked(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, world.now)
    world.ledger.take_unpublished(world.now, 10)

    world.ledger.mark(PLAN)

    assert list(world.ledger.take_unpublished(world.now, 10)) == [PLAN]


def test_a_note_waits_unpublished_while_its_subject_is_worked_on(world: LedgerWorld) -> None:
    claim = world.take(PLAN)
    world.ledger.leave(RECONCILE, world.now)
    world.ledger.leave(SUBMIT, world.now)

    during = world.ledger.take_unpublished(world.now, 10)
    world.ledger.rule(claim, DONE)
    after = world.ledger.take_unpublished(world.now, 10)

    assert (list(during), list(after)) == ([SUBMIT], [RECONCILE])


def test_a_publication_that_nobody_picked_up_is_forgotten(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, world.now)
    world.ledger.take_unpublished(world.now, 10)

    too_young = world.ledger.forget_publication(timedelta(hours=1))
    old_enough = world.ledger.forget_publication(timedelta(0))

    assert (too_young, old_enough) == (0, 1)
    assert list(world.ledger.take_unpublished(world.now, 10)) == [PLAN]


def test_what_is_being_worked_on_keeps_its_publication(world: LedgerWorld) -> None:
    world.take(PLAN)

    assert world.ledger.forget_publication(timedelta(0)) == 0
    assert list(world.ledger.take_unpublished(world.now, 10)) == []


def test_the_note_of_a_killed_worker_is_published_again(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, world.now)
    world.ledger.take_unpublished(world.now, 10)
    assert world.ledger.claim(PLAN, world.now, OVER) is not None

    world.ledger.forget_publication(timedelta(0))

    assert list(world.ledger.take_unpublished(world.now, 10)) == [PLAN]


def test_no_bot_waits_for_all_deals_of_another(world: LedgerWorld) -> None:
    world.see(11, 12, 13, bot_id=4)
    world.see(21, bot_id=5)
    for deal_id in (11, 12, 13, 21):
        world.ledger.leave(plan(deal_id), world.now)

    first_two = world.ledger.take_unpublished(world.now, 2)

    assert set(first_two) == {plan(11), plan(21)}


def test_two_that_publish_at_once_publish_nothing_twice(world: LedgerWorld) -> None:
    world.see(*range(100, 140))
    for deal_id in range(100, 140):
        world.ledger.leave(reconcile(deal_id, VENUE), world.now)

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: world.ledger.take_unpublished(world.now, 40), range(4)))

    published = [note for notes in taken for note in notes]
    rest = world.ledger.take_unpublished(world.now, 40)
    assert len(published) == len(set(published))
    assert len(published) + len(rest) == 40


def test_a_note_of_a_full_queue_waits_and_goes_out_when_there_is_room(world: LedgerWorld) -> None:
    world.ledger.leave(PLAN, world.now)
    world.ledger.leave(SUBMIT, world.now)

    taken = world.ledger.take_unpublished(world.now, 10, without=[Queue.DEALS])

    assert list(taken) == [SUBMIT]
    assert list(world.ledger.take_unpublished(world.now, 10)) == [PLAN]
