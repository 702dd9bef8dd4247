"""The two exchanges, each with its credentials and the wire that leads to it."""

from datetime import timedelta
from typing import Final

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.config import BadSetting, Settings
from recomma.domain.readiness import clock_ahead
from recomma.ports import VenueTerms
from recomma.ports.guarding import UNGUARDED, Guard
from recomma.signing.hyperliquid import BadKey
from recomma.signing.threecommas import Scheme
from recomma.wiring.outside import REAL, Outside, real_time, session_of

SOURCE_TOTAL_SECONDS: Final = 45.0
"""How long one answer of 3Commas may take as a whole; long lists do (threecommas.md 1)."""


def source_of(
    settings: Settings, outside: Outside = REAL, *, guard: Guard = UNGUARDED
) -> ThreeCommas:
    """Return the 3Commas account of the settings. Raises BadSetting for unusable credentials."""
    return ThreeCommas(
        settings.threecommas_url,
        _credentials(settings),
        session=session_of(settings.concurrency, outside, total_seconds=SOURCE_TOTAL_SECONDS),
        forced_mode=settings.threecommas_mode,
        guard=guard,
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


def venue_of(
    settings: Settings,
    terms: VenueTerms,
    outside: Outside = REAL,
    *,
    guard: Guard = UNGUARDED,
) -> HyperliquidVenue:
    """Return a venue with its agent key. Raises BadSetting if there is no usable key for it."""
    session = session_of(settings.concurrency, outside)
    url = settings.hyperliquid_url
    key = key_of(settings, terms.name)
    exchange = HyperliquidExchange(
        base_url=url,
        key=key,
        account=terms.account,
        vault=terms.sub_account,
        network=settings.hyperliquid_network,
        session=session,
        guard=guard,
    )
    info = HyperliquidInfo(base_url=url, session=session, guard=guard)
    return HyperliquidVenue(terms.name, terms.sub_account or terms.account, info, exchange)


def key_of(settings: Settings, venue: str) -> AgentKey:
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


def venue_clock_skew(settings: Settings) -> timedelta:
    """Return how far this machine's clock is ahead of the venue's, as a survey measures it."""
    session = session_of(1)
    nobody = "0x" + "0" * 40
    before = real_time()
    state = HyperliquidInfo(base_url=settings.hyperliquid_url, session=session).account_state(
        nobody
    )
    return clock_ahead(before, real_time(), state.at)
