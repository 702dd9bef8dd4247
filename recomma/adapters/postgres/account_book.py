"""What one 3Commas account has, under its row lock. See recomma.ports.AccountBook."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recomma.adapters.postgres.notes import Leaves
from recomma.adapters.postgres.tables import accounts, bots, deals, observations, pairs, venues
from recomma.adapters.postgres.values import SOURCE_DEAL, AnyRow, deal_json
from recomma.domain.bots import SourceBot
from recomma.domain.notes import Note
from recomma.domain.source import SourceDeal


class PostgresAccountBook:
    def __init__(self, connection: Connection, row: AnyRow) -> None:
        self._connection = connection
        self._row = row
        self._leaves = Leaves()

    def known(self) -> Mapping[int, SourceDeal]:
        active = select(deals.c.id, deals.c.listed).where(
            deals.c.account == self._row.name, deals.c.active
        )
        return {
            deal_id: SOURCE_DEAL.validate_python(listed)
            for deal_id, listed in self._connection.execute(active)
        }

    def read_at(self) -> datetime | None:
        at: datetime | None = self._row.read_at
        return at

    def seen(self, deals: Sequence[SourceDeal], at: datetime) -> frozenset[int]:
        changed, new = self._changed(deals)
        if changed:
            self._name_bots({deal.bot_id for deal in changed}, at)
            self._store(changed, at)
        this = accounts.c.name == self._row.name
        self._connection.execute(update(accounts).where(this).values(read_at=at))
        return new

    def bots_seen(self, bots: Sequence[SourceBot], at: datetime) -> None:
        new = {bot.id for bot in bots} - self.bots_known()
        if bots:
            self._store_bots(bots, at)
        if new:
            self._pair(new, at)

    def bots_known(self) -> frozenset[int]:
        seen = select(bots.c.id).where(
            bots.c.account == self._row.name, bots.c.seen_at.is_not(None)
        )
        return frozenset(self._connection.execute(seen).scalars())

    def venues_of(self, bot_ids: Collection[int]) -> Sequence[str]:
        paired = select(pairs.c.venue).where(pairs.c.bot_id.in_(bot_ids)).distinct()
        return self._connection.execute(paired.order_by(pairs.c.venue)).scalars().all()

    def leave(self, note: Note, due_at: datetime) -> None:
        self._leaves.add(note, due_at)

    def close(self) -> None:
        """Write what waits for the end of the transaction."""
        self._leaves.write(self._connection)

    def _changed(self, listed: Sequence[SourceDeal]) -> tuple[Sequence[SourceDeal], frozenset[int]]:
        """Return those that are new, came back, or differ from what the list showed before; and
        which of them are new."""
        ids = [deal.id for deal in listed]
        found = self._connection.execute(
            select(deals.c.id, deals.c.listed, deals.c.active, deals.c.finished).where(
                deals.c.id.in_(ids)
            )
        ).all()
        same = {
            row.id: SOURCE_DEAL.validate_python(row.listed)
            for row in found
            if row.active or row.finished
        }
        changed = [d for d in sorted(listed, key=lambda d: d.id) if same.get(d.id) != d]
        return changed, frozenset(ids) - {row.id for row in found}

    def _store(self, changed: Sequence[SourceDeal], at: datetime) -> None:
        rows = [self._deal_row(deal, at) for deal in changed]
        added = upsert(deals).values(rows)
        # An old list may still show a deal whose own page has said that it is finished: that
        # stays. The status comes from the page as well, once that has been read.
        self._connection.execute(
            added.on_conflict_do_update(
                index_elements=[deals.c.id],
                set_={
                    "listed": added.excluded.listed,
                    "active": ~deals.c.finished & added.excluded.active,
                },
            )
        )
        log = [
            {"deal_id": row["id"], "at": at, "kind": "list", "payload": row["listed"]}
            for row in rows
        ]
        self._connection.execute(insert(observations), log)

    def _deal_row(self, deal: SourceDeal, at: datetime) -> dict[str, object]:
        return {
            "id": deal.id,
            "account": self._row.name,
            "bot_id": deal.bot_id,
            "pair": deal.pair,
            "strategy": str(deal.strategy),
            "status": deal.status,
            # Only its own page ends a deal: it has what happened last.
            "finished": False,
            "active": True,
            "listed": deal_json(deal),
            "created_at": deal.created_at,
            "first_seen_at": at,
        }

    def _name_bots(self, ids: set[int], at: datetime) -> None:
        """A deal may come before its bot has been read."""
        rows = [
            {"id": bot_id, "account": self._row.name, "first_seen_at": at} for bot_id in sorted(ids)
        ]
        self._connection.execute(upsert(bots).values(rows).on_conflict_do_nothing())

    def _store_bots(self, seen: Sequence[SourceBot], at: datetime) -> None:
        rows = [
            {
                "id": bot.id,
                "account": self._row.name,
                "name": bot.name,
                "source_account_id": bot.account_id,
                "enabled": bot.enabled,
                "strategy": str(bot.strategy),
                "pairs": list(bot.pairs),
                "first_seen_at": at,
                "seen_at": at,
            }
            for bot in sorted(seen, key=lambda bot: bot.id)
        ]
        added = upsert(bots).values(rows)
        moving = ("name", "source_account_id", "enabled", "strategy", "pairs", "seen_at")
        self._connection.execute(
            added.on_conflict_do_update(
                index_elements=[bots.c.id],
                set_={name: added.excluded[name] for name in moving},
            )
        )

    def _pair(self, new: set[int], at: datetime) -> None:
        paired = select(pairs.c.bot_id).where(pairs.c.bot_id.in_(new))
        alone = new - set(self._connection.execute(paired).scalars())
        for_all = select(venues.c.name, venues.c.enabled_at).where(venues.c.all_bots)
        # A venue for all bots was enabled for this one, too, before anybody knew of it.
        rows = [
            {"bot_id": bot_id, "venue": venue, "enabled_at": enabled_at or at}
            for venue, enabled_at in self._connection.execute(for_all)
            for bot_id in sorted(alone)
        ]
        if rows:
            self._connection.execute(insert(pairs), rows)
