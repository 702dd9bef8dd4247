"""Who trades where: accounts, bots, venues, what pairs them, and what a person has decided."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
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
    remark,
    to,
    words,
)
from recomma.domain.policy import MarginMode
from recomma.domain.reasons import Reason
from recomma.domain.source import Strategy

accounts = Table(
    "accounts",
    metadata,
    Column("name", Text, primary_key=True),
    counter("fence"),
    instant("read_at", nullable=True),
)

# `seen_at` is NULL for a bot that only a deal has named so far.
bots = Table(
    "bots",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    to("accounts.name", "account"),
    remark("name"),
    Column("source_account_id", BigInteger),
    Column("enabled", Boolean),
    words("strategy", nullable=True),
    Column("pairs", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    instant("first_seen_at"),
    instant("seen_at", nullable=True),
    known("strategy", Strategy),
    Index("bots_account_idx", "account"),
)

# The venue counts nonces per signer, and two venues may share one (hyperliquid.md 6).
signers = Table(
    "signers",
    metadata,
    Column("address", Text, primary_key=True),
    counter("last_nonce"),
    CheckConstraint("address = lower(address)", name="address_lower_case"),
    CheckConstraint("last_nonce >= 0", name="last_nonce_not_negative"),
)

# `surveyed_at` and what follows is what the last survey read of the account; `trouble` is why
# nothing can be traded there (a role that is not an agent's, another installation), empty if none.
# `role_trouble` is what the last look at the addresses' roles said, which is taken once an hour.
# `clock_ahead_ms` is how far our clock was ahead of the venue's then, negative if it was behind. A
# survey has a fence of its own, because it runs beside the submitting that the other one fences.
venues = Table(
    "venues",
    metadata,
    Column("name", Text, primary_key=True),
    words("account"),
    words("sub_account", nullable=True),
    words("network"),
    to("signers.address", "signer"),
    flag("live"),
    Column("tag", Integer, nullable=False),
    flag("all_bots"),
    instant("enabled_at", nullable=True),
    counter("fence"),
    instant("fills_read_to", nullable=True),
    instant("surveyed_at", nullable=True),
    money("account_value", nullable=True),
    money("withdrawable", nullable=True),
    Column("budget_used", BigInteger),
    Column("budget_cap", BigInteger),
    remark("trouble"),
    words("trouble_why", nullable=True),
    counter("survey_fence"),
    instant("role_read_at", nullable=True),
    remark("role_trouble"),
    counter("clock_ahead_ms"),
    known("network", ("mainnet", "testnet")),
    known("trouble_why", Reason),
    CheckConstraint("tag BETWEEN 1 AND 65535", name="tag_fits_cloid"),
)

pairs = Table(
    "pairs",
    metadata,
    to("bots.id", "bot_id", key=True),
    to("venues.name", "venue", key=True),
    instant("enabled_at"),
)

settings_versions = Table(
    "settings_versions",
    metadata,
    identity(),
    instant("at"),
    words("actor"),
    Column("body", JSONB, nullable=False),
    words("sha"),
)

audit_log = Table(
    "audit_log",
    metadata,
    identity(),
    instant("at"),
    words("actor"),
    words("action"),
    words("subject"),
    Column("detail", JSONB, nullable=False),
    Index("audit_log_at_idx", "at"),
)

markets = Table(
    "markets",
    metadata,
    to("venues.name", "venue", key=True),
    Column("coin", Text, primary_key=True),
    Column("asset", Integer, nullable=False),
    Column("size_decimals", Integer, nullable=False),
    Column("max_leverage", Integer, nullable=False),
    flag("delisted"),
    flag("only_isolated"),
    instant("at"),
    CheckConstraint("asset >= 0", name="asset_not_negative"),
    CheckConstraint("size_decimals BETWEEN 0 AND 8", name="size_decimals_within_venue"),
    CheckConstraint("max_leverage >= 1", name="max_leverage_from_one"),
)

leverages = Table(
    "leverages",
    metadata,
    to("venues.name", "venue", key=True),
    Column("coin", Text, primary_key=True),
    Column("value", Integer, nullable=False),
    Column("mode", Text, nullable=False, server_default=text("'cross'")),
    instant("at"),
    known("mode", MarginMode),
    CheckConstraint("value >= 1", name="value_from_one"),
)
