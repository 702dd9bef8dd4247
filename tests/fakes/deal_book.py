"""A deal in the in-memory ledger. See recomma.ports.DealBook."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from recomma.domain.adoption import FoundOrder
from recomma.domain.entries import Skip
from recomma.domain.joining import join
from recomma.domain.lifecycle import Event, State
from recomma.domain.looks import Looks
from recomma.domain.mirrored import SourceState
from recomma.domain.money import NO_SIZE, Price, Side, Size
from recomma.domain.notes import Note, Step, reconcile
from recomma.domain.orders import MirrorOrder, Mode, NewOrder, Standing, Terms
from recomma.domain.policy import Policy, PolicyOf
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Reading, Role, Strategy
from recomma.domain.stops import Stop, in_force, strictest
from recomma.domain.symbols import Listing, known_listing, listing_of_held
from recomma.domain.wanted import Closing, Wanted, WantedExit, remembered_exits
from recomma.ports import DealHere, Neighbour, Observed, Sought
from tests.fakes.notes import FakeNotes
from tests.fakes.orders import FakeOrders
from tests.fakes.rows import DealRow, Rows, TransferRow


class FakeDealBook:
    def __init__(
        self, deal_id: int, rows: Rows, orders: FakeOrders, notes: FakeNotes, policy_of: PolicyOf
    ) -> None:
        self.deal_id = deal_id
        self._rows = rows
        self._orders = orders
        self._notes = notes
        self._policy_of = policy_of

    @property
    def _row(self) -> DealRow:
        return self._rows.deals[self.deal_id]

    @property
    def bot_id(self) -> int:
        return self._row.listed.bot_id

    @property
    def pair(self) -> str:
        return self._row.listed.pair

    @property
    def strategy(self) -> Strategy:
        return self._row.listed.strategy

    @property
    def side(self) -> Side:
        return self.strategy.entry_side

    @property
    def created_at(self) -> datetime:
        return self._row.listed.created_at

    @property
    def first_seen_at(self) -> datetime:
        return self._row.first_seen_at

    @property
    def exits(self) -> tuple[WantedExit, ...]:
        return self._row.exits

    @property
    def exits_missing_since(self) -> datetime | None:
        return self._row.exits_missing_since

    @property
    def closing(self) -> Closing | None:
        return self._row.closing

    @property
    def finished(self) -> bool:
        return self._row.finished

    @property
    def released(self) -> bool:
        return self._row.released

    @property
    def stop_price(self) -> Price | None:
        return self._row.stop_price

    @property
    def steps_closing(self) -> frozenset[Leg]:
        return self._row.steps_closing

    @property
    def changed_at(self) -> datetime | None:
        return self._row.changed_at

    @property
    def source_read_at(self) -> datetime | None:
        return self._rows.source_read_at(self.deal_id)

    def here(self, venue: str) -> DealHere:
        if (self.bot_id, venue) not in self._rows.pairs:
            raise LookupError(f"bot {self.bot_id} is not paired with {venue}")
        standing, why = self._rows.standings.get((self.deal_id, venue), (None, None))
        mode, _ = self._rows.first_sights.get((self.deal_id, venue), (Mode.WHOLE, None))
        listing = self._listing(venue)
        market = listing.market if listing else None
        neighbours = self._neighbours(venue, market.coin) if market else ()
        return DealHere(
            venue=self._rows.venues[venue].terms,
            policy=self._policy_here(venue),
            enabled_at=self._rows.pairs[self.bot_id, venue],
            paired=True,
            standing=standing,
            standing_why=why,
            market=market,
            markets_known=venue in self._rows.markets,
            orders=self._rows.orders_of(self.deal_id, venue),
            skipped=frozenset(
                leg for deal, at, leg in self._rows.skips if (deal, at) == (self.deal_id, venue)
            ),
            holding=self._orders.holding(self.deal_id, venue),
            taken=self._taken(venue),
            strangers=bool(neighbours),
            mode=mode,
            unit=listing.unit if listing else 1,
            stop=self._stop(venue, market.coin if market else None),
            neighbours=neighbours,
            naked_since=self._rows.naked.get((self.deal_id, venue)),
        )

    def orders(self, venue: str) -> Sequence[MirrorOrder]:
        return self._rows.orders_of(self.deal_id, venue)

    def venues(self) -> Sequence[str]:
        return sorted(venue for bot_id, venue in self._rows.pairs if bot_id == self.bot_id)

    def observe(self, observed: Observed, wanted: Wanted) -> bool:
        row, reading = self._row, observed.reading
        changed = row.read is None or _said(row.read) != _said(reading)
        running = not (wanted.finished or wanted.released or wanted.closing)
        missing = running and bool(row.exits) and not wanted.exits and not wanted.exits_unseen
        self._rows.deals[self.deal_id] = replace(
            row,
            read=reading,
            changed_at=reading.at if changed else row.changed_at,
            exits=remembered_exits(row.exits, wanted),
            exits_missing_since=(row.exits_missing_since or reading.at) if missing else None,
            closing=_first_told(row.closing, wanted.closing),
            released=wanted.released,
            stop_price=wanted.stop_price,
            steps_closing=wanted.steps_closing,
            finished=row.finished or wanted.finished,
            active=row.active and not wanted.finished,
            legs={**row.legs, **_states(reading)},
        )
        return changed

    def forget_exits(self) -> None:
        self._rows.change_deal(self.deal_id, exits=(), exits_missing_since=None)

    def place(self, venue: str, order: NewOrder, *, due_at: datetime) -> int:
        return self._orders.place(self.deal_id, venue, order, due_at)

    def skip(self, venue: str, skip: Skip) -> None:
        self._rows.skips.setdefault((self.deal_id, venue, skip.leg), skip)

    def stand(
        self, venue: str, standing: Standing, why: Reason | None, *, mode: Mode | None = None
    ) -> None:
        here = (self.deal_id, venue)
        multiplier = self._policy_of(self.bot_id, venue).multiplier
        known_mode, kept = self._rows.first_sights.get(here, (Mode.WHOLE, multiplier))
        self._rows.first_sights[here] = (mode or known_mode, kept)
        self._rows.standings[here] = (standing, why)

    def claim(self, venue: str, coin: str) -> bool:
        held = self._rows.claims.get((venue, coin))
        if held in (None, self.side) or not self._backed(venue, coin, held):
            self._rows.claims[venue, coin] = self.side
            return True
        return False

    def hold_coins(self) -> None:
        """Transactions are serial in memory: every coin is held."""

    def hold_coin(self, venue: str, coin: str) -> None:
        """Transactions are serial: nobody else plans anything meanwhile."""

    def hand_over(self, venue: str, coin: str, to_deal: int, size: Size, why: Reason) -> None:
        for deal_id in (self.deal_id, to_deal):
            if self._orders.holding(deal_id, venue).last_fill_at is None:
                raise LookupError(f"deal {deal_id} has no position on {venue}")
        at = self._orders.clock()
        row = TransferRow(venue, coin, self.deal_id, to_deal, size, why, at)
        self._rows.transfers.append(row)
        for deal_id in (self.deal_id, to_deal):
            self.leave(reconcile(deal_id, venue), at)

    def moved_why(self, venue: str) -> Reason | None:
        gone = [r for r in self._rows.transfers if (r.from_deal, r.venue) == (self.deal_id, venue)]
        return gone[-1].reason if gone else None

    def set_naked(self, venue: str, since: datetime | None) -> None:
        self._rows.naked.pop((self.deal_id, venue), None)
        if since is not None:
            self._rows.naked[self.deal_id, venue] = since

    def legs(self) -> frozenset[Leg]:
        return frozenset(self._row.legs)

    def adopt(self, order_id: int, found: FoundOrder, *, attempts: int) -> None:
        self._orders.tell([order_id], "adopted", f"missing here, found there: oid {found.oid}")
        self._orders.record(order_id, Event.ASKED)
        self._orders.change(order_id, cloid=found.cloid, attempts=attempts)
        self._orders.record(order_id, found.event, why=found.why, oid=found.oid)

    def withdraw(self, order_id: int, why: Reason) -> None:
        self._orders.withdraw(order_id, why)

    def record(
        self,
        order_id: int,
        event: Event,
        *,
        why: Reason | None = None,
        oid: int | None = None,
        due_at: datetime | None = None,
    ) -> None:
        self._orders.record(order_id, event, why=why, oid=oid, due_at=due_at)

    def reterm(self, order_id: int, terms: Terms, *, due_at: datetime) -> None:
        self._orders.reterm(order_id, terms, due_at)

    def sought(self, venue: str) -> Sequence[Sought]:
        doubtful = {
            order.id
            for order in self._rows.orders_of(self.deal_id, venue)
            if order.state is State.IN_DOUBT
        }
        return [
            Sought(
                order_id=a.order_id,
                cloid=a.cloid or "",
                asked_at=a.asked_at,
                expires_at=a.expires_at,
                executed=a.executed,
                filled=self._filled_by(a.order_id, a.cloid, a.oid),
            )
            for a in self._rows.attempts.values()
            if a.order_id in doubtful and a.live and a.kind == "place"
        ]

    def looks(self, venue: str, now: datetime) -> Looks:
        mine = reconcile(self.deal_id, venue)
        times = [
            row.look_at
            for row in self._rows.notes.values()
            if row.note.step is Step.RECONCILE and row.note != mine
            if not row.dead and row.published_at is None and row.look_at and row.look_at > now
        ]
        return Looks(len(times), max(times, default=None))

    def leave(self, note: Note, due_at: datetime) -> None:
        self._notes.leave(note, due_at)

    def _filled_by(self, order_id: int, cloid: str | None, oid: int | None) -> Size:
        """Sum up an attempt's own fills; one that came without its cloid is told by the oid."""
        its_own = (
            row.fill.size
            for row in self._rows.fills.values()
            if row.order_id == order_id
            and (row.fill.cloid == cloid or (row.fill.cloid is None and row.fill.oid == oid))
        )
        return Size(sum(its_own, NO_SIZE))

    def _taken(self, venue: str) -> Mapping[Leg, Size]:
        sums: dict[Leg, Size] = {}
        for order in self._rows.orders_of(self.deal_id, venue):
            if order.leg.role is Role.TAKE_PROFIT and order.filled:
                sums[order.leg] = Size(sums.get(order.leg, NO_SIZE) + order.filled)
        return sums

    def _policy_here(self, venue: str) -> Policy:
        policy = self._policy_of(self.bot_id, venue)
        _, kept = self._rows.first_sights.get((self.deal_id, venue), (None, policy.multiplier))
        return replace(policy, multiplier=kept)

    def _listing(self, venue: str) -> Listing | None:
        universe = self._rows.markets.get(venue, {})
        held = [universe[o.coin] for o in self.orders(venue) if o.coin in universe]
        known = known_listing(self.pair, universe)
        return known or (listing_of_held(self.pair, held[0]) if held else None)

    def _stop(self, venue: str, coin: str | None) -> Stop | None:
        return strictest(
            in_force(self._rows.stops.values(), self._orders.clock()),
            venue=venue,
            bot_id=self.bot_id,
            deal_id=self.deal_id,
            coin=coin,
        )

    def _backed(self, venue: str, coin: str, side: Side | None) -> bool:
        on_coin = [o for o in self._rows.orders.values() if (o.venue, o.coin) == (venue, coin)]
        if any(o.live and not o.terms.reduce_only and o.terms.side is side for o in on_coin):
            return True
        return any(
            self._rows.deals[deal_id].listed.strategy.entry_side is side
            and self._orders.holding(deal_id, venue).left(side)
            for deal_id in {o.deal_id for o in on_coin}
            if side is not None
        )

    def _neighbours(self, venue: str, coin: str) -> tuple[Neighbour, ...]:
        on_coin = [o for o in self._rows.orders.values() if (o.venue, o.coin) == (venue, coin)]
        found = []
        for deal_id in sorted({o.deal_id for o in on_coin} - {self.deal_id}):
            side = self._rows.deals[deal_id].listed.strategy.entry_side
            theirs = [o for o in on_coin if o.deal_id == deal_id]
            exits = tuple(o for o in theirs if o.live and o.terms.reduce_only)
            left = self._orders.holding(deal_id, venue).left(side)
            if left or exits:
                found.append(Neighbour(deal_id, side, left, exits))
        return tuple(found)


def _said(reading: Reading) -> tuple[object, ...]:
    return (reading.deal, reading.orders, reading.events)


def _first_told(known: Closing | None, shown: Closing | None) -> Closing | None:
    """Keep the first time of a closing: the source's own moves on, and grace counts from it."""
    if shown is not None and known is not None and known.reason is shown.reason:
        return replace(shown, at=min(known.at, shown.at))
    return shown


def _states(reading: Reading) -> dict[Leg, SourceState]:
    legs = join(reading)
    return {
        leg.leg: SourceState(leg.leg, leg.side, leg.status, leg.price, leg.size, leg.filled_at)
        for leg in (*legs.entries, *legs.take_profits)
    }
