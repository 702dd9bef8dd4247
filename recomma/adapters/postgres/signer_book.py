"""A venue's signer in the ledger, under its row lock. See recomma.ports.SignerBook."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres import commitments, dead_letters, notes
from recomma.adapters.postgres.orders import Change, Orders, Stamped
from recomma.adapters.postgres.requests import Requests, to_ms
from recomma.adapters.postgres.sharing import stops_on
from recomma.adapters.postgres.tables import (
    CANCEL_ASKED,
    UNCLEAR,
    accounts,
    attempts,
    batches,
    deals,
    foreign_orders,
    leverages,
    mirror_orders,
    signers,
    skips,
    venues,
)
from recomma.adapters.postgres.universe import all_markets
from recomma.adapters.postgres.values import AnyRow, surveyed_account, venue_of
from recomma.domain.commitments import Commitments, SurveyedAccount
from recomma.domain.first_sight import was_running
from recomma.domain.gates import Leverage
from recomma.domain.lifecycle import Event, State
from recomma.domain.notes import Note, Step
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import MarginMode, Policy, PolicyOf
from recomma.domain.readiness import NONCE_AHEAD_MAX, WAITS_FOR_A_SURVEY
from recomma.domain.reasons import Reason
from recomma.domain.source import Role
from recomma.domain.stops import Stop
from recomma.domain.venue import Market, SignedRequest
from recomma.ports import Consequence, DeadLetter, StoredBatch, VenueTerms

_CLOID_NUMBERS: Final = 7_203_117_003  # With the tag, an advisory lock that nobody else uses.


class PostgresSignerBook:
    def __init__(
        self,
        connection: Connection,
        row: AnyRow,
        stamped: Stamped,
        policy_of: PolicyOf,
        code_version: str,
    ) -> None:
        self._connection = connection
        self._row = row
        self._stamped = stamped
        self._policy_of = policy_of
        self._code_version = code_version
        self._orders = Orders(connection, stamped)
        self._requests = Requests(connection, row, stamped)
        self._leaves = notes.Leaves()
        self._letters: list[DeadLetter] = []

    @property
    def venue(self) -> VenueTerms:
        return venue_of(self._row)

    def due(self, now: datetime, *, waiting_for: Collection[Reason] = ()) -> Sequence[MirrorOrder]:
        self._requests.end_old_cancels(now)
        under_way = exists().where(
            attempts.c.order_id == mirror_orders.c.id,
            attempts.c.live,
            attempts.c.kind == "cancel",
        )
        come = mirror_orders.c.due_at <= now
        if waiting_for:
            waits = mirror_orders.c.waits_why.in_(sorted(map(str, waiting_for)))
            come = or_(come, and_(waits, self._in_state(State.PLANNED)))
        return self._orders.locked(and_(self._askable(), come, ~under_way))

    def next_due_at(self) -> datetime | None:
        now = self._stamped().at
        waiting = and_(self._askable(), mirror_orders.c.due_at > now)
        due_at = self._connection.execute(
            select(func.min(mirror_orders.c.due_at)).where(waiting)
        ).scalar()
        # A cancel whose answer was lost is nobody else's business.
        times = (due_at, self._requests.oldest_cancel_ends_at())
        return min((at for at in times if at is not None), default=None)

    def markets(self) -> Mapping[str, Market]:
        return all_markets(self._connection, self._row.name)

    def policy_of(self, bot_id: int) -> Policy:
        return self._policy_of(bot_id, self._row.name)

    def stops(self) -> Sequence[Stop]:
        return stops_on(self._connection, self._row.name, self._stamped().at)

    def committed(self) -> Commitments:
        return commitments.committed(self._connection, self._row.name)

    def looks_wait_since(self, now: datetime) -> datetime | None:
        return notes.longest_wait(self._connection, Step.RECONCILE, self._row.name, now)

    def account(self) -> SurveyedAccount | None:
        return surveyed_account(self._row)

    def source_read_at(self, deal_ids: Collection[int]) -> Mapping[int, datetime]:
        rows = self._connection.execute(
            select(deals.c.id, accounts.c.read_at)
            .join(accounts, accounts.c.name == deals.c.account)
            .where(deals.c.id.in_(deal_ids), accounts.c.read_at.is_not(None))
        )
        return {row.id: row.read_at for row in rows}

    def survey_needed_since(self, deal_ids: Collection[int]) -> Mapping[int, datetime]:
        named = exists().where(
            foreign_orders.c.venue == self._row.name, foreign_orders.c.names_deal == deals.c.id
        )
        rows = self._connection.execute(
            select(
                deals.c.id, deals.c.created_at, deals.c.first_seen_at, named.label("named")
            ).where(deals.c.id.in_(deal_ids))
        )
        return {
            row.id: row.first_seen_at
            for row in rows
            if row.named or was_running(row.created_at, row.first_seen_at)
        }

    def wait(self, order_id: int, why: Reason, until: datetime) -> None:
        self._orders.wait(order_id, why, until)

    def budget_spent(self) -> None:
        spent = func.greatest(venues.c.budget_used, venues.c.budget_cap)
        this = venues.c.name == self._row.name
        self._connection.execute(update(venues).where(this).values(budget_used=spent))

    def leverage_of(self, coin: str) -> Leverage | None:
        confirmed = select(leverages).where(
            leverages.c.venue == self._row.name, leverages.c.coin == coin
        )
        row = self._connection.execute(confirmed).first()
        return Leverage(row.value, MarginMode(row.mode)) if row else None

    def leverage_set(self, coin: str, leverage: Leverage) -> None:
        key = {"venue": self._row.name, "coin": coin}
        row = {"value": leverage.value, "mode": str(leverage.mode), "at": self._stamped().at}
        self._connection.execute(
            insert(leverages)
            .values(key | row)
            .on_conflict_do_update(index_elements=list(key), set_=row)
        )

    def defer(self, coin: str, why: Reason, until: datetime) -> None:
        entries = and_(
            self._in_state(State.PLANNED),
            mirror_orders.c.coin == coin,
            ~mirror_orders.c.reduce_only,
            # Else what has come before its time, with a survey, would come at once again.
            or_(
                mirror_orders.c.due_at < until,
                mirror_orders.c.waits_why.in_(sorted(WAITS_FOR_A_SURVEY)),
            ),
        )
        ids = [order.id for order in self._orders.locked(entries)]
        for order_id in ids:
            self.wait(order_id, why, until)

    def next_nonce(self, now: datetime) -> int:
        limit = to_ms(now + NONCE_AHEAD_MAX)
        usable = select(func.coalesce(func.max(batches.c.nonce), 0)).where(
            batches.c.signer == self._row.signer, batches.c.nonce < limit
        )
        last = case(
            (signers.c.last_nonce < limit, signers.c.last_nonce), else_=usable.scalar_subquery()
        )
        counted = (
            update(signers)
            .where(signers.c.address == self._row.signer)
            .values(last_nonce=func.greatest(last + 1, to_ms(now)))
            .returning(signers.c.last_nonce)
        )
        nonce: int = self._connection.execute(counted).scalar_one()
        return nonce

    def attempts_before(self, order: MirrorOrder) -> int:
        """Count over all venues, because a cloid does not name its venue.

        Venues that share a tag take turns from here to their commit, or two of them would make
        the same cloid at the same moment. Manual legs share a number, because a cloid has room
        for a hash of their id only.
        """
        self._connection.execute(
            select(func.pg_advisory_xact_lock(_CLOID_NUMBERS + (self._row.tag << 40)))
        )
        if order.leg.role is Role.MANUAL:
            same_leg = mirror_orders.c.leg.startswith(f"{Role.MANUAL}/", autoescape=True)
        else:
            same_leg = mirror_orders.c.leg == str(order.leg)
        counted = select(func.coalesce(func.sum(mirror_orders.c.attempts), 0)).where(
            mirror_orders.c.deal_id == order.deal_id, same_leg
        )
        return int(self._connection.execute(counted).scalar_one())

    def store_orders(self, signed: SignedRequest, cloids: Sequence[tuple[int, str]]) -> StoredBatch:
        batch = self._requests.store(signed, "order", len(cloids))
        self._requests.attempt(batch.id, "place", cloids)
        self._orders.record(
            [Change(order_id, Event.ASKED, "ask", cloid=cloid) for order_id, cloid in cloids]
        )
        return batch

    def store_cancels(self, signed: SignedRequest, order_ids: Sequence[int]) -> StoredBatch:
        batch = self._requests.store(signed, "cancel", len(order_ids))
        self._requests.attempt(batch.id, "cancel", [(order_id, None) for order_id in order_ids])
        self._orders.happened(order_ids, CANCEL_ASKED, "ask")
        return batch

    def store_other(self, signed: SignedRequest, kind: str) -> StoredBatch:
        return self._requests.store(signed, kind, 1)

    def unanswered(self, now: datetime) -> Sequence[StoredBatch]:
        return self._requests.unanswered(now)

    def orders_of(self, batch_id: int) -> Sequence[MirrorOrder]:
        ids = self._requests.orders_of(batch_id)
        by_id = {order.id: order for order in self._orders.locked(mirror_orders.c.id.in_(ids))}
        return [by_id[order_id] for order_id in ids]

    def sent(self, batch_id: int) -> None:
        self._requests.sent(batch_id)

    def fence(self, batch_id: int) -> None:
        self._requests.fence(batch_id)

    def answered(self, batch_id: int, answer: str, consequences: Sequence[Consequence]) -> None:
        self._requests.answered(batch_id, answer)
        self._requests.executed(
            batch_id, {c.order_id: c.executed for c in consequences if c.executed is not None}
        )
        self._orders.record([_change(c, c.event) for c in consequences if c.event])
        for unclear in consequences:
            if unclear.event is None:
                self._orders.learn(unclear.order_id, oid=unclear.oid, due_at=unclear.due_at)
                if unclear.text:
                    self._orders.happened([unclear.order_id], UNCLEAR, "answer", unclear.text)
        for consequence in consequences:
            if consequence.letter is not None:
                self._leaves.know(consequence.letter.note)
                self._letters.append(consequence.letter)

    def skip(self, order_id: int, why: Reason) -> None:
        (order,) = self._orders.locked(mirror_orders.c.id == order_id)
        self._orders.record([Change(order_id, Event.SKIPPED, "skip", why)])
        row = {
            "deal_id": order.deal_id,
            "leg": str(order.leg),
            "venue": order.venue,
            "reason": str(why),
            "side": str(order.terms.side),
            "wanted_price": order.wanted_price,
            "wanted_size": order.wanted_size,
            "at": self._stamped().at,
        }
        self._connection.execute(insert(skips).values(row).on_conflict_do_nothing())

    def give_up(self, order_id: int, why: Reason) -> None:
        self._orders.record([Change(order_id, Event.WITHDRAWN, "give_up", why)])

    def leave(self, note: Note, due_at: datetime) -> None:
        self._leaves.add(note, due_at)

    def close(self) -> None:
        """Write what waits for the end of the transaction."""
        self._leaves.write(self._connection)
        now = self._stamped().at
        for letter in self._letters:
            note_id = notes.id_of(self._connection, letter.note)
            history = dead_letters.History((), now, letter.why)
            dead_letters.bury(self._connection, note_id, letter, history, now, self._code_version)

    def _askable(self) -> ColumnElement[bool]:
        wanted = mirror_orders.c.cancel_why.is_(None)
        return or_(
            and_(self._in_state(State.PLANNED), wanted),
            and_(self._in_state(State.RESTING), ~wanted),
        )

    def _in_state(self, state: State) -> ColumnElement[bool]:
        return and_(mirror_orders.c.venue == self._row.name, mirror_orders.c.state == str(state))


def _change(told: Consequence, event: Event) -> Change:
    return Change(
        order_id=told.order_id,
        event=event,
        rule="answer",
        why=told.why,
        text=told.text,
        oid=told.oid,
        due_at=told.due_at,
        refused=told.refused,
    )
