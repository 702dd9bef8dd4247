"""What a report compares: every deal on every venue, whole, without a lock."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, exists, func, or_, select

from recomma.adapters.postgres import tables as t
from recomma.adapters.postgres import tracks
from recomma.adapters.postgres.sharing import not_flat, stops_on
from recomma.adapters.postgres.tracks import Here, Scope, Tracks, within
from recomma.adapters.postgres.values import AnyRow, Applied, order_of, reason_of
from recomma.domain.books import DealBooks, Skipped
from recomma.domain.lifecycle import LIVE
from recomma.domain.mirrored import Mirrored, SourceState
from recomma.domain.money import NO_SIZE, Price, Side, Size
from recomma.domain.orders import Holding, MirrorOrder, Mode, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, RowStatus, Strategy
from recomma.domain.stops import Stop, strictest
from recomma.ports import Clock


def _real_time() -> datetime:
    return datetime.now(UTC)


class Books:
    """Reads everything in a handful of statements, in one snapshot."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock = _real_time,
        applied: Callable[[], Applied] = Applied,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._applied = applied

    def deals(
        self,
        deal_id: int | None = None,
        *,
        bot_id: int | None = None,
        unfinished: bool = False,
    ) -> Sequence[DealBooks]:
        """Return all deals, the one, or a bot's, oldest first.

        `unfinished`: only those that go on at the source, or have something of ours on a venue.
        """
        with self._engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection:
            rows = connection.execute(_chosen(deal_id, bot_id, unfinished=unfinished)).all()
            all_of_them = deal_id is None and bot_id is None and not unfinished
            scope = None if all_of_them else [row.id for row in rows]
            snapshot = _Snapshot(connection, scope, self._clock(), self._applied())
            return [snapshot.deal(row) for row in rows]

    def dead_letters(self) -> int:
        """Return how many dead letters nobody has acted on."""
        query = select(func.count()).where(t.dead_letters.c.state == "dead")
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()


def _chosen(deal_id: int | None, bot_id: int | None, *, unfinished: bool) -> Any:
    query = select(t.deals).order_by(t.deals.c.id)
    if deal_id is not None:
        query = query.where(t.deals.c.id == deal_id)
    if bot_id is not None:
        query = query.where(t.deals.c.bot_id == bot_id)
    if unfinished:
        order = exists().where(
            t.mirror_orders.c.deal_id == t.deals.c.id,
            t.mirror_orders.c.state.in_([str(state) for state in LIVE]),
        )
        position = exists().where(t.positions.c.deal_id == t.deals.c.id, not_flat())
        query = query.where(or_(~t.deals.c.finished, order, position))
    return query


@dataclass(frozen=True)
class _Coins:
    """What is known of the coins of all deals, also of those that are not asked for."""

    held_by: Mapping[tuple[str, str], frozenset[int]]  # By venue and coin.
    delisted: frozenset[tuple[str, str]]
    stops: Mapping[str, Sequence[Stop]]  # By venue.


