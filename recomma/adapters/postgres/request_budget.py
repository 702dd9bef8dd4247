"""The budget of requests to 3Commas, with the line of those that wait for a detail.

Every request of the last minute is a row, and who asks holds the budget's row meanwhile: two
workers cannot take the last place both, and no restart and no flushed Redis forgets what was
asked. By default the time is the database's, because workers on several machines share it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recomma.adapters.postgres.pauses import lasting_longest, write_down
from recomma.adapters.postgres.tables import notes, request_budgets, request_turns, requests_made
from recomma.domain.notes import Step
from recomma.domain.readiness import CLOCK_TOLERANCE
from recomma.domain.request_budget import (
    ABSENT_AFTER,
    CHANGED_IN_A_ROW,
    FORGOTTEN_AFTER,
    WINDOW,
    Allowance,
    Line,
    Request,
    ahead,
    detail_from,
    list_from,
)
from recomma.ports import Clock
from recomma.ports.guarding import GuardMetrics, OverBudget, Pause, Paused, Purpose

log = structlog.get_logger(__name__)

LEFT_ANEW: Final = timedelta(seconds=1)
"""A waiting note that is due by this much before its turn was left again: something changed."""


@dataclass(frozen=True)
class _Asked:
    """A request that is asked for, and what it meets."""

    row: Row[Any]  # Of the budget, locked.
    now: datetime
    weight: int
    made: Sequence[Request]


class PostgresBudget:
    """Implements `recomma.ports.guarding.Budget` for one 3Commas account.

    A database that has never seen this budget knows nothing of the last minute: it begins with
    the budget spent.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        allowance: Allowance,
        *,
        metrics: GuardMetrics,
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._name = name
        self._allowance = allowance
        self._metrics = metrics
        self._clock = clock

    def spend(self, weight: int, purpose: Purpose, deal_id: int = 0) -> None:
        """Take `weight` requests. Raises Paused or OverBudget with the time to come back.

        Where others wait the time is an estimate; who comes back then keeps its place.
        """
        with self._engine.begin() as connection:
            refusal = self._ask(connection, weight, purpose, deal_id)
        # Only now: what the line was told must be stored although nothing was taken.
        if refusal is not None:
            by = "pause" if isinstance(refusal, Paused) else "budget"
            self._metrics.call_refused(self._name, by)
            raise refusal
        self._metrics.spent(self._name, purpose, weight)

    def charge(self, weight: int) -> None:
        with self._engine.begin() as connection:
            _, now = self._locked(connection)
            self._write(connection, now, weight, is_list=False)

    def pause(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        with self._engine.begin() as connection:
            now = self._now(connection)
            end = until or now + timedelta(seconds=wait_seconds)
            write_down(connection, self._name, Pause(now, end, why))
        self._metrics.paused(self._name)
        log.warning("paused", budget=self._name, until=end.isoformat(), why=why)

    def _ask(
        self, connection: Connection, weight: int, purpose: Purpose, deal_id: int
    ) -> OverBudget | None:
        row, now = self._locked(connection)
        pause = lasting_longest(connection, self._name, now, only_held=True)
        if pause is not None:
            why = f"{self._name} is left alone: {pause.why}"
            return Paused(why, until=pause.until, wait_seconds=_seconds(pause.until - now))
        if row.known_since + WINDOW > now:
            why = f"nobody knows what was asked of {self._name} in the last minute"
            return _over(why, row.known_since + WINDOW, now)
        asked = _Asked(row, now, weight, self._made(connection, now))
        if purpose is Purpose.LIST:
            free_at = self._list(connection, asked)
        else:
            free_at = self._detail(connection, asked, deal_id)
        if free_at > now:
            return _over(f"the minute of {self._name} is used up", free_at, now)
        return None

    def _locked(self, connection: Connection) -> tuple[Row[Any], datetime]:
        table = request_budgets
        mine = table.c.name == self._name
        row = connection.execute(select(table).where(mine).with_for_update()).first()
        if row is None:
            new = {"name": self._name, "known_since": self._now(connection)}
            connection.execute(upsert(table).values(new).on_conflict_do_nothing())
            row = connection.execute(select(table).where(mine).with_for_update()).one()
        return self._counted_anew(connection, row)

    def _counted_anew(self, connection: Connection, row: Row[Any]) -> tuple[Row[Any], datetime]:
        """What a clock that went back has put into the future is taken to be of now: it counts,
        and nobody waits until its time has come."""
        now = self._now(connection)
        latest = now + CLOCK_TOLERANCE
        made, budget = requests_made, request_budgets
        of_the_future = and_(made.c.budget == self._name, made.c.at > latest)
        connection.execute(update(made).where(of_the_future).values(at=now))
        if row.known_since > latest:
            mine = budget.c.name == self._name
            changed = update(budget).where(mine).values(known_since=now).returning(budget)
            row = connection.execute(changed).one()
        return row, now

    def _now(self, connection: Connection) -> datetime:
        if self._clock is not None:
            return self._clock()
        now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now

    def _made(self, connection: Connection, now: datetime) -> list[Request]:
        table = requests_made
        mine = table.c.budget == self._name
        connection.execute(delete(table).where(mine, table.c.at <= now - WINDOW))
        rows = connection.execute(select(table).where(mine).order_by(table.c.at, table.c.id))
        return [Request(row.at, row.is_list) for row in rows]

    def _write(self, connection: Connection, now: datetime, weight: int, *, is_list: bool) -> None:
        row = {"budget": self._name, "at": now, "is_list": is_list}
        connection.execute(insert(requests_made), [row] * weight)

    def _change(self, connection: Connection, **values: int) -> None:
        table = request_budgets
        connection.execute(update(table).where(table.c.name == self._name).values(values))

    def _list(self, connection: Connection, asked: _Asked) -> datetime:
        waits = bool(self._waiting(connection, asked.now, 0).rest)
        free_at = list_from(
            self._allowance, asked.made, asked.weight, asked.now, details_wait=waits
        )
        if asked.row.list_weight != asked.weight:
            self._change(connection, list_weight=asked.weight)
        if free_at <= asked.now:
            self._write(connection, asked.now, asked.weight, is_list=True)
        return free_at

    def _detail(self, connection: Connection, asked: _Asked, deal_id: int) -> datetime:
        turns = request_turns
        mine = and_(turns.c.budget == self._name, turns.c.deal == deal_id)
        turn = connection.execute(select(turns).where(mine)).first()
        changed = self._changed(connection, deal_id, turn, asked.now)
        waiting = self._waiting(connection, asked.now, deal_id, turn)
        free_at = detail_from(
            self._allowance,
            asked.made,
            asked.weight,
            asked.now,
            before=ahead(waiting.line(asked.row.changed_in_row), changed=changed),
            list_weight=asked.row.list_weight,
        )
        if free_at > asked.now:
            told = {"told_at": free_at, "changed": changed}
            added = upsert(turns).values(budget=self._name, deal=deal_id, **told)
            connection.execute(
                added.on_conflict_do_update(index_elements=["budget", "deal"], set_=told)
            )
            return free_at
        connection.execute(delete(turns).where(mine))
        self._write(connection, asked.now, asked.weight, is_list=False)
        in_row = min(asked.row.changed_in_row + 1, CHANGED_IN_A_ROW) if changed else 0
        if in_row != asked.row.changed_in_row:
            self._change(connection, changed_in_row=in_row)
        return free_at

    def _changed(
        self, connection: Connection, deal_id: int, turn: Row[Any] | None, now: datetime
    ) -> bool:
        """Say whether the deal is known to have changed, or is only due for a look.

        Its note says it: what a cadence asks for is not in `due_at`. A refusal is, so once in the
        line only a note that is due earlier than its turn says that something has changed since.
        """
        mine = and_(notes.c.step == Step.PLAN, notes.c.deal_id == deal_id)
        due_at = connection.execute(select(notes.c.due_at).where(mine)).scalar_one_or_none()
        if turn is None:
            return due_at is not None and due_at <= now
        return turn.changed or (due_at is not None and due_at < turn.told_at - LEFT_ANEW)

    def _waiting(
        self, connection: Connection, now: datetime, deal_id: int, turn: Row[Any] | None = None
    ) -> "_Waiting":
        turns = request_turns
        mine = turns.c.budget == self._name
        connection.execute(delete(turns).where(mine, turns.c.told_at < now - FORGOTTEN_AFTER))
        there = and_(mine, turns.c.deal != deal_id, turns.c.told_at > now - ABSENT_AFTER)
        before = turns.c.place < turn.place if turn is not None else turns.c.place.is_not(None)
        counted = select(
            func.count().filter(turns.c.changed, before).label("changed_ahead"),
            func.count().filter(~turns.c.changed, before).label("looks_ahead"),
            func.count().filter(turns.c.changed).label("changed"),
            func.count().filter(~turns.c.changed).label("looks"),
        ).where(there)
        return _Waiting(*connection.execute(counted).one())


def _over(why: str, free_at: datetime, now: datetime) -> OverBudget:
    return OverBudget(why, until=free_at, wait_seconds=_seconds(free_at - now))


def _seconds(wait: timedelta) -> int:
    return max(1, ceil(wait.total_seconds()))


@dataclass(frozen=True)
class _Waiting:
    changed_ahead: int
    looks_ahead: int
    changed: int
    looks: int

    @property
    def rest(self) -> int:
        return self.changed + self.looks

    def line(self, in_row: int) -> Line:
        return Line(self.changed_ahead, self.looks_ahead, self.changed, self.looks, in_row)
