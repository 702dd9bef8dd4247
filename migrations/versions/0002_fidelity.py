"""Stops, claims, moved coins, what is not ours, and the columns that every kind of deal needs.

Like the first, it imports nothing of the program. New tables stand in 0002_fidelity.sql.
"""

from pathlib import Path
from string import Template

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REASONS_BEFORE = """
    below_minimum base_skipped base_not_filled too_late too_far first_seen_late
    finished_when_first_seen strategy_short unknown_coin dry_run closed_here_first dust
    refused_too_often deal_not_readable

    source_cancelled source_ended source_repriced exit_filled exit_replaced
    exit_removed_at_source closing nothing_left_to_close cancelled_by_venue unfilled_remainder

    source_stopped source_panic_sold source_liquidated source_took_profit source_released

    refused_by_venue unknown_refusal signer_refused

    venue_filled_first source_filled_only no_exit_at_source attempt_open dead_letter requeued
    foreign

    attempts_spent lock_held source_unreadable source_refused venue_unreadable venue_unknown
"""
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
REASON_COLUMNS = (
    ("deals", "closing_reason"),
    ("mirror_orders", "cancel_why"),
    ("mirror_orders", "why"),
    ("dead_letters", "reason"),
    ("standings", "why"),
    ("skips", "reason"),
    ("order_history", "why"),
)
STEPS_BEFORE = "watch plan submit reconcile refresh"
HAPPENINGS_BEFORE = """
    asked rested filled ended_partly refused turned_away never_arrived gone withdrawn skipped
    planned cancel_wanted cancel_asked retermed unclear
"""
STYLES_BEFORE = "rest cross"
ADDED = (
    "standings mode text NOT NULL DEFAULT 'whole'"
    " CONSTRAINT mode_known CHECK (mode IN ('whole', 'ladder', 'caught_up'))",
    "standings multiplier numeric CONSTRAINT multiplier_positive"
    " CHECK (multiplier > 0 AND multiplier < 'Infinity')",
    "standings settings_version bigint NOT NULL DEFAULT 0 REFERENCES settings_versions",
    "skips multiplier numeric",
    "skips settings_version bigint NOT NULL DEFAULT 0 REFERENCES settings_versions",
    "positions moved numeric NOT NULL DEFAULT 0",
    "positions naked_since timestamptz",
    "mirror_orders trigger_price numeric CONSTRAINT trigger_price_positive"
    " CHECK (trigger_price > 0 AND trigger_price < 'Infinity')",
    "mirror_orders waits_why text CONSTRAINT waits_why_known CHECK (waits_why IN ($reasons))",
    "mirror_orders ladder_usd numeric CONSTRAINT ladder_usd_positive"
    " CHECK (ladder_usd > 0 AND ladder_usd < 'Infinity')",
    "deals stop_price numeric CONSTRAINT stop_price_positive"
    " CHECK (stop_price > 0 AND stop_price < 'Infinity')",
    "deals steps_closing jsonb NOT NULL DEFAULT '[]'",
    "deals unknown jsonb NOT NULL DEFAULT '[]'",
    "leverages mode text NOT NULL DEFAULT 'cross'"
    " CONSTRAINT mode_known CHECK (mode IN ('cross', 'isolated'))",
    "venues surveyed_at timestamptz",
    "venues account_value numeric",
    "venues withdrawable numeric",
    "venues budget_used bigint",
    "venues budget_cap bigint",
    "venues trouble text NOT NULL DEFAULT ''",
    "venues trouble_why text CONSTRAINT trouble_why_known CHECK (trouble_why IN ($reasons))",
    "venues survey_fence bigint NOT NULL DEFAULT 0",
    "venues role_read_at timestamptz",
    "venues role_trouble text NOT NULL DEFAULT ''",
    "fills liquidation boolean NOT NULL DEFAULT false",
)
TABLES_NEWEST_FIRST = "held_positions foreign_orders stops transfers claims"

# Seconds: a migration that waits for a lock makes everybody else wait behind it.
LOCK_SECONDS = 5
STATEMENT_SECONDS = 60


def upgrade() -> None:
    short_timeouts()
    reasons = quoted(REASONS)
    for table, column in REASON_COLUMNS:
        know(table, column, reasons)
    know("notes", "step", quoted(STEPS_BEFORE + " survey"))
    know("mirror_orders", "style", quoted(STYLES_BEFORE + " trigger"))
    know("order_history", "event", quoted(HAPPENINGS_BEFORE + " adopted waits"))
    for added in ADDED:
        table, column = Template(added).substitute(reasons=reasons).split(" ", 1)
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    op.execute(
        "ALTER TABLE mirror_orders ADD CONSTRAINT a_trigger_has_its_price"
        " CHECK ((style = 'trigger') = (trigger_price IS NOT NULL))"
    )
    op.execute(
        "CREATE INDEX positions_open_idx ON positions (venue) WHERE bought <> sold OR moved <> 0"
    )
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in Template(text).substitute(reasons=reasons).split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    short_timeouts()
    op.execute("DROP INDEX positions_open_idx")
    for table in TABLES_NEWEST_FIRST.split():
        op.drop_table(table)
    op.execute("ALTER TABLE mirror_orders DROP CONSTRAINT a_trigger_has_its_price")
    for added in reversed(ADDED):
        table, column = added.split(" ", 2)[:2]
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    # NOT VALID: rows with a newer word stay, because history is not rewritten to go back.
    know("order_history", "event", quoted(HAPPENINGS_BEFORE), " NOT VALID")
    know("mirror_orders", "style", quoted(STYLES_BEFORE), " NOT VALID")
    op.execute("DELETE FROM notes WHERE step = 'survey'")
    know("notes", "step", quoted(STEPS_BEFORE))
    for table, column in REASON_COLUMNS:
        know(table, column, quoted(REASONS_BEFORE), " NOT VALID")


def know(table: str, column: str, words: str, suffix: str = "") -> None:
    """Replace the vocabulary of a column."""
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {column}_known")
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT {column}_known CHECK ({column} IN ({words})){suffix}"
    )


def short_timeouts() -> None:
    op.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    op.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")


def quoted(words: str) -> str:
    return ", ".join(f"'{word}'" for word in words.split())
