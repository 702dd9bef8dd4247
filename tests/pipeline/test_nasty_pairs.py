"""Pair names of every market type (threecommas.md 6.4), through to the orders on the venue."""

from decimal import Decimal

import pytest

from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.both_ways import Way, both_ways, flat
from tests.pipeline.plays import Play, is_settled, script
from tests.pipeline.world import DEAL, VENUE, World


@both_ways
@pytest.mark.parametrize(
    "pair",
    [
        "USDT_DOGE",
        "USDC_DOGE",
        "USDT_DOGEUSDT",
        "BNFCR_DOGEUSDT",
        "DOGE_DOGEUSD_PERP",
        "DOGE_DOGE-USD-SWAP",
        "USD_DOGE-PERP",
        "USDT_DOGE_USDT",
    ],
)
def test_a_deal_on_this_pair_is_mirrored_on_the_coin_that_it_means(way: Way, pair: str) -> None:
    world = World()
    way.enter(world, pair=pair)

    assert world.position("DOGE") == way.held(100)
    assert world.resting() == [way.exit("0.02")]
    assert world.unexplained() == []


@pytest.mark.parametrize("pair", ["BTC_DOGE", "EUR_DOGE", "USDT_NOSUCHCOIN", "USDT_", "USDT_SDOGE"])
def test_a_deal_on_this_pair_is_skipped_and_never_guessed(pair: str) -> None:
    world = World()
    world.open_deal(pair=pair)
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.22"))

    world.wait(30)

    assert world.at_the_venue() == []
    assert world.ledger.rows.standings[DEAL, VENUE] == (Standing.SKIPPED, Reason.UNKNOWN_COIN)
    assert world.unexplained() == []


@pytest.mark.parametrize(
    ("pair", "coin"), [("USDT_MATIC", "POL"), ("USDT_RNDR", "RENDER"), ("USDT_FTM", "S")]
)
def test_a_coin_that_was_renamed_is_found_under_its_new_name(pair: str, coin: str) -> None:
    world = World()
    world.price("2", coin)
    world.open_deal(pair=pair)
    world.tell(story.base_placing("2"), story.base_executed("2"))

    world.wait(2)

    assert world.position(coin) == 100


@both_ways
@pytest.mark.parametrize(("pair", "unit"), [("USDT_PEPE", 1000), ("USDT_1000PEPEUSDT", 1)])
def test_coins_by_the_thousand_have_the_same_worth_at_source_and_venue(
    way: Way, pair: str, unit: int
) -> None:
    """Price times 1000 and size by 1000 for the spot pair; the future counts as the venue does."""
    price = Decimal("0.00001") * (1000 // unit)
    step = f"{Decimal('0.00000001') * (1000 // unit):f}"
    prices = [
        ["0s", f"{price:f}"],
        ["60s", f"{price * (1 - way.sign * Decimal('0.011')):f}"],
        ["4m", f"{price * (1 + way.sign * Decimal('0.03')):f}"],
    ]
    play = Play(
        script(
            prices,
            pair=pair,
            strategy=way.name,
            max_safety_orders=2,
            market={"price_step": step, "amount_step": "1"},
        )
    )
    play.run(120)

    held = abs(play.world.position("kPEPE"))
    assert abs(held * unit - play.entered_at_source()) <= 2 * unit
    (exit_,) = play.exits()
    (row,) = play.rows("Take Profit")
    assert exit_ == (Decimal(row["rate"]) * unit, held)

    play.run(200)
    assert not play.world.position("kPEPE")
    assert is_settled(play.world)


def test_a_deal_whose_coins_round_to_nothing_by_the_thousand_is_skipped() -> None:
    world = World()
    world.open_deal(pair="USDT_PEPE")
    told = (story.base_placing("0.00001", "300"), story.base_executed("0.00001", "300"))
    world.tell(*told)

    world.wait(10)

    assert world.skips() == {"base": Reason.BELOW_MINIMUM}
    assert flat(world)
    assert world.unexplained() == []
