"""What stands within a scope now: live orders and open positions, for saying before doing."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true, tuple_

from recomma.adapters.postgres.tables import deals, mirror_orders, notes, positions, standings
from recomma.domain.lifecycle import LIVE, State
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import Step
from recomma.domain.orders import Holding, Standing
from recomma.domain.source import Leg, Strategy
from recomma.domain.stops import Scope
from recomma.domain.touched import OrderThere, PositionThere, Touched

_ALIVE = mirror_orders.c.state.in_([str(state) for state in LIVE])


def touched(connection: Connection, scope: Scope) -> Touched:
    """Read without locks what a scope names now."""
    orders = _orders(connection, scope)
    held = _positions(connection, scope)
    running = {
        *_standing_open(connection, scope),
        *((order.deal_id, order.venue) for order in orders),
        *((position.deal_id, position.venue) for position in held),
    }
    return Touched(orders, held, sorted(running))


def last_said(
    connection: Connection, places: Sequence[tuple[int, str]]
) -> Mapping[tuple[int, str], Sequence[str]]:
    """Return, for deals on venues, what their last looks and requests have said, and why orders
    of theirs wait."""
    of_places = tuple_(notes.c.deal_id, notes.c.venue).in_(places)
    looks = connection.execute(
        select(notes).where(notes.c.step == str(Step.RECONCILE), of_places)
    ).all()
    venues = {venue for _, venue in places}
    asked = connection.execute(
        select(notes).where(notes.c.step == str(Step.SUBMIT), notes.c.venue.in_(venues))
    ).all()
    waiting = connection.execute(
        select(mirror_orders)
        .where(_ALIVE, mirror_orders.c.waits_why.is_not(None))
        .where(tuple_(mirror_orders.c.deal_id, mirror_orders.c.venue).in_(places))
        .order_by(mirror_orders.c.id)
    ).all()
    return {
        place: [
            *(f"{r.leg} waits: {r.waits_why}" for r in waiting if (r.deal_id, r.venue) == place),
            *(f"reconcile: {r.summary}" for r in looks if (r.deal_id, r.venue) == place),
            *(f"submit: {r.summary}" for r in asked if r.venue == place[1]),
        ]
        for place in places
    }


def live_entries_of(scope: Scope) -> ColumnElement[bool]:
    """Return which of mirror_orders, joined with deals, are live entries within a scope."""
    return and_(_ALIVE, ~mirror_orders.c.reduce_only, _orders_within(scope))


def _orders(connection: Connection, scope: Scope) -> list[OrderThere]:
    rows = connection.execute(
        select(mirror_orders)
        .join(deals, deals.c.id == mirror_orders.c.deal_id)
        .where(_ALIVE, _orders_within(scope))
        .order_by(mirror_orders.c.venue, mirror_orders.c.deal_id, mirror_orders.c.id)
    )
    return [
        OrderThere(
            id=row.id,
            deal_id=row.deal_id,
            venue=row.venue,
            leg=Leg.parse(row.leg),
            coin=row.coin,
            side=Side(row.side),
            size=Size(row.size),
            price=Price(row.price),
            state=State(row.state),
            reduce_only=row.reduce_only,
            going=row.cancel_why is not None,
        )
        for row in rows
    ]


def _positions(connection: Connection, scope: Scope) -> list[PositionThere]:
    coin = (
        select(mirror_orders.c.coin)
        .where(
            mirror_orders.c.deal_id == positions.c.deal_id,
            mirror_orders.c.venue == positions.c.venue,
        )
        .limit(1)
        .scalar_subquery()
        .label("coin")
    )
    rows = connection.execute(
        select(positions, deals.c.strategy, coin)
        .join(deals, deals.c.id == positions.c.deal_id)
        .where(or_(positions.c.bought != positions.c.sold, positions.c.moved != 0))
        .where(_within(scope, positions.c.venue, positions.c.deal_id))
        .order_by(positions.c.venue, positions.c.deal_id)
    )
    found = [_position(row) for row in rows if scope.coin in (None, row.coin)]
    return [position for position in found if position.left]


def _position(row: Any) -> PositionThere:
    side = Strategy(row.strategy).entry_side
    holding = Holding(Size(row.bought), Size(row.sold), row.last_fill_at, row.moved)
    return PositionThere(row.deal_id, row.venue, row.coin or "", side, holding.left(side))


def _standing_open(connection: Connection, scope: Scope) -> list[tuple[int, str]]:
    """A deal without an order has no coin yet; it counts, because a look at it costs little."""
    rows = connection.execute(
        select(standings.c.deal_id, standings.c.venue)
        .join(deals, deals.c.id == standings.c.deal_id)
        .where(standings.c.standing == str(Standing.OPEN))
        .where(_within(scope, standings.c.venue, standings.c.deal_id))
    )
    return [(row.deal_id, row.venue) for row in rows]


def _orders_within(scope: Scope) -> ColumnElement[bool]:
    here = _within(scope, mirror_orders.c.venue, mirror_orders.c.deal_id)
    return here if scope.coin is None else and_(here, mirror_orders.c.coin == scope.coin)


def _within(
    scope: Scope, venue: ColumnElement[Any], deal_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    asked: list[ColumnElement[bool]] = [true()]
    if scope.venue is not None:
        asked.append(venue == scope.venue)
    if scope.deal_id is not None:
        asked.append(deal_id == scope.deal_id)
    if scope.bot_id is not None:
        asked.append(deals.c.bot_id == scope.bot_id)
    return and_(*asked)
