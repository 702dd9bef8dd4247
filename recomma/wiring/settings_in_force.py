"""recomma.toml: how it becomes a settings version, and how the newest one is read."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import Engine

from recomma.adapters.postgres import settings_store
from recomma.adapters.postgres.settings_store import VenueRow, Version
from recomma.adapters.postgres.values import Applied
from recomma.config import Settings
from recomma.config_file import BadConfig, ConfigFile, policy_of, stored
from recomma.domain.cloid import TAG_MAX
from recomma.wiring.exchanges import key_of
from recomma.wiring.servers import checked_engine

APPLIED_SECONDS: Final = 3.0


class InForce:
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
            signer=key_of(settings, venue.name).address,
            live=live,
            bots=None if venue.bots == "all" else tuple(venue.bots),
            tag=venue.tag or (None if live is None else _same_tag(venue.name, venue.account)),
        )
        for venue in config.venues
    ]
    engine = checked_engine(settings)
    body = config.model_dump(mode="json", exclude_unset=True)
    try:
        return settings_store.apply(
            engine, source=settings.account, venues=rows, body=body, actor=actor, at=at
        )
    except settings_store.AnotherAccount as error:
        raise BadConfig(f"{error}.") from None


def _same_tag(name: str, account: str) -> int:
    """Return the tag of a simulated venue: every run of a rehearsal makes the same cloids."""
    digest = hashlib.sha256(f"{name} {account.lower()}".encode()).digest()
    return int.from_bytes(digest[:2], "big") % TAG_MAX + 1


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
        signer = key_of(settings, name).address
        network = str(settings.hyperliquid_network)
        tag = _same_tag(name, account)
        rows.append(VenueRow(name, account, None, network, signer, live=True, bots=bots, tag=tag))
    engine = checked_engine(settings)
    return settings_store.apply(
        engine,
        source=settings.account,
        venues=rows,
        body={"venues": [name for name, _, _ in venues]},
        actor=actor,
        at=at,
    )


def settings_versions(settings: Settings) -> Sequence[Version]:
    """Return every applied version of recomma.toml, oldest first."""
    engine = checked_engine(settings)
    return settings_store.versions(engine)


def config_in_force(settings: Settings) -> ConfigFile:
    """Return recomma.toml as it was last applied; before the first time, an empty one."""
    applied = settings_versions(settings)
    return stored(applied[-1].body if applied else {})
