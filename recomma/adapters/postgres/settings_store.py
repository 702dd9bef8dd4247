"""Settings versions: what a person applied from recomma.toml, by whom and when."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres import tables as t

TAG_MAX: Final = 65535


@dataclass(frozen=True)
class VenueRow:
    """One venue as configured. `bots` None: every bot of the account, new ones too."""

    name: str
    account: str
    sub_account: str | None
    network: str
    signer: str
    live: bool
    bots: tuple[int, ...] | None


def apply(
    engine: Engine,
    *,
    source: str,
    venues: Sequence[VenueRow],
    body: Mapping[str, Any],
    actor: str,
    at: datetime,
) -> int:
    """Store a settings version and bring venues and pairs in line with it; return its number.

    A pair that is new is enabled at `at`; one that stays keeps its time, because it decides which
    deals are mirrored. A venue that is gone from the file stops being paired with anything.
    """
    text = json.dumps(body, sort_keys=True, default=str)
    sha = hashlib.sha256(text.encode()).hexdigest()
    with engine.begin() as connection:
        connection.execute(insert(t.accounts).values(name=source).on_conflict_do_nothing())
        for venue in venues:
            _store_venue(connection, venue, at)
            _store_pairs(connection, source, venue, at)
        gone = t.pairs.c.venue.not_in([venue.name for venue in venues])
        connection.execute(t.pairs.delete().where(gone))
        version = connection.execute(
            t.settings_versions.insert()
            .values(at=at, actor=actor, body=json.loads(text), sha=sha)
            .returning(t.settings_versions.c.id)
        ).scalar_one()
        connection.execute(
            t.audit_log.insert().values(
                at=at,
                actor=actor,
                action="config apply",
                subject=f"settings/{version}",
                detail={"sha": sha},
            )
        )
    return int(version)


def latest(engine: Engine) -> tuple[int, Mapping[str, Any]] | None:
    """Return the newest settings version and its body, or None before the first."""
    columns = select(t.settings_versions.c.id, t.settings_versions.c.body)
    with engine.connect() as connection:
        row = connection.execute(columns.order_by(t.settings_versions.c.id.desc()).limit(1)).first()
    return (row.id, row.body) if row else None


def _store_venue(connection: Connection, venue: VenueRow, at: datetime) -> None:
    signer = venue.signer.lower()
    connection.execute(insert(t.signers).values(address=signer).on_conflict_do_nothing())
    values = {
        "account": venue.account.lower(),
        "sub_account": venue.sub_account and venue.sub_account.lower(),
        "network": venue.network,
        "signer": signer,
        "live": venue.live,
        "all_bots": venue.bots is None,
    }
    connection.execute(
        insert(t.venues)
        .values(name=venue.name, tag=_tag(venue), enabled_at=at, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def _tag(venue: VenueRow) -> int:
    """Return the mark that this venue's cloids carry: the same again if the database is lost."""
    digest = hashlib.sha256(f"{venue.name} {venue.account.lower()}".encode()).digest()
    return int.from_bytes(digest[:2], "big") % TAG_MAX + 1


def _store_pairs(connection: Connection, source: str, venue: VenueRow, at: datetime) -> None:
    wanted = venue.bots
    if wanted is None:
        known = select(t.bots.c.id).where(t.bots.c.account == source)
        wanted = tuple(connection.execute(known).scalars())
    for bot_id in wanted:
        connection.execute(
            insert(t.bots)
            .values(id=bot_id, account=source, first_seen_at=at)
            .on_conflict_do_nothing()
        )
        connection.execute(
            insert(t.pairs)
            .values(bot_id=bot_id, venue=venue.name, enabled_at=at)
            .on_conflict_do_nothing()
        )
    dropped = (t.pairs.c.venue == venue.name) & t.pairs.c.bot_id.not_in(wanted)
    connection.execute(t.pairs.delete().where(dropped))
