"""What 3Commas said: deals, the log of what was read, and the orders that it wants."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from recomma.adapters.postgres.tables.columns import (
    counter,
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
from recomma.domain.source import RowStatus, Strategy

# `created_at` is when the source opened it. `listed` is the deal as the list showed it last,
# `detail` as its own page did; `digest` is of everything in the last reading, so that an unchanged
# one costs one comparison.
deals = Table(
    "deals",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    to("accounts.name", "account"),
    to("bots.id", "bot_id"),
    words("pair"),
    words("strategy"),
    words("status"),
    flag("finished"),
    flag("active"),
    flag("released"),
    Column("listed", JSONB, nullable=False),
    Column("detail", JSONB),
    remark("digest"),
    instant("created_at"),
    instant("first_seen_at"),
    instant("read_at", nullable=True),
    counter("fence"),
    Column("exits", JSONB, nullable=False, server_default=text("'[]'")),
    instant("exits_missing_since", nullable=True),
    words("closing_reason", nullable=True),
    instant("closing_at", nullable=True),
    Column("closing_at_once", Boolean),
    instant("changed_at", nullable=True),
    money("stop_price", nullable=True),
    Column("steps_closing", JSONB, nullable=False, server_default=text("'[]'")),
    Column("unknown", JSONB, nullable=False, server_default=text("'[]'")),
    known("strategy", Strategy),
    known("closing_reason", Reason),
    CheckConstraint("id > 0", name="id_positive"),
    CheckConstraint("NOT (finished AND active)", name="finished_is_not_active"),
    CheckConstraint(
        "num_nulls(closing_reason, closing_at, closing_at_once) IN (0, 3)",
        name="closing_is_whole",
    ),
    *positive("stop_price"),
    Index("deals_active_idx", "account", postgresql_where=text("active")),
    Index("deals_bot_id_idx", "bot_id"),
)

observations = Table(
    "observations",
    metadata,
    identity(),
    to("deals.id", "deal_id"),
    instant("at"),
    words("kind"),
    Column("payload", JSONB, nullable=False),
    known("kind", ("list", "detail")),
    Index("observations_deal_id_at_idx", "deal_id", "at"),
)

# A revision is a side, a price and a size; `price` is NULL for a market order. `ratio` belongs to
# take-profit steps.
wanted_orders = Table(
    "wanted_orders",
    metadata,
    identity(),
    to("deals.id", "deal_id"),
    Column("leg", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    words("side"),
    money("price", nullable=True),
    money("size"),
    money("ratio", nullable=True),
    words("status"),
    instant("source_filled_at", nullable=True),
    money("source_fill_price", nullable=True),
    instant("first_seen_at"),
    instant("last_seen_at"),
    UniqueConstraint("deal_id", "leg", "revision"),
    known("side", Side),
    known("status", RowStatus),
    CheckConstraint("revision >= 1", name="revision_from_one"),
    *positive("price", "source_fill_price", "ratio"),
    *not_negative("size"),
)
