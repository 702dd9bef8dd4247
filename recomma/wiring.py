"""The one place that knows which adapter stands behind which port."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import requests
from requests.adapters import HTTPAdapter
from sqlalchemy import Engine

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.simulated_clock import SimulatedClock
from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.adapters.metrics.prometheus import PrometheusMetrics
from recomma.adapters.postgres import schema, settings_store
from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.progress import Progress
from recomma.adapters.postgres.settings_store import VenueRow
from recomma.adapters.postgres.views import Views
from recomma.adapters.redis.locks import RedisLocks
from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.config import BadSetting, Settings
from recomma.pipeline.tools import Tools
from recomma.ports import Clock, Publisher, Source, Venue, VenueTerms
from recomma.signing.hyperliquid import BadKey, require_fast_curve
from recomma.signing.threecommas import Scheme

SPARE_CONNECTIONS = 4  # Beyond one per worker thread: the relay, and a second book in a step.


def build(settings: Settings, publisher: Publisher) -> Tools:
    """Build the pipeline's tools. Raises BadSetting, or what the database says of its schema."""
    require_fast_curve()
    engine = make_engine(settings.database_url, pool_size=settings.concurrency + SPARE_CONNECTIONS)
    schema.check(engine)
    clock = clock_of(settings)
    ledger = PostgresLedger(engine, clock=clock, look_cadence=settings.look_cadence)
    return Tools(
        ledger=ledger,
        sources={settings.account: source_of(settings)},
        venues=_Venues(settings, {terms.name: terms for terms in ledger.venues()}, ledger),
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


def migrate(settings: Settings) -> str:
    """Bring the database to the newest schema; return its name."""
    schema.upgrade(settings.database_url)
    return schema.head()


def ledger_of(settings: Settings) -> PostgresLedger:
    """Return the ledger for a command or a test stage."""
    return PostgresLedger(
        engine_of(settings), clock=clock_of(settings), look_cadence=settings.look_cadence
    )


def progress_of(settings: Settings) -> Progress:
    return Progress(engine_of(settings))


def views_of(settings: Settings) -> Views:
    return Views(engine_of(settings))


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
        signer = AgentKey(_agent_key(settings, name)).address
        network = str(settings.hyperliquid_network)
        rows.append(VenueRow(name, account, None, network, signer, live=True, bots=bots))
    return settings_store.apply(
        engine_of(settings),
        source=settings.account,
        venues=rows,
        body={"venues": [name for name, _, _ in venues]},
        actor=actor,
        at=at,
    )


def source_of(settings: Settings) -> Source:
    """Return the 3Commas account of the settings. Raises BadSetting for unusable credentials."""
    return ThreeCommas(
        settings.threecommas_url,
        _credentials(settings),
        session=_session(settings.concurrency),
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


def venue_of(settings: Settings, terms: VenueTerms) -> HyperliquidVenue:
    """Return a venue with its agent key. Raises BadSetting if there is no usable key for it."""
    session = _session(settings.concurrency)
    url = settings.hyperliquid_url
    try:
        key = AgentKey(_agent_key(settings, terms.name))
    except BadKey as error:
        raise BadSetting(f"The agent key of venue {terms.name} is not usable: {error}.") from None
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


def _session(connections: int) -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections + 1)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    # A proxy setting of the machine must not see signed requests that nobody sent there.
    session.trust_env = False
    return session


class _Venues(Mapping[str, Venue]):
    """Venues by name, each built when it is first worked on; a new one needs no restart."""

    def __init__(
        self, settings: Settings, known: dict[str, VenueTerms], ledger: PostgresLedger
    ) -> None:
        self._settings = settings
        self._known = known
        self._ledger = ledger
        self._built: dict[str, HyperliquidVenue] = {}

    def __getitem__(self, name: str) -> Venue:
        if name not in self._built:
            if name not in self._known:
                self._known = {terms.name: terms for terms in self._ledger.venues()}
            self._built[name] = venue_of(self._settings, self._known[name])
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
