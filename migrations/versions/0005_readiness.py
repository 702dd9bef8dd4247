"""Why entries wait for a look at either side or for the clock, and how far the clock was off.

Like the others, it imports nothing of the program.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REASONS_BEFORE = """
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
REASONS = REASONS_BEFORE.replace("caught_up", "caught_up not_surveyed clock_off blind behind")
ILLEGIBLE = "unreadable_message unknown_task unknown_arguments"
COLUMNS = (
    ("deals", "closing_reason"),
    ("mirror_orders", "cancel_why"),
    ("mirror_orders", "why"),
    ("mirror_orders", "waits_why"),
    ("standings", "why"),
    ("skips", "reason"),
    ("order_history", "why"),
    ("stops", "reason"),
    ("foreign_orders", "reason"),
    ("transfers", "reason"),
    ("venues", "trouble_why"),
)

# Seconds: a migration that waits for a lock makes everybody else wait behind it.
LOCK_SECONDS = 5
STATEMENT_SECONDS = 60


def upgrade() -> None:
    short_timeouts()
    for table, column in COLUMNS:
        know(table, column, REASONS)
    know("dead_letters", "reason", f"{REASONS} {ILLEGIBLE}")
    op.execute("ALTER TABLE venues ADD COLUMN clock_ahead_ms bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    short_timeouts()
    op.execute("ALTER TABLE venues DROP COLUMN clock_ahead_ms")
    # NOT VALID: rows with a newer word stay, because history is not rewritten to go back.
    know("dead_letters", "reason", f"{REASONS_BEFORE} {ILLEGIBLE}", " NOT VALID")
    for table, column in COLUMNS:
        know(table, column, REASONS_BEFORE, " NOT VALID")


def know(table: str, column: str, words: str, suffix: str = "") -> None:
    """Replace the vocabulary of a column."""
    listed = ", ".join(f"'{word}'" for word in words.split())
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {column}_known")
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT {column}_known CHECK ({column} IN ({listed})){suffix}"
    )


def short_timeouts() -> None:
    op.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    op.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
