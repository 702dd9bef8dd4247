"""Which coin a pair means (threecommas.md 6.4, hyperliquid.md 2.2)."""

from collections.abc import Mapping

import pytest

from recomma.domain.symbols import coin_of
from recomma.domain.venue import Market

COINS = ("BTC", "ETH", "DOGE", "kPEPE", "RENDER", "POL", "S", "T", "USDC", "1INCH")


def universe(**changes: bool) -> Mapping[str, Market]:
    return {
        coin: Market(coin, asset, 0, 10, delisted=changes.get(coin, False))
        for asset, coin in enumerate(COINS)
    }


@pytest.mark.parametrize(
    ("pair", "coin"),
    [
        ("USDT_DOGE", "DOGE"),
        ("usdt_doge", "DOGE"),
        ("USDC_ETH", "ETH"),
        ("USDT_1INCH", "1INCH"),
        ("USDT_BTCUSDT", "BTC"),
        ("USDT_BTC-USDT-SWAP", "BTC"),
        ("USD_ETH-PERP", "ETH"),
        ("BTC_BTCUSD_PERP", "BTC"),
        ("BNFCR_BTCUSDT", "BTC"),
        ("USDT_RNDR", "RENDER"),
        ("USDT_MATIC", "POL"),
        ("USDT_FTM", "S"),
        ("USDT_1000PEPE", "kPEPE"),
        ("USDT_1000PEPEUSDT", "kPEPE"),
        ("USDT_USDC", "USDC"),
    ],
)
def test_a_pair_means_the_coin_that_it_trades(pair: str, coin: str) -> None:
    market = coin_of(pair, universe())

    assert market is not None
    assert market.coin == coin


@pytest.mark.parametrize(
    "pair",
    [
        "USDT_ADA",
        "USDT_PEPE",  # One coin, where the venue trades thousands.
        "USDT_1000DOGE",
        "USDT_SUSD",  # A stablecoin, and not S.
        "USDT_TUSD",
        "USDT_",
        "DOGE",
        "",
    ],
)
def test_a_pair_without_a_market_is_refused_and_never_guessed(pair: str) -> None:
    assert coin_of(pair, universe()) is None


def test_a_delisted_coin_is_refused() -> None:
    assert coin_of("USDT_DOGE", universe(DOGE=True)) is None
