"""Notes say where to look; one subject is worked on by one at a time."""

import pytest

from recomma.domain.notes import (
    QUEUE_OF,
    Note,
    Queue,
    Step,
    plan,
    reconcile,
    refresh,
    submit,
    survey,
    watch,
)

EVERY = [watch("main"), plan(7), submit("hl"), reconcile(7, "hl"), refresh("hl"), survey("hl")]


def test_every_step_has_a_queue_and_none_is_parked() -> None:
    assert set(QUEUE_OF) == set(Step)
    assert Queue.DEAD_LETTERS not in QUEUE_OF.values()


@pytest.mark.parametrize(
    ("note", "queue", "subject"),
    [
        (watch("main"), Queue.DEALS, "account/main"),
        (plan(7), Queue.DEALS, "deal/7"),
        (submit("hl"), Queue.ORDERS, "venue/hl"),
        (reconcile(7, "hl"), Queue.TAKE_PROFIT, "deal/7"),
        (refresh("hl"), Queue.MAINTENANCE, "venue/hl"),
        (survey("hl"), Queue.MAINTENANCE, "survey/hl"),
    ],
)
def test_a_note_names_its_queue_and_its_subject(note: Note, queue: Queue, subject: str) -> None:
    assert (note.queue, note.subject) == (queue, subject)


def test_one_deal_is_planned_and_reconciled_by_one_at_a_time() -> None:
    assert plan(7).subject == reconcile(7, "hl").subject == reconcile(7, "other").subject


def test_notes_of_different_steps_and_subjects_are_told_apart() -> None:
    assert len({str(note) for note in EVERY}) == len(EVERY)


def test_leaving_the_same_note_twice_is_one_note() -> None:
    assert len({plan(7), plan(7)}) == 1
