"""Bring a database to the schema that this code needs, and say whether it has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from recomma.adapters.postgres.engine import make_engine
from recomma.ports import OutsideError

MIGRATIONS: Final = Path(__file__).resolve().parents[3] / "migrations"
_ONE_AT_A_TIME: Final = 7_203_117_001  # Any number that nobody else uses as an advisory lock.


class SchemaMissing(OutsideError):
    """The database has not the schema that this version needs."""


def upgrade(url: str) -> None:
    """Bring the database to `head()`. Two at once wait for each other."""
    with _configured(url) as config:
        command.upgrade(config, "head")


def downgrade(url: str, to: str) -> None:
    """Go back to revision `to`, or to nothing with "base". The data of what goes is gone."""
    with _configured(url) as config:
        command.downgrade(config, to)


def current(url: str) -> str | None:
    """Return the revision of the database, or None if it has none of ours."""
    engine = make_engine(url, 1)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    finally:
        engine.dispose()


def head() -> str:
    """Return the newest revision that this code knows."""
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert newest is not None
    return newest


def check(engine: Engine) -> None:
    """Raise SchemaMissing, with one sentence, unless the database is at `head()`."""
    with engine.connect() as connection:
        found = _revision(connection)
    if found is None:
        raise SchemaMissing("the database has no tables of ours yet: run `recomma migrate`")
    if found != head():
        raise SchemaMissing(
            f"the database is at revision {found}, this version needs {head()}:"
            " run `recomma migrate` of the newer of the two"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _configured(url: str) -> Iterator[Config]:
    """Yield alembic's settings around one transaction, so that half a migration is none."""
    engine = make_engine(url, 1)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": _ONE_AT_A_TIME})
            config.attributes["connection"] = connection
            yield config
    finally:
        engine.dispose()
