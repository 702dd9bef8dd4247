"""Fills, and what stands on the venues' accounts beside our deals, for reports."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, select

from recomma.adapters.postgres import tables as t
from recomma.adapters.postgres.values import AnyRow, reason_of
from recomma.domain.accounts import Beside, OrderOfOthers, PositionBeside, Trouble
from recomma.domain.money import Price, Side, Size
from recomma.domain.reasons import Reason
from recomma.domain.timeline import BookedFill
from recomma.ports import Clock

FOREIGN_FILLS_SINCE: Final = timedelta(days=7)


class Accounts:
    """Read-only."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def fills(
        self,
        *,
        deal_id: int | None = None,
        venue: str | None = None,
        since: datetime | None = None,
    ) -> Sequence[BookedFill]:
        """Return our fills, oldest first."""
        which: list[ColumnElement[bool]] = [t.fills.c.deal_id.is_not(None)]
        if deal_id is not None:
            which.append(t.fills.c.deal_id == deal_id)
        if venue is not None:
            which.append(t.fills.c.venue == venue)
        if since is not None:
            which.append(t.fills.c.at >= since)
        with self._engine.connect() as connection:
            return _fills(connection, which)

    def source_age(self, account: str) -> timedelta | None:
        """Return how long ago a 3Commas account was last read; None: never."""
        read_at = select(t.accounts.c.read_at).where(t.accounts.c.name == account)
        with self._engine.connect() as connection:
            at: datetime | None = connection.execute(read_at).scalar()
        return self._clock() - at if at else None

    def beside(self) -> Beside:
        """Return what the last surveys found, and foreign fills of the last seven days."""
        since = self._clock() - FOREIGN_FILLS_SINCE
        foreign: list[ColumnElement[bool]] = [t.fills.c.deal_id.is_(None), t.fills.c.at >= since]
        orders, held, venue = t.foreign_orders, t.held_positions, t.venues
        with self._engine.connect() as connection:
            return Beside(
                orders=tuple(
                    _order(row)
                    for row in connection.execute(
                        select(orders)
                        .where(orders.c.gone_at.is_(None))
                        .order_by(orders.c.venue, orders.c.oid)
                    )
                ),
                positions=tuple(
                    PositionBeside(
                        row.venue, row.coin, row.size, row.ours, row.short_since, row.read_at
                    )
                    for row in connection.execute(
                        select(held)
                        .where(held.c.size != held.c.ours)
                        .order_by(held.c.venue, held.c.coin)
                    )
                ),
                fills=_fills(connection, foreign),
                troubles=tuple(
                    Trouble(row.name, row.trouble, reason_of(row.trouble_why))
                    for row in connection.execute(
                        select(venue).where(venue.c.trouble != "").order_by(venue.c.name)
                    )
                ),
            )


def _fills(connection: Connection, which: Sequence[ColumnElement[bool]]) -> tuple[BookedFill, ...]:
    rows = connection.execute(
        select(t.fills, t.mirror_orders.c.leg)
        .outerjoin(t.mirror_orders, t.mirror_orders.c.id == t.fills.c.mirror_order_id)
        .where(*which)
        .order_by(t.fills.c.at, t.fills.c.tid)
    )
    return tuple(_fill(row) for row in rows)


def _fill(row: AnyRow) -> BookedFill:
    return BookedFill(
        at=row.at,
        venue=row.venue,
        coin=row.coin,
        side=Side(row.side),
        price=Price(row.price),
        size=Size(row.size),
        fee=row.fee,
        closed_pnl=row.closed_pnl,
        deal_id=row.deal_id,
        leg=row.leg or "",
        oid=row.oid,
    )


def _order(row: AnyRow) -> OrderOfOthers:
    return OrderOfOthers(
        venue=row.venue,
        oid=row.oid,
        coin=row.coin,
        side=Side(row.side),
        price=row.price,
        size=row.size,
        reduce_only=row.reduce_only,
        cloid=row.cloid,
        first_seen_at=row.first_seen_at,
        reason=Reason(row.reason),
        names_deal=row.names_deal,
    )
