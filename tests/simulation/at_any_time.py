"""What must hold at every moment, by the venue's own books (issue 3, 13)."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from recomma.domain.cloid import decode
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy
from recomma.domain.source import Role
from recomma.domain.stops import Level, Stop
from tests.fakes.rows import Here
from tests.pipeline.world import World
from tests.simulation.book import ZERO, Book, BookOrder, books
from tests.simulation.money import check_money
from tests.simulation.scenery import Scenery

LATE = "late_commit arrived"  # Sent before, perhaps before a stop was set.


class Watchman:
    """Looks after each step. Raises AssertionError with what is wrong."""

    def __init__(self, world: World, scenery: Scenery) -> None:
        self._world = world
        self._scenery = scenery
        self._read_to = 0
        self._by_cloid: dict[str, MirrorOrder] = {}

    def look(self) -> None:
        found = books(self._world)
        rows = self._world.ledger.rows
        self._by_cloid = {
            attempt.cloid: rows.orders[attempt.order_id]
            for attempt in rows.attempts.values()
            if attempt.cloid
        }
        for venue, book in found.items():
            self._check_names(book)
            self._check_kinds(book)
            self._check_entries(book)
            self._check_exits(book)
            if self._scenery.policies == self._scenery.later_policies:
                self._check_limits(venue, book)
            live = [a.live for a in self._scenery.accounts if a.venue == venue]
            assert all(live) or not book.orders, f"orders in the dry run of {venue}"
            check_money(self._world, book, self._scenery)
        self._check_stops(found)

    def _check_names(self, book: Book) -> None:
        names = Counter(order.cloid for order in book.orders)
        doubled = [name for name, count in names.items() if count > 1]
        assert not doubled, f"cloids that name two orders: {doubled}"
        unknown = [order.cloid for order in book.orders if order.cloid not in self._by_cloid]
        assert not unknown, f"orders that the ledger does not know: {unknown}"

    def _check_kinds(self, book: Book) -> None:
        """Exits are reduce-only and on the other side than the deal's entries."""
        for order in book.orders:
            entry_side = self._deal_side(order)
            assert order.reduce_only is order.is_exit, order
            assert order.side is (entry_side.opposite if order.is_exit else entry_side), order

    def _deal_side(self, order: BookOrder) -> Any:
        return self._world.ledger.rows.deals[order.said.deal_id].listed.strategy.entry_side

    def _check_entries(self, book: Book) -> None:
        """No leg is entered more often than it was wanted."""
        entered: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        wanted: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for order in book.orders:
            mine = self._by_cloid[order.cloid]
            if not order.is_exit:
                leg = (mine.deal_id, str(mine.leg))
                entered[leg] += order.filled
                wanted[leg] = max(wanted[leg], mine.terms.size)
        over = {leg: size for leg, size in entered.items() if size > wanted[leg]}
        assert not over, f"entered more than wanted on {book.venue}: {over}"

    def _check_exits(self, book: Book) -> None:
        """No deal sells more than it has; all exits on a coin stay within the position."""
        has: dict[int, Decimal] = defaultdict(Decimal)
        resting: dict[str, Decimal] = defaultdict(Decimal)
        for order in book.orders:
            has[order.said.deal_id] += -order.filled if order.is_exit else order.filled
            if order.is_exit and order.is_open and not order.is_trigger:
                resting[order.coin] += order.open_size * order.side.sign
        for moved in self._world.ledger.rows.transfers:
            if moved.venue == book.venue and moved.to_deal is not None:
                has[moved.to_deal] += moved.size
                has[moved.from_deal] -= moved.size
        # A stop order that fires beside a resting take-profit leaves it too large until we look:
        # the venue sees one position, and takes it away only where nobody else has coins there.
        fired = {o.said.deal_id for o in book.orders if o.is_trigger and o.filled}
        oversold = {deal: size for deal, size in has.items() if size < 0 and deal not in fired}
        assert not oversold, f"sold more than it has on {book.venue}: {oversold}"
        for coin, size in resting.items():
            held = book.held(coin)
            assert size * held <= 0 and abs(size) <= abs(held), f"exits {size} {coin}, held {held}"

    # Limits.

    def _check_limits(self, venue: str, book: Book) -> None:
        """What fills and what may still fill stays within the limits of order and deal."""
        deals: dict[int, Decimal] = defaultdict(Decimal)
        paid: dict[int, Decimal] = defaultdict(Decimal)
        for fill in book.fills:
            paid[fill["oid"]] += Decimal(fill["px"]) * Decimal(fill["sz"])
        moved = {moved.from_deal for moved in self._world.ledger.rows.transfers}
        for order in book.orders:
            if order.is_exit or order.said.deal_id in moved:  # Another deal's cost from then on.
                continue
            limits = self._policy(order, venue).limits
            usd = paid[order.oid] + order.price * order.open_size
            assert limits.order_usd is None or usd <= limits.order_usd, order
            deals[order.said.deal_id] += usd
            limit = limits.deal_usd
            spent = deals[order.said.deal_id]
            # What an exit has sold makes room again.
            sold = self._sold(order.said.deal_id, book)
            assert limit is None or spent - sold <= limit, (order, spent, sold)

    def _sold(self, deal_id: int, book: Book) -> Decimal:
        mine = [o for o in book.orders if o.is_exit and o.said.deal_id == deal_id]
        return sum((order.filled * order.price * 2 for order in mine), ZERO)

    def _policy(self, order: BookOrder, venue: str) -> Policy:
        bot = self._world.ledger.rows.deals[order.said.deal_id].listed.bot_id
        return self._scenery.policies[bot, venue]

    # Stops.

    def _check_stops(self, found: dict[str, Book]) -> None:
        """Nothing but cancels is sent under `frozen`, and no entries under the others."""
        stops = list(self._world.ledger.rows.stops.values())
        filled_at = self._bases_filled_at(found) if stops else {}
        for entry, order in self._newly_asked():
            at = datetime.fromisoformat(entry["time"])
            for stop in stops:
                if stop.set_at < at and (stop.until is None or at < stop.until):
                    self._check_stop(stop, order, at, filled_at)

    def _newly_asked(self) -> Iterator[tuple[dict[str, Any], MirrorOrder]]:
        entries = self._world.at_venue(f"log?after={self._read_to}")
        for entry in entries:
            self._read_to = entry["number"]
            action = entry.get("action", {})
            if action.get("type") != "order" or entry["fault"] == LATE:
                continue
            for order in action["orders"]:
                if decode(order["c"] or ""):
                    yield entry, self._by_cloid[order["c"]]

    def _check_stop(
        self, stop: Stop, order: MirrorOrder, at: datetime, filled_at: dict[Here, datetime]
    ) -> None:
        if not stop.scope.covers(order.venue, order.bot_id, order.deal_id, order.coin):
            return
        assert stop.level is not Level.FROZEN, f"{order} was asked for under {stop}"
        if order.is_exit:
            return
        first = filled_at.get((order.deal_id, order.venue))
        new_deal = order.leg.role is Role.BASE and (first is None or first >= at)
        level = stop.level is Level.NO_NEW_DEALS
        assert level and not new_deal, f"{order} was asked for under {stop}"

    def _bases_filled_at(self, found: dict[str, Book]) -> dict[Here, datetime]:
        first: dict[Here, datetime] = {}
        for venue, book in found.items():
            for fill in book.fills:
                said = decode(fill.get("cloid") or "")
                if said and said.leg.role is Role.BASE:
                    at = datetime.fromtimestamp(fill["time"] / 1000, self._world.now.tzinfo)
                    first.setdefault((said.deal_id, venue), at)
        return first
