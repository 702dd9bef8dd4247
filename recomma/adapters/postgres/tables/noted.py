"""What is to be looked at, and what a person must look at."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from recomma.adapters.postgres.tables.columns import (
    count,
    flag,
    identity,
    instant,
    known,
    metadata,
    remark,
    to,
    words,
)
from recomma.domain.messages import Illegible
from recomma.domain.notes import Queue, Step
from recomma.domain.reasons import Reason

# `due_at` is when work is known to be due, `look_at` when a mere cadence asks for a look;
# `again_at` is when it was left for while a run was going on. Those are times of the program's
# clock, which may be simulated; leases and publications count real time. `leased_by` is the fence
# of the claim that holds it.
notes = Table(
    "notes",
    metadata,
    identity(),
    words("step"),
    to("accounts.name", "account", nullable=True),
    to("deals.id", "deal_id", nullable=True),
    to("venues.name", "venue", nullable=True),
    words("queue"),
    instant("due_at", nullable=True),
    instant("look_at", nullable=True),
    instant("again_at", nullable=True),
    count("marks"),
    count("attempts"),
    count("deaths"),
    instant("failing_since", nullable=True),
    Column("errors", JSONB, nullable=False, server_default=text("'[]'")),
    instant("leased_until", nullable=True),
    Column("leased_by", BigInteger),
    instant("published_at", nullable=True),
    remark("summary"),
    instant("finished_at", nullable=True),
    flag("dead"),
    UniqueConstraint("step", "account", "deal_id", "venue", postgresql_nulls_not_distinct=True),
    known("step", Step),
    known("queue", Queue),
    CheckConstraint(
        "CASE step WHEN 'watch' THEN account IS NOT NULL AND deal_id IS NULL AND venue IS NULL"
        " WHEN 'plan' THEN account IS NULL AND deal_id IS NOT NULL AND venue IS NULL"
        " WHEN 'reconcile' THEN account IS NULL AND deal_id IS NOT NULL AND venue IS NOT NULL"
        " ELSE account IS NULL AND deal_id IS NULL AND venue IS NOT NULL END",
        name="subject_fits_step",
    ),
    CheckConstraint("(leased_until IS NULL) = (leased_by IS NULL)", name="lease_has_holder"),
    CheckConstraint("NOT dead OR due_at IS NULL", name="dead_is_never_due"),
    CheckConstraint("marks >= 0 AND attempts >= 0 AND deaths >= 0", name="counts_not_negative"),
    *(
        Index(
            f"notes_{name}_idx",
            name,
            postgresql_where=text("NOT dead AND published_at IS NULL"),
        )
        for name in ("due_at", "look_at")
    ),
    Index(
        "notes_published_at_idx", "published_at", postgresql_where=text("published_at IS NOT NULL")
    ),
    Index(
        "notes_leased_until_idx", "leased_until", postgresql_where=text("leased_until IS NOT NULL")
    ),
    Index("notes_deal_id_idx", "deal_id"),
)

# `attempts` is the note's list of errors when it died. One letter stands for every time that the
# same thing went wrong while nobody had acted on it: a note for an exit dies again and again.
# A letter is about a note, or about a message that nobody could read: then `message` holds it as it
# came, and `fingerprint` is the same for all that say the same.
dead_letters = Table(
    "dead_letters",
    metadata,
    identity(),
    to("notes.id", "note_id", nullable=True),
    to("mirror_orders.id", "order_id", nullable=True),
    words("reason"),
    words("why"),
    remark("error"),
    remark("traceback"),
    Column("attempts", JSONB, nullable=False, server_default=text("'[]'")),
    instant("first_failed_at"),
    instant("died_at"),
    Column("times", BigInteger, nullable=False, server_default=text("1")),
    words("state"),
    words("actor", nullable=True),
    instant("acted_at", nullable=True),
    remark("remark"),
    instant("parked_at", nullable=True),
    words("code_version"),
    words("task", nullable=True),
    words("queue", nullable=True),
    Column("arguments", JSONB),
    Column("message", JSONB),
    words("fingerprint", nullable=True),
    Column("versions", JSONB, nullable=False, server_default=text("'{}'")),
    known("reason", [*Reason, *Illegible]),
    CheckConstraint(
        "(note_id IS NULL) = (message IS NOT NULL)"
        " AND (message IS NULL) = (fingerprint IS NULL)"
        " AND (message IS NULL) = (queue IS NULL)"
        " AND (message IS NULL) = (task IS NULL)"
        " AND (message IS NULL) = (arguments IS NULL)",
        name="note_or_message",
    ),
    known("state", ("dead", "requeued", "discarded")),
    CheckConstraint(
        "(state = 'dead') = (actor IS NULL) AND (actor IS NULL) = (acted_at IS NULL)",
        name="acted_by_somebody",
    ),
    CheckConstraint("times >= 1", name="times_from_one"),
    Index(
        "dead_letters_one_open",
        *("note_id", "reason", "order_id", "fingerprint"),
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=text("state = 'dead'"),
    ),
    Index("dead_letters_order_id_idx", "order_id"),
)
