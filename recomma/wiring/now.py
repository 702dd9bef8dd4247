"""The pipeline in a command's own process: Postgres and the venues, and nothing else that must run.

Redis is used where it answers: its locks keep workers and the command from working on one deal at
once, and its budget lets the workers know what the command has asked for. Without it, both do
without it.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import OperationalError

from recomma.adapters.metrics.prometheus import PrometheusMetrics
from recomma.adapters.postgres import schema
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.redis.locks import RedisLocks
from recomma.adapters.redis.reach import Reach
from recomma.config import Settings
from recomma.pipeline.loop import WaitingNotes
from recomma.pipeline.now import Patience, Places, act_now
from recomma.pipeline.tools import Tools
from recomma.ports import Locks
from recomma.signing.hyperliquid import require_fast_curve
from recomma.wiring.guards import Guards
from recomma.wiring.outside import REAL, clock_of
from recomma.wiring.settings_in_force import InForce
from recomma.wiring.venues import Venues

CONNECTIONS: Final = 2  # One step at a time, with a second book in it.


def act_here(settings: Settings, left: Callable[[], Places], *, within: timedelta) -> bool:
    """Settle, cancel and close where `left` says, in this process; return whether nothing is left.

    Returns after `within` at the latest, and a request that is under way then. Raises
    OperationalError if Postgres is still away at the end.
    """
    tools = _tools(settings)
    ends_at = tools.clock() + within
    return act_now(tools, left, Patience(ends_at, _pause, passing=(OperationalError,)))


def _pause(pause: timedelta) -> None:
    time.sleep(pause.total_seconds())


def _tools(settings: Settings) -> Tools:
    require_fast_curve()
    engine = make_engine(settings.database_url, pool_size=CONNECTIONS, application="recomma now")
    schema.check(engine)
    clock = clock_of(settings)
    ledger = PostgresLedger(
        engine, clock=clock, applied=InForce(engine), look_cadence=settings.look_cadence
    )
    guard = Guards(settings, engine).by_hand()
    return Tools(
        ledger=ledger,
        sources={},
        venues=Venues(settings, ledger, REAL, lambda _venue: guard),
        locks=_locks(settings),
        publisher=WaitingNotes(),  # Nothing is published here: the relay does it when it is back.
        metrics=PrometheusMetrics(),
        clock=clock,
        jitter=random.random,
        enters=False,
    )


def _locks(settings: Settings) -> Locks:
    reach = Reach(settings.redis_url, client_name="recomma-now")
    answers = reach.ask(lambda: bool(reach.client.ping()), otherwise=False)
    reach.close()
    return RedisLocks(settings.redis_url) if answers else _Unlocked()


class _Unlocked:
    """No locks, where each attempt to take one would cost seconds: the fence keeps the promise."""

    @contextmanager
    def hold(self, _subject: str) -> Iterator[bool]:
        yield True
