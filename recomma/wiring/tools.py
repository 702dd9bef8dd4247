"""All that the pipeline works with."""

import random
from collections.abc import Iterator, Mapping
from typing import Final

from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.adapters.metrics.prometheus import PrometheusMetrics
from recomma.adapters.postgres import schema
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.redis.locks import RedisLocks
from recomma.config import Settings
from recomma.pipeline.tools import Tools
from recomma.ports import Publisher, Venue
from recomma.ports.guarding import UNGUARDED
from recomma.signing.hyperliquid import require_fast_curve
from recomma.wiring.exchanges import source_of, venue_of
from recomma.wiring.guards import Guards
from recomma.wiring.outside import REAL, Outside, clock_of
from recomma.wiring.settings_in_force import InForce

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
        venues=_Venues(settings, ledger, outside, guards),
        locks=RedisLocks(settings.redis_url),
        publisher=publisher,
        metrics=PrometheusMetrics(),
        clock=clock,
        jitter=random.random,
    )


def _time_is_simulated(settings: Settings, outside: Outside) -> bool:
    """Breakers rest and budgets last in real time, which a rehearsal has none of."""
    return outside.clock is not None or settings.clock_url is not None


class _Venues(Mapping[str, Venue]):
    """Venues by name, each built when it is first worked on; a new one needs no restart."""

    def __init__(
        self,
        settings: Settings,
        ledger: PostgresLedger,
        outside: Outside,
        guards: Guards | None,
    ) -> None:
        self._settings = settings
        self._guards = guards
        self._ledger = ledger
        self._outside = outside
        self._known = {terms.name: terms for terms in ledger.venues()}
        self._built: dict[str, HyperliquidVenue] = {}

    def __getitem__(self, name: str) -> Venue:
        if name not in self._built:
            if name not in self._known:
                self._known = {terms.name: terms for terms in self._ledger.venues()}
            self._built[name] = venue_of(
                self._settings,
                self._known[name],
                self._outside,
                guard=self._guards.venue(name) if self._guards else UNGUARDED,
            )
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
