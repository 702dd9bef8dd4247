"""What deals on one account share: stops, claims on coins, and each other's positions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres.tables import (
    claims,
    deals,
    fills,
    mirror_orders,
    positions,
    stops,
)
from recomma.adapters.postgres.values import AnyRow, order_of
from recomma.domain.lifecycle import LIVE
from recomma.domain.money import NO_SIZE, Side, Size
from recomma.domain.orders import Holding
from recomma.domain.reasons import Reason
from recomma.domain.source import Strategy
from recomma.domain.stops import Level, Scope, Stop
from recomma.ports import Neighbour

_LIVE = [str(state) for state in LIVE]


def stops_on(connection: Connection, venue: str, now: datetime) -> Sequence[Stop]:
    """Return the stops that hold now for anything on the venue."""
    rows = connection.execute(
        select(stops)
        .where(stops.c.lifted_at.is_(None), or_(stops.c.venue.is_(None), stops.c.venue == venue))
        .where(or_(stops.c.until.is_(None), stops.c.until > now))
        .order_by(stops.c.id)
    )
    return [stop_of(row) for row in rows]


def stop_of(row: AnyRow) -> Stop:
    return Stop(
        id=row.id,
        level=Level[row.level.upper()],
        scope=Scope(row.venue, row.bot_id, row.coin, row.deal_id),
        actor=row.actor,
        why=row.why,
        reason=Reason(row.reason),
        set_at=row.set_at,
        until=row.until,
        cancel_entries=row.cancel_entries,
    )


def neighbours(
    connection: Connection, venue: str, coin: str, deal_id: int
) -> tuple[Neighbour, ...]:
    """Return the other deals with a position or a live exit on this coin here.

    Their orders are read and not locked: their own transactions change them, and whoever plans
    exits holds the coin.
    """
    on_coin = and_(mirror_orders.c.venue == venue, mirror_orders.c.coin == coin)
    of_order = select(func.sum(fills.c.size)).where(fills.c.mirror_order_id == mirror_orders.c.id)
    filled = func.coalesce(of_order.scalar_subquery(), NO_SIZE)
    exits = connection.execute(
        select(mirror_orders, deals.c.bot_id, deals.c.strategy, filled.label("filled"))
        .join(deals, deals.c.id == mirror_orders.c.deal_id)
        .where(on_coin, mirror_orders.c.reduce_only, mirror_orders.c.state.in_(_LIVE))
        .where(mirror_orders.c.deal_id != deal_id)
        .order_by(mirror_orders.c.id)
    ).all()
    held = {row.deal_id: row for row in connection.execute(_open(venue, coin, deal_id))}
    sides = {row.deal_id: row.strategy for row in [*exits, *held.values()]}
    return tuple(
        Neighbour(
            deal_id=other,
            side=Strategy(strategy).entry_side,
            left=_left(held[other]) if other in held else NO_SIZE,
            exits=tuple(order_of(row, Size(row.filled)) for row in exits if row.deal_id == other),
        )
        for other, strategy in sorted(sides.items())
    )


def claim(connection: Connection, venue: str, coin: str, side: Side, now: datetime) -> bool:
    """Claim the coin for a side, or return False: the other side has it and something behind it.

    The claim's row is locked, so that of two deals that start at once one comes second.
    """
    added = insert(claims).values(venue=venue, coin=coin, side=str(side), at=now)
    connection.execute(added.on_conflict_do_nothing())
    this = and_(claims.c.venue == venue, claims.c.coin == coin)
    held = connection.execute(select(claims.c.side).where(this).with_for_update()).scalar_one()
    if held == side:
        return True
    if held is not None and _backed(connection, venue, coin, Side(held)):
        return False
    connection.execute(update(claims).where(this).values(side=str(side), at=now))
    return True


def _backed(connection: Connection, venue: str, coin: str, side: Side) -> bool:
    """Say whether a live entry or a position of that side of ours is there."""
    entries = select(mirror_orders.c.id).where(
        mirror_orders.c.venue == venue,
        mirror_orders.c.coin == coin,
        mirror_orders.c.side == str(side),
        ~mirror_orders.c.reduce_only,
        mirror_orders.c.state.in_(_LIVE),
    )
    if connection.execute(entries.limit(1)).first() is not None:
        return True
    rows = connection.execute(_open(venue, coin, 0))
    return any(Strategy(row.strategy).entry_side is side and _left(row) for row in rows)


def _open(venue: str, coin: str, but: int) -> Select[Any]:
    return (
        select(positions, deals.c.strategy)
        .join(deals, deals.c.id == positions.c.deal_id)
        .where(positions.c.venue == venue, positions.c.deal_id != but, not_flat())
        .where(
            exists().where(
                mirror_orders.c.deal_id == positions.c.deal_id,
                mirror_orders.c.venue == venue,
                mirror_orders.c.coin == coin,
            )
        )
    )


def not_flat() -> ColumnElement[bool]:
    """Most positions are closed; an index knows the others by just this condition."""
    return or_(positions.c.bought != positions.c.sold, positions.c.moved != 0)


def _left(row: AnyRow) -> Size:
    holding = Holding(Size(row.bought), Size(row.sold), row.last_fill_at, row.moved)
    return holding.left(Strategy(row.strategy).entry_side)
