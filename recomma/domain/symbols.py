"""Which coin of the venue a 3Commas pair means (threecommas.md 6.4, hyperliquid.md 2.2).

Never guessed: a pair whose coin is not in the live universe is skipped.
"""

import re
from collections.abc import Mapping
from typing import Final

from recomma.domain.venue import Market

RENAMED: Final[Mapping[str, str]] = {"RNDR": "RENDER", "MATIC": "POL", "FTM": "S"}
# One unit is 1000 coins there; mirroring them needs scaled prices and sizes, so until then a
# spot pair of these coins is not in the table and is skipped as unknown.
THOUSANDS: Final = {"PEPE", "SHIB", "BONK", "FLOKI", "LUNC", "DOGS", "NEIRO"}
# Suffixes that only futures have. A bare quote is cut off only where it repeats the pair's own:
# USDT_BTCUSDT is BTC, but USDT_SUSD is a coin of that name and not S.
FUTURES_SUFFIX: Final = re.compile(r"(?<=.)(?:-PERP|-USDT?-SWAP|USD_PERP)$")
QUOTED_IN: Final[Mapping[str, str]] = {"BNFCR": "USDT"}


def base_asset(pair: str) -> str:
    """Return the coin that `pair` trades: the part after the first underscore, suffixes off."""
    quote, _, base = pair.upper().partition("_")
    bare = FUTURES_SUFFIX.sub("", base)
    return bare.removesuffix(QUOTED_IN.get(quote, quote)) or bare


def coin_of(pair: str, universe: Mapping[str, Market]) -> Market | None:
    """Return the venue's market for `pair`, or None if there is none that trades."""
    base = base_asset(pair)
    thousand = base.removeprefix("1000")
    name = f"k{thousand}" if base != thousand and thousand in THOUSANDS else RENAMED.get(base, base)
    market = universe.get(name)
    return market if market and not market.delisted else None
