"""Stops and single cancels, as a person sets and lifts them.

Each act is one transaction: the stop, the orders that it takes away, the line in the audit log,
and the notes by which the workers act at once. Workers read stops when they store an attempt, so
that from the commit on nothing new slips through.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from recomma.adapters.postgres.audit import Act, write_down
from recomma.adapters.postgres.engine import NOTES_CHANNEL
from recomma.adapters.postgres.notes import Leaves
from recomma.adapters.postgres.orders import Orders
from recomma.adapters.postgres.sharing import stop_of
from recomma.adapters.postgres.tables import (
    attempts,
    bots,
    deals,
    markets,
    mirror_orders,
    settings_versions,
    stops,
    venues,
)
from recomma.adapters.postgres.touched import last_said, live_entries_of, touched
from recomma.adapters.postgres.values import Stamp
from recomma.domain.lifecycle import State
from recomma.domain.notes import plan, reconcile, submit
from recomma.domain.orders import MirrorOrder
from recomma.domain.reasons import Reason
from recomma.domain.stops import Scope, Stop
from recomma.domain.touched import NewStop, Touched
from recomma.ports import Clock, NotThere


class StopsStore:
    """What a person has forbidden, and the means to forbid and to allow again."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def in_force(self) -> Sequence[Stop]:
        """Return the stops that hold now, oldest first; not those of deals that are over."""
        over = exists().where(deals.c.id == stops.c.deal_id, deals.c.finished)
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(stops).where(_holds(self._clock()), ~over).order_by(stops.c.id)
            )
            return tuple(stop_of(row) for row in rows)

    def preview(self, scope: Scope) -> Touched:
        """Return what a scope names now. Raises NotThere for what the ledger does not know."""
        with self._engine.connect() as connection:
            _must_exist(connection, scope)
            return touched(connection, scope)

    def last_said(
        self, places: Sequence[tuple[int, str]]
    ) -> Mapping[tuple[int, str], Sequence[str]]:
        """Return, for deals on venues, what their last looks and requests have said."""
        with self._engine.connect() as connection:
            return last_said(connection, places)

    def set(self, new: NewStop, actor: str) -> Stop:
        """Set a stop, and withdraw the entries that it takes away. Raises NotThere."""
        with self._engine.begin() as connection:
            _must_exist(connection, new.scope)
            act = Act(actor, self._clock())
            gone = _take_away(connection, new, act) if new.takes_entries_away else []
            row = connection.execute(insert(stops).values(_row(new, act)).returning(stops)).one()
            stop = stop_of(row)
            detail = _detail(stop) | {"orders": gone}
            write_down(connection, act, f"stop {new.level.word}", f"stop/{stop.id}", detail)
            _look_again(connection, [new.scope], act.at)
            return stop

    def lift(self, ids: Iterable[int], actor: str) -> Sequence[Stop]:
        """Lift stops; what waited for them is asked for at once. Raises NotThere for an id that
        is in force no more, and then none is lifted."""
        wanted = sorted(set(ids))
        with self._engine.begin() as connection:
            act = Act(actor, self._clock())
            rows = connection.execute(
                update(stops)
                .where(stops.c.id.in_(wanted), _holds(act.at))
                .values(lifted_at=act.at, lifted_by=actor)
                .returning(stops)
            ).all()
            lifted = sorted((stop_of(row) for row in rows), key=lambda stop: stop.id)
            if missing := set(wanted) - {stop.id for stop in lifted}:
                raise NotThere(f"no stop {min(missing)} is in force")
            for stop in lifted:
                write_down(connection, act, "resume", f"stop/{stop.id}", _detail(stop))
            _wake_waiting(connection, act.at)
            _look_again(connection, [stop.scope for stop in lifted], act.at)
            return lifted

    def order(self, order: int | str) -> MirrorOrder:
        """Return an order by its id or by the cloid of one of its attempts. Raises NotThere."""
        with self._engine.begin() as connection:
            return _order(connection, self._orders(connection), order)

    def knows(self, kind: str, id_: int) -> bool:
        """Say whether there is a `deal` or an `order` of this id."""
        column = deals.c.id if kind == "deal" else mirror_orders.c.id
        with self._engine.connect() as connection:
            return _there(connection, column == id_)

    def cancel_order(self, order_id: int, actor: str, why: str = "") -> MirrorOrder:
        """Have one entry go, for good; return it as it was. Raises NotThere."""
        with self._engine.begin() as connection:
            act = Act(actor, self._clock())
            orders = self._orders(connection)
            order = _order(connection, orders, order_id)
            orders.withdraw(order_id, Reason.CANCELLED_BY_PERSON)
            detail = {"deal": order.deal_id, "venue": order.venue, "leg": str(order.leg)}
            told = detail | ({"why": why} if why else {})
            write_down(connection, act, "cancel order", f"order/{order_id}", told)
            leaves = Leaves()
            for note in (submit(order.venue), plan(order.deal_id)):
                leaves.add(note, act.at)
            leaves.add(reconcile(order.deal_id, order.venue), act.at)
            _write_and_wake(connection, leaves)
            return order

    def _orders(self, connection: Connection) -> Orders:
        return _orders_at(connection, self._clock())


