"""A database of one's own on somebody's server, for a stage that must not touch what is there."""

import secrets

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from recomma.ports import NotAllowed

PREFIX = "recomma_stage_"


def create(url: str) -> str:
    """Make an empty database on the server of `url`; return its URL. Raises NotAllowed."""
    name = PREFIX + secrets.token_hex(4)
    try:
        _run(url, f'CREATE DATABASE "{name}"')
    except ProgrammingError as error:
        raise NotAllowed(
            f"RECOMMA_DATABASE_URL may not create a database of its own ({error.orig}): "
            f"grant CREATEDB, or unset it to use the embedded server."
        ) from None
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def drop(url: str) -> None:
    """Remove a database that `create` made, whoever is still connected to it."""
    name = make_url(url).database or ""
    if not name.startswith(PREFIX):
        raise ValueError(f"{name} is no stage's database")
    _run(
        make_url(url).set(database="postgres").render_as_string(hide_password=False),
        f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
    )


def _run(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
