"""recomma.toml: what a person wants mirrored, where, how, and how much of it."""

from recomma.config_file.changes import Change, changes
from recomma.config_file.reading import BadConfig, read, stored
from recomma.config_file.resolving import Knob, policy_of, resolved
from recomma.config_file.tables import (
    BotTable,
    ConfigFile,
    LimitsTable,
    ListsTable,
    PairTable,
    PolicyTable,
    VenueTable,
)

__all__ = [
    "BadConfig",
    "BotTable",
    "Change",
    "ConfigFile",
    "Knob",
    "LimitsTable",
    "ListsTable",
    "PairTable",
    "PolicyTable",
    "VenueTable",
    "changes",
    "policy_of",
    "read",
    "resolved",
    "stored",
]
