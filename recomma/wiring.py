"""The one place that knows which adapter stands behind which port."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any, Final

import redis
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from sqlalchemy import Engine

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.simulated_clock import SimulatedClock
from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.adapters.metrics.prometheus import PrometheusMetrics
from recomma.adapters.postgres import schema, settings_store
from recomma.adapters.postgres import scratch as postgres_scratch
from recomma.adapters.postgres.accounts_view import Accounts
from recomma.adapters.postgres.books import Books
from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.progress import Progress
from recomma.adapters.postgres.settings_store import VenueRow, Version
from recomma.adapters.postgres.stops_store import StopsStore
from recomma.adapters.postgres.stories import Stories
from recomma.adapters.postgres.values import Applied
from recomma.adapters.postgres.venue_states import VenueStates
from recomma.adapters.redis import scratch as redis_scratch
from recomma.adapters.redis.locks import RedisLocks
from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.config import BadSetting, Settings
from recomma.config_file import BadConfig, ConfigFile, policy_of, stored
from recomma.pipeline.tools import Tools
from recomma.ports import Clock, Publisher, Venue, VenueTerms
from recomma.signing.hyperliquid import BadKey, require_fast_curve
from recomma.signing.threecommas import Scheme

APPLIED_SECONDS: Final = 3.0
SPARE_CONNECTIONS = 4  # Beyond one per worker thread: the relay, and a second book in a step.


@dataclass(frozen=True)
class Outside:
    """What stands where the network and the time are. By default the real ones."""

    transports: Mapping[str, BaseAdapter] = field(default_factory=dict)  # By the URL they serve.
    clock: Clock | None = None


REAL: Final = Outside()


def build(settings: Settings, publisher: Publisher, outside: Outside = REAL) -> Tools:
    """Build the pipeline's tools. Raises BadSetting, or what the database says of its schema."""
    require_fast_curve()
    engine = make_engine(settings.database_url, pool_size=settings.concurrency + SPARE_CONNECTIONS)
    schema.check(engine)
    clock = outside.clock or clock_of(settings)
    ledger = PostgresLedger(
        engine, clock=clock, applied=_Applied(engine), look_cadence=settings.look_cadence
    )
    return Tools(
        ledger=ledger,
        sources={settings.account: source_of(settings, outside)},
        venues=_Venues(settings, ledger, outside),
        locks=RedisLocks(settings.redis_url),
        publisher=publisher,
        metrics=PrometheusMetrics(),
        clock=clock,
        jitter=random.random,
    )


def clock_of(settings: Settings) -> Clock:
    return SimulatedClock(settings.clock_url) if settings.clock_url else _real_time


def _real_time() -> datetime:
    return datetime.now(UTC)


def engine_of(settings: Settings) -> Engine:
    """Return an engine for a command: few connections, schema not checked."""
    return make_engine(settings.database_url, pool_size=2)


def dead_letters(settings: Settings) -> DeadLetterStore:
    """Return the dead letters for a command. Raises SchemaMissing for an unmigrated database."""
    engine = engine_of(settings)
    schema.check(engine)
    return DeadLetterStore(engine, clock=clock_of(settings))


@contextmanager
def scratch(database_url: str, redis_url: str) -> Iterator[tuple[str, str]]:
    """Yield URLs on the same servers where a stage disturbs nobody; they are emptied after it.

    Raises NotAllowed where the servers do not let us.
    """
    with scratch_database(database_url) as database:
        queues = redis_scratch.find(redis_url)
        try:
            yield database, queues
        finally:
            redis_scratch.clear(queues)


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """Yield the URL of a database of one's own on the same server. Raises NotAllowed."""
    database = postgres_scratch.create(url)
    try:
        yield database
    finally:
        postgres_scratch.drop(database)


def migrate(settings: Settings) -> str:
    """Bring the database to the newest schema; return its name."""
    schema.upgrade(settings.database_url)
    return schema.head()


def ledger_of(settings: Settings, outside: Outside = REAL) -> PostgresLedger:
    """Return the ledger for a command or a test stage."""
    engine = engine_of(settings)
    return PostgresLedger(
        engine,
        clock=outside.clock or clock_of(settings),
        applied=_Applied(engine),
        look_cadence=settings.look_cadence,
    )


