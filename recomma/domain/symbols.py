"""Which coin of the venue a 3Commas pair means (threecommas.md 6.4, hyperliquid.md 2.2).

Never guessed: a pair whose coin is not in the live universe, or whose prices are not in dollars,
is skipped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from recomma.domain.venue import Market

RENAMED: Final[Mapping[str, str]] = {"RNDR": "RENDER", "MATIC": "POL", "FTM": "S"}
# One unit of these is 1000 coins at the venue.
THOUSANDS: Final = {"PEPE", "SHIB", "BONK", "FLOKI", "LUNC", "DOGS", "NEIRO"}
THOUSAND: Final = 1000
# The venue's prices are in dollars. A pair in another currency (BTC_ETH) has prices that mean
# something else there: a short's limit of 0.03 would sell at any price.
DOLLARS: Final = {"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDP", "DAI", "BNFCR"}
# Suffixes that only futures have.
FUTURES_SUFFIX: Final = re.compile(r"(?<=.)(?:-PERP|-USD[TC]?-SWAP|USD_PERP|_USDT)$")
# Futures that are paid in their own coin; their prices are in dollars all the same.
COIN_MARGINED: Final = re.compile(r"(?<=.)(?:-USD-SWAP|USD_PERP)$")
# The bare quote that ends a futures symbol. It is cut off only where it repeats the pair's own:
# USDT_BTCUSDT is BTC, but USDT_SUSD and USD_SUSD are a coin of that name and not S.
QUOTED_IN: Final[Mapping[str, str]] = {
    "USDT": "USDT",
    "USDC": "USDC",
    "BUSD": "BUSD",
    "BNFCR": "USDT",
}


@dataclass(frozen=True)
class Listing:
    """A venue's market for a pair.

    `unit` says how many of the source's coins one coin of the market is, 1 or 1000: a price there
    is the source's times `unit`, a size the source's divided by it.
    """

    market: Market
    unit: int


def base_asset(pair: str) -> str:
    """Return the coin that `pair` trades: the part after the first underscore, suffixes off."""
    quote, _, base = pair.upper().partition("_")
    bare = FUTURES_SUFFIX.sub("", base)
    return bare.removesuffix(QUOTED_IN.get(quote, "")) or bare


def listing_of(pair: str, universe: Mapping[str, Market]) -> Listing | None:
    """Return the venue's market for `pair` and its unit, or None if there is none that trades."""
    listing = known_listing(pair, universe)
    return listing if listing and not listing.market.delisted else None


def known_listing(pair: str, universe: Mapping[str, Market]) -> Listing | None:
    """Return the venue's market for `pair`, though it may have been delisted since."""
    if not _in_dollars(pair):
        return None
    base = base_asset(pair)
    of_thousand = base.removeprefix(str(THOUSAND))
    if of_thousand in THOUSANDS:
        # A coin that the source itself counts in thousands (1000PEPEUSDT) is the venue's as it is.
        unit = THOUSAND if of_thousand == base else 1
        return _listing(f"k{of_thousand}", unit, universe)
    return _listing(RENAMED.get(base, base), 1, universe)


def listing_of_held(pair: str, market: Market) -> Listing:
    """Return the listing of a market that we hold something of, though it may trade no more.

    What is held needs its exits until it is gone, whatever has become of its market.
    """
    known = known_listing(pair, {market.coin: market})
    return Listing(market, known.unit if known else 1)


def coin_of(pair: str, universe: Mapping[str, Market]) -> Market | None:
    """Return the market for `pair` where it counts as the source does, or None.

    For callers that do not scale: a market of another unit would be mirrored a thousandfold.
    """
    listing = listing_of(pair, universe)
    return listing.market if listing and listing.unit == 1 else None


def _in_dollars(pair: str) -> bool:
    quote, _, base = pair.upper().partition("_")
    return quote in DOLLARS or COIN_MARGINED.search(base) is not None


def _listing(name: str, unit: int, universe: Mapping[str, Market]) -> Listing | None:
    market = universe.get(name)
    return Listing(market, unit) if market else None
