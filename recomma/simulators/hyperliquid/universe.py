"""The coins that can be traded, and the tick and lot rules (hyperliquid.md 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

SIGNIFICANT_FIGURES_MAX: Final = 5
PRICE_DECIMALS: Final = 6


@dataclass(frozen=True)
class Coin:
    """One entry of `meta.universe`; its asset id is its place there, delisted ones counted."""

    name: str
    asset: int
    size_decimals: int
    max_leverage: int
    delisted: bool = False
    only_isolated: bool = False

    def takes_price(self, price: Decimal) -> bool:
        """Tell whether the price is on the grid. Integers always are, whatever their length."""
        if price == price.to_integral_value():
            return price > 0
        _, digits, exponent = price.normalize().as_tuple()
        decimals = -int(exponent)
        return len(digits) <= SIGNIFICANT_FIGURES_MAX and decimals <= self.price_decimals

    @property
    def price_decimals(self) -> int:
        return PRICE_DECIMALS - self.size_decimals

    @property
    def lot(self) -> Decimal:
        return Decimal(1).scaleb(-self.size_decimals)

    def takes_size(self, size: Decimal) -> bool:
        return size == size.quantize(self.lot)


class Universe:
    def __init__(self, coins: tuple[Coin, ...]) -> None:
        self.coins = coins
        self._named = {coin.name: coin for coin in coins}

    def at(self, asset: int) -> Coin | None:
        return self.coins[asset] if asset < len(self.coins) else None

    def named(self, name: str) -> Coin | None:
        return self._named.get(name)


# name, size decimals, maximum leverage, starting price. The order and the prices are ours; the
# decimals are plausible. MATIC keeps its slot after its delisting, as renamed coins do (2.2).
_DEFAULTS: Final = (
    ("BTC", 5, 40, "95000"),
    ("ETH", 4, 25, "3200"),
    ("SOL", 2, 20, "180"),
    ("DOGE", 0, 10, "0.2"),
    ("XRP", 0, 20, "2.4"),
    ("ADA", 0, 10, "0.7"),
    ("LTC", 2, 10, "95"),
    ("AVAX", 2, 10, "24"),
    ("MATIC", 1, 20, None),
    ("LINK", 1, 10, "17"),
    ("BNB", 3, 10, "880"),
    ("kPEPE", 0, 10, "0.009"),
    ("kSHIB", 0, 10, "0.011"),
    ("TRX", 0, 10, "0.33"),
    ("DOT", 1, 10, "3.6"),
    ("ATOM", 2, 5, "3.9"),
    ("NEAR", 1, 10, "2.7"),
    ("UNI", 1, 10, "7.5"),
    ("AAVE", 2, 10, "240"),
    ("BCH", 3, 10, "540"),
    ("ARB", 1, 10, "0.4"),
    ("OP", 1, 10, "0.6"),
    ("SUI", 1, 10, "3.1"),
    ("APT", 2, 10, "4.2"),
    ("INJ", 1, 10, "11"),
    ("TON", 1, 10, "2.6"),
    ("XLM", 0, 10, "0.34"),
    ("HYPE", 2, 10, "42"),
    ("POL", 0, 10, "0.18"),
    ("RENDER", 1, 10, "2.4"),
    ("S", 0, 10, "0.2"),
    ("SAND", 0, 5, "0.28"),
    ("GALA", 0, 10, "0.015"),
    ("FIL", 1, 10, "2.2"),
    ("ETC", 2, 10, "19"),
    ("ICP", 2, 5, "5"),
    ("ALGO", 0, 5, "0.2"),
    ("HBAR", 0, 5, "0.2"),
    ("SEI", 0, 10, "0.25"),
    ("TIA", 1, 10, "1.4"),
    ("WIF", 0, 5, "0.7"),
    ("kBONK", 0, 10, "0.019"),
    ("kFLOKI", 0, 5, "0.08"),
    ("CRV", 1, 10, "0.7"),
    ("LDO", 1, 10, "1.1"),
    ("FET", 0, 5, "0.6"),
    ("WLD", 1, 10, "1.1"),
    ("ENA", 0, 10, "0.5"),
    ("JUP", 0, 10, "0.4"),
    ("ONDO", 0, 10, "0.9"),
    ("APE", 1, 5, "0.5"),
    ("DYDX", 1, 5, "0.6"),
    ("RUNE", 1, 5, "1.1"),
    ("STX", 1, 5, "0.6"),
)

STARTING_PRICES: Final[Mapping[str, Decimal]] = {
    name: Decimal(price) for name, _, _, price in _DEFAULTS if price is not None
}


def default_universe() -> Universe:
    return Universe(
        tuple(
            Coin(name, asset, size_decimals, max_leverage, delisted=price is None)
            for asset, (name, size_decimals, max_leverage, price) in enumerate(_DEFAULTS)
        )
    )


def meta(universe: Universe) -> dict[str, Any]:
    """Return the answer to `meta`."""
    leverages = sorted({coin.max_leverage for coin in universe.coins})
    return {
        "universe": [_entry(coin) for coin in universe.coins],
        "marginTables": [[leverage, _margin_table(leverage)] for leverage in leverages],
        "collateralToken": 0,
    }


def _entry(coin: Coin) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "szDecimals": coin.size_decimals,
        "name": coin.name,
        "maxLeverage": coin.max_leverage,
        "marginTableId": coin.max_leverage,
    }
    if coin.delisted:
        entry["isDelisted"] = True
    if coin.only_isolated:
        entry["onlyIsolated"] = True
    return entry


def _margin_table(leverage: int) -> dict[str, Any]:
    tiers = [{"lowerBound": "0.0", "maxLeverage": leverage}]
    return {"description": "", "marginTiers": tiers}
