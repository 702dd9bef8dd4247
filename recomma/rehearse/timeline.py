"""What happens when in a rehearsal: the recorded events of all deals, in their order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.money import Price
from recomma.domain.symbols import coin_of
from recomma.domain.venue import Market
from recomma.rehearse.market import first_price, price_moves
from recomma.rehearse.recordings import Recording

BEFORE_THE_FIRST: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Moment:
    """One recorded event: the market moves to `price`, if given, and then the source shows it."""

    at: datetime
    deal_id: int
    bot_id: int
    coin: str | None
    price: Price | None
    last: bool  # Of its deal.


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
        market = coin_of(deal.pair, universe)
        price = first_price(deal)
        if market and price and (deal.bot_id, market.coin) not in found:
            found[deal.bot_id, market.coin] = Opening(deal.bot_id, market.coin, at, price)
    return list(found.values())


def moments(deals: Iterable[Recording], universe: Mapping[str, Market]) -> list[Moment]:
    """Return every event of every deal by time; equal times keep the deals' own order."""
    found = []
    for deal in deals:
        market = coin_of(deal.pair, universe)
        moves = price_moves(deal, market.size_decimals) if market else {}
        coin = market.coin if market else None
        last = len(deal.events) - 1
        found += [
            Moment(event.at, deal.deal_id, deal.bot_id, coin, moves.get(i), i == last)
            for i, event in enumerate(deal.events)
        ]
    return sorted(found, key=lambda moment: moment.at)
