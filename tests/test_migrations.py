"""The migrations make exactly the tables that the code declares, and can be taken back."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from recomma.adapters.postgres import schema
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.postgres.tables import metadata

OURS = "'public'::regnamespace"
CATALOG = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": f"""
        SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = {OURS} AND conrelid <> 0""",
    "indexes": "SELECT tablename::text, indexname::text, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public'",
}
APPEND_ONLY = ("observations", "order_history", "audit_log", "settings_versions", "transfers")

NOT_REFERENCES = {
    ("bots", "source_account_id"),  # 3Commas' own.
    ("venues", "account"),  # An address on a chain.
}


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url, 1)
    yield engine
    engine.dispose()


def catalog(engine: Engine) -> dict[str, set[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            what: {tuple(row) for row in connection.execute(text(q)) if row[0] != "alembic_version"}
            for what, q in CATALOG.items()
        }


def test_up_down_and_up_again_ends_where_it_began(empty_database_url: str, empty: Engine) -> None:
    schema.upgrade(empty_database_url)
    first = catalog(empty)

    schema.downgrade(empty_database_url, "base")
    nothing = catalog(empty)
    schema.upgrade(empty_database_url)

    assert nothing == {"columns": set(), "constraints": set(), "indexes": set()}
    assert catalog(empty) == first
    assert schema.current(empty_database_url) == schema.head()


def test_alembic_sees_no_difference_to_the_declared_tables(engine: Engine) -> None:
    options = {"compare_type": True, "compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, metadata) == []


def test_migrations_end_in_the_declared_columns_constraints_and_indexes(
    empty: Engine, engine: Engine
) -> None:
    with empty.begin() as connection:
        metadata.create_all(connection)
    declared, migrated = catalog(empty), catalog(engine)

    for what in CATALOG:
        assert migrated[what] == declared[what], what


def test_upgrading_twice_changes_nothing(database_url: str, engine: Engine) -> None:
    before = catalog(engine)

    schema.upgrade(database_url)

    assert catalog(engine) == before


def test_a_database_without_tables_is_refused_with_one_sentence(empty: Engine) -> None:
    with pytest.raises(schema.SchemaMissing, match="no tables of ours yet: run `recomma migrate`"):
        schema.check(empty)


def test_a_database_at_another_revision_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))

    with pytest.raises(schema.SchemaMissing, match="from_the_future"):
        schema.check(engine)


def test_a_database_at_head_passes(engine: Engine) -> None:
    schema.check(engine)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {0} SET at = now()", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_history_refuses_to_be_changed(engine: Engine, table: str, change: str) -> None:
    column_or_rows = change.format(table)

    with pytest.raises(DBAPIError, match=r"append-only|referenced in a foreign key"):
        _execute(engine, column_or_rows)


def _execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_every_reference_has_a_foreign_key(engine: Engine) -> None:
    """A column that names another table's row must be held to it by the database."""
    words = {"venue", "account", "signer", "settings_version"}
    with engine.connect() as connection:
        referencing = _referencing_columns(connection)
        candidates = {
            (table, column)
            for table, column in connection.execute(
                text(
                    "SELECT table_name, column_name FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
                )
            )
            if column in words or column.endswith("_id")
        }

    assert candidates - referencing - NOT_REFERENCES == set()


def _referencing_columns(connection: Connection) -> set[tuple[str, str]]:
    rows = connection.execute(
        text(
            "SELECT conrelid::regclass::text, attname::text FROM pg_constraint"
            " JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)"
            " WHERE contype = 'f'"
        )
    )
    return {(table, column) for table, column in rows}


def test_money_is_numeric_and_every_time_has_a_zone(engine: Engine) -> None:
    with engine.connect() as connection:
        types = set(
            connection.execute(
                text(
                    "SELECT data_type FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
                )
            ).scalars()
        )

    assert "numeric" in types
    assert not types & {"real", "double precision", "money", "timestamp without time zone"}


def test_a_migration_waits_for_locks_and_statements_only_shortly() -> None:
    for script in sorted((schema.MIGRATIONS / "versions").glob("*.py")):
        body = script.read_text(encoding="utf-8")

        assert "lock_timeout" in body, script.name
        assert "statement_timeout" in body, script.name
        assert "recomma" not in body.split('"""', 2)[2], f"{script.name} imports the program"