def progress_of(settings: Settings) -> Progress:
    return Progress(engine_of(settings))


def books_of(settings: Settings, outside: Outside = REAL) -> Books:
    """Return what reports read. Raises SchemaMissing for an unmigrated database."""
    engine = engine_of(settings)
    schema.check(engine)
    clock = outside.clock or clock_of(settings)
    return Books(engine, clock=clock, applied=_Applied(engine))


def stories_of(settings: Settings) -> Stories:
    """Return the stories of deals. Raises SchemaMissing for an unmigrated database."""
    engine = engine_of(settings)
    schema.check(engine)
    return Stories(engine)


def accounts_of(settings: Settings) -> Accounts:
    """Return fills, and what is beside ours. Raises SchemaMissing for an unmigrated database."""
    engine = engine_of(settings)
    schema.check(engine)
    return Accounts(engine, clock=clock_of(settings))


def schema_of(settings: Settings) -> str:
    """Return the schema's name. Raises SchemaMissing if it is not the newest."""
    schema.check(engine_of(settings))
    return schema.head()


def redis_says(settings: Settings) -> str:
    """Return what the broker says of itself. Raises RedisError, or BadSetting for a policy that
    would throw queues away when memory runs short."""
    server = redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=3)
    with server:
        info = server.info()
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise BadSetting(
            f"Redis may evict keys ({policy}): set maxmemory-policy noeviction, or queues vanish."
        )
    return f"answers ({info.get('redis_version')}), noeviction"


def venue_clock_skew(settings: Settings) -> timedelta:
    """Return how far this machine's clock is ahead of the venue's."""
    session = _session(1)
    nobody = "0x" + "0" * 40
    before = _real_time()
    state = HyperliquidInfo(base_url=settings.hyperliquid_url, session=session).account_state(
        nobody
    )
    middle = before + (_real_time() - before) / 2
    return middle - state.at


def apply_config(
    settings: Settings, config: ConfigFile, *, actor: str, at: datetime, live: bool | None = None
) -> int:
    """Store recomma.toml as a settings version; a venue that is new starts in dry run.

    `live` is for simulated venues: of the others `recomma venues live` decides.

    Raises BadSetting for a venue without a key, BadConfig for one that would change its account.
    """
    rows = [
        VenueRow(
            name=venue.name,
            account=venue.account,
            sub_account=venue.sub_account,
            network=str(settings.hyperliquid_network),
            signer=_key_of(settings, venue.name).address,
            live=live,
            bots=None if venue.bots == "all" else tuple(venue.bots),
        )
        for venue in config.venues
    ]
    engine = engine_of(settings)
    schema.check(engine)
    body = config.model_dump(mode="json", exclude_unset=True)
    try:
        return settings_store.apply(
            engine, source=settings.account, venues=rows, body=body, actor=actor, at=at
        )
    except settings_store.AnotherAccount as error:
        raise BadConfig(f"{error}.") from None


def settings_versions(settings: Settings) -> Sequence[Version]:
    """Return every applied version of recomma.toml, oldest first."""
    engine = engine_of(settings)
    schema.check(engine)
    return settings_store.versions(engine)


def config_in_force(settings: Settings) -> ConfigFile:
    """Return recomma.toml as it was last applied; before the first time, an empty one."""
    applied = settings_versions(settings)
    return stored(applied[-1].body if applied else {})


def stops_of(settings: Settings) -> StopsStore:
    """Return the stops for a command. Raises SchemaMissing for an unmigrated database."""
    engine = engine_of(settings)
    schema.check(engine)
    return StopsStore(engine, clock=clock_of(settings))


def venue_states_of(settings: Settings) -> VenueStates:
    """Return the venues for a command. Raises SchemaMissing for an unmigrated database."""
    engine = engine_of(settings)
    schema.check(engine)
    return VenueStates(engine, clock=clock_of(settings))


