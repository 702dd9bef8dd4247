"""Mirror orders in the ledger: loaded under their row locks, changed only with their history.

Every transaction locks orders in the order of their ids, so that a deal's book and a signer's
never wait for each other in a circle.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    cast,
    func,
    insert,
    select,
    update,
)

from recomma.adapters.postgres import fills
from recomma.adapters.postgres.engine import storable
from recomma.adapters.postgres.tables import (
    ADOPTED,
    CANCEL_WANTED,
    PLANNED,
    RETERMED,
    WAITS,
    attempts,
    deals,
    mirror_orders,
    order_history,
)
from recomma.adapters.postgres.tables import fills as fills_table
from recomma.adapters.postgres.values import AnyRow, Stamp, order_of, reason_of, spoken, terms_row
from recomma.domain.adoption import FoundOrder
from recomma.domain.lifecycle import LIVE, Event, ImpossibleStep, State, step
from recomma.domain.money import NO_SIZE, Size
from recomma.domain.orders import MirrorOrder, NewOrder, Terms
from recomma.domain.reasons import Reason


@dataclass(frozen=True)
class Change:
    """One step of an order's life, with what else it changes."""

    order_id: int
    event: Event
    rule: str
    why: Reason | None = None
    text: str = ""
    oid: int | None = None
    cloid: str | None = None  # Of the attempt that is being asked.
    due_at: datetime | None = None
    refused: bool = False


Stamped = Callable[[], Stamp]


