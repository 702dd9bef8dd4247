"""What our deals have committed on the venues: what limits and margin are counted against."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.money import Price, notional
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.reasons import Reason
from recomma.domain.venue import AddressBudget

NOTHING: Final = Decimal(0)


def cost_usd(order: MirrorOrder) -> Decimal:
    """Return the most that what is open of an entry can come to, in USD of notional.

    A resting order fills at its own price. A crossing one that sells may get more than its worst
    price, so it is valued at the source's price where that is the higher one.
    """
    price = order.terms.price
    if order.terms.style is Style.CROSS:
        price = Price(max(price, order.wanted_price))
    return notional(price, order.remaining)


@dataclass(frozen=True)
class Commitment:
    """What one deal has on one coin of one venue, in USD of notional.

    `entered_usd` is its open position at the prices it was entered for. `asked_usd` is what is open
    of the entries that the venue was asked for; `in_doubt_usd` is the part of it that may have been
    executed without being booked yet. A planned entry counts for nothing: two of them that wait for
    one limit would hold up each other for ever.
    """

    venue: str
    deal_id: int
    coin: str
    entered_usd: Decimal
    asked_usd: Decimal
    ladder_usd: Decimal  # What the whole deal may come to cost here; 0 if it is not known, or over.
    in_doubt_usd: Decimal = NOTHING

    @property
    def usd(self) -> Decimal:
        return self.entered_usd + self.asked_usd

    @property
    def to_come_usd(self) -> Decimal:
        """Return what the deal may still enter."""
        return max(self.ladder_usd - self.entered_usd, self.asked_usd)


@dataclass(frozen=True)
class Commitments:
    """Of all venues, because one limit counts over all of them."""

    deals: tuple[Commitment, ...]
    open_orders: int  # Of one venue, exits too.

    def of_deal(self, venue: str, deal_id: int) -> Decimal:
        return _sum(d for d in self.on(venue) if d.deal_id == deal_id)

    def of_coin(self, venue: str, coin: str) -> Decimal:
        return _sum(d for d in self.on(venue) if d.coin == coin)

    def of_venue(self, venue: str) -> Decimal:
        return _sum(self.on(venue))

    def in_all(self) -> Decimal:
        return _sum(self.deals)

    def on(self, venue: str) -> tuple[Commitment, ...]:
        return tuple(deal for deal in self.deals if deal.venue == venue)

    def open_deals(self, venue: str) -> int:
        return len({deal.deal_id for deal in self.on(venue)})

    def plus(self, order: MirrorOrder) -> "Commitments":
        """Return what is committed when this entry, too, has been asked for."""
        key = (order.venue, order.deal_id, order.coin)
        known = next((d for d in self.deals if (d.venue, d.deal_id, d.coin) == key), None)
        before = known or Commitment(*key, NOTHING, NOTHING, NOTHING)
        grown = replace(
            before,
            asked_usd=before.asked_usd + cost_usd(order),
            ladder_usd=max(before.ladder_usd, order.ladder_usd or NOTHING),
        )
        others = tuple(deal for deal in self.deals if deal is not known)
        return Commitments((*others, grown), self.open_orders + 1)


def _sum(deals: Iterable[Commitment]) -> Decimal:
    return sum((deal.usd for deal in deals), NOTHING)


@dataclass(frozen=True)
class SurveyedAccount:
    """The account behind a venue as the last survey found it, in USD.

    `trouble` says why nothing new can be traded there, empty if nothing is wrong; `trouble_why` is
    its reason code. `clock_ahead` is how far our clock was ahead of the venue's.
    """

    at: datetime
    account_value: Decimal
    withdrawable: Decimal
    budget: AddressBudget
    trouble: str
    trouble_why: Reason | None = None
    clock_ahead: timedelta = timedelta(0)
