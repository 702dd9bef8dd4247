"""Which coin a pair means (threecommas.md 6.4, hyperliquid.md 2.2)."""

from collections.abc import Mapping

import pytest

from recomma.domain.symbols import coin_of, listing_of, listing_of_held
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
        ("USDT_BTC-USDC-SWAP", "BTC"),
        ("1INCH_1INCH-USD-SWAP", "1INCH"),
        ("USD_ETH-PERP", "ETH"),
        ("USD_ETH", "ETH"),
        ("BTC_BTCUSD_PERP", "BTC"),
        ("USDT_DOGE_USDT", "DOGE"),  # Split at the first underscore only.
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
        "USD_SUSD",
        "BTC_BTCUSD_240628",  # A future that expires is not the perpetual.
        "BTC_ETH",  # Its prices are in BTC.
        "EUR_DOGE",
        "BTC_ETH-PERP",
        "BTC_ETH_USDT",
        "USDT_",
        "DOGE",
        "",
    ],
)
def test_a_pair_without_a_market_is_refused_and_never_guessed(pair: str) -> None:
    assert coin_of(pair, universe()) is None


def test_a_delisted_coin_is_refused() -> None:
    assert coin_of("USDT_DOGE", universe(DOGE=True)) is None


@pytest.mark.parametrize(
    ("pair", "coin", "unit"),
    [
        ("USDT_PEPE", "kPEPE", 1000),
        ("USDT_PEPEUSDT", "kPEPE", 1000),
        ("USDT_PEPE-USDT-SWAP", "kPEPE", 1000),
        ("USDT_1000PEPE", "kPEPE", 1),
        ("USDT_1000PEPEUSDT", "kPEPE", 1),
        ("BNFCR_1000PEPEUSDT", "kPEPE", 1),
        ("USDT_DOGE", "DOGE", 1),
        ("USDT_1INCH", "1INCH", 1),
        ("USDT_RNDR", "RENDER", 1),
    ],
)
def test_a_listing_says_how_many_coins_of_the_source_are_one_there(
    pair: str, coin: str, unit: int
) -> None:
    listing = listing_of(pair, universe())

    assert listing is not None
    assert (listing.market.coin, listing.unit) == (coin, unit)


@pytest.mark.parametrize("coin", ["PEPE", "SHIB", "BONK", "FLOKI", "LUNC", "DOGS", "NEIRO"])
def test_every_coin_that_is_traded_in_thousands_is_known(coin: str) -> None:
    live = {f"k{coin}": Market(f"k{coin}", 0, 0, 10, delisted=False)}

    listing = listing_of(f"USDT_{coin}", live)

    assert listing is not None
    assert (listing.market.coin, listing.unit) == (f"k{coin}", 1000)
    assert listing_of(f"USDT_{coin}", {}) is None


@pytest.mark.parametrize("pair", ["USDT_DOGE", "USDT_PEPE"])
def test_a_delisted_coin_has_no_listing(pair: str) -> None:
    assert listing_of(pair, universe(DOGE=True, kPEPE=True)) is None


@pytest.mark.parametrize(
    ("pair", "coin", "unit"), [("USDT_DOGE", "DOGE", 1), ("USDT_PEPE", "kPEPE", 1000)]
)
def test_what_is_held_of_a_delisted_coin_keeps_its_listing(pair: str, coin: str, unit: int) -> None:
    market = universe(DOGE=True, kPEPE=True)[coin]

    listing = listing_of_held(pair, market)

    assert (listing.market, listing.unit) == (market, unit)
    assert listing.market.delisted