class Orders:
    """The mirror orders, within one transaction."""

    def __init__(self, connection: Connection, stamped: Stamped) -> None:
        self._connection = connection
        self._stamped = stamped

    def lock(self, which: ColumnElement[bool]) -> Sequence[AnyRow]:
        """Lock the orders that fit; return their rows, each with its deal's bot, by id."""
        return self._connection.execute(
            select(mirror_orders, deals.c.bot_id)
            .join(deals, deals.c.id == mirror_orders.c.deal_id)
            .where(which)
            .order_by(mirror_orders.c.id)
            .with_for_update(of=mirror_orders, key_share=True)
        ).all()

    def locked(self, which: ColumnElement[bool]) -> list[MirrorOrder]:
        """Lock the orders that fit and return them, by id."""
        rows = self.lock(which)
        filled = self.filled(row.id for row in rows)
        return [order_of(row, filled.get(row.id, NO_SIZE)) for row in rows]

    def filled(self, order_ids: Iterable[int]) -> dict[int, Size]:
        ids = list(order_ids)
        if not ids:
            return {}
        by_order = fills_table.c.mirror_order_id
        found = self._connection.execute(
            select(by_order, func.sum(fills_table.c.size))
            .where(by_order.in_(ids))
            .group_by(by_order)
        )
        return {order_id: Size(size) for order_id, size in found}

    def place(self, deal_id: int, venue: str, order: NewOrder, due_at: datetime) -> int:
        """Store the next generation of the leg. The deal's row lock keeps the number ours."""
        stamp = self._stamped()
        before = select(func.coalesce(func.max(mirror_orders.c.generation), 0)).where(
            mirror_orders.c.deal_id == deal_id,
            mirror_orders.c.venue == venue,
            mirror_orders.c.leg == str(order.leg),
        )
        row = _planned(order) | terms_row(order.terms)
        row |= {"deal_id": deal_id, "venue": venue, "due_at": due_at, "planned_at": stamp.at}
        row |= {"settings_version": stamp.settings_version, "last_seq": 1}
        row["generation"] = cast(before.scalar_subquery(), Integer) + 1
        placed = insert(mirror_orders).values(row).returning(mirror_orders.c.id)
        order_id: int = self._connection.execute(placed).scalar_one()
        first = _happening(stamp, PLANNED, f"place/{order.urgency.name.lower()}")
        first |= {"order_id": order_id, "seq": 1, "state_to": str(State.PLANNED)}
        first |= {"why": order.why, "text": spoken(order.terms)}
        self._connection.execute(insert(order_history), [first])
        return order_id

    def withdraw(self, order_id: int, why: Reason) -> None:
        row = self._lock([order_id])[order_id]
        state = State(row.state)
        if state is State.PLANNED:
            self.record([Change(order_id, Event.WITHDRAWN, "withdraw", why)])
        elif state in LIVE and row.cancel_why is None:
            stamp = self._stamped()
            self._note_down(row, CANCEL_WANTED, "withdraw", why=why)
            self._set(order_id, {"cancel_why": str(why), "due_at": stamp.at})

    def reterm(self, order_id: int, terms: Terms, due_at: datetime) -> None:
        row = self._lock([order_id])[order_id]
        if row.state != State.PLANNED:
            raise ImpossibleStep(f"other terms while {row.state}")
        self._note_down(row, RETERMED, "reterm", text=spoken(terms))
        self._set(order_id, {**terms_row(terms), "due_at": due_at})

    def adopt(self, order_id: int, found: FoundOrder, attempts: int) -> None:
        """Take a planned order to where the venue has it. See DealBook.adopt."""
        text = f"missing here, found on the venue: {spoken(found.terms)}, oid {found.oid}"
        self.happened([order_id], ADOPTED, "adopt", text)
        self.record([Change(order_id, Event.ASKED, "adopt", cloid=found.cloid)])
        self.record([Change(order_id, found.event, "adopt", found.why, oid=found.oid)])
        self._set(order_id, {"attempts": attempts})

    def wait(self, order_id: int, why: Reason, until: datetime) -> None:
        """Have a PLANNED order wait. Its history has one line for each reason, however long."""
        row = self._lock([order_id])[order_id]
        if row.state != State.PLANNED:
            return
        if row.waits_why != why:
            self._note_down(row, WAITS, "gate", why=why)
        self._set(order_id, {"waits_why": str(why), "due_at": until})

    def happened(self, order_ids: Sequence[int], event: str, rule: str, text: str = "") -> None:
        """Write down what changes no state."""
        for row in self._lock(order_ids).values():
            self._note_down(row, event, rule, why=reason_of(row.cancel_why), text=text)

    def learn(self, order_id: int, oid: int | None, due_at: datetime | None) -> None:
        """Store what became known of an order without changing its state."""
        told = {"oid": oid, "due_at": due_at}
        known: dict[str, object] = {n: value for n, value in told.items() if value is not None}
        if known:
            self._set(order_id, known)
        if oid is not None:
            self._oids_learnt([order_id])

    def record(self, changes: Sequence[Change]) -> None:
        """Take each order one step on. Raises ImpossibleStep, and then nothing is written."""
        if not changes:
            return
        stamp = self._stamped()
        rows = self._lock([change.order_id for change in changes])
        steps = [Taken.of(rows[change.order_id], change, stamp) for change in changes]
        self._connection.execute(_UPDATE, [taken.row for taken in steps])
        self._connection.execute(
            insert(order_history), [line for taken in steps for line in taken.history]
        )
        self._end_attempts(steps, stamp)
        self._oids_learnt([change.order_id for change in changes if change.oid is not None])

    def _end_attempts(self, steps: Sequence["Taken"], stamp: Stamp) -> None:
        ended = {"ended_at": stamp.at}
        answered = [
            {"an_order": t.order_id, "an_outcome": str(t.event), **ended}
            for t in steps
            if t.out_of_doubt
        ]
        if answered:
            self._connection.execute(_END_PLACING, answered)
        over = [
            {"an_order": t.order_id, "an_outcome": str(t.event), **ended} for t in steps if t.over
        ]
        if over:
            self._connection.execute(_END_ALL, over)

    def _oids_learnt(self, order_ids: Sequence[int]) -> None:
        """Tell the newest attempt its oid, and claim fills that came before it was known."""
        if not order_ids:
            return
        newest = and_(
            attempts.c.order_id == mirror_orders.c.id, attempts.c.cloid == mirror_orders.c.cloid
        )
        self._connection.execute(
            update(attempts)
            .where(newest, mirror_orders.c.id.in_(order_ids))
            .values(oid=mirror_orders.c.oid)
        )
        fills.claim_foreign(self._connection, order_ids)

    def _lock(self, order_ids: Sequence[int]) -> dict[int, AnyRow]:
        rows = self._connection.execute(
            select(mirror_orders)
            .where(mirror_orders.c.id.in_(order_ids))
            .order_by(mirror_orders.c.id)
            .with_for_update(key_share=True)
        )
        found = {row.id: row for row in rows}
        missing = set(order_ids) - found.keys()
        if missing:
            raise LookupError(f"no mirror order {min(missing)}")
        return found

    def _set(self, order_id: int, values: dict[str, object]) -> None:
        this = mirror_orders.c.id == order_id
        self._connection.execute(update(mirror_orders).where(this).values(values))

    def _note_down(
        self, row: AnyRow, event: str, rule: str, *, why: Reason | None = None, text: str = ""
    ) -> None:
        line = _happening(self._stamped(), event, rule)
        line |= {"order_id": row.id, "seq": row.last_seq + 1, "why": why, "text": storable(text)}
        line |= {"state_from": row.state, "state_to": row.state}
        self._connection.execute(insert(order_history), [line])
        self._set(row.id, {"last_seq": row.last_seq + 1})