class _Snapshot:
    """All rows of a scope, and the values made of them."""

    def __init__(
        self, connection: Connection, scope: Scope, now: datetime, applied: Applied
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._now = now
        self._applied = applied
        self._orders = self._read_orders()
        self._skips: dict[Here, list[Skipped]] = defaultdict(list)
        for row in self._of(t.skips, t.skips.c.leg):
            self._skips[row.deal_id, row.venue].append(_skip(row))
        self._source: dict[int, dict[str, SourceState]] = defaultdict(dict)
        for row in self._of(t.wanted_orders, t.wanted_orders.c.revision):
            self._source[row.deal_id][row.leg] = _source(row)
        self._standings = {(r.deal_id, r.venue): r for r in self._of(t.standings)}
        self._positions = {(r.deal_id, r.venue): r for r in self._of(t.positions)}
        self._pairs: dict[int, set[str]] = defaultdict(set)
        for row in self._rows(select(t.pairs)):
            self._pairs[row.bot_id].add(row.venue)
        self._coins = self._read_coins()
        self._cloids = self._read_cloids()
        self._letters = self._open_letters()
        self._tracks: Tracks = tracks.read(connection, scope)
        self._profits = tracks.source_profits(connection, scope)

    def deal(self, row: AnyRow) -> DealBooks:
        stands = {venue for deal, venue in self._standings if deal == row.id}
        venues = sorted(self._pairs[row.bot_id] | stands)
        mirrored = tuple(self._mirrored(row, venue) for venue in venues)
        side = Strategy(row.strategy).entry_side
        order_ids = [order.id for here in mirrored for order in here.orders]
        return DealBooks(
            deal_id=row.id,
            bot_id=row.bot_id,
            pair=row.pair,
            status=row.status,
            mirrored=mirrored,
            skips={venue: tuple(self._skips[row.id, venue]) for venue in venues},
            cloids={order_id: tuple(self._cloids[order_id]) for order_id in order_ids},
            pasts={venue: self._tracks.past((row.id, venue), side) for venue in venues},
            strategy=Strategy(row.strategy),
            finished=row.finished,
            source_profit=self._profits.get(row.id),
            unknown=tuple(row.unknown),
            read_at=self._now,
        )

    def _mirrored(self, row: AnyRow, venue: str) -> Mirrored:
        here = (row.id, venue)
        stands = self._standings.get(here)
        orders = tuple(self._orders[here])
        coin = orders[-1].coin if orders else ""
        policy = self._applied.policy_of(row.bot_id, venue)
        if stands and stands.multiplier is not None:
            policy = replace(policy, multiplier=stands.multiplier)  # A deal keeps its first one.
        closes_at = row.closing_at
        if closes_at is not None and not row.closing_at_once:
            closes_at += policy.exit_grace
        return Mirrored(
            deal_id=row.id,
            venue=venue,
            entry_side=Strategy(row.strategy).entry_side,
            finished=row.finished,
            released=row.released,
            closing=row.closing_reason is not None,
            exits_known=bool(row.exits),
            standing=Standing(stands.standing) if stands else None,
            standing_why=reason_of(stands.why) if stands else None,
            source=tuple(self._source[row.id].values()),
            orders=orders,
            skips={skip.leg: skip.reason for skip in self._skips[here]},
            holding=_holding(self._positions.get(here)),
            dead_letters=self._letters.get(here, 0) + self._letters.get((row.id, None), 0),
            shared=bool(self._coins.held_by.get((venue, coin), frozenset()) - {row.id}),
            mode=Mode(stands.mode) if stands else Mode.WHOLE,
            policy=policy,
            paired=venue in self._pairs[row.bot_id],
            stop=strictest(
                self._coins.stops[venue],
                venue=venue,
                bot_id=row.bot_id,
                deal_id=row.id,
                coin=coin or None,
            ),
            delisted=(venue, coin) in self._coins.delisted,
            closing_why=reason_of(row.closing_reason),
            close_at=closes_at,
            moves=tuple(self._tracks.moves.get(here, ())),
            read_at=self._now,
        )

    def _read_orders(self) -> Mapping[Here, list[MirrorOrder]]:
        by_order = t.fills.c.mirror_order_id
        filled = {
            row.mirror_order_id: Size(row.filled)
            for row in self._rows(
                select(by_order, func.sum(t.fills.c.size).label("filled"))
                .where(by_order.is_not(None), within(t.fills.c.deal_id, self._scope))
                .group_by(by_order)
            )
        }
        orders: dict[Here, list[MirrorOrder]] = defaultdict(list)
        for row in self._rows(
            select(t.mirror_orders, t.deals.c.bot_id)
            .join(t.deals, t.deals.c.id == t.mirror_orders.c.deal_id)
            .where(within(t.mirror_orders.c.deal_id, self._scope))
            .order_by(t.mirror_orders.c.id)
        ):
            orders[row.deal_id, row.venue].append(order_of(row, filled.get(row.id, NO_SIZE)))
        return orders

    def _read_coins(self) -> _Coins:
        order, held = t.mirror_orders, defaultdict(set)
        position, same = t.positions, order.c.deal_id == t.positions.c.deal_id
        for row in self._rows(
            select(position, t.deals.c.strategy, order.c.coin)
            .join(order, same & (order.c.venue == position.c.venue))
            .join(t.deals, t.deals.c.id == position.c.deal_id)
            .where(not_flat())
            .distinct()
        ):
            if _holding(row).left(Strategy(row.strategy).entry_side):
                held[row.venue, row.coin].add(row.deal_id)
        delisted = self._rows(select(t.markets).where(t.markets.c.delisted))
        venues = [row.name for row in self._rows(select(t.venues.c.name))]
        return _Coins(
            held_by={where: frozenset(deals) for where, deals in held.items()},
            delisted=frozenset((row.venue, row.coin) for row in delisted),
            stops={venue: stops_on(self._connection, venue, self._now) for venue in venues},
        )

    def _read_cloids(self) -> Mapping[int, list[str]]:
        cloids: dict[int, list[str]] = defaultdict(list)
        for row in self._rows(
            select(t.attempts.c.order_id, t.attempts.c.cloid)
            .join(t.mirror_orders, t.mirror_orders.c.id == t.attempts.c.order_id)
            .where(t.attempts.c.kind == "place")
            .where(within(t.mirror_orders.c.deal_id, self._scope))
            .order_by(t.attempts.c.id)
        ):
            cloids[row.order_id].append(row.cloid)
        return cloids

    def _open_letters(self) -> Mapping[tuple[int, str | None], int]:
        """Count letters by deal and venue; one about a deal as a whole has no venue."""
        order = t.mirror_orders
        deal = func.coalesce(t.notes.c.deal_id, order.c.deal_id).label("deal")
        venue = func.coalesce(t.notes.c.venue, order.c.venue).label("at_venue")
        query = (
            select(deal, venue, func.count().label("letters"))
            .select_from(t.dead_letters)
            .join(t.notes, t.notes.c.id == t.dead_letters.c.note_id)
            .outerjoin(order, order.c.id == t.dead_letters.c.order_id)
            .where(t.dead_letters.c.state == "dead", deal.is_not(None))
            .group_by(deal, venue)
        )
        return {(row.deal, row.at_venue): row.letters for row in self._rows(query)}

    def _of(self, table: Any, *order: Any) -> Sequence[AnyRow]:
        inside = within(table.c.deal_id, self._scope)
        return self._rows(select(table).where(inside).order_by(*order))

    def _rows(self, query: Any) -> Sequence[AnyRow]:
        return self._connection.execute(query).all()


def _holding(row: AnyRow | None) -> Holding:
    if row is None:
        return Holding(NO_SIZE, NO_SIZE, None)
    return Holding(Size(row.bought), Size(row.sold), row.last_fill_at, row.moved)


def _skip(row: AnyRow) -> Skipped:
    return Skipped(
        Leg.parse(row.leg),
        Side(row.side),
        row.wanted_price,
        row.wanted_size,
        Reason(row.reason),
    )


def _source(row: AnyRow) -> SourceState:
    return SourceState(
        leg=Leg.parse(row.leg),
        side=Side(row.side),
        status=RowStatus(row.status),
        price=Price(row.price) if row.price is not None else None,
        size=Size(row.size),
        filled_at=row.source_filled_at,
    )
