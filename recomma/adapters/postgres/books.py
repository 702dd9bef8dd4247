"""What a report compares: every deal on every venue, whole, without a lock."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from recomma.adapters.postgres import tables as t
from recomma.adapters.postgres.values import AnyRow, order_of, reason_of
from recomma.domain.books import DealBooks, Skipped
from recomma.domain.mirrored import Mirrored, SourceState
from recomma.domain.money import NO_SIZE, Price, Side, Size
from recomma.domain.orders import Holding, MirrorOrder, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, RowStatus, Strategy


class Books:
    """Reads everything in a handful of statements, in one snapshot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def deals(self, deal_id: int | None = None) -> Sequence[DealBooks]:
        """Return all deals, or the one, oldest first."""
        with self._engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection:
            return _Snapshot(connection).deals(deal_id)

    def dead_letters(self) -> int:
        """Return how many dead letters nobody has acted on."""
        query = select(func.count()).where(t.dead_letters.c.state == "dead")
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()


class _Snapshot:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._filled = {
            row.mirror_order_id: Size(row.filled)
            for row in self._rows(
                select(t.fills.c.mirror_order_id, func.sum(t.fills.c.size).label("filled"))
                .where(t.fills.c.mirror_order_id.is_not(None))
                .group_by(t.fills.c.mirror_order_id)
            )
        }
        self._orders: dict[tuple[int, str], list[MirrorOrder]] = defaultdict(list)
        for row in self._rows(
            select(t.mirror_orders, t.deals.c.bot_id)
            .join(t.deals, t.deals.c.id == t.mirror_orders.c.deal_id)
            .order_by(t.mirror_orders.c.id)
        ):
            order = order_of(row, self._filled.get(row.id, NO_SIZE))
            self._orders[row.deal_id, row.venue].append(order)
        self._skips: dict[tuple[int, str], list[Skipped]] = defaultdict(list)
        for row in self._rows(select(t.skips).order_by(t.skips.c.leg)):
            self._skips[row.deal_id, row.venue].append(_skip(row))
        self._source: dict[int, dict[str, SourceState]] = defaultdict(dict)
        for row in self._rows(select(t.wanted_orders).order_by(t.wanted_orders.c.revision)):
            self._source[row.deal_id][row.leg] = _source(row)
        self._standings = {(row.deal_id, row.venue): row for row in self._rows(select(t.standings))}
        self._positions = {(row.deal_id, row.venue): row for row in self._rows(select(t.positions))}
        self._holders: dict[tuple[str, str], set[int]] = defaultdict(set)
        for row in self._rows(
            select(t.positions.c.venue, t.deals.c.pair, t.deals.c.id)
            .join(t.deals, t.deals.c.id == t.positions.c.deal_id)
            .where(t.positions.c.bought != t.positions.c.sold)
        ):
            self._holders[row.venue, row.pair].add(row.id)
        self._cloids: dict[int, list[str]] = defaultdict(list)
        for row in self._rows(
            select(t.attempts.c.order_id, t.attempts.c.cloid)
            .where(t.attempts.c.kind == "place")
            .order_by(t.attempts.c.id)
        ):
            self._cloids[row.order_id].append(row.cloid)
        self._letters = self._open_letters()

    def deals(self, deal_id: int | None) -> list[DealBooks]:
        query = select(t.deals).order_by(t.deals.c.id)
        if deal_id is not None:
            query = query.where(t.deals.c.id == deal_id)
        pairs = select(t.pairs).order_by(t.pairs.c.venue)
        venues: dict[int, list[str]] = defaultdict(list)
        for row in self._rows(pairs):
            venues[row.bot_id].append(row.venue)
        return [self._deal(row, venues[row.bot_id]) for row in self._rows(query)]

    def _deal(self, row: AnyRow, venues: Sequence[str]) -> DealBooks:
        mirrored = tuple(self._mirrored(row, venue) for venue in venues)
        order_ids = [order.id for here in mirrored for order in here.orders]
        return DealBooks(
            deal_id=row.id,
            bot_id=row.bot_id,
            pair=row.pair,
            status=row.status,
            mirrored=mirrored,
            skips={venue: tuple(self._skips[row.id, venue]) for venue in venues},
            cloids={order_id: tuple(self._cloids[order_id]) for order_id in order_ids},
        )

    def _mirrored(self, row: AnyRow, venue: str) -> Mirrored:
        stands = self._standings.get((row.id, venue))
        position = self._positions.get((row.id, venue))
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
            orders=tuple(self._orders[row.id, venue]),
            skips={skip.leg: skip.reason for skip in self._skips[row.id, venue]},
            holding=Holding(
                Size(position.bought) if position else NO_SIZE,
                Size(position.sold) if position else NO_SIZE,
                position.last_fill_at if position else None,
            ),
            dead_letters=self._letters.get(row.id, 0),
            shared=bool(self._holders[venue, row.pair] - {row.id}),
        )

    def _open_letters(self) -> dict[int, int]:
        query = (
            select(t.notes.c.deal_id, func.count().label("letters"))
            .join(t.dead_letters, t.dead_letters.c.note_id == t.notes.c.id)
            .where(t.dead_letters.c.state == "dead", t.notes.c.deal_id.is_not(None))
            .group_by(t.notes.c.deal_id)
        )
        return {row.deal_id: row.letters for row in self._rows(query)}

    def _rows(self, query: Any) -> Sequence[AnyRow]:
        return self._connection.execute(query).all()


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
