"""The ledger: everything of design.md, section 8.

It imports nothing of the program: what a word list holds today must still be here when the
program has learnt others. The statements stand in 0001_ledger.sql, where psql can read them too.
"""

from pathlib import Path
from string import Template

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SIDES = "buy sell"
STATES = "planned in_doubt resting filled cancelled refused skipped"
EVENTS = "asked rested filled ended_partly refused turned_away never_arrived gone withdrawn skipped"
REASONS = """
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

TABLES_NEWEST_FIRST = """
    order_history fills dead_letters attempts wanted_orders standings skips positions observations
    notes mirror_orders pairs markets leverages deals batches venues bots signers
    settings_versions audit_log accounts
"""

# Seconds: a migration that waits for a lock makes everybody else wait behind it.
LOCK_SECONDS = 5
STATEMENT_SECONDS = 60


def upgrade() -> None:
    short_timeouts()
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    words = {"sides": SIDES, "states": STATES, "events": EVENTS, "reasons": REASONS}
    filled = Template(text).substitute({name: quoted(listed) for name, listed in words.items()})
    for statement in statements(filled):
        op.execute(statement)


def downgrade() -> None:
    short_timeouts()
    for table in TABLES_NEWEST_FIRST.split():
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change()")


def short_timeouts() -> None:
    op.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    op.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")


def quoted(words: str) -> str:
    return ", ".join(f"'{word}'" for word in words.split())


def statements(text: str) -> list[str]:
    """Split at the semicolons that end a line, except inside of a function's body."""
    parts, body = [""], False
    for line in text.splitlines():
        body ^= line.count("$$") == 1
        parts[-1] += line + "\n"
        if line.endswith(";") and not body:
            parts.append("")
    return [part for part in parts if part.strip()]
