"""The one place that knows which adapter stands behind which port."""

from recomma.wiring.exchanges import source_of, venue_clock_skew, venue_of
from recomma.wiring.metrics import serve_metrics, serve_own
from recomma.wiring.now import act_here
from recomma.wiring.outside import REAL, Outside, clock_of
from recomma.wiring.servers import (
    engine_of,
    migrate,
    redis_says,
    schema_of,
    scratch,
    scratch_database,
)
from recomma.wiring.settings_in_force import (
    apply_config,
    apply_venues,
    config_in_force,
    settings_versions,
)
from recomma.wiring.stores import (
    accounts_of,
    books_of,
    dead_letters,
    ledger_of,
    progress_of,
    stops_of,
    stories_of,
    venue_states_of,
)
from recomma.wiring.tools import build

__all__ = [
    "REAL",
    "Outside",
    "accounts_of",
    "act_here",
    "apply_config",
    "apply_venues",
    "books_of",
    "build",
    "clock_of",
    "config_in_force",
    "dead_letters",
    "engine_of",
    "ledger_of",
    "migrate",
    "progress_of",
    "redis_says",
    "schema_of",
    "scratch",
    "scratch_database",
    "serve_metrics",
    "serve_own",
    "settings_versions",
    "source_of",
    "stops_of",
    "stories_of",
    "venue_clock_skew",
    "venue_of",
    "venue_states_of",
]
