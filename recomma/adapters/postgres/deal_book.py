"""A deal in the ledger, under its row lock. See recomma.ports.DealBook."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres import looks, readings, sharing, transfers
from recomma.adapters.postgres.deal_facts import DealFacts
from recomma.adapters.postgres.holdings import Held, held_by
from recomma.adapters.postgres.notes import Leaves
from recomma.adapters.postgres.orders import Change, Orders, Stamped
from recomma.adapters.postgres.tables import (
    accounts,
    attempts,
    batches,
    deals,
    fills,
    markets,
    mirror_orders,
    pairs,
    skips,
    standings,
    venues,
    wanted_orders,
)
from recomma.adapters.postgres.universe import KnownMarkets, Universe
from recomma.adapters.postgres.values import AnyRow, reason_of, venue_of
from recomma.domain.adoption import FoundOrder
from recomma.domain.entries import Skip
from recomma.domain.lifecycle import Event, State
from recomma.domain.looks import Looks
from recomma.domain.money import NO_SIZE, Size
from recomma.domain.notes import Note, reconcile
from recomma.domain.orders import MirrorOrder, Mode, NewOrder, Standing, Terms
from recomma.domain.policy import Policy, PolicyOf
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg
from recomma.domain.stops import Stop, strictest
from recomma.domain.symbols import Listing, listing_of_held
from recomma.domain.wanted import Wanted
from recomma.ports import DealHere, Neighbour, Observed, Sought


class PostgresDealBook(DealFacts):
    """What is read is kept until this transaction changes it: nobody else can."""

    def __init__(
        self,
        connection: Connection,
        row: AnyRow,
        stamped: Stamped,
        policy_of: PolicyOf,
        known: KnownMarkets,
    ) -> None:
        super().__init__(row)
        self._known = known
        self._connection = connection
        self._stamped = stamped
        self._policy_of = policy_of
        self._orders = Orders(connection, stamped)
        self._held: dict[str, Held] | None = None
        self._terms: dict[str, AnyRow] | None = None
        self._listings: dict[str, Listing | None] = {}
        self._stops: dict[str, Sequence[Stop]] = {}
        self._neighbours: dict[str, tuple[Neighbour, ...]] = {}
        self._leaves = Leaves()

    @property
    def source_read_at(self) -> datetime | None:
        read_at = select(accounts.c.read_at).where(accounts.c.name == self._row.account)
        at: datetime | None = self._connection.execute(read_at).scalar()
        return at

    def here(self, venue: str) -> DealHere:
        terms = self._terms_of(venue)
        listing = self._listing(venue)
        market = listing.market if listing else None
        held = self._held_here(venue)
        neighbours = self._neighbours_on(venue, market.coin) if market else ()
        return DealHere(
            venue=venue_of(terms),
            policy=self._policy_here(terms),
            enabled_at=terms.paired_at,
            paired=terms.paired,
            standing=Standing(terms.standing) if terms.standing else None,
            standing_why=reason_of(terms.why),
            market=market,
            markets_known=terms.markets_known,
            orders=held.orders,
            skipped=frozenset(map(Leg.parse, terms.skipped)),
            holding=held.holding,
            taken=held.taken,
            strangers=bool(neighbours),
            mode=Mode(terms.mode) if terms.mode else Mode.WHOLE,
            unit=listing.unit if listing else 1,
            stop=self._stop(venue, market.coin if market else None),
            neighbours=neighbours,
            naked_since=held.naked_since,
        )

    def orders(self, venue: str) -> Sequence[MirrorOrder]:
        return self._held_here(venue).orders

    def venues(self) -> Sequence[str]:
        return tuple(self._all_terms())

    def observe(self, observed: Observed, wanted: Wanted) -> bool:
        changed = readings.store(self._connection, self._row, observed, wanted)
        self._read_again()
        return changed

    def forget_exits(self) -> None:
        forgotten: dict[str, object] = {"exits": [], "exits_missing_since": None}
        this = deals.c.id == self.deal_id
        self._connection.execute(update(deals).where(this).values(forgotten))
        self._read_again()

    def place(self, venue: str, order: NewOrder, *, due_at: datetime) -> int:
        self._held = None
        return self._orders.place(self.deal_id, venue, order, due_at)

    def skip(self, venue: str, skip: Skip) -> None:
        row = {
            "deal_id": self.deal_id,
            "leg": str(skip.leg),
            "venue": venue,
            "reason": str(skip.reason),
            "side": str(skip.side),
            "wanted_price": skip.wanted_price,
            "wanted_size": skip.wanted_size,
            "multiplier": self._policy_here(self._terms_of(venue)).multiplier,
            "settings_version": self._stamped().settings_version,
            "at": self._stamped().at,
        }
        self._connection.execute(insert(skips).values(row).on_conflict_do_nothing())
        self._terms = None

    def stand(
        self, venue: str, standing: Standing, why: Reason | None, *, mode: Mode | None = None
    ) -> None:
        stamp = self._stamped()
        row: dict[str, object] = {"standing": str(standing), "why": why, "at": stamp.at}
        if mode is not None:
            row |= {"mode": str(mode)}
        first = {
            "multiplier": self._policy_of(self.bot_id, venue).multiplier,
            "settings_version": stamp.settings_version,
        }
        key = {"deal_id": self.deal_id, "venue": venue}
        self._connection.execute(
            insert(standings)
            .values(key | row | first)
            .on_conflict_do_update(index_elements=list(key), set_=row)
        )
        self._terms = None

    def claim(self, venue: str, coin: str) -> bool:
        return sharing.claim(self._connection, venue, coin, self.side, self._stamped().at)

    def hold_coins(self) -> None:
        for venue in self.venues():
            listing = self._known.of(self._connection, venue, self.pair)
            if listing is not None:
                self.hold_coin(venue, listing.market.coin)

    def hold_coin(self, venue: str, coin: str) -> None:
        transfers.hold_coin(self._connection, venue, coin, self._stamped().at)
        self._neighbours.pop(venue, None)

    def hand_over(self, venue: str, coin: str, to_deal: int, size: Size, why: Reason) -> None:
        at = self._stamped().at
        move = transfers.Move(venue, coin, self.deal_id, to_deal, size, why, at)
        transfers.move(self._connection, move)
        self._held = None
        self._neighbours.pop(venue, None)
        for deal_id in (self.deal_id, to_deal):
            self.leave(reconcile(deal_id, venue), at)

    def moved_why(self, venue: str) -> Reason | None:
        return transfers.moved_why(self._connection, self.deal_id, venue)

    def set_naked(self, venue: str, since: datetime | None) -> None:
        transfers.set_naked(self._connection, self.deal_id, venue, since)
        self._held = None

    def looks(self, venue: str, now: datetime) -> Looks:
        return looks.of_others(self._connection, self.deal_id, venue, now)

    def legs(self) -> frozenset[Leg]:
        shown = select(wanted_orders.c.leg).where(wanted_orders.c.deal_id == self.deal_id)
        return frozenset(map(Leg.parse, self._connection.execute(shown.distinct()).scalars()))

    def adopt(self, order_id: int, found: FoundOrder, *, attempts: int) -> None:
        self._held = None
        self._orders.adopt(order_id, found, attempts)

    def withdraw(self, order_id: int, why: Reason) -> None:
        self._held = None
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
        self._held = None
        change = Change(order_id, event, "look", why, oid=oid, due_at=due_at)
        self._orders.record([change])

    def reterm(self, order_id: int, terms: Terms, *, due_at: datetime) -> None:
        self._held = None
        self._orders.reterm(order_id, terms, due_at)

    def sought(self, venue: str) -> Sequence[Sought]:
        # A fill may come without its cloid; then the oid that the venue gave the attempt tells.
        its_own = or_(
            fills.c.cloid == attempts.c.cloid,
            and_(fills.c.cloid.is_(None), fills.c.oid == attempts.c.oid),
        )
        booked = (
            select(func.coalesce(func.sum(fills.c.size), NO_SIZE))
            .where(fills.c.mirror_order_id == attempts.c.order_id, its_own)
            .scalar_subquery()
        )
        rows = self._connection.execute(
            select(attempts, batches.c.expires_at, booked.label("filled"))
            .join(batches, batches.c.id == attempts.c.batch_id)
            .join(mirror_orders, mirror_orders.c.id == attempts.c.order_id)
            .where(mirror_orders.c.deal_id == self.deal_id, mirror_orders.c.venue == venue)
            .where(mirror_orders.c.state == str(State.IN_DOUBT))
            .where(attempts.c.live, attempts.c.kind == "place")
            .order_by(attempts.c.id)
        )
        return [_sought(row) for row in rows]

    def leave(self, note: Note, due_at: datetime) -> None:
        self._leaves.add(note, due_at)

    def close(self) -> None:
        """Write what waits for the end of the transaction."""
        self._leaves.write(self._connection)

    def _read_again(self) -> None:
        this = deals.c.id == self.deal_id
        self._row = self._connection.execute(select(deals).where(this)).one()

    def _held_here(self, venue: str) -> Held:
        if self._held is None:
            self._held = held_by(self._connection, self._orders, self.deal_id)
        return self._held.get(venue, Held())

    def _terms_of(self, venue: str) -> AnyRow:
        try:
            return self._all_terms()[venue]
        except KeyError:
            raise LookupError(f"bot {self.bot_id} is not paired with {venue}") from None

    def _all_terms(self) -> dict[str, AnyRow]:
        """Return where the deal is mirrored: on its bot's venues, and on those that it stands on
        although its bot was taken off them since, because a position there keeps its exits."""
        if self._terms is None:
            known = exists().where(markets.c.venue == venues.c.name).label("markets_known")
            paired = and_(pairs.c.venue == venues.c.name, pairs.c.bot_id == self.bot_id)
            stands = and_(standings.c.venue == venues.c.name, standings.c.deal_id == self.deal_id)
            paired_at = func.coalesce(pairs.c.enabled_at, self.first_seen_at).label("paired_at")
            legs = select(skips.c.leg).where(
                skips.c.deal_id == self.deal_id, skips.c.venue == venues.c.name
            )
            skipped = func.array(legs.scalar_subquery()).label("skipped")
            rows = self._connection.execute(
                select(venues, paired_at, pairs.c.venue.is_not(None).label("paired"))
                .add_columns(standings.c.standing, standings.c.why, known, skipped)
                .add_columns(standings.c.mode, standings.c.multiplier)
                .outerjoin(pairs, paired)
                .outerjoin(standings, stands)
                .where(or_(pairs.c.venue.is_not(None), standings.c.venue.is_not(None)))
                .order_by(venues.c.name)
            )
            self._terms = {row.name: row for row in rows}
        return self._terms

    def _policy_here(self, terms: AnyRow) -> Policy:
        """Return the policy in force, with the multiplier of the deal's first decision here:
        another one in mid-deal would give it an averaging order that fits none of the others."""
        policy = self._policy_of(self.bot_id, terms.name)
        kept = terms.multiplier is not None and terms.multiplier != policy.multiplier
        return replace(policy, multiplier=terms.multiplier) if kept else policy

    def _listing(self, venue: str) -> Listing | None:
        if venue not in self._listings:
            known = self._known.of(self._connection, venue, self.pair)
            self._listings[venue] = known or self._listing_of_held(venue)
        return self._listings[venue]

    def _listing_of_held(self, venue: str) -> Listing | None:
        coin = next((order.coin for order in self._held_here(venue).orders), None)
        market = Universe(self._connection, venue).get(coin) if coin else None
        return listing_of_held(self.pair, market) if market else None

    def _neighbours_on(self, venue: str, coin: str) -> tuple[Neighbour, ...]:
        if venue not in self._neighbours:
            found = sharing.neighbours(self._connection, venue, coin, self.deal_id)
            self._neighbours[venue] = found
        return self._neighbours[venue]

    def _stop(self, venue: str, coin: str | None) -> Stop | None:
        if venue not in self._stops:
            self._stops[venue] = sharing.stops_on(self._connection, venue, self._stamped().at)
        return strictest(
            self._stops[venue],
            venue=venue,
            bot_id=self.bot_id,
            deal_id=self.deal_id,
            coin=coin,
        )


def _sought(row: AnyRow) -> Sought:
    return Sought(
        order_id=row.order_id,
        cloid=row.cloid,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        executed=None if row.executed_size is None else Size(row.executed_size),
        filled=Size(row.filled),
    )
