"""Refresh: read a venue's universe. Coins, asset numbers and lot sizes come from nowhere else."""

from datetime import datetime

from recomma.domain.verdict import Done, Verdict
from recomma.ports import Ledger, Venue


def refresh(*, venue: Venue, ledger: Ledger, now: datetime) -> Verdict:
    markets = venue.markets()
    ledger.store_markets(venue.name, markets, now)
    return Done(f"{len(markets)} markets")
