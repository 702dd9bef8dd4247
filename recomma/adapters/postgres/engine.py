"""Connections to Postgres, and how values travel over them."""

import json
import re
import time
from datetime import date
from decimal import Decimal
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

# An even number of backslashes before it is part of a text about NUL, not a NUL.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

PING_AFTER_SECONDS: Final = 2.0
VANISHED_MS: Final = 20_000
NOTES_CHANNEL: Final = "recomma_notes"  # What the relay listens to.


def make_engine(url: str, pool_size: int = 5, *, application: str = "recomma") -> Engine:
    """Return an engine for `url` (`postgresql+psycopg://…`); nothing is connected yet."""
    settings = {
        # Decisions are compared in UTC; a server's own zone must not show up in them.
        "timezone": "UTC",
        # No statement of ours is meant to take long. One that hangs would hold row locks that
        # exits wait for.
        "statement_timeout": "15s",
        # Row locks are held for milliseconds; whoever waits longer gives up and tries again.
        "lock_timeout": "5s",
        # A process that is stopped in the middle of a transaction must not block its deal.
        "idle_in_transaction_session_timeout": "30s",
    }
    engine = create_engine(
        url,
        pool_size=pool_size,
        # A burst may not open more connections than the server was sized for.
        max_overflow=0,
        # Short, because waiting for a connection holds up a step that has a lease.
        pool_timeout=10,
        json_serializer=dumps,
        connect_args={
            # Without it, a host that swallows packets blocks a worker for minutes.
            "connect_timeout": 5,
            # Shown in pg_stat_activity, so that a person sees whose lock it is.
            "application_name": application,
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            # A peer that vanished is noticed after about 20 s instead of two hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 2,
            # The same for one that vanished with a query on its way: the kernel asks nothing then,
            # but sends the query again and again for a quarter of an hour.
            "tcp_user_timeout": VANISHED_MS,
        },
    )
    _ping_what_was_idle(engine)
    return engine


def _ping_what_was_idle(engine: Engine) -> None:
    """Find dead connections before their use, as a restarted server leaves them in the pool.

    One that was used a moment ago is not asked: that question would be a tenth of a step's time. A
    server that dies in that moment fails one step, which is run again.
    """

    @event.listens_for(engine, "checkin")
    def remember(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: ConnectionPoolEntry, _fairy: Any) -> None:
        idle_seconds = time.monotonic() - record.info.get("idle_since", time.monotonic())
        if idle_seconds < PING_AFTER_SECONDS:
            return
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.OperationalError as error:
            raise DisconnectionError from error  # The pool makes a new one and asks again.


def dumps(value: object) -> str:
    """Return JSON for a jsonb column. Numbers stay exact, as texts.

    What others write may hold what Postgres cannot store: NUL is left out, half of a surrogate
    pair becomes a question mark. Refusing it would stop the deal that it came with.
    """
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    return storable(_NUL.sub(r"\1", text))


def storable(text: str) -> str:
    """Return somebody else's words without what Postgres cannot store in a text."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):  # A datetime is one, too.
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a jsonb column")
