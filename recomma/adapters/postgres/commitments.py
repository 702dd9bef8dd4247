"""What our deals have committed on the venues, added up from orders and fills."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    union,
)

from recomma.adapters.postgres.tables import deals, fills, mirror_orders, positions, standings
from recomma.adapters.postgres.values import AnyRow
from recomma.domain.commitments import Commitment, Commitments
from recomma.domain.lifecycle import State
from recomma.domain.orders import Standing, Style

_ASKED: Final = (str(State.IN_DOUBT), str(State.RESTING))
_NOTHING: Final = literal(Decimal(0))


def committed(connection: Connection, venue: str) -> Commitments:
    """Return what every deal has on every venue, and how many orders of ours `venue` has.

    Only deals with an open position or an entry on its way are looked at, so that what has ended
    costs nothing.
    """
    found = [_commitment(row) for row in connection.execute(_by_deal())]
    open_orders = select(func.count()).where(
        mirror_orders.c.venue == venue, mirror_orders.c.state.in_(_ASKED)
    )
    counted: int = connection.execute(open_orders).scalar_one()
    return Commitments(tuple(each for each in found if each.usd), counted)


def _commitment(row: AnyRow) -> Commitment:
    left = max(row.entered - row.left_again + row.moved, Decimal(0))
    average = row.entry_cost / row.entered if row.entered else Decimal(0)
    return Commitment(
        venue=row.venue,
        deal_id=row.deal_id,
        coin=row.coin,
        entered_usd=left * average,
        asked_usd=row.asked_usd,
        ladder_usd=row.ladder_usd,
        in_doubt_usd=row.in_doubt_usd,
    )


def _by_deal() -> Select[Any]:
    order, looked_at, filled = mirror_orders.c, _looked_at(), _filled()
    entry, asked = ~order.reduce_only, order.state.in_(_ASKED)
    open_usd = func.greatest(order.size - filled.c.size, _NOTHING) * _worst_price()
    moved = func.coalesce(func.max(positions.c.moved), _NOTHING)
    ladder_usd = func.max(case((_may_grow(), order.ladder_usd)))
    here = and_(looked_at.c.deal_id == order.deal_id, looked_at.c.venue == order.venue)
    return (
        select(order.venue, order.deal_id, order.coin, moved.label("moved"))
        .add_columns(
            _sum(entry, filled.c.size).label("entered"),
            _sum(entry, filled.c.cost).label("entry_cost"),
            _sum(order.reduce_only, filled.c.size).label("left_again"),
            _sum(and_(entry, asked), open_usd).label("asked_usd"),
            _sum(and_(entry, order.state == str(State.IN_DOUBT)), open_usd).label("in_doubt_usd"),
            func.coalesce(ladder_usd, _NOTHING).label("ladder_usd"),
        )
        .join(looked_at, here)
        .join(deals, deals.c.id == order.deal_id)
        .outerjoin(standings, _same(standings.c.deal_id, standings.c.venue))
        .outerjoin(positions, _same(positions.c.deal_id, positions.c.venue))
        .join(filled, true())
        .group_by(order.venue, order.deal_id, order.coin)
        .order_by(order.venue, order.deal_id, order.coin)
    )


def _looked_at() -> Subquery:
    """Deals with something on a venue; both halves have a partial index."""
    open_positions = select(positions.c.deal_id, positions.c.venue).where(
        or_(positions.c.bought != positions.c.sold, positions.c.moved != 0)
    )
    entries = select(mirror_orders.c.deal_id, mirror_orders.c.venue).where(
        ~mirror_orders.c.reduce_only, mirror_orders.c.state.in_(_ASKED)
    )
    return union(open_positions, entries).subquery("looked_at")


def _filled() -> Any:
    """Return what filled of each order, next to it; no row of fills gives zeros."""
    size, cost = func.sum(fills.c.size), func.sum(fills.c.size * fills.c.price)
    return (
        select(
            func.coalesce(size, _NOTHING).label("size"), func.coalesce(cost, _NOTHING).label("cost")
        )
        .where(fills.c.mirror_order_id == mirror_orders.c.id)
        .lateral("filled")
    )


def _worst_price() -> ColumnElement[Decimal]:
    """As recomma.domain.commitments.cost_usd has it."""
    order = mirror_orders.c
    crosses = func.greatest(order.price, order.wanted_price)
    return case((order.style == str(Style.CROSS), crosses), else_=order.price)


def _may_grow() -> ColumnElement[bool]:
    return and_(
        standings.c.standing == str(Standing.OPEN),
        ~deals.c.finished,
        ~deals.c.released,
        deals.c.closing_reason.is_(None),
    )


def _same(deal_id: ColumnElement[Any], venue: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(deal_id == mirror_orders.c.deal_id, venue == mirror_orders.c.venue)


def _sum(of: ColumnElement[bool], what: ColumnElement[Any]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(case((of, what))), _NOTHING)
