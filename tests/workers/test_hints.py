"""Messages are hints: lost, doubled, delayed or told twice, they cost time and nothing else."""

import random
import tracemalloc
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.domain import notes
from recomma.domain.notes import Note
from tests.workers.conftest import NOW

LEASE = timedelta(seconds=60)


def test_of_two_beats_at_once_one_makes_the_note_due(configured: Engine) -> None:
    one, other = (PostgresLedger(configured, clock=lambda: NOW) for _ in range(2))

    for _ in range(3):
        one.tick(notes.watch("main"), NOW)
        other.tick(notes.watch("main"), NOW)

    assert one.claim(notes.watch("main"), NOW, LEASE) is not None
    assert other.claim(notes.watch("main"), NOW, LEASE) is None


def test_messages_in_any_order_any_number_of_times_are_one_run(configured: Engine) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    ledger = PostgresLedger(configured, clock=lambda: NOW)
    for note in (notes.submit("hl"), notes.refresh("hl"), notes.survey("hl")):
        ledger.leave(note, NOW)
    published = list(ledger.take_unpublished(NOW, 10)) * 5
    random.Random(seed).shuffle(published)

    claims = [ledger.claim(note, NOW, LEASE) for note in published]

    done = [claim.note for claim in claims if claim is not None]
    assert len(done) == len(set(done)) == len(set(published))


def test_a_message_that_was_lost_is_published_again(configured: Engine) -> None:
    ledger = PostgresLedger(configured, clock=lambda: NOW)
    ledger.leave(notes.submit("hl"), NOW)
    taken = ledger.take_unpublished(NOW, 10)

    forgotten = ledger.forget_publication(timedelta(0))

    assert (list(taken), forgotten) == ([notes.submit("hl")], 1)
    assert list(ledger.take_unpublished(NOW, 10)) == [notes.submit("hl")]


def many(engine: Engine, count: int) -> PostgresLedger:
    """Return a ledger in which `count` deals wait for their plan."""
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO bots (id, account, first_seen_at) VALUES (1, 'main', :now)"),
            {"now": NOW},
        )
        connection.execute(
            text(
                "INSERT INTO deals (id, bot_id, account, pair, strategy, status, finished,"
                " first_seen_at, created_at, listed)"
                " SELECT n, 1, 'main', 'USDT_DOGE', 'long', 'bought', false, :now, :now, '{}'"
                " FROM generate_series(1, :count) AS n"
            ),
            {"now": NOW, "count": count},
        )
        connection.execute(
            text(
                "INSERT INTO notes (step, deal_id, queue, due_at)"
                " SELECT 'plan', n, 'deals', :now FROM generate_series(1, :count) AS n"
            ),
            {"now": NOW, "count": count},
        )
    return PostgresLedger(engine, clock=lambda: NOW)


@pytest.mark.slow
def test_a_hundred_thousand_notes_that_wait_cost_rows_and_not_memory(configured: Engine) -> None:
    waiting, at_once = 100_000, 100
    ledger = many(configured, waiting)
    ledger.take_unpublished(NOW, 1)  # Builds the statement.
    tracemalloc.start()

    taken: Sequence[Note] = ledger.take_unpublished(NOW, at_once)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(taken) == len(set(taken)) == at_once
    assert peak_bytes < waiting * 20
