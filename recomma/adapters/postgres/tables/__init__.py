"""The ledger's tables, as the code sees them (design.md, section 8).

The database gets them from migrations/; a test holds the two together. What SQL can say about an
invariant is said here as a constraint, because two workers and a person with psql all meet it.
"""

from recomma.adapters.postgres.tables.columns import metadata
from recomma.adapters.postgres.tables.configured import (
    accounts,
    audit_log,
    bots,
    leverages,
    markets,
    pairs,
    settings_versions,
    signers,
    venues,
)
from recomma.adapters.postgres.tables.guarding import (
    pauses,
    request_budgets,
    request_turns,
    requests_made,
)
from recomma.adapters.postgres.tables.mirrored import (
    ADOPTED,
    ANSWERED,
    CANCEL_ASKED,
    CANCEL_WANTED,
    NOT_ANSWERED,
    PLANNED,
    RETERMED,
    UNCLEAR,
    WAITS,
    attempts,
    batches,
    fills,
    mirror_orders,
    order_history,
    positions,
    skips,
    standings,
)
from recomma.adapters.postgres.tables.noted import dead_letters, notes
from recomma.adapters.postgres.tables.shared import (
    claims,
    foreign_orders,
    held_positions,
    stops,
    transfers,
)
from recomma.adapters.postgres.tables.source import deals, observations, wanted_orders

__all__ = [
    "ADOPTED",
    "ANSWERED",
    "CANCEL_ASKED",
    "CANCEL_WANTED",
    "NOT_ANSWERED",
    "PLANNED",
    "RETERMED",
    "UNCLEAR",
    "WAITS",
    "accounts",
    "attempts",
    "audit_log",
    "batches",
    "bots",
    "claims",
    "dead_letters",
    "deals",
    "fills",
    "foreign_orders",
    "held_positions",
    "leverages",
    "markets",
    "metadata",
    "mirror_orders",
    "notes",
    "observations",
    "order_history",
    "pairs",
    "pauses",
    "positions",
    "request_budgets",
    "request_turns",
    "requests_made",
    "settings_versions",
    "signers",
    "skips",
    "standings",
    "stops",
    "transfers",
    "venues",
    "wanted_orders",
]
