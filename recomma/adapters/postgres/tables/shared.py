"""What deals on one account share: claims on coins, moved coins, stops, and what is not ours."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Table,
    Text,
    text,
)

from recomma.adapters.postgres.tables.columns import (
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
from recomma.domain.money import Side
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level

# One side for each coin of an account; its row is also what those lock who plan exits there. It
# holds as long as a live order or a position of ours stands behind it; `side` is NULL before.
claims = Table(
    "claims",
    metadata,
    to("venues.name", "venue", key=True),
    Column("coin", Text, primary_key=True),
    words("side", nullable=True),
    instant("at"),
    known("side", Side),
)

# Coins that went from one deal to another, or (`to_deal` NULL) were lost outside.
transfers = Table(
    "transfers",
    metadata,
    identity(),
    to("venues.name", "venue"),
    words("coin"),
    to("deals.id", "from_deal"),
    to("deals.id", "to_deal", nullable=True),
    money("size"),
    words("reason"),
    instant("at"),
    known("reason", Reason),
    CheckConstraint("from_deal <> to_deal", name="between_two"),
    *positive("size"),
    Index("transfers_from_deal_idx", "from_deal"),
    Index("transfers_to_deal_idx", "to_deal"),
)

# A scope column that is NULL means everywhere. A stop that was lifted stays as a row.
stops = Table(
    "stops",
    metadata,
    identity(),
    words("level"),
    to("venues.name", "venue", nullable=True),
    to("bots.id", "bot_id", nullable=True),
    words("coin", nullable=True),
    to("deals.id", "deal_id", nullable=True),
    words("actor"),
    remark("why"),
    words("reason"),
    instant("set_at"),
    instant("until", nullable=True),
    flag("cancel_entries"),
    instant("lifted_at", nullable=True),
    words("lifted_by", nullable=True),
    known("level", [level.word for level in Level]),
    known("reason", Reason),
    CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted_by_somebody"),
    Index("stops_in_force_idx", "venue", postgresql_where=text("lifted_at IS NULL")),
)

# Orders on the account that no row of ours accounts for. `names_deal` is what the cloid says,
# where a Recomma made it; this ledger need not know that deal.
foreign_orders = Table(
    "foreign_orders",
    metadata,
    to("venues.name", "venue", key=True),
    Column("oid", BigInteger, primary_key=True, autoincrement=False),
    words("coin"),
    words("side"),
    money("price"),
    money("size"),
    Column("reduce_only", Boolean, nullable=False),
    words("cloid", nullable=True),
    instant("first_seen_at"),
    instant("last_seen_at"),
    instant("gone_at", nullable=True),
    words("reason"),
    Column("names_deal", BigInteger),
    known("side", Side),
    known("reason", Reason),
    *not_negative("price", "size"),
)

# The account's net positions at the last survey, signed, and what our deals hold of them.
# `short_by` is by how much less is held than that, so that the next survey can confirm it.
held_positions = Table(
    "held_positions",
    metadata,
    to("venues.name", "venue", key=True),
    Column("coin", Text, primary_key=True),
    money("size"),
    money("entry_price", nullable=True),
    money("short_by"),
    instant("read_at"),
    money("ours"),
    instant("short_since", nullable=True),
    *not_negative("short_by"),
    CheckConstraint("(short_by > 0) = (short_since IS NOT NULL)", name="short_since_some_time"),
)
