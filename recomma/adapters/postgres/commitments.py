"""What our deals have committed on the venues, added up from positions, orders and fills.

Only deals with an open position or an entry on its way are looked at, through the partial indexes
of both, so that what has ended costs nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)

from recomma.adapters.postgres.tables import deals, fills, mirror_orders, positions, standings
from recomma.adapters.postgres.values import AnyRow
from recomma.domain.commitments import Commitment, Commitments
from recomma.domain.lifecycle import State
from recomma.domain.money import Size
from recomma.domain.orders import Holding, Standing, Style
from recomma.domain.source import Strategy

_NOTHING: Final = literal(Decimal(0))
# Spelled out and not passed, so that Postgres sees that it implies what a partial index has.
_ASKED: Final[ColumnElement[bool]] = literal_column(
    f"mirror_orders.state IN ('{State.IN_DOUBT}', '{State.RESTING}')"
)

Here = tuple[str, int]
"""A venue and a deal."""


def committed(connection: Connection, venue: str) -> Commitments:
    """Return what every deal has on every venue, and how many orders of ours `venue` has."""
    asked = {(row.venue, row.deal_id): row for row in connection.execute(_asked_entries())}
    held = {(row.venue, row.deal_id): row for row in connection.execute(_open_positions())}
    exits = connection.execute(_resting_exits(venue)).scalar_one()
    places = sorted(asked.keys() | held.keys())
    ladders = _ladders(connection, places)
    found = [
        _commitment(ladders[here], asked.get(here), held.get(here))
        for here in places
        if here in ladders
    ]
    open_orders: int = exits + sum(row.orders for row in asked.values() if row.venue == venue)
    return Commitments(tuple(each for each in found if each.usd), open_orders)


@dataclass(frozen=True)
class _Ladder:
    venue: str
    deal_id: int
    coin: str
    usd: Decimal


def _commitment(ladder: _Ladder, asked: AnyRow | None, held: AnyRow | None) -> Commitment:
    return Commitment(
        venue=ladder.venue,
        deal_id=ladder.deal_id,
        coin=ladder.coin,
        entered_usd=_entered_usd(held) if held else Decimal(0),
        asked_usd=asked.usd if asked else Decimal(0),
        ladder_usd=ladder.usd,
        in_doubt_usd=asked.in_doubt_usd if asked else Decimal(0),
    )


def _entered_usd(row: AnyRow) -> Decimal:
    """Value the open position at the average price of what the deal itself entered."""
    holding = Holding(Size(row.bought), Size(row.sold), row.last_fill_at, row.moved)
    left = holding.left(Strategy(row.strategy).entry_side)
    average: Decimal = row.cost / row.size if row.size else Decimal(0)
    return left * average


def _asked_entries() -> Select[Any]:
    order = mirror_orders.c
    filled = (
        select(func.coalesce(func.sum(fills.c.size), _NOTHING).label("size"))
        .where(fills.c.mirror_order_id == order.id)
        .lateral("filled")
    )
    open_usd = func.greatest(order.size - filled.c.size, _NOTHING) * _worst_price()
    in_doubt_usd = func.sum(case((order.state == str(State.IN_DOUBT), open_usd)))
    return (
        select(order.venue, order.deal_id, func.count().label("orders"))
        .add_columns(
            func.sum(open_usd).label("usd"),
            func.coalesce(in_doubt_usd, _NOTHING).label("in_doubt_usd"),
        )
        .join(filled, true())
        .where(~order.reduce_only, _ASKED)
        .group_by(order.venue, order.deal_id)
    )


def _worst_price() -> ColumnElement[Decimal]:
    """As recomma.domain.commitments.cost_usd has it."""
    order = mirror_orders.c
    crosses = func.greatest(order.price, order.wanted_price)
    return case((order.style == str(Style.CROSS), crosses), else_=order.price)


def _open_positions() -> Select[Any]:
    entry_side = case(*((deals.c.strategy == str(each), str(each.entry_side)) for each in Strategy))
    mine = and_(fills.c.deal_id == positions.c.deal_id, fills.c.venue == positions.c.venue)
    entered = (
        select(
            func.sum(fills.c.size).label("size"),
            func.sum(fills.c.size * fills.c.price).label("cost"),
        )
        .where(mine, fills.c.side == entry_side)
        .lateral("entered")
    )
    return (
        select(positions, deals.c.strategy, entered.c.size, entered.c.cost)
        .join(deals, deals.c.id == positions.c.deal_id)
        .join(entered, true())
        .where(or_(positions.c.bought != positions.c.sold, positions.c.moved != 0))
    )


def _resting_exits(venue: str) -> Select[Any]:
    mine = and_(mirror_orders.c.venue == venue, mirror_orders.c.reduce_only)
    return select(func.count()).select_from(mirror_orders).where(mine, _ASKED)


def _ladders(connection: Connection, places: Collection[Here]) -> dict[Here, _Ladder]:
    """Return the coin of each deal, and what its ladder comes to as long as it may grow."""
    if not places:
        return {}
    order = mirror_orders.c
    here = and_(standings.c.deal_id == order.deal_id, standings.c.venue == order.venue)
    usd = func.max(case((_may_grow(), order.ladder_usd)))
    rows = connection.execute(
        select(order.venue, order.deal_id, order.coin, usd.label("usd"))
        .join(deals, deals.c.id == order.deal_id)
        .outerjoin(standings, here)
        .where(order.deal_id.in_({deal_id for _, deal_id in places}), ~order.reduce_only)
        .group_by(order.venue, order.deal_id, order.coin)
    )
    return {
        (row.venue, row.deal_id): _Ladder(row.venue, row.deal_id, row.coin, row.usd or Decimal(0))
        for row in rows
    }


def _may_grow() -> ColumnElement[bool]:
    return and_(
        standings.c.standing == str(Standing.OPEN),
        ~deals.c.finished,
        ~deals.c.released,
        deals.c.closing_reason.is_(None),
    )