def apply_venues(
    settings: Settings,
    venues: Sequence[tuple[str, str, tuple[int, ...] | None]],
    *,
    at: datetime,
    actor: str = "stage",
) -> int:
    """Apply live venues, each (name, account, bots); the way of simulated stages."""
    rows = []
    for name, account, bots in venues:
        signer = _key_of(settings, name).address
        network = str(settings.hyperliquid_network)
        rows.append(VenueRow(name, account, None, network, signer, live=True, bots=bots))
    engine = engine_of(settings)
    schema.check(engine)
    return settings_store.apply(
        engine,
        source=settings.account,
        venues=rows,
        body={"venues": [name for name, _, _ in venues]},
        actor=actor,
        at=at,
    )


def source_of(settings: Settings, outside: Outside = REAL) -> ThreeCommas:
    """Return the 3Commas account of the settings. Raises BadSetting for unusable credentials."""
    return ThreeCommas(
        settings.threecommas_url,
        _credentials(settings),
        session=_session(settings.concurrency, outside),
        forced_mode=settings.threecommas_mode,
    )


def _credentials(settings: Settings) -> Credentials:
    private_key = settings.threecommas_private_key.get_secret_value()
    secret = private_key or settings.threecommas_secret.get_secret_value()
    scheme = Scheme.RSA if private_key else Scheme.HMAC
    try:
        return Credentials(settings.threecommas_api_key.get_secret_value(), secret, scheme)
    except ValueError as error:
        raise BadSetting(
            f"RECOMMA_THREECOMMAS_API_KEY and RECOMMA_THREECOMMAS_SECRET (or _PRIVATE_KEY) "
            f"are not usable: {error}."
        ) from None


def venue_of(settings: Settings, terms: VenueTerms, outside: Outside = REAL) -> HyperliquidVenue:
    """Return a venue with its agent key. Raises BadSetting if there is no usable key for it."""
    session = _session(settings.concurrency, outside)
    url = settings.hyperliquid_url
    key = _key_of(settings, terms.name)
    exchange = HyperliquidExchange(
        base_url=url,
        key=key,
        account=terms.account,
        vault=terms.sub_account,
        network=settings.hyperliquid_network,
        session=session,
    )
    info = HyperliquidInfo(base_url=url, session=session)
    return HyperliquidVenue(terms.name, terms.sub_account or terms.account, info, exchange)


def _key_of(settings: Settings, venue: str) -> AgentKey:
    try:
        return AgentKey(_agent_key(settings, venue))
    except BadKey as error:
        raise BadSetting(f"The agent key of venue {venue} is not usable: {error}.") from None


def _agent_key(settings: Settings, venue: str) -> str:
    if settings.agent_keys_dir:
        path = settings.agent_keys_dir / venue
        try:
            return path.read_text().strip()
        except OSError as error:
            raise BadSetting(
                f"The agent key of venue {venue} cannot be read from {path} ({error.strerror}): "
                f"put it there, or fix RECOMMA_AGENT_KEYS_DIR."
            ) from None
    return settings.agent_key.get_secret_value()


def _session(connections: int, outside: Outside = REAL) -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections + 1)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    for url, transport in outside.transports.items():
        session.mount(url, transport)
    # A proxy setting of the machine must not see signed requests that nobody sent there.
    session.trust_env = False
    return session


class _Applied:
    """The newest applied settings, read again every few seconds: no restart is needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read_at = -APPLIED_SECONDS
        self._known = Applied()

    def __call__(self) -> Applied:
        now = time.monotonic()
        if now - self._read_at >= APPLIED_SECONDS:
            latest = settings_store.latest(self._engine)
            self._read_at = now
            self._known = _applied(*latest) if latest else Applied()
        return self._known


def _applied(version: int, body: Mapping[str, Any]) -> Applied:
    return Applied(version, cache(partial(policy_of, stored(body))))


class _Venues(Mapping[str, Venue]):
    """Venues by name, each built when it is first worked on; a new one needs no restart."""

    def __init__(self, settings: Settings, ledger: PostgresLedger, outside: Outside) -> None:
        self._settings = settings
        self._ledger = ledger
        self._outside = outside
        self._known = {terms.name: terms for terms in ledger.venues()}
        self._built: dict[str, HyperliquidVenue] = {}

    def __getitem__(self, name: str) -> Venue:
        if name not in self._built:
            if name not in self._known:
                self._known = {terms.name: terms for terms in self._ledger.venues()}
            self._built[name] = venue_of(self._settings, self._known[name], self._outside)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
