"""A venue's markets: which coins it trades, under which numbers."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres.tables import markets
from recomma.adapters.postgres.values import market_of
from recomma.domain.symbols import Listing, known_listing
from recomma.domain.venue import Market

KNOWN_SECONDS: Final = 30.0


class Universe(Mapping[str, Market]):
    """Markets by coin, looked up one by one: a deal needs one of some two hundred."""

    def __init__(self, connection: Connection, venue: str) -> None:
        self._connection = connection
        self._of_venue = markets.c.venue == venue

    def __getitem__(self, coin: str) -> Market:
        row = self._connection.execute(
            select(markets).where(self._of_venue, markets.c.coin == coin)
        ).first()
        if row is None:
            raise KeyError(coin)
        return market_of(row)

    def __iter__(self) -> Iterator[str]:
        coins = select(markets.c.coin).where(self._of_venue)
        return iter(self._connection.execute(coins).scalars().all())

    def __len__(self) -> int:
        counted = select(func.count()).select_from(markets).where(self._of_venue)
        return self._connection.execute(counted).scalar_one()


class KnownMarkets:
    """Markets that were looked up a moment ago: a deal needs its own in every transaction.

    What does not trade is not remembered: a coin may be listed in the next moment.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[float, Listing]] = {}

    def of(self, connection: Connection, venue: str, pair: str) -> Listing | None:
        found_at, listing = self._found.get((venue, pair), (-KNOWN_SECONDS, None))
        if time.monotonic() - found_at < KNOWN_SECONDS:
            return listing
        listing = known_listing(pair, Universe(connection, venue))
        if listing is not None and not listing.market.delisted:
            self._found[venue, pair] = (time.monotonic(), listing)
        return listing

    def forget(self) -> None:
        self._found.clear()


def all_markets(connection: Connection, venue: str) -> dict[str, Market]:
    rows = connection.execute(select(markets).where(markets.c.venue == venue))
    return {row.coin: market_of(row) for row in rows}


def store_markets(
    connection: Connection, venue: str, listed: Sequence[Market], at: datetime
) -> None:
    """Store the universe as it is now. A coin that has left it trades no more."""
    if not listed:
        return  # An empty universe is a failed read, not the end of all markets.
    names = ("coin", "asset", "size_decimals", "max_leverage", "delisted", "only_isolated")
    rows = [
        {"venue": venue, "at": at} | {name: getattr(market, name) for name in names}
        for market in sorted(listed, key=lambda market: market.coin)
    ]
    added = insert(markets).values(rows)
    connection.execute(
        added.on_conflict_do_update(
            index_elements=[markets.c.venue, markets.c.coin],
            set_={name: added.excluded[name] for name in (*names[1:], "at")},
        )
    )
    gone = markets.c.coin.not_in([market.coin for market in listed])
    connection.execute(
        update(markets).where(markets.c.venue == venue, gone).values(delisted=True, at=at)
    )
