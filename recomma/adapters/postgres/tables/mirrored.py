"""Ours: how a deal stands on a venue, our orders there, what was asked, and what filled."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from recomma.adapters.postgres.tables.columns import (
    LIVE_STATES,
    count,
    flag,
    identity,
    instant,
    known,
    metadata,
    money,
    not_negative,
    positive,
    remark,
    to,
    words,
)
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import Side
from recomma.domain.orders import Mode, Standing, Style
from recomma.domain.reasons import Reason

# What can stand in an order's history beside the events of its life.
PLANNED, CANCEL_WANTED, CANCEL_ASKED, RETERMED, UNCLEAR, ADOPTED, WAITS = HAPPENINGS = (
    "planned",
    "cancel_wanted",
    "cancel_asked",
    "retermed",
    "unclear",  # An answer that settles nothing; its words stand in `text`.
    "adopted",  # Found on the venue under our tag, and missing here: a restored backup.
    "waits",  # Planned and not asked for, for the reason in `why`.
)
# How an attempt to cancel ended.
ANSWERED, NOT_ANSWERED = CANCEL_OUTCOMES = ("answered", "not_answered")

# `multiplier` is the one of the first decision: a deal keeps it to its end.
standings = Table(
    "standings",
    metadata,
    to("deals.id", "deal_id", key=True),
    to("venues.name", "venue", key=True),
    words("standing"),
    words("why", nullable=True),
    Column("mode", Text, nullable=False, server_default=text("'whole'")),
    money("multiplier", nullable=True),
    Column(
        "settings_version",
        ForeignKey("settings_versions.id"),
        nullable=False,
        server_default=text("0"),
    ),
    instant("at"),
    known("standing", Standing),
    known("why", Reason),
    known("mode", Mode),
    *positive("multiplier"),
)

# `last_seq` counts the order's history, so that it has no gaps; `filled` is in no column, because
# only fills say it.
mirror_orders = Table(
    "mirror_orders",
    metadata,
    identity(),
    to("deals.id", "deal_id"),
    to("venues.name", "venue"),
    words("leg"),
    Column("generation", Integer, nullable=False),
    words("coin"),
    money("wanted_price"),
    money("wanted_size"),
    words("side"),
    money("price"),
    money("size"),
    words("style"),
    Column("reduce_only", Boolean, nullable=False),
    money("trigger_price", nullable=True),
    Column("urgency", SmallInteger, nullable=False),
    money("multiplier"),
    to("settings_versions.id", "settings_version"),
    words("state"),
    instant("due_at"),
    instant("give_up_at", nullable=True),
    words("cancel_why", nullable=True),
    words("why", nullable=True),
    count("attempts"),
    count("refusals"),
    words("cloid", nullable=True),
    Column("oid", BigInteger),
    count("last_seq"),
    instant("planned_at"),
    words("waits_why", nullable=True),
    money("ladder_usd", nullable=True),
    UniqueConstraint("deal_id", "leg", "venue", "generation"),
    known("side", Side),
    known("style", Style),
    known("state", State),
    known("cancel_why", Reason),
    known("why", Reason),
    known("waits_why", Reason),
    CheckConstraint(
        "(style = 'trigger') = (trigger_price IS NOT NULL)", name="a_trigger_has_its_price"
    ),
    CheckConstraint("generation >= 1", name="generation_from_one"),
    CheckConstraint("urgency BETWEEN 0 AND 5", name="urgency_known"),
    CheckConstraint("attempts >= 0 AND refusals >= 0", name="counts_not_negative"),
    *positive("wanted_price", "wanted_size", "price", "size", "multiplier"),
    *positive("trigger_price", "ladder_usd"),
    # Exits may overlap while one replaces another; an entry never does.
    Index(
        "mirror_orders_one_live_entry",
        *("deal_id", "leg", "venue"),
        unique=True,
        postgresql_where=text(f"NOT reduce_only AND {LIVE_STATES}"),
    ),
    Index(
        "mirror_orders_planned_idx",
        *("venue", "due_at"),
        postgresql_where=text("state = 'planned'"),
    ),
    Index(
        "mirror_orders_cancel_idx",
        "venue",
        postgresql_where=text("state = 'resting' AND cancel_why IS NOT NULL"),
    ),
    Index(
        "mirror_orders_exits_idx",
        *("venue", "coin"),
        postgresql_where=text(f"reduce_only AND {LIVE_STATES}"),
    ),
    Index("mirror_orders_oid_idx", "venue", "oid"),
)

batches = Table(
    "batches",
    metadata,
    identity(),
    to("venues.name", "venue"),
    to("signers.address", "signer"),
    Column("nonce", BigInteger, nullable=False),
    instant("expires_at"),
    Column("body", LargeBinary, nullable=False),
    words("kind"),
    Column("asked", Integer, nullable=False),
    count("sent"),
    instant("stored_at"),
    instant("sent_at", nullable=True),
    instant("answered_at", nullable=True),
    remark("answer"),
    flag("fenced"),
    UniqueConstraint("signer", "nonce"),
    known("kind", ("order", "cancel", "leverage", "noop")),
    CheckConstraint("nonce > 0", name="nonce_positive"),
    CheckConstraint("asked >= 1", name="asked_from_one"),
    Index("batches_unanswered_idx", "venue", postgresql_where=text("answered_at IS NULL")),
)

attempts = Table(
    "attempts",
    metadata,
    identity(),
    to("batches.id", "batch_id"),
    Column("position", Integer, nullable=False),
    to("mirror_orders.id", "order_id"),
    words("kind"),
    words("cloid", nullable=True),
    Column("live", Boolean, nullable=False, server_default=text("true")),
    words("outcome", nullable=True),
    Column("oid", BigInteger),
    money("executed_size", nullable=True),
    instant("asked_at"),
    instant("ended_at", nullable=True),
    UniqueConstraint("batch_id", "position"),
    UniqueConstraint("cloid"),
    known("kind", ("place", "cancel")),
    known("outcome", (*Event, *CANCEL_OUTCOMES)),
    CheckConstraint("position >= 0", name="position_from_zero"),
    CheckConstraint("(kind = 'place') = (cloid IS NOT NULL)", name="cloid_names_a_placing"),
    CheckConstraint("cloid ~ '^0x[0-9a-f]{32}$'", name="cloid_spelled"),
    CheckConstraint("live = (ended_at IS NULL)", name="ended_when_not_live"),
    *not_negative("executed_size"),
    *(
        Index(
            f"attempts_one_live_{kind}",
            "order_id",
            unique=True,
            postgresql_where=text(f"live AND kind = '{kind}'"),
        )
        for kind in ("place", "cancel")
    ),
    Index("attempts_order_id_idx", "order_id"),
    Index("attempts_oid_idx", "oid"),
)

order_history = Table(
    "order_history",
    metadata,
    to("mirror_orders.id", "order_id", key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    instant("at"),
    words("event"),
    words("state_from", nullable=True),
    words("state_to"),
    words("why", nullable=True),
    remark("text"),
    words("rule"),
    to("settings_versions.id", "settings_version"),
    known("event", (*Event, *HAPPENINGS)),
    known("state_from", State),
    known("state_to", State),
    known("why", Reason),
    CheckConstraint("seq >= 1", name="seq_from_one"),
)

# The key is the venue's identity of a fill (hyperliquid.md 11): counting one twice is impossible.
fills = Table(
    "fills",
    metadata,
    to("venues.name", "venue", key=True),
    Column("coin", Text, primary_key=True),
    Column("oid", BigInteger, primary_key=True, autoincrement=False),
    Column("tid", BigInteger, primary_key=True, autoincrement=False),
    Column("at", instant("at").type, primary_key=True),
    words("side"),
    money("price"),
    money("size"),
    money("fee"),
    money("closed_pnl"),
    Column("crossed", Boolean, nullable=False),
    words("cloid", nullable=True),
    to("mirror_orders.id", "mirror_order_id", nullable=True),
    to("deals.id", "deal_id", nullable=True),
    instant("booked_at"),
    flag("liquidation"),
    known("side", Side),
    *positive("price", "size"),
    CheckConstraint("(mirror_order_id IS NULL) = (deal_id IS NULL)", name="ours_or_foreign"),
    Index("fills_deal_id_idx", "deal_id"),
    Index("fills_mirror_order_id_idx", "mirror_order_id"),
    Index("fills_foreign_idx", "venue", "oid", postgresql_where=text("deal_id IS NULL")),
)

positions = Table(
    "positions",
    metadata,
    to("deals.id", "deal_id", key=True),
    to("venues.name", "venue", key=True),
    money("bought"),
    money("sold"),
    instant("last_fill_at"),
    Column("moved", Numeric, nullable=False, server_default=text("0")),
    instant("naked_since", nullable=True),
    *not_negative("bought", "sold"),
    Index(
        "positions_open_idx",
        "venue",
        postgresql_where=text("bought <> sold OR moved <> 0"),
    ),
)

skips = Table(
    "skips",
    metadata,
    to("deals.id", "deal_id", key=True),
    Column("leg", Text, primary_key=True),
    to("venues.name", "venue", key=True),
    words("reason"),
    words("side"),
    money("wanted_price"),
    money("wanted_size"),
    money("multiplier", nullable=True),
    Column(
        "settings_version",
        ForeignKey("settings_versions.id"),
        nullable=False,
        server_default=text("0"),
    ),
    instant("at"),
    known("reason", Reason),
    known("side", Side),
    *positive("wanted_price"),
    *not_negative("wanted_size"),
)
