"""Old code beside new: a migration of the version after must not stop those who run already."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from recomma.adapters.postgres import schema
from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.schema import SchemaMissing
from recomma.adapters.postgres.tables import metadata
from recomma.domain import notes
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason
from recomma.ports import DeadLetter, Ruling
from tests.workers.conftest import NOW
from tests.workers.test_hints import many

LEASE = timedelta(seconds=60)
PLAN = notes.plan(1)


def migrate_further(engine: Engine) -> None:
    """Do what the next version may do: more columns, of which the old code knows nothing."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            added = "ADD COLUMN of_the_next_version text NOT NULL DEFAULT 'new'"
            connection.execute(text(f"ALTER TABLE {table.name} {added}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))


def run_once(ledger: PostgresLedger, note: Note, letter: DeadLetter | None = None) -> None:
    ledger.leave(note, NOW)
    ledger.take_unpublished(NOW, 100)
    claim = ledger.claim(note, NOW, LEASE)
    assert claim is not None
    if note.deal_id:
        with ledger.deal(note.deal_id, claim.fence) as book:
            book.leave(notes.submit("hl"), NOW)
    else:
        with ledger.signer(note.venue, claim.fence) as signer:
            signer.due(NOW)
            signer.committed()
    ledger.rule(claim, Ruling(done=letter is None, failed="no" if letter else "", letter=letter))


def test_who_runs_already_works_on_when_the_next_version_has_migrated(configured: Engine) -> None:
    ledger = many(configured, 1)
    letters = DeadLetterStore(configured, clock=lambda: NOW)
    for _ in range(6):  # Until the driver has prepared the statements for the tables as they were.
        run_once(ledger, PLAN)

    migrate_further(configured)
    run_once(ledger, PLAN)
    run_once(ledger, notes.submit("hl"))
    run_once(ledger, PLAN, DeadLetter(PLAN, Reason.ATTEMPTS_SPENT, "6 attempts"))
    ledger.forget_publication(timedelta(0))

    [letter] = letters.list()
    assert letters.requeue([letter.id], actor="ann") == [letter.id]


def test_a_note_of_a_step_that_only_the_next_version_has_holds_up_no_other(
    configured: Engine,
) -> None:
    ledger = many(configured, 1)
    with configured.begin() as connection:
        for name in ("step_known", "subject_fits_step"):
            connection.execute(text(f"ALTER TABLE notes DROP CONSTRAINT {name}"))
        of_venue = "INSERT INTO notes (step, venue, queue, due_at)"
        newer = f"{of_venue} VALUES ('later', 'hl', 'orders', :at)"
        connection.execute(text(newer), {"at": NOW})
    ledger.leave(PLAN, NOW)

    taken = ledger.take_unpublished(NOW, 100)

    assert PLAN in taken
    with configured.connect() as connection:
        untouched = text("SELECT published_at IS NULL FROM notes WHERE step = 'later'")
        assert connection.execute(untouched).scalar_one()


def test_who_starts_on_the_schema_of_the_next_version_says_so_and_does_nothing(
    configured: Engine,
) -> None:
    migrate_further(configured)

    with pytest.raises(SchemaMissing, match=r"at revision 9999.*migrate. of the newer"):
        schema.check(configured)
