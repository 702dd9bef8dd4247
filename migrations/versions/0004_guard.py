"""Requests made, who waits for a request, and pauses.

Like the first, it imports nothing of the program. The tables stand in 0004_guard.sql.
"""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES_NEWEST_FIRST = "pauses request_turns requests_made request_budgets"

# Seconds: a migration that waits for a lock makes everybody else wait behind it.
LOCK_SECONDS = 5
STATEMENT_SECONDS = 60


def upgrade() -> None:
    short_timeouts()
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in text.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    short_timeouts()
    for table in TABLES_NEWEST_FIRST.split():
        op.drop_table(table)


def short_timeouts() -> None:
    op.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    op.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
