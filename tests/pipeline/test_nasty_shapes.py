"""Every shape of deal through the whole pipeline: the scripts that users are shown.

What each leg fills here is what the source's own rules make it fill, sized by its rows.
"""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from recomma.domain.reasons import Reason
from tests.pipeline.plays import EXAMPLES, Play, example, is_settled
from tests.pipeline.world import World

AFTER_THE_END_SECONDS = 90  # A grace, a close that widens, and the slow cadence.


@dataclass(frozen=True)
class Ending:
    """How the first deal of a script ends: its status there, what is filled and held here."""

    status: str
    filled: str
    held: str = "0"
    skipped: str = ""
    seconds: int = 0  # That this takes longer than the price path.


ENDINGS = {
    "breakeven": Ending("stop_loss_finished", "base 400, take_profit/1 200, stop 200"),
    "bursts": Ending(
        "completed",
        "base 100, safety/1 101, safety/2 102, safety/3 103, safety/4 103, take_profit/1 509",
    ),
    "by_signal": Ending(
        "completed", "base 100, safety/1 102, safety/2 103, safety/3 103, take_profit/1 408"
    ),
    "cancel": Ending("cancelled", "base 100, safety/1 101", held="201"),
    "close_condition": Ending("completed", "base 100, stop 100", seconds=60),
    "coefficients": Ending(
        "completed",
        "base 0.0313, safety/1 0.0158, safety/2 0.0241, safety/3 0.0371, take_profit/1 0.1083",
    ),
    "convert": Ending("cancelled", "base 100, safety/1 101", held="201"),
    "custom_steps": Ending("completed", "base 100, safety/1 81, safety/2 186, take_profit/1 367"),
    "deal_error": Ending("completed", "base 100, safety/1 101, take_profit/1 201"),
    "disabled_bot": Ending("completed", "base 100, safety/1 101, take_profit/1 201"),
    "edits": Ending("completed", "base 100, safety/1 101, safety/2 102, take_profit/1 303"),
    "failed_base": Ending("failed", "", skipped="finished_when_first_seen"),
    "four_targets": Ending(
        "completed",
        "base 0.0625, safety/1 0.0316, take_profit/1 0.025, take_profit/2 0.0282, "
        "take_profit/3 0.0188, take_profit/4 0.0221",
    ),
    "futures": Ending("completed", "base 0.063, safety/1 0.062, take_profit/1 0.125"),
    "limit_base": Ending("completed", "base 101, take_profit/1 101"),
    "liquidated": Ending("liquidated", "base 0.005, safety/1 0.0051, stop 0.0101"),
    "long": Ending("completed", "base 100, safety/1 101, safety/2 102, take_profit/1 303"),
    "manual_safety": Ending(
        "completed",
        "base 100, manual/5260538800004 80, manual/5260538800005 120, take_profit/1 300",
    ),
    "multi_pair": Ending("completed", "base 400, safety/1 202, take_profit/1 602"),
    "panic_sell": Ending("panic_sold", "base 100, safety/1 101, stop 201"),
    "panic_sell_step": Ending(
        "completed", "base 400, take_profit/1 200, take_profit/2 120, take_profit/3 80"
    ),
    "reopening": Ending("completed", "base 100, take_profit/1 100"),
    "repeated_take_profit": Ending("completed", "base 100, take_profit/1 100"),
    "short": Ending("completed", "base 100, safety/1 100, safety/2 99, take_profit/1 299"),
    "slow_cancel": Ending("completed", "base 100, take_profit/1 100"),
    "stop_loss": Ending("stop_loss_finished", "base 100, safety/1 101, safety/2 102, stop 303"),
    "thousands": Ending("completed", "base 2727, safety/1 2752, take_profit/1 5479"),
    "trailing": Ending("completed", "base 100, stop 100"),
    "trailing_stop": Ending("stop_loss_finished", "base 100, stop 100"),
}


def sizes(text: str) -> dict[str, Decimal]:
    pairs = (entry.split(" ") for entry in text.split(", ") if entry)
    return {leg: Decimal(size) for leg, size in pairs}


def held_of_all(world: World) -> Decimal:
    return sum((world.position(coin) for coin in ("DOGE", "ETH", "BTC", "kPEPE")), Decimal(0))


def test_every_script_has_its_ending_told() -> None:
    assert sorted(ENDINGS) == sorted(path.stem for path in EXAMPLES.glob("*.toml"))


@pytest.mark.parametrize("name", ENDINGS)
def test_a_deal_of_this_shape_is_mirrored_to_its_end(name: str) -> None:
    expected = ENDINGS[name]
    play = Play(example(name))

    play.run(play.lasts_seconds + expected.seconds + AFTER_THE_END_SECONDS, every=30)

    assert play.at_source()["status"] == expected.status
    assert play.legs_filled() == sizes(expected.filled)
    assert held_of_all(play.world) == Decimal(expected.held)
    assert is_settled(play.world)
    exits = sum((size for *_, size, reduces in play.world.resting() if reduces), Decimal(0))
    assert exits == Decimal(expected.held)
    if expected.skipped:
        reasons = {why for _, why in play.world.ledger.rows.standings.values()}
        assert reasons == {Reason(expected.skipped)}


def test_both_deals_of_a_bot_with_two_pairs_are_mirrored_on_their_own_coins() -> None:
    play = Play(example("multi_pair"))

    play.run(play.lasts_seconds + AFTER_THE_END_SECONDS, every=60)

    assert play.legs_filled(play.deals[1]) == sizes(
        "base 0.0313, safety/1 0.0158, take_profit/1 0.0471"
    )
    assert {order.coin for order in play.world.orders(deal_id=play.deals[0])} == {"DOGE"}
    assert {order.coin for order in play.world.orders(deal_id=play.deals[1])} == {"ETH"}


def test_each_deal_of_a_bot_that_reopens_at_once_is_mirrored() -> None:
    play = Play(example("reopening"))

    play.run(play.lasts_seconds + AFTER_THE_END_SECONDS, every=60)

    assert [play.legs_filled(deal_id) for deal_id in play.deals] == [
        sizes("base 100, take_profit/1 100"),
        sizes("base 98, take_profit/1 98"),
        sizes("base 96, take_profit/1 96"),
    ]
