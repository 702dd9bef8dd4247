"""Settings versions: what a person applied from recomma.toml, by whom and when."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres import tables as t
from recomma.adapters.postgres.audit import Act, write_down

TAG_MAX: Final = 65535


class AnotherAccount(Exception):
    """A venue that has traded would get another account: its orders would be looked for there."""


@dataclass(frozen=True)
class VenueRow:
    """One venue as configured. `bots` None: every bot of the account, new ones too.

    `live` None: as it is, because a person decides that elsewhere; a new venue starts in dry run.
    `tag` None: as it is; a new venue draws one.
    """

    name: str
    account: str
    sub_account: str | None
    network: str
    signer: str
    live: bool | None
    bots: tuple[int, ...] | None
    tag: int | None = None


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

    Settings that are in force already are no new version: containers apply theirs at each start.
    A pair that is new is enabled at `at`; one that stays keeps its time, because it decides which
    deals are mirrored. A venue that is gone from the file stops being paired with anything.
    Raises AnotherAccount, and then nothing is stored.
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
        newest = connection.execute(_newest()).one()
        if newest.sha == sha:
            return int(newest.id)
        version = connection.execute(
            t.settings_versions.insert()
            .values(at=at, actor=actor, body=json.loads(text), sha=sha)
            .returning(t.settings_versions.c.id)
        ).scalar_one()
        act = Act(actor, at)
        write_down(connection, act, "config apply", f"settings/{version}", {"sha": sha})
    return int(version)


def _newest() -> Select[Any]:
    return select(t.settings_versions).order_by(t.settings_versions.c.id.desc()).limit(1)


def latest(engine: Engine) -> tuple[int, Mapping[str, Any]] | None:
    """Return the newest settings version and its body, or None before the first."""
    with engine.connect() as connection:
        row = connection.execute(_newest()).first()
    return (row.id, row.body) if row else None


@dataclass(frozen=True)
class Version:
    """One settings version as it was applied."""

    id: int
    at: datetime
    actor: str
    body: Mapping[str, Any]


def versions(engine: Engine) -> Sequence[Version]:
    """Return every version that was ever applied, oldest first."""
    query = select(t.settings_versions).where(t.settings_versions.c.id > 0)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(t.settings_versions.c.id)).all()
    return tuple(Version(row.id, row.at, row.actor, row.body) for row in rows)


def _store_venue(connection: Connection, venue: VenueRow, at: datetime) -> None:
    signer = venue.signer.lower()
    account = {
        "account": venue.account.lower(),
        "sub_account": venue.sub_account and venue.sub_account.lower(),
        "network": venue.network,
    }
    _must_stay(connection, venue.name, account)
    connection.execute(insert(t.signers).values(address=signer).on_conflict_do_nothing())
    values: dict[str, object] = {
        **account,
        "signer": signer,
        "all_bots": venue.bots is None,
    }
    if venue.live is not None:
        values["live"] = venue.live
    if venue.tag is not None:
        values["tag"] = venue.tag
    connection.execute(
        insert(t.venues)
        .values({"name": venue.name, "tag": _drawn(connection), "enabled_at": at, **values})
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def _must_stay(connection: Connection, name: str, account: Mapping[str, object]) -> None:
    row = connection.execute(select(t.venues).where(t.venues.c.name == name)).first()
    if row is None or all(getattr(row, key) == value for key, value in account.items()):
        return
    traded = select(t.mirror_orders.c.id).where(t.mirror_orders.c.venue == name).limit(1)
    if connection.execute(traded).first() is not None:
        raise AnotherAccount(
            f"venue {name} has traded on {row.sub_account or row.account} ({row.network}): "
            f"give another account another name"
        )


def _drawn(connection: Connection) -> int:
    """Return a mark for a new venue's cloids that no other venue here has.

    Drawn by chance, so that two installations that were configured alike tell each other's orders
    from their own.
    """
    taken = set(connection.execute(select(t.venues.c.tag)).scalars())
    return next(tag for tag in iter(_a_tag, 0) if tag not in taken)


def _a_tag() -> int:
    return 1 + secrets.randbelow(TAG_MAX)


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
