"""A venue's signer in the in-memory ledger. See recomma.ports.SignerBook."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from recomma.domain.commitments import Commitments, SurveyedAccount
from recomma.domain.entries import Skip
from recomma.domain.first_sight import was_running
from recomma.domain.gates import Leverage
from recomma.domain.lifecycle import Event, State
from recomma.domain.notes import Note, Step
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy, PolicyOf
from recomma.domain.readiness import NONCE_AHEAD_MAX, WAITS_FOR_A_SURVEY
from recomma.domain.reasons import Reason
from recomma.domain.source import Role
from recomma.domain.stops import Stop, in_force
from recomma.domain.venue import AddressBudget, Market, SignedRequest
from recomma.ports import Consequence, StoredBatch, VenueTerms
from tests.fakes.commitments import committed
from tests.fakes.notes import FakeNotes
from tests.fakes.orders import FakeOrders
from tests.fakes.rows import AttemptRow, BatchRow, Rows, VenueRow, Violated

CANCEL_LIFE: Final = timedelta(seconds=10)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


class FakeSignerBook:
    def __init__(
        self, name: str, rows: Rows, orders: FakeOrders, notes: FakeNotes, policy_of: PolicyOf
    ) -> None:
        self._name = name
        self._rows = rows
        self._orders = orders
        self._notes = notes
        self._policy_of = policy_of
        self._now = orders.clock
        self._stored: set[int] = set()

    @property
    def _row(self) -> VenueRow:
        return self._rows.venues[self._name]

    @property
    def venue(self) -> VenueTerms:
        return self._row.terms

    def due(self, now: datetime, *, waiting_for: Collection[Reason] = ()) -> Sequence[MirrorOrder]:
        for attempt in self._cancels_under_way():
            if attempt.asked_at <= now - CANCEL_LIFE:
                self._rows.attempts[attempt.id] = replace(attempt, live=False)
        under_way = {attempt.order_id for attempt in self._cancels_under_way()}
        return [
            o
            for o in self._askable()
            if (o.due_at <= now or _waits_for(o, waiting_for)) and o.id not in under_way
        ]

    def next_due_at(self) -> datetime | None:
        now = self._now()
        times = [order.due_at for order in self._askable() if order.due_at > now]
        times += [attempt.asked_at + CANCEL_LIFE for attempt in self._cancels_under_way()]
        return min(times, default=None)

    def markets(self) -> Mapping[str, Market]:
        return self._rows.markets.get(self._name, {})

    def policy_of(self, bot_id: int) -> Policy:
        return self._policy_of(bot_id, self._name)

    def stops(self) -> Sequence[Stop]:
        here = [s for s in self._rows.stops.values() if s.scope.venue in (None, self._name)]
        return in_force(here, self._now())

    def committed(self) -> Commitments:
        return committed(self._rows, self._orders, self._name)

    def looks_wait_since(self, now: datetime) -> datetime | None:
        return self._notes.longest_wait(Step.RECONCILE, self._name, now)

    def account(self) -> SurveyedAccount | None:
        return self._rows.surveyed.get(self._name)

    def source_read_at(self, deal_ids: Collection[int]) -> Mapping[int, datetime]:
        known = self._rows.deals.keys() & set(deal_ids)
        found = {i: self._rows.source_read_at(i) for i in known}
        return {deal_id: at for deal_id, at in found.items() if at is not None}

    def survey_needed_since(self, deal_ids: Collection[int]) -> Mapping[int, datetime]:
        here = [row for (venue, _), row in self._rows.foreign.items() if venue == self._name]
        named = {row.foreign.names_deal for row in here}
        return {
            deal_id: row.first_seen_at
            for deal_id, row in self._rows.deals.items()
            if deal_id in deal_ids
            and (deal_id in named or was_running(row.listed.created_at, row.first_seen_at))
        }

    def wait(self, order_id: int, why: Reason, until: datetime) -> None:
        self._orders.wait(order_id, why, until)

    def budget_spent(self) -> None:
        account = self.account()
        if account:
            spent = AddressBudget(max(account.budget.used, account.budget.cap), account.budget.cap)
            self._rows.surveyed[self._name] = replace(account, budget=spent)

    def leverage_of(self, coin: str) -> Leverage | None:
        return self._rows.leverages.get((self._name, coin))

    def leverage_set(self, coin: str, leverage: Leverage) -> None:
        self._rows.leverages[self._name, coin] = leverage

    def defer(self, coin: str, why: Reason, until: datetime) -> None:
        for order in self._askable():
            entry = order.state is State.PLANNED and not order.terms.reduce_only
            comes = order.due_at < until or order.waits_why in WAITS_FOR_A_SURVEY
            if entry and order.coin == coin and comes:
                self.wait(order.id, why, until)

    def next_nonce(self, now: datetime) -> int:
        signer = self._row.signer
        last = self._rows.nonces.get(signer, 0)
        limit = (now + NONCE_AHEAD_MAX - EPOCH) // MILLISECOND
        if last >= limit:
            mine = [b for b in self._rows.batches.values() if self._signer_of(b) == signer]
            last = max((b.stored.nonce for b in mine if b.stored.nonce < limit), default=0)
        nonce = max((now - EPOCH) // MILLISECOND, last + 1)
        self._rows.nonces[signer] = nonce
        return nonce

    def attempts_before(self, order: MirrorOrder) -> int:
        """Count over all venues and, as manual legs share a form, over all manual ones."""
        return sum(
            other.attempts
            for other in self._rows.orders.values()
            if other.deal_id == order.deal_id
            and (
                other.leg == order.leg
                or (other.leg.role is Role.MANUAL and order.leg.role is Role.MANUAL)
            )
        )

    def store_orders(self, signed: SignedRequest, cloids: Sequence[tuple[int, str]]) -> StoredBatch:
        known = {attempt.cloid for attempt in self._rows.attempts.values()}
        if any(cloid in known for _, cloid in cloids):
            raise Violated("a cloid that was used before")
        batch = self._store(signed, "order", len(cloids))
        for order_id, cloid in cloids:
            self._attempt(batch, order_id, "place", cloid)
            attempts = self._rows.orders[order_id].attempts + 1
            self._orders.record(order_id, Event.ASKED)
            self._orders.change(order_id, cloid=cloid, oid=None, attempts=attempts)
        return batch

    def store_cancels(self, signed: SignedRequest, order_ids: Sequence[int]) -> StoredBatch:
        batch = self._store(signed, "cancel", len(order_ids))
        for order_id in order_ids:
            self._attempt(batch, order_id, "cancel", None)
        self._orders.tell(order_ids, "cancel_asked")
        return batch

    def store_other(self, signed: SignedRequest, kind: str) -> StoredBatch:
        return self._store(signed, kind, 1)

    def unanswered(self, now: datetime) -> Sequence[StoredBatch]:
        return [
            row.stored
            for row in self._rows.batches.values()
            if (row.venue, row.kind, row.answer) == (self._name, "order", None)
            and row.stored.expires_at > now
            and row.stored.id not in self._stored
            and not row.fenced
        ]

    def orders_of(self, batch_id: int) -> Sequence[MirrorOrder]:
        asked = [a for a in self._rows.attempts.values() if a.batch_id == batch_id]
        return [self._rows.orders[attempt.order_id] for attempt in asked]

    def sent(self, batch_id: int) -> None:
        row = self._rows.batches[batch_id]
        stored = replace(row.stored, sent=row.stored.sent + 1)
        self._rows.batches[batch_id] = replace(row, stored=stored)

    def fence(self, batch_id: int) -> None:
        self._rows.batches[batch_id] = replace(self._rows.batches[batch_id], fenced=True)

    def answered(self, batch_id: int, answer: str, consequences: Sequence[Consequence]) -> None:
        self._rows.batches[batch_id] = replace(self._rows.batches[batch_id], answer=answer)
        executed = {c.order_id: c.executed for c in consequences}
        for attempt in [a for a in self._rows.attempts.values() if a.batch_id == batch_id]:
            live = attempt.live and attempt.kind == "place"
            known = executed.get(attempt.order_id) or attempt.executed
            self._rows.attempts[attempt.id] = replace(attempt, live=live, executed=known)
        for told in consequences:
            self._hear(told)

    def skip(self, order_id: int, why: Reason) -> None:
        order = self._rows.orders[order_id]
        self._orders.record(order_id, Event.SKIPPED, why=why)
        skip = Skip(order.leg, order.terms.side, order.wanted_price, order.wanted_size, why)
        self._rows.skips.setdefault((order.deal_id, order.venue, order.leg), skip)

    def give_up(self, order_id: int, why: Reason) -> None:
        self._orders.record(order_id, Event.WITHDRAWN, why=why)

    def leave(self, note: Note, due_at: datetime) -> None:
        self._notes.leave(note, due_at)

    def _hear(self, told: Consequence) -> None:
        if told.event is None:
            self._orders.learn(told.order_id, told.oid, told.due_at)
            if told.text:
                self._orders.tell([told.order_id], "unclear", told.text)
        else:
            refusals = self._rows.orders[told.order_id].refusals + told.refused
            self._orders.record(
                told.order_id,
                told.event,
                why=told.why,
                text=told.text,
                oid=told.oid,
                due_at=told.due_at,
                refusals=refusals,
            )
        if told.letter is not None:
            self._notes.bury(told.letter, self._now())

    def _askable(self) -> list[MirrorOrder]:
        return [
            order
            for order in self._rows.orders.values()
            if order.venue == self._name
            and (order.state, order.cancel_why is None)
            in ((State.PLANNED, True), (State.RESTING, False))
        ]

    def _cancels_under_way(self) -> list[AttemptRow]:
        return [
            attempt
            for attempt in self._rows.attempts.values()
            if attempt.live
            and attempt.kind == "cancel"
            and self._rows.orders[attempt.order_id].venue == self._name
        ]

    def _store(self, signed: SignedRequest, kind: str, count: int) -> StoredBatch:
        if signed.signer.lower() != self._row.signer or signed.expires_after is None:
            raise ValueError(f"a request must be signed by {self._row.signer} and expire")
        same = [b for b in self._rows.batches.values() if self._signer_of(b) == self._row.signer]
        if any(signed.nonce == b.stored.nonce for b in same):
            raise Violated(f"nonce {signed.nonce} was used before")
        expires_at = EPOCH + signed.expires_after * MILLISECOND
        batch_id = len(self._rows.batches) + 1
        stored = StoredBatch(batch_id, signed.body, count, signed.nonce, expires_at, 0)
        self._rows.batches[batch_id] = BatchRow(stored, self._name, kind)
        self._stored.add(batch_id)
        return stored

    def _signer_of(self, batch: BatchRow) -> str:
        return self._rows.venues[batch.venue].signer

    def _attempt(self, batch: StoredBatch, order_id: int, kind: str, cloid: str | None) -> None:
        for other in self._rows.attempts.values():
            if other.live and (other.order_id, other.kind) == (order_id, kind):
                raise Violated(f"a second live {kind} of order {order_id}")
        attempt_id = len(self._rows.attempts) + 1
        self._rows.attempts[attempt_id] = AttemptRow(
            attempt_id, batch.id, order_id, kind, cloid, self._now(), batch.expires_at
        )


def _waits_for(order: MirrorOrder, reasons: Collection[Reason]) -> bool:
    return order.state is State.PLANNED and order.waits_why in reasons
