"""Dead letters about messages that nobody could read, and what a letter says of versions.

Like the others, it imports nothing of the program.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REASONS = """
    below_minimum base_skipped base_not_filled too_late too_far first_seen_late
    finished_when_first_seen strategy_short unknown_coin dry_run closed_here_first dust
    refused_too_often deal_not_readable denied stopped opposite_side insufficient_margin
    limit_order limit_deal limit_coin limit_venue limit_total limit_distance limit_open_orders
    address_budget delisted caught_up source_cancelled source_ended source_repriced
    exit_filled exit_replaced exit_removed_at_source closing nothing_left_to_close
    cancelled_by_venue unfilled_remainder cancelled_by_person stop_replaced source_stopped
    source_panic_sold source_liquidated source_took_profit source_released closed_by_person
    stop_triggered venue_liquidated refused_by_venue unknown_refusal signer_refused
    venue_filled_first source_filled_only no_exit_at_source attempt_open dead_letter requeued
    foreign abandoned merged reduced_elsewhere raised_to_minimum other_installation
    attempts_spent lock_held source_unreadable source_refused venue_unreadable venue_unknown
"""
ILLEGIBLE = "unreadable_message unknown_task unknown_arguments"
ADDED = (
    "task text",
    "queue text",
    "arguments jsonb",
    "message jsonb",
    "fingerprint text",
    "versions jsonb NOT NULL DEFAULT '{}'",
)
NOTE_OR_MESSAGE = """
    (note_id IS NULL) = (message IS NOT NULL)
    AND (message IS NULL) = (fingerprint IS NULL)
    AND (message IS NULL) = (queue IS NULL)
    AND (message IS NULL) = (task IS NULL)
    AND (message IS NULL) = (arguments IS NULL)
"""

# Seconds: a migration that waits for a lock makes everybody else wait behind it.
LOCK_SECONDS = 5
STATEMENT_SECONDS = 60


def upgrade() -> None:
    short_timeouts()
    know_reasons(f"{REASONS} {ILLEGIBLE}")
    op.execute("ALTER TABLE dead_letters ALTER COLUMN note_id DROP NOT NULL")
    for column in ADDED:
        op.execute(f"ALTER TABLE dead_letters ADD COLUMN {column}")
    op.execute(f"ALTER TABLE dead_letters ADD CONSTRAINT note_or_message CHECK ({NOTE_OR_MESSAGE})")
    one_open("note_id, reason, order_id, fingerprint")


def downgrade() -> None:
    short_timeouts()
    # An older version has no place for a letter without a note.
    op.execute("DELETE FROM dead_letters WHERE note_id IS NULL")
    one_open("note_id, reason, order_id")
    op.execute("ALTER TABLE dead_letters DROP CONSTRAINT note_or_message")
    for column in reversed(ADDED):
        op.execute(f"ALTER TABLE dead_letters DROP COLUMN {column.split()[0]}")
    op.execute("ALTER TABLE dead_letters ALTER COLUMN note_id SET NOT NULL")
    know_reasons(REASONS)


def one_open(columns: str) -> None:
    """Replace the index that keeps one open letter for the same thing."""
    op.execute("DROP INDEX dead_letters_one_open")
    op.execute(
        f"CREATE UNIQUE INDEX dead_letters_one_open ON dead_letters ({columns})"
        " NULLS NOT DISTINCT WHERE state = 'dead'"
    )


def know_reasons(words: str) -> None:
    listed = ", ".join(f"'{word}'" for word in words.split())
    op.execute("ALTER TABLE dead_letters DROP CONSTRAINT reason_known")
    op.execute(f"ALTER TABLE dead_letters ADD CONSTRAINT reason_known CHECK (reason IN ({listed}))")


def short_timeouts() -> None:
    op.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    op.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
