"""Make the demo's own database beside the real one, if this is the demo and it is not there yet.

Not a script of Postgres' first start: that is run once, and never again if it was interrupted.
"""

import sys
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from recomma.config import load

DEMO: Final = "recomma_demo"


def main() -> None:
    """Raises what psycopg raises: this runs once, when Postgres is known to be healthy."""
    url = make_url(load().database_url)
    if url.database != DEMO:
        return
    server = url.set(drivername="postgresql", database="postgres")
    address = server.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DEMO,))
        if known.fetchone() is None:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(DEMO)))
            sys.stdout.write(f"database {DEMO} made\n")


if __name__ == "__main__":
    main()
