"""Mirror orders of the in-memory ledger: their life, their attempts, their fills."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from recomma.domain.lifecycle import LIVE, Event, ImpossibleStep, State, step
from recomma.domain.money import NO_SIZE, Side, Size
from recomma.domain.orders import Holding, MirrorOrder, NewOrder, Terms
from recomma.domain.reasons import Reason
from recomma.domain.venue import Fill
from recomma.ports import Clock
from tests.fakes.rows import FillRow, HistoryRow, Rows, Violated


@dataclass
class FakeOrders:
    rows: Rows
    clock: Clock

    def place(self, deal_id: int, venue: str, new: NewOrder, due_at: datetime) -> int:
        before = [o for o in self.rows.orders_of(deal_id, venue) if o.leg == new.leg]
        if not new.terms.reduce_only and any(order.live for order in before):
            raise Violated(f"a second live order for {new.leg} of deal {deal_id}")
        if new.terms.size <= 0 or new.terms.price <= 0:
            raise Violated(f"an order of {new.terms.size} at {new.terms.price}")
        order_id = len(self.rows.orders) + 1
        self.rows.orders[order_id] = MirrorOrder(
            id=order_id,
            deal_id=deal_id,
            bot_id=self.rows.deals[deal_id].listed.bot_id,
            venue=venue,
            leg=new.leg,
            generation=max((o.generation for o in before), default=0) + 1,
            coin=new.coin,
            wanted_price=new.wanted_price,
            wanted_size=new.wanted_size,
            terms=new.terms,
            urgency=new.urgency,
            state=State.PLANNED,
            filled=NO_SIZE,
            due_at=due_at,
            give_up_at=new.give_up_at,
            cancel_why=None,
            why=new.why,
            attempts=0,
            refusals=0,
            cloid=None,
            oid=None,
            ladder_usd=new.ladder_usd,
        )
        self._tell(order_id, "planned", None, State.PLANNED, new.why)
        return order_id

    def withdraw(self, order_id: int, why: Reason) -> None:
        order = self.rows.orders[order_id]
        if order.state is State.PLANNED:
            self.record(order_id, Event.WITHDRAWN, why=why)
        elif order.live and order.cancel_why is None:
            self._tell(order_id, "cancel_wanted", order.state, order.state, why)
            self.change(order_id, cancel_why=why, due_at=self.clock())

    def record(
        self,
        order_id: int,
        event: Event,
        *,
        why: Reason | None = None,
        text: str = "",
        **changes: object,
    ) -> None:
        """Take a step; changes that are None are left out. Raises ImpossibleStep."""
        order = self.rows.orders[order_id]
        after = step(order.state, event)
        default = order.cancel_why if event is Event.GONE and order.cancel_why else order.why
        known = {name: value for name, value in changes.items() if value is not None}
        self._tell(order_id, str(event), order.state, after, why, text)
        told = None if event is Event.TURNED_AWAY else why
        waits = why if event is Event.TURNED_AWAY else None  # It waits for another try.
        self.change(order_id, state=after, why=told or default, waits_why=waits, **known)
        if order.state is State.IN_DOUBT and after is not State.IN_DOUBT:
            self._end_attempts(order_id, "place")
        if after is State.PLANNED and order.cancel_why:
            # It was to be cancelled while it was in doubt; now it certainly is nowhere.
            self.record(order_id, Event.WITHDRAWN, why=order.cancel_why)
        if after not in LIVE:
            self._end_attempts(order_id, "place", "cancel")
        if known.get("oid") is not None:
            self.oid_learnt(order_id)

    def reterm(self, order_id: int, terms: Terms, due_at: datetime) -> None:
        order = self.rows.orders[order_id]
        if order.state is not State.PLANNED:
            raise ImpossibleStep(f"other terms while {order.state}")
        self._tell(order_id, "retermed", order.state, order.state, None)
        self.change(order_id, terms=terms, due_at=due_at)

    def wait(self, order_id: int, why: Reason, until: datetime) -> None:
        order = self.rows.orders[order_id]
        if order.state is not State.PLANNED:
            return
        if order.waits_why is not why:
            self._tell(order_id, "waits", order.state, order.state, why)
        self.change(order_id, waits_why=why, due_at=until)

    def change(self, order_id: int, **changes: object) -> None:
        self.rows.orders[order_id] = replace(self.rows.orders[order_id], **changes)  # type: ignore[arg-type]

    def learn(self, order_id: int, oid: int | None, due_at: datetime | None) -> None:
        known = {"oid": oid, "due_at": due_at}
        self.change(order_id, **{name: v for name, v in known.items() if v is not None})
        if oid is not None:
            self.oid_learnt(order_id)

    def oid_learnt(self, order_id: int) -> None:
        """Tell the newest attempt its oid, and claim fills that came before it was known."""
        order = self.rows.orders[order_id]
        for attempt in list(self.rows.attempts.values()):
            if attempt.cloid and attempt.cloid == order.cloid:
                self.rows.attempts[attempt.id] = replace(attempt, oid=order.oid)
        for key, row in list(self.rows.fills.items()):
            mine = (row.venue, row.fill.oid) == (order.venue, order.oid)
            if mine and row.deal_id is None:
                self.rows.fills[key] = replace(row, order_id=order_id, deal_id=order.deal_id)
                self._count(order_id, row.fill)

    def _end_attempts(self, order_id: int, *kinds: str) -> None:
        for attempt in list(self.rows.attempts.values()):
            if attempt.order_id == order_id and attempt.live and attempt.kind in kinds:
                self.rows.attempts[attempt.id] = replace(attempt, live=False)

    def tell(self, order_ids: Iterable[int], event: str, text: str = "") -> None:
        """Write down what changes no state."""
        for order_id in order_ids:
            state = self.rows.orders[order_id].state
            self._tell(order_id, event, state, state, None, text)

    def _tell(
        self,
        order_id: int,
        event: str,
        before: State | None,
        after: State,
        why: Reason | None,
        text: str = "",
    ) -> None:
        line = HistoryRow(order_id, self.clock(), event, before, after, why, text)
        self.rows.history.append(line)

    # Fills.

    def book(self, venue: str, seen: Sequence[Fill]) -> frozenset[int]:
        """Book what is new; return the deals that it belongs to."""
        row = self.rows.venues[venue]
        newest = [fill.at for fill in seen] + ([row.fills_read_to] if row.fills_read_to else [])
        self.rows.venues[venue] = replace(row, fills_read_to=max(newest, default=None))
        deals = set()
        for fill in seen:
            key = (venue, fill.coin, fill.oid, fill.tid, fill.at)
            if key in self.rows.fills:
                continue
            order = self._owner(venue, fill)
            owner = (order.id, order.deal_id) if order else (None, None)
            self.rows.fills[key] = FillRow(venue, fill, *owner)
            if order:
                self._count(order.id, fill)
                deals.add(order.deal_id)
        return frozenset(deals)

    def _owner(self, venue: str, fill: Fill) -> MirrorOrder | None:
        asked = [a for a in self.rows.attempts.values() if a.kind == "place"]
        ours = {a.order_id for a in asked if fill.cloid and a.cloid == fill.cloid}
        ours = ours or {a.order_id for a in asked if a.oid == fill.oid}
        for order in self.rows.orders.values():
            if order.venue == venue and (order.id in ours or (not ours and order.oid == fill.oid)):
                return order
        return None

    def _count(self, order_id: int, fill: Fill) -> None:
        order = self.rows.orders[order_id]
        self.change(order_id, filled=Size(order.filled + fill.size))

    def holding(self, deal_id: int, venue: str) -> Holding:
        booked = self.rows.fills.values()
        mine = [row.fill for row in booked if row.deal_id == deal_id and row.venue == venue]
        buys = [fill for fill in mine if fill.side is Side.BUY]
        sells = [fill for fill in mine if fill.side is Side.SELL]
        return Holding(
            bought=_sum(buys),
            sold=_sum(sells),
            last_fill_at=max((fill.at for fill in mine), default=None),
            moved=self._moved(deal_id, venue),
            bought_usd=_usd(buys),
            sold_usd=_usd(sells),
        )

    def _moved(self, deal_id: int, venue: str) -> Decimal:
        """Sum up what came from other deals, minus what went to them or was lost."""
        here = [row for row in self.rows.transfers if row.venue == venue]
        came = sum((row.size for row in here if row.to_deal == deal_id), Decimal(0))
        return came - sum((row.size for row in here if row.from_deal == deal_id), Decimal(0))


def _usd(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.size * fill.price for fill in fills), Decimal(0))


def _sum(fills: Iterable[Fill]) -> Size:
    return Size(sum((fill.size for fill in fills), NO_SIZE))
