"""A deal on a venue as reports compare it, from the rows of the ledger in memory."""

from datetime import datetime
from decimal import Decimal

from recomma.domain.mirrored import Mirrored, Moved
from recomma.domain.orders import Holding, Mode
from recomma.domain.policy import PolicyOf
from recomma.domain.stops import Stop, in_force, strictest
from recomma.domain.symbols import listing_of
from tests.fakes.orders import FakeOrders
from tests.fakes.rows import DealRow, Rows


class FakeMirror:
    """What books.Books is for Postgres, one deal on one venue at a time."""

    def __init__(self, rows: Rows, orders: FakeOrders, policy_of: PolicyOf) -> None:
        self._rows = rows
        self._orders = orders
        self._policy_of = policy_of

    def at(self, deal_id: int, venue: str, now: datetime) -> Mirrored:
        rows, row = self._rows, self._rows.deals[deal_id]
        here = (deal_id, venue)
        standing, why = rows.standings.get(here, (None, None))
        mode, _ = rows.first_sights.get(here, (Mode.WHOLE, None))
        policy = self._policy_of(row.listed.bot_id, venue)
        closing = row.closing
        grace = None if closing is None or closing.at_once else policy.exit_grace
        coin = self._coin(row, venue)
        market = rows.markets.get(venue, {}).get(coin or "")
        return Mirrored(
            deal_id=deal_id,
            venue=venue,
            entry_side=row.listed.strategy.entry_side,
            finished=row.finished,
            released=row.released,
            closing=closing is not None,
            exits_known=bool(row.exits),
            standing=standing,
            standing_why=why,
            source=tuple(row.legs.values()),
            orders=rows.orders_of(deal_id, venue),
            skips={leg: s.reason for (d, v, leg), s in rows.skips.items() if (d, v) == here},
            holding=self._orders.holding(deal_id, venue),
            dead_letters=self._letters(deal_id, venue),
            shared=any(self._holds(other, venue, coin) for other in rows.deals.keys() - {deal_id}),
            mode=mode,
            policy=policy,
            paired=(row.listed.bot_id, venue) in rows.pairs,
            stop=self._stop(row, venue, coin, now),
            delisted=bool(market and market.delisted),
            closing_why=closing.reason if closing else None,
            close_at=closing.at + grace if closing and grace else None,
            moves=self._moves(deal_id, venue),
            read_at=now,
        )

    def _letters(self, deal_id: int, venue: str) -> int:
        """Count those about the deal as a whole, about it here, and about its orders here."""
        mine = {order.id for order in self._rows.orders_of(deal_id, venue)}
        return sum(
            order_id in mine or (note.deal_id == deal_id and note.venue in ("", venue))
            for note, _, order_id in self._rows.letters
        )

    def _coin(self, row: DealRow, venue: str) -> str | None:
        asked = self._rows.orders_of(row.listed.id, venue)
        if asked:
            return asked[-1].coin
        listing = listing_of(row.listed.pair, self._rows.markets.get(venue, {}))
        return listing.market.coin if listing else None

    def _holds(self, deal_id: int, venue: str, coin: str | None) -> bool:
        row = self._rows.deals[deal_id]
        holding: Holding = self._orders.holding(deal_id, venue)
        held = bool(holding.left(row.listed.strategy.entry_side))
        return held and coin is not None and self._coin(row, venue) == coin

    def _stop(self, row: DealRow, venue: str, coin: str | None, now: datetime) -> Stop | None:
        stops = in_force(self._rows.stops.values(), now)
        deal = row.listed
        return strictest(stops, venue=venue, bot_id=deal.bot_id, deal_id=deal.id, coin=coin)

    def _moves(self, deal_id: int, venue: str) -> tuple[Moved, ...]:
        found = []
        for each in self._rows.transfers:
            if each.venue != venue or deal_id not in (each.from_deal, each.to_deal):
                continue
            came = each.to_deal == deal_id
            size = Decimal(each.size if came else -each.size)
            other = each.from_deal if came else each.to_deal
            found.append(Moved(each.at, size, other, each.reason))
        return tuple(found)
