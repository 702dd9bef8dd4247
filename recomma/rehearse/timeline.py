"""What happens when in a rehearsal: the events of all deals and the steps of all markets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.money import Price
from recomma.domain.symbols import Listing, listing_of
from recomma.domain.venue import Market
from recomma.rehearse.market import first_price, price_moves
from recomma.rehearse.recordings import Recording

BEFORE_THE_FIRST: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Moment:
    """The market of a bot moves to `price`, if given; then the source shows what happened.

    `coin` and `price` are the venue's: a k-coin counts in thousands there.
    """

    at: datetime
    bot_id: int
    deal_id: int | None  # None: only the market moves.
    coin: str | None
    price: Price | None
    last: bool = False  # Of its deal.
    rests: bool = False  # Nothing more is seen of its deal for a while.


@dataclass(frozen=True)
class Opening:
    """The price at which a bot's market starts."""

    bot_id: int
    coin: str
    at: datetime
    price: Price


def begins_at(deals: Iterable[Recording]) -> datetime:
    """Return a time before anything happens."""
    return (
        min(min([deal.created_at, *(e.at for e in deal.events)]) for deal in deals)
        - BEFORE_THE_FIRST
    )


def openings(
    deals: Iterable[Recording], universe: Mapping[str, Market], at: datetime
) -> list[Opening]:
    """Return each bot's first price on each coin that it trades."""
    found: dict[tuple[int, str], Opening] = {}
    for deal in sorted(deals, key=lambda deal: deal.created_at):
        listing = listing_of(deal.pair, universe)
        price = first_price(deal)
        if listing and price and (deal.bot_id, listing.market.coin) not in found:
            coin = listing.market.coin
            found[deal.bot_id, coin] = Opening(deal.bot_id, coin, at, at_venue(price, listing))
    return list(found.values())


def moments(deals: Iterable[Recording], universe: Mapping[str, Market]) -> list[Moment]:
    """Return every event of every deal by time; equal times keep the deals' own order."""
    found = []
    for deal in deals:
        listing = listing_of(deal.pair, universe)
        moves = price_moves(deal, listing) if listing else {}
        coin = listing.market.coin if listing else None
        last = len(deal.events) - 1
        found += [
            Moment(event.at, deal.bot_id, deal.deal_id, coin, moves.get(i), i == last)
            for i, event in enumerate(deal.events)
        ]
    return sorted(found, key=lambda moment: moment.at)


def at_venue(price: Price, listing: Listing) -> Price:
    """Return a price of the source as the venue counts it."""
    return Price(price * listing.unit)
