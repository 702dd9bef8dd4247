"""What happened to deals' positions: fills, exits that rested, coins that moved; for reports."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, true

from recomma.adapters.postgres import tables as t
from recomma.adapters.postgres.values import AnyRow
from recomma.domain.books import Past
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Moved
from recomma.domain.money import Side, Size
from recomma.domain.naked import Execution, Rested, Track
from recomma.domain.orders import Style
from recomma.domain.reasons import Reason
from recomma.domain.source import Role
from recomma.domain.trades import NO_TRADES, Trades

Here = tuple[int, str]
"""A deal on a venue."""

Scope = Sequence[int] | None
"""The deals that are asked for; None: all."""


def within(column: ColumnElement[int], scope: Scope) -> ColumnElement[bool]:
    return true() if scope is None else column.in_(scope)


@dataclass(frozen=True)
class Tracks:
    """The pasts of all deals in a scope, read in one go."""

    fills: Mapping[Here, Sequence[AnyRow]]
    rested: Mapping[Here, Sequence[Rested]]
    moves: Mapping[Here, Sequence[Moved]]
    shown: Mapping[int, Sequence[datetime]]  # When a revision of an exit was first seen.
    removed: Mapping[Here, Sequence[datetime]]  # When its taking away was confirmed here.

    def past(self, here: Here, entry_side: Side) -> Past:
        executions = tuple(
            Execution(row.at, row.size * Side(row.side).sign * entry_side.sign, row.mirror_order_id)
            for row in self.fills.get(here, ())
        )
        track = Track(
            executions,
            tuple(self.rested.get(here, ())),
            tuple((move.at, move.size) for move in self.moves.get(here, ())),
            tuple(sorted(self._exit_shown(here))),
        )
        return Past(track, _trades(self.fills.get(here, ())))

    def _exit_shown(self, here: Here) -> list[tuple[datetime, bool]]:
        deal_id, _ = here
        shown = [(at, True) for at in self.shown.get(deal_id, ())]
        return shown + [(at, False) for at in self.removed.get(here, ())]


def read(connection: Connection, scope: Scope) -> Tracks:
    """Read the pasts of the deals in `scope`."""
    fills: dict[Here, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(_fills(scope)):
        fills[row.deal_id, row.venue].append(row)
    rested, removed = _rested(connection.execute(_history(scope)).all())
    shown: dict[int, list[datetime]] = defaultdict(list)
    for row in connection.execute(_exits_shown(scope)):
        shown[row.deal_id].append(row.first_seen_at)
    moves = _moves(connection.execute(_transfers(scope)).all())
    return Tracks(fills, rested, moves, shown, removed)


def _fills(scope: Scope) -> Select[Any]:
    return (
        select(t.fills)
        .where(t.fills.c.deal_id.is_not(None), within(t.fills.c.deal_id, scope))
        .order_by(t.fills.c.at, t.fills.c.tid)
    )


def _history(scope: Scope) -> Select[Any]:
    """Sleeping triggers are no exits: they do not rest to take a profit."""
    history, order = t.order_history, t.mirror_orders
    resting = str(State.RESTING)
    turns = or_(history.c.state_to == resting, history.c.state_from == resting)
    return (
        select(history, order.c.deal_id, order.c.venue, order.c.size)
        .join(order, order.c.id == history.c.order_id)
        .where(order.c.reduce_only, order.c.style != str(Style.TRIGGER), turns)
        .where(within(order.c.deal_id, scope))
        .order_by(history.c.order_id, history.c.seq)
    )


def _exits_shown(scope: Scope) -> Select[Any]:
    wanted = t.wanted_orders
    return (
        select(wanted.c.deal_id, wanted.c.first_seen_at)
        .where(wanted.c.leg.startswith(f"{Role.TAKE_PROFIT}/", autoescape=True))
        .where(within(wanted.c.deal_id, scope))
    )


def _transfers(scope: Scope) -> Select[Any]:
    moved = t.transfers
    mine = or_(within(moved.c.from_deal, scope), within(moved.c.to_deal, scope))
    return select(moved).where(mine).order_by(moved.c.id)


def _rested(
    rows: Sequence[AnyRow],
) -> tuple[dict[Here, list[Rested]], dict[Here, list[datetime]]]:
    """Return when exits rested, and when one was taken away because the source has none."""
    spans: dict[int, Rested] = {}
    owners: dict[int, Here] = {}
    removed: dict[Here, list[datetime]] = defaultdict(list)
    for row in rows:
        owners[row.order_id] = here = (row.deal_id, row.venue)
        if row.state_to == State.RESTING and row.order_id not in spans:
            spans[row.order_id] = Rested(row.order_id, row.size, row.at, None)
        elif row.state_to != State.RESTING and row.order_id in spans:
            spans[row.order_id] = replace(spans[row.order_id], until=row.at)
        if row.why == Reason.EXIT_REMOVED_AT_SOURCE:
            removed[here].append(row.at)
    by_deal: dict[Here, list[Rested]] = defaultdict(list)
    for order_id, span in spans.items():
        by_deal[owners[order_id]].append(span)
    return by_deal, removed


def _moves(rows: Sequence[AnyRow]) -> dict[Here, list[Moved]]:
    found: dict[Here, list[Moved]] = defaultdict(list)
    for row in rows:
        reason = Reason(row.reason)
        gone = Moved(row.at, -row.size, row.to_deal, reason)
        found[row.from_deal, row.venue].append(gone)
        if row.to_deal is not None:
            came = Moved(row.at, row.size, row.from_deal, reason)
            found[row.to_deal, row.venue].append(came)
    return found


def _trades(rows: Sequence[AnyRow]) -> Trades:
    sums = NO_TRADES
    for row in rows:
        sums = sums.and_also(Side(row.side), Size(row.size), row.price * row.size, row.fee)
    return sums


def source_profits(connection: Connection, scope: Scope) -> dict[int, Decimal]:
    """Return what finished deals gained at the source: `final_profit` of their last page.

    While a deal is active the field is stale (threecommas.md 6.1), so those are left out.
    """
    log = t.observations
    newest = (
        select(func.max(log.c.id))
        .where(log.c.kind == "detail", within(log.c.deal_id, scope))
        .group_by(log.c.deal_id)
    )
    told = log.c.payload["show"]["final_profit"].astext
    rows = connection.execute(
        select(log.c.deal_id, told.label("profit"))
        .join(t.deals, and_(t.deals.c.id == log.c.deal_id, t.deals.c.finished))
        .where(log.c.id.in_(newest), told.is_not(None))
    )
    return {row.deal_id: profit for row in rows if (profit := _number(row.profit)) is not None}


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