@dataclass(frozen=True)
class Taken:
    """A change that was possible: the order's row after it, and its lines of history."""

    order_id: int
    event: Event
    row: dict[str, object]
    history: list[dict[str, object]]
    out_of_doubt: bool
    over: bool

    @classmethod
    def of(cls, row: AnyRow, change: Change, stamp: Stamp) -> "Taken":
        before, seq = State(row.state), row.last_seq
        after = step(before, change.event)
        path = [(before, change, after)]
        if after is State.PLANNED and row.cancel_why:
            # It was to be cancelled while it was in doubt; now it certainly is nowhere.
            drop = Change(change.order_id, Event.WITHDRAWN, "withdraw", reason_of(row.cancel_why))
            path.append((after, drop, step(after, Event.WITHDRAWN)))
        history = [
            _happening(stamp, str(each.event), each.rule)
            | {"order_id": row.id, "seq": seq + i, "state_from": str(a), "state_to": str(b)}
            | {"why": each.why, "text": storable(each.text)}
            for i, (a, each, b) in enumerate(path, start=1)
        ]
        end = path[-1][2]
        # Why it was turned away is history; why it exists goes on.
        turned_away = change.event is Event.TURNED_AWAY and len(path) == 1
        told = None if turned_away else path[-1][1].why
        last = replace(change, why=told or _default_why(row, change))
        return cls(
            order_id=row.id,
            event=change.event,
            row=_changed(row, last, end, change.why if turned_away else None)
            | {"last_seq": seq + len(path)},
            history=history,
            out_of_doubt=before is State.IN_DOUBT and after is not State.IN_DOUBT,
            over=end not in LIVE,
        )


def _default_why(row: AnyRow, change: Change) -> Reason | None:
    if change.event is Event.GONE and row.cancel_why:
        return reason_of(row.cancel_why)
    return reason_of(row.why)


def _changed(
    row: AnyRow, change: Change, state: State, waits_why: Reason | None
) -> dict[str, object]:
    asked = change.event is Event.ASKED
    oid = change.oid if asked or change.oid is not None else row.oid
    return {
        "an_order": row.id,
        "state": str(state),
        "why": change.why,
        "oid": oid,
        "cloid": change.cloid if asked else row.cloid,
        "due_at": change.due_at or row.due_at,
        "attempts": row.attempts + asked,
        "refusals": row.refusals + change.refused,
        "waits_why": waits_why,
    }


def _planned(order: NewOrder) -> dict[str, object]:
    return {
        "leg": str(order.leg),
        "coin": order.coin,
        "wanted_price": order.wanted_price,
        "wanted_size": order.wanted_size,
        "urgency": int(order.urgency),
        "multiplier": order.multiplier,
        "state": str(State.PLANNED),
        "give_up_at": order.give_up_at,
        "why": order.why,
        "ladder_usd": order.ladder_usd,
    }


def _happening(stamp: Stamp, event: str, rule: str) -> dict[str, object]:
    return {
        "at": stamp.at,
        "event": event,
        "state_from": None,
        "rule": rule,
        "settings_version": stamp.settings_version,
    }


_UPDATE = (
    update(mirror_orders)
    .where(mirror_orders.c.id == bindparam("an_order"))
    .values(
        {
            name: bindparam(name)
            for name in [
                "state",
                "why",
                "oid",
                "cloid",
                "due_at",
                "attempts",
                "refusals",
                "waits_why",
                "last_seq",
            ]
        }
    )
)
_END_ALL = (
    update(attempts)
    .where(attempts.c.order_id == bindparam("an_order"), attempts.c.live)
    .values(live=False, outcome=bindparam("an_outcome"), ended_at=bindparam("ended_at"))
)
_END_PLACING = _END_ALL.where(attempts.c.kind == "place")
