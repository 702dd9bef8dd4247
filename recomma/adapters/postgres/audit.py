"""The audit log: what a person did, who and when, in the transaction that did it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from recomma.adapters.postgres.tables import audit_log


@dataclass(frozen=True)
class Act:
    """Who acts, and when: the same for everything that one command does."""

    actor: str
    at: datetime


@dataclass(frozen=True)
class Entry:
    """One line of the audit log. `subject` names a row, like `deal/7` or `stop/3`."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def write_down(
    connection: Connection, act: Act, action: str, subject: str, detail: Mapping[str, object]
) -> None:
    """Add a line. Whatever `detail` holds has to be JSON."""
    row = {"at": act.at, "actor": act.actor, "action": action, "subject": subject}
    connection.execute(insert(audit_log).values(row | {"detail": detail}))


def entries(engine: Engine, subject: str) -> Sequence[Entry]:
    """Return what was done about one subject, oldest first."""
    query = select(audit_log).where(audit_log.c.subject == subject).order_by(audit_log.c.id)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(Entry(r.at, r.actor, r.action, r.subject, r.detail) for r in rows)
