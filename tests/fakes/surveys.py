"""A survey of one venue in the in-memory ledger. See recomma.ports.SurveyBook."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from recomma.domain.commitments import SurveyedAccount
from recomma.domain.first_sight import was_running
from recomma.domain.lifecycle import State
from recomma.domain.money import Size
from recomma.domain.notes import Note
from recomma.domain.readiness import WAITS_FOR_A_SURVEY
from recomma.domain.reasons import Reason
from recomma.domain.shared_account import Share, Shortfall
from recomma.domain.stops import Level, Scope, Stop, in_force
from recomma.domain.venue import Fill, Market, OpenOrder
from recomma.ports import ForeignOrder, RolesRead, Surveyed, VenueTerms
from tests.fakes.notes import FakeNotes
from tests.fakes.orders import FakeOrders
from tests.fakes.rows import ForeignRow, Rows, TransferRow, VenueRow


class FakeSurveyBook:
    def __init__(self, name: str, rows: Rows, orders: FakeOrders, notes: FakeNotes) -> None:
        self._name = name
        self._rows = rows
        self._orders = orders
        self._notes = notes
        self._now = orders.clock

    @property
    def _row(self) -> VenueRow:
        return self._rows.venues[self._name]

    @property
    def venue(self) -> VenueTerms:
        return self._row.terms

    @property
    def signer(self) -> str:
        return self._row.signer

    def watched_at(self) -> datetime | None:
        surveyed = self._rows.surveyed.get(self._name)
        return surveyed.at if surveyed else None

    def tag_is_shared(self) -> bool:
        return self._is_forbidden(None, Reason.OTHER_INSTALLATION)

    def listed_before(self) -> frozenset[int]:
        rows = self._rows.foreign.values()
        return frozenset(row.foreign.order.oid for row in rows)

    def account(self) -> SurveyedAccount | None:
        return self._rows.surveyed.get(self._name)

    def entries_wait(self) -> bool:
        mine = [order for order in self._rows.orders.values() if order.venue == self._name]
        planned = [order for order in mine if order.state is State.PLANNED]
        return any(order.waits_why in WAITS_FOR_A_SURVEY for order in planned)

    def oldest_found_running(self) -> datetime | None:
        surveyed_at = self.watched_at()
        found = [
            row.listed.created_at
            for row in self._rows.deals.values()
            if row.active
            and (row.listed.bot_id, self._name) in self._rows.pairs
            and was_running(row.listed.created_at, row.first_seen_at)
            and (surveyed_at is None or row.first_seen_at >= surveyed_at)
        ]
        return min(found, default=None)

    def roles(self) -> RolesRead | None:
        surveyed = self._rows.surveys_found.get(self._name)
        return surveyed.roles if surveyed else None

    def shares(self) -> Sequence[Share]:
        mine = [order for order in self._rows.orders.values() if order.venue == self._name]
        doubtful = {order.coin for order in mine if order.state is State.IN_DOUBT}
        coins = {order.deal_id: order.coin for order in mine}
        found = []
        for deal_id, coin in sorted(coins.items()):
            side = self._rows.deals[deal_id].listed.strategy.entry_side
            holding = self._orders.holding(deal_id, self._name)
            left = holding.left(side)
            if left:
                doubt = coin in doubtful
                found.append(Share(deal_id, coin, side, left, doubt, holding.last_fill_at))
        return found

    def exits_at_rest(self) -> Mapping[str, frozenset[str]]:
        resting = [
            order
            for order in self._rows.orders.values()
            if order.venue == self._name
            and order.terms.reduce_only
            and order.state is State.RESTING
        ]
        return {
            coin: frozenset(o.cloid for o in resting if o.coin == coin and o.cloid)
            for coin in {order.coin for order in resting}
        }

    def at_rest(self) -> frozenset[str]:
        here = (order for order in self._rows.orders.values() if order.venue == self._name)
        return frozenset(o.cloid for o in here if o.state is State.RESTING and o.cloid)

    def strangers(self, orders: Iterable[OpenOrder]) -> Sequence[OpenOrder]:
        cloids = {attempt.cloid for attempt in self._rows.attempts.values()}
        mine = [o for o in self._rows.orders.values() if o.venue == self._name]
        oids = {order.oid for order in mine}
        cloids |= {order.cloid for order in mine}
        cloids -= {order.cloid for order in mine if order.oid is not None}
        return [
            o for o in orders if o.oid not in oids and (o.cloid is None or o.cloid not in cloids)
        ]

    def overfilled(self, since: datetime) -> frozenset[int]:
        new = {row.order_id for row in self._rows.fills.values() if row.fill.at > since}
        return frozenset(
            order.deal_id
            for order in self._rows.orders.values()
            if order.venue == self._name and order.id in new and order.filled > order.terms.size
        )

    def unclaimed(self) -> Sequence[Fill]:
        tag = f"0x{self.venue.tag:04x}"
        return self._fills(lambda fill: (fill.cloid or "").startswith(tag))

    def foreign_fills(self, since: datetime) -> Sequence[Fill]:
        return self._fills(lambda fill: fill.at >= since)

    def deals_among(self, deal_ids: Collection[int]) -> frozenset[int]:
        return frozenset(deal_ids) & self._rows.deals.keys()

    def markets(self) -> Mapping[str, Market]:
        return self._rows.markets.get(self._name, {})

    def short(self) -> Mapping[str, Shortfall]:
        surveyed = self._rows.surveys_found.get(self._name)
        return surveyed.short if surveyed else {}

    def hold_coin(self, coin: str) -> None:
        """Transactions are serial in here."""

    def store(self, surveyed: Surveyed, at: datetime) -> None:
        self._rows.surveys_found[self._name] = surveyed
        state = surveyed.state
        self._rows.surveyed[self._name] = SurveyedAccount(
            at=at,
            account_value=state.account_value,
            withdrawable=state.withdrawable,
            budget=surveyed.budget,
            trouble=surveyed.trouble,
            trouble_why=surveyed.trouble_why,
            clock_ahead=surveyed.clock_ahead,
        )
        self._store_foreign(surveyed.foreign, at)

    def lose(self, deal_id: int, coin: str, size: Size, why: Reason) -> None:
        row = TransferRow(self._name, coin, deal_id, None, size, why, self._now())
        self._rows.transfers.append(row)

    def forbid(self, coin: str | None, why: Reason, text: str) -> None:
        now = self._now()
        if not self._is_forbidden(coin, why):
            stop_id = max(self._rows.stops, default=0) + 1
            scope = Scope(venue=self._name, coin=coin)
            stop = Stop(stop_id, Level.NO_ENTRIES, scope, "survey", text, why, now)
            self._rows.stops[stop_id] = stop

    def _is_forbidden(self, coin: str | None, why: Reason) -> bool:
        return any(
            (stop.scope.venue, stop.scope.coin, stop.reason) == (self._name, coin, why)
            for stop in in_force(self._rows.stops.values(), self._now())
        )

    def leave(self, note: Note, due_at: datetime) -> None:
        self._notes.leave(note, due_at)

    def _fills(self, which: Callable[[Fill], bool]) -> list[Fill]:
        foreign = [
            row.fill
            for row in self._rows.fills.values()
            if row.venue == self._name and row.deal_id is None and which(row.fill)
        ]
        return sorted(foreign, key=lambda fill: (fill.at, fill.oid, fill.tid))

    def _store_foreign(self, listed: Sequence[ForeignOrder], at: datetime) -> None:
        open_now = {(self._name, foreign.order.oid): foreign for foreign in listed}
        for key, row in list(self._rows.foreign.items()):
            if key[0] == self._name and key not in open_now and row.gone_at is None:
                self._rows.foreign[key] = replace(row, gone_at=at)
        for key, foreign in open_now.items():
            before = self._rows.foreign.get(key)
            first = before.first_seen_at if before else at
            self._rows.foreign[key] = ForeignRow(foreign, first, at, None)
