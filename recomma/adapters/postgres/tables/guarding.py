"""What keeps us below the limits of outside services: requests made, who waits, and pauses."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, Integer, Table, Text
from sqlalchemy import text as sql

from recomma.adapters.postgres.tables.columns import (
    count,
    flag,
    identity,
    instant,
    metadata,
    to,
    words,
)

# One budget of requests. Its row is what workers that ask at once wait for. What was asked before
# `known_since` nobody knows.
request_budgets = Table(
    "request_budgets",
    metadata,
    Column("name", Text, primary_key=True),
    instant("known_since"),
    count("changed_in_row"),
    Column("list_weight", Integer, nullable=False, server_default=sql("1")),
)

# The requests of the last minute, one row each.
requests_made = Table(
    "requests_made",
    metadata,
    identity(),
    to("request_budgets.name", "budget"),
    instant("at"),
    flag("is_list"),
    Index("requests_made_at_idx", "budget", "at"),
)

# Who was refused, and when it was told to come back.
request_turns = Table(
    "request_turns",
    metadata,
    to("request_budgets.name", "budget", key=True),
    Column("deal", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, Identity(always=True), nullable=False),
    flag("changed"),
    instant("told_at"),
    Index("request_turns_place_idx", "budget", "place"),
)

# What a service said (429, 418): leave me alone until then.
pauses = Table(
    "pauses",
    metadata,
    identity(),
    words("budget"),
    instant("set_at"),
    instant("until"),
    words("why"),
    CheckConstraint("until >= set_at", name="not_over_before_it_begins"),
    Index("pauses_until_idx", "budget", "until"),
)
