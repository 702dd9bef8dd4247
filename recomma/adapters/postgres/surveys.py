"""A survey of one venue in the ledger. See recomma.ports.SurveyBook."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres import transfers
from recomma.adapters.postgres.notes import Leaves
from recomma.adapters.postgres.sharing import not_flat, stops_on
from recomma.adapters.postgres.tables import (
    attempts,
    deals,
    fills,
    foreign_orders,
    held_positions,
    mirror_orders,
    pairs,
    positions,
    stops,
    venues,
)
from recomma.adapters.postgres.universe import all_markets
from recomma.adapters.postgres.values import AnyRow, surveyed_account, venue_of
from recomma.domain.commitments import SurveyedAccount
from recomma.domain.first_sight import JUST_OPENED
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import Note
from recomma.domain.orders import Holding
from recomma.domain.readiness import WAITS_FOR_A_SURVEY
from recomma.domain.reasons import Reason
from recomma.domain.shared_account import Share, Shortfall
from recomma.domain.source import Strategy
from recomma.domain.stops import Level
from recomma.domain.venue import Fill, Market, OpenOrder
from recomma.ports import ForeignOrder, RolesRead, Surveyed, VenueTerms

ACTOR: Final = "survey"


class PostgresSurveyBook:
    """The venue's row is locked first, as whoever books fills does it, then coins, then
    positions."""

    def __init__(self, connection: Connection, row: AnyRow, now: datetime) -> None:
        self._connection = connection
        self._row = row
        self._name: str = row.name
        self._now = now
        self._leaves = Leaves()

    @property
    def venue(self) -> VenueTerms:
        return venue_of(self._row)

    @property
    def signer(self) -> str:
        return str(self._row.signer)

    def watched_at(self) -> datetime | None:
        at: datetime | None = self._row.surveyed_at
        return at

    def tag_is_shared(self) -> bool:
        return self._is_forbidden(None, Reason.OTHER_INSTALLATION)

    def listed_before(self) -> frozenset[int]:
        listed = select(foreign_orders.c.oid).where(foreign_orders.c.venue == self._name)
        return frozenset(self._connection.execute(listed).scalars())

    def account(self) -> SurveyedAccount | None:
        return surveyed_account(self._row)

    def entries_wait(self) -> bool:
        waiting = exists().where(
            mirror_orders.c.venue == self._name,
            mirror_orders.c.state == str(State.PLANNED),
            mirror_orders.c.waits_why.in_(sorted(map(str, WAITS_FOR_A_SURVEY))),
        )
        return bool(self._connection.execute(select(waiting)).scalar_one())

    def oldest_found_running(self) -> datetime | None:
        here = select(pairs.c.bot_id).where(pairs.c.venue == self._name)
        since = self._row.surveyed_at
        seen = deals.c.first_seen_at >= since if since else literal(True)
        oldest = select(func.min(deals.c.created_at)).where(
            deals.c.active,
            deals.c.bot_id.in_(here),
            deals.c.first_seen_at - deals.c.created_at > JUST_OPENED,
            seen,
        )
        found: datetime | None = self._connection.execute(oldest).scalar_one()
        return found

    def roles(self) -> RolesRead | None:
        row = self._row
        return RolesRead(row.role_read_at, row.role_trouble) if row.role_read_at else None

    def shares(self) -> Sequence[Share]:
        coin = (
            select(mirror_orders.c.coin)
            .where(mirror_orders.c.deal_id == positions.c.deal_id)
            .where(mirror_orders.c.venue == positions.c.venue)
            .limit(1)
            .scalar_subquery()
        )
        rows = self._connection.execute(
            select(positions, deals.c.strategy, coin.label("coin"))
            .join(deals, deals.c.id == positions.c.deal_id)
            .where(positions.c.venue == self._name, not_flat())
            .order_by(positions.c.deal_id)
        ).all()
        doubtful = self._coins_in_doubt()
        shares = [_share(row, row.coin in doubtful) for row in rows]
        return [share for share in shares if share.left]

    def exits_at_rest(self) -> Mapping[str, frozenset[str]]:
        resting = mirror_orders.c.state == str(State.RESTING)
        rows = self._connection.execute(
            select(mirror_orders.c.coin, mirror_orders.c.cloid).where(
                mirror_orders.c.venue == self._name, mirror_orders.c.reduce_only, resting
            )
        )
        by_coin: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            by_coin[row.coin].add(row.cloid)
        return {coin: frozenset(cloids) for coin, cloids in by_coin.items()}

    def at_rest(self) -> frozenset[str]:
        resting = mirror_orders.c.state == str(State.RESTING)
        here = mirror_orders.c.venue == self._name
        cloids = select(mirror_orders.c.cloid).where(here, resting)
        return frozenset(self._connection.execute(cloids).scalars())

    def strangers(self, orders: Iterable[OpenOrder]) -> Sequence[OpenOrder]:
        listed = list(orders)
        cloids = [order.cloid for order in listed if order.cloid]
        oids = [order.oid for order in listed]
        asked = select(attempts.c.cloid, attempts.c.oid).where(attempts.c.cloid.in_(cloids))
        given = {row.cloid: row.oid for row in self._connection.execute(asked)}
        placed = select(mirror_orders.c.oid).where(
            mirror_orders.c.venue == self._name, mirror_orders.c.oid.in_(oids)
        )
        known_oids = set(self._connection.execute(placed).scalars())
        return [
            order
            for order in listed
            if order.oid not in known_oids
            and (order.cloid not in given or given[order.cloid] not in (None, order.oid))
        ]

    def overfilled(self, since: datetime) -> frozenset[int]:
        this = mirror_orders.c.id == fills.c.mirror_order_id
        filled_now = select(fills.c.mirror_order_id).where(
            fills.c.venue == self._name, fills.c.at > since
        )
        too_much = (
            select(mirror_orders.c.deal_id)
            .join(fills, this)
            .where(mirror_orders.c.id.in_(filled_now))
            .group_by(mirror_orders.c.id)
            .having(func.sum(fills.c.size) > mirror_orders.c.size)
        )
        return frozenset(self._connection.execute(too_much).scalars())

    def unclaimed(self) -> Sequence[Fill]:
        ours = fills.c.cloid.startswith(f"0x{self._row.tag:04x}", autoescape=True)
        return self._fills(ours)

    def foreign_fills(self, since: datetime) -> Sequence[Fill]:
        return self._fills(fills.c.at >= since)

    def deals_among(self, deal_ids: Collection[int]) -> frozenset[int]:
        known = select(deals.c.id).where(deals.c.id.in_(deal_ids))
        return frozenset(self._connection.execute(known).scalars())

    def markets(self) -> Mapping[str, Market]:
        return all_markets(self._connection, self._name)

    def short(self) -> Mapping[str, Shortfall]:
        here = held_positions.c.venue == self._name
        rows = self._connection.execute(
            select(held_positions).where(here, held_positions.c.short_by > 0)
        )
        return {row.coin: Shortfall(Size(row.short_by), row.short_since) for row in rows}

    def hold_coin(self, coin: str) -> None:
        transfers.hold_coin(self._connection, self._name, coin, self._now)

    def store(self, surveyed: Surveyed, at: datetime) -> None:
        self._store_account(surveyed, at)
        self._store_coins(surveyed, at)
        self._store_foreign(surveyed.foreign, at)

    def lose(self, deal_id: int, coin: str, size: Size, why: Reason) -> None:
        move = transfers.Move(self._name, coin, deal_id, None, size, why, self._now)
        transfers.move(self._connection, move)

    def forbid(self, coin: str | None, why: Reason, text: str) -> None:
        if self._is_forbidden(coin, why):
            return
        row = {
            "level": Level.NO_ENTRIES.word,
            "venue": self._name,
            "coin": coin,
            "actor": ACTOR,
            "why": text,
            "reason": str(why),
            "set_at": self._now,
        }
        self._connection.execute(insert(stops).values(row))

    def _is_forbidden(self, coin: str | None, why: Reason) -> bool:
        known = stops_on(self._connection, self._name, self._now)
        this = (self._name, coin, why)
        return any((s.scope.venue, s.scope.coin, s.reason) == this for s in known)

    def leave(self, note: Note, due_at: datetime) -> None:
        self._leaves.add(note, due_at)

    def close(self) -> None:
        """Write what waits for the end of the transaction."""
        self._leaves.write(self._connection)

    def _coins_in_doubt(self) -> set[str]:
        # An attempt to place lives exactly as long as its order is in doubt.
        asked = (
            select(mirror_orders.c.coin)
            .join(attempts, attempts.c.order_id == mirror_orders.c.id)
            .where(attempts.c.live, attempts.c.kind == "place")
            .where(mirror_orders.c.venue == self._name)
        )
        return set(self._connection.execute(asked.distinct()).scalars())

    def _fills(self, which: ColumnElement[bool]) -> list[Fill]:
        rows = self._connection.execute(
            select(fills)
            .where(fills.c.venue == self._name, fills.c.deal_id.is_(None), which)
            .order_by(fills.c.at, fills.c.oid, fills.c.tid)
        )
        return [_fill(row) for row in rows]

    def _store_account(self, surveyed: Surveyed, at: datetime) -> None:
        this = venues.c.name == self._name
        self._connection.execute(
            update(venues)
            .where(this)
            .values(
                surveyed_at=at,
                account_value=surveyed.state.account_value,
                withdrawable=surveyed.state.withdrawable,
                budget_used=surveyed.budget.used,
                budget_cap=surveyed.budget.cap,
                trouble=surveyed.trouble,
                trouble_why=surveyed.trouble_why,
                role_read_at=surveyed.roles.at,
                role_trouble=surveyed.roles.trouble,
                clock_ahead_ms=surveyed.clock_ahead // timedelta(milliseconds=1),
            )
        )

    def _store_coins(self, surveyed: Surveyed, at: datetime) -> None:
        self._connection.execute(delete(held_positions).where(held_positions.c.venue == self._name))
        entered = {p.coin: p.entry_price for p in surveyed.state.positions}
        rows = []
        for coin, held in surveyed.coins.items():
            short = surveyed.short.get(coin)
            rows.append(
                {
                    "venue": self._name,
                    "coin": coin,
                    "size": held.net,
                    "entry_price": entered.get(coin),
                    "short_by": short.size if short else 0,
                    "short_since": short.since if short else None,
                    "ours": held.ours,
                    "read_at": at,
                }
            )
        if rows:
            self._connection.execute(insert(held_positions), rows)

    def _store_foreign(self, listed: Sequence[ForeignOrder], at: datetime) -> None:
        here = and_(foreign_orders.c.venue == self._name, foreign_orders.c.gone_at.is_(None))
        open_now = [foreign.order.oid for foreign in listed]
        self._connection.execute(
            update(foreign_orders)
            .where(here, foreign_orders.c.oid.not_in(open_now))
            .values(gone_at=at)
        )
        if not listed:
            return
        added = insert(foreign_orders).values([_foreign_row(self._name, f, at) for f in listed])
        kept = ("price", "size", "last_seen_at", "gone_at", "reason", "names_deal")
        self._connection.execute(
            added.on_conflict_do_update(
                index_elements=["venue", "oid"],
                set_={name: added.excluded[name] for name in kept},
            )
        )


def _share(row: AnyRow, in_doubt: bool) -> Share:
    side = Strategy(row.strategy).entry_side
    holding = Holding(Size(row.bought), Size(row.sold), row.last_fill_at, row.moved)
    return Share(row.deal_id, row.coin, side, holding.left(side), in_doubt, row.last_fill_at)


def _fill(row: AnyRow) -> Fill:
    return Fill(
        coin=row.coin,
        oid=row.oid,
        tid=row.tid,
        side=Side(row.side),
        price=Price(row.price),
        size=Size(row.size),
        fee=row.fee,
        at=row.at,
        cloid=row.cloid,
        closed_pnl=row.closed_pnl,
        crossed=row.crossed,
        liquidation=row.liquidation,
    )


def _foreign_row(venue: str, foreign: ForeignOrder, at: datetime) -> dict[str, object]:
    order = foreign.order
    return {
        "venue": venue,
        "oid": order.oid,
        "coin": order.coin,
        "side": str(order.side),
        "price": order.price,
        "size": order.size,
        "reduce_only": order.reduce_only,
        "cloid": order.cloid,
        "first_seen_at": at,
        "last_seen_at": at,
        "gone_at": None,
        "reason": str(foreign.reason),
        "names_deal": foreign.names_deal,
    }