def _orders_at(connection: Connection, at: datetime) -> Orders:
    newest = select(func.max(settings_versions.c.id))
    version: int = connection.execute(newest).scalar() or 0
    return Orders(connection, lambda: Stamp(at, version))


def _holds(now: datetime) -> ColumnElement[bool]:
    return and_(stops.c.lifted_at.is_(None), or_(stops.c.until.is_(None), stops.c.until > now))


def _row(new: NewStop, act: Act) -> dict[str, object]:
    return {
        "level": new.level.word,
        "venue": new.scope.venue,
        "bot_id": new.scope.bot_id,
        "coin": new.scope.coin,
        "deal_id": new.scope.deal_id,
        "actor": act.actor,
        "why": new.why,
        "reason": str(new.reason),
        "set_at": act.at,
        "until": new.until,
        "cancel_entries": new.takes_entries_away,
    }


def _detail(stop: Stop) -> dict[str, Any]:
    named = {
        "venue": stop.scope.venue,
        "bot": stop.scope.bot_id,
        "coin": stop.scope.coin,
        "deal": stop.scope.deal_id,
        "until": stop.until and stop.until.isoformat(),
        "why": stop.why or None,
    }
    return {"level": stop.level.word} | {k: v for k, v in named.items() if v is not None}


def _take_away(connection: Connection, new: NewStop, act: Act) -> list[int]:
    """Withdraw the live entries of a scope. A planned one of a stop that may be lifted stays: the
    stop itself keeps it from being asked for."""
    orders = _orders_at(connection, act.at)
    going = [
        order.id
        for order in orders.locked(live_entries_of(new.scope))
        if order.cancel_why is None and (new.for_good or order.state is not State.PLANNED)
    ]
    for order_id in going:
        orders.withdraw(order_id, new.reason)
    return going


def _wake_waiting(connection: Connection, now: datetime) -> None:
    """What waited for a stop is looked at now; if another one holds it, it waits on."""
    waiting = and_(
        mirror_orders.c.state == str(State.PLANNED),
        mirror_orders.c.waits_why == str(Reason.STOPPED),
    )
    locked = (
        select(mirror_orders.c.id)
        .where(waiting)
        .order_by(mirror_orders.c.id)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    connection.execute(
        update(mirror_orders).where(mirror_orders.c.id == locked.c.id).values(due_at=now)
    )


def _look_again(connection: Connection, scopes: Sequence[Scope], now: datetime) -> None:
    leaves = Leaves()
    for scope in scopes:
        for deal_id, venue in touched(connection, scope).deals:
            leaves.add(plan(deal_id), now)
            leaves.add(reconcile(deal_id, venue), now)
        for venue in connection.execute(select(venues.c.name)).scalars():
            if scope.venue in (None, venue):
                leaves.add(submit(venue), now)
    _write_and_wake(connection, leaves)


def _write_and_wake(connection: Connection, leaves: Leaves) -> None:
    leaves.write(connection)
    connection.execute(text(f"NOTIFY {NOTES_CHANNEL}"))


def _order(connection: Connection, orders: Orders, order: int | str) -> MirrorOrder:
    if isinstance(order, str):
        which = mirror_orders.c.id == _by_cloid(connection, order)
    else:
        which = mirror_orders.c.id == order
    found = orders.locked(which)
    if not found:
        raise NotThere(f"there is no order {order}")
    return found[0]


def _by_cloid(connection: Connection, cloid: str) -> int | None:
    query = select(attempts.c.order_id).where(attempts.c.cloid == cloid.lower())
    return connection.execute(query).scalar()


def _must_exist(connection: Connection, scope: Scope) -> None:
    if scope.venue is not None and not _there(connection, venues.c.name == scope.venue):
        raise NotThere(f"there is no venue {scope.venue}: `recomma venues` lists them")
    if scope.bot_id is not None and not _there(connection, bots.c.id == scope.bot_id):
        raise NotThere(f"there is no bot {scope.bot_id}")
    if scope.deal_id is not None and not _there(connection, deals.c.id == scope.deal_id):
        raise NotThere(f"there is no deal {scope.deal_id}")
    if scope.coin is not None and not _there(connection, markets.c.coin == scope.coin):
        # Before the first look at a venue no coin is known, and a stop must not wait for that.
        known = select(markets.c.coin).limit(1)
        if connection.execute(known).first() is not None:
            raise NotThere(f"no venue has a coin {scope.coin}: spell it like DOGE or kPEPE")


def _there(connection: Connection, which: ColumnElement[bool]) -> bool:
    return bool(connection.execute(select(exists().where(which))).scalar())
