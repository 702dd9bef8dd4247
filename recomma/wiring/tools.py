"""All that the pipeline works with."""

import random
from typing import Final

from recomma.adapters.metrics.prometheus import PrometheusMetrics
from recomma.adapters.postgres import schema
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.redis.locks import RedisLocks
from recomma.config import Settings
from recomma.pipeline.tools import Tools
from recomma.ports import Publisher
from recomma.ports.guarding import UNGUARDED
from recomma.signing.hyperliquid import require_fast_curve
from recomma.wiring.exchanges import source_of
from recomma.wiring.guards import Guards
from recomma.wiring.outside import REAL, Outside, clock_of
from recomma.wiring.settings_in_force import InForce
from recomma.wiring.venues import Venues, unguarded

# Beyond one per worker thread: the relay, and a second book in a step.
SPARE_CONNECTIONS: Final = 4


def build(settings: Settings, publisher: Publisher, outside: Outside = REAL) -> Tools:
    """Build the pipeline's tools. Raises BadSetting, or what the database says of its schema."""
    require_fast_curve()
    engine = make_engine(settings.database_url, pool_size=settings.concurrency + SPARE_CONNECTIONS)
    schema.check(engine)
    clock = outside.clock or clock_of(settings)
    ledger = PostgresLedger(
        engine, clock=clock, applied=InForce(engine), look_cadence=settings.look_cadence
    )
    guards = None if _time_is_simulated(settings, outside) else Guards(settings, engine)
    source = source_of(settings, outside, guard=guards.source() if guards else UNGUARDED)
    return Tools(
        ledger=ledger,
        sources={settings.account: source},
        venues=Venues(settings, ledger, outside, guards.venue if guards else unguarded),
        locks=RedisLocks(settings.redis_url),
        publisher=publisher,
        metrics=PrometheusMetrics(),
        clock=clock,
        jitter=random.random,
    )


def _time_is_simulated(settings: Settings, outside: Outside) -> bool:
    """Breakers rest and budgets last in real time, which a rehearsal has none of. Whoever asks for
    budgets beside a clock of its own says that it goes as real time does."""
    return outside.clock is not None or (settings.clock_url is not None and not settings.budgets)
