"""How a dead letter is written: about a note that died, or about a message that nobody can read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recomma.adapters.postgres.audit import Act, write_down
from recomma.adapters.postgres.engine import storable
from recomma.adapters.postgres.tables import dead_letters, settings_versions
from recomma.domain.messages import BadMessage
from recomma.domain.reasons import Reason
from recomma.ports import DeadLetter
from recomma.redaction import redacted, redacted_json

TEXT_MAX: Final = 10_000  # An error's text may hold a whole answer of the other side.
MENDED: Final = "mended: a later run has shown that the cause is gone"
NEWEST: Final = ("why", "error", "traceback", "attempts", "died_at", "code_version", "versions")


@dataclass(frozen=True)
class History:
    """What went wrong before the end."""

    errors: Sequence[object]
    since: datetime
    last: str


def bury(
    connection: Connection,
    note_id: int,
    letter: DeadLetter,
    history: History,
    now: datetime,
    code_version: str,
) -> None:
    """Write the letter, or count up the open one that says the same about the same."""
    _write(
        connection,
        {
            "note_id": note_id,
            "order_id": letter.order_id,
            "reason": str(letter.reason),
            "why": fit_to_keep(letter.why)[:TEXT_MAX],
            "error": fit_to_keep(history.last)[:TEXT_MAX],
            # The last frames say where it happened.
            "traceback": fit_to_keep(letter.traceback)[-TEXT_MAX:],
            "attempts": redacted_json(list(history.errors)),
            "first_failed_at": history.since,
            "versions": _versions(connection, code_version),
        },
        now,
        code_version,
    )


def mend(connection: Connection, note_id: int, reason: Reason, act: Act) -> None:
    """Close the open letters of a note with this reason, because its cause is gone.

    `act.actor` is the step that has seen it: an alarm that goes on when all is well teaches
    people to overlook the next one.
    """
    letter = dead_letters.c
    mended = connection.execute(
        update(dead_letters)
        .where(letter.note_id == note_id, letter.reason == str(reason), letter.state == "dead")
        .values(state="discarded", actor=act.actor, acted_at=act.at, remark=MENDED)
        .returning(letter.id)
    )
    for letter_id in mended.scalars().all():
        write_down(connection, act, "discard", f"dead_letter/{letter_id}", {"why": MENDED})


def keep(
    connection: Connection, message: BadMessage, said_version: object, now: datetime, code: str
) -> None:
    """Write the letter of a message, or count up the open one of a message that said the same.

    The same message may come again, because it is taken off its queue only after this commit.
    """
    raw, arguments = redacted_json(message.raw), redacted_json(message.arguments)
    said = [message.queue, message.task, arguments, raw.get("body")]
    _write(
        connection,
        {
            "reason": str(message.reason),
            "why": fit_to_keep(message.why)[:TEXT_MAX],
            "first_failed_at": now,
            "task": fit_to_keep(message.task)[:TEXT_MAX],
            "queue": message.queue,
            "arguments": _cut(arguments),
            "message": _cut(raw),
            "fingerprint": _fingerprint(said),
            "versions": _versions(connection, code) | {"message": redacted_json(said_version)},
        },
        now,
        code,
    )


def fit_to_keep(words: str) -> str:
    """Return somebody's words without secrets and without what Postgres cannot store."""
    return redacted(storable(words))


def _write(connection: Connection, row: Mapping[str, Any], now: datetime, code: str) -> None:
    row = {**row, "died_at": now, "state": "dead", "code_version": code}
    added = upsert(dead_letters).values(row)
    letters = dead_letters.c
    connection.execute(
        added.on_conflict_do_update(
            index_elements=[
                letters.note_id,
                letters.reason,
                letters.order_id,
                letters.fingerprint,
            ],
            index_where=text("state = 'dead'"),
            set_={"times": letters.times + 1}
            | {name: added.excluded[name] for name in NEWEST if name in row},
        )
    )


def _versions(connection: Connection, code_version: str) -> dict[str, object]:
    """Return what was in force: the program, and the settings that were applied."""
    newest = connection.execute(select(func.max(settings_versions.c.id))).scalar()
    return {"recomma": code_version, "settings": newest or 0}


def _cut(value: Any) -> Any:
    """Return the value, or the beginning of its JSON if it is too long to keep."""
    written = json.dumps(value, default=str)
    return value if len(written) <= TEXT_MAX else {"cut": written[:TEXT_MAX]}


def _fingerprint(said: Sequence[object]) -> str:
    """Two that say the same are one letter; ids and times of a delivery say nothing."""
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
