"""What-if scripts: every example runs to its end, and a bad file is one clear sentence."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from recomma.domain.bot_events import parse_event
from recomma.domain.source import EventKind
from recomma.simulators.threecommas.engine.actions import Do
from recomma.simulators.threecommas.switches import Switches
from recomma.simulators.threecommas.what_if import BadScript, Played, parse, read, run
from tests.simulators.threecommas_world import START

EXAMPLES: Final = sorted((Path(__file__).parents[2] / "docs/examples/what_if").glob("*.toml"))
ENDS: Final[Mapping[str, tuple[str, ...]]] = {
    "breakeven": ("stop_loss_finished",),
    "cancel": ("cancelled",),
    "convert": ("cancelled",),
    "failed_base": ("failed",),
    "liquidated": ("liquidated",),
    "multi_pair": ("completed", "completed"),
    "panic_sell": ("panic_sold",),
    "reopening": ("completed", "completed", "completed"),
    "stop_loss": ("stop_loss_finished",),
    "trailing_stop": ("stop_loss_finished",),
}
"""How each example ends; what is not named completes."""

MINIMAL: Final = 'prices = [["0s", "0.25"]]\n[bot]\npair = "USDT_DOGE"\n'


def play(text: str, name: str = "mine") -> Played:
    script = parse(tomllib.loads(text, parse_float=Decimal), source=f"{name}.toml", name=name)
    return run(script, starts_at=START)


def sentence(text: str) -> str:
    with pytest.raises(BadScript) as refused:
        play(text)
    return str(refused.value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_runs_to_its_end(path: Path) -> None:
    played = run(read(path), starts_at=START)

    assert tuple(d["status"] for d in played.deals) == ENDS.get(path.stem, ("completed",))
    assert all(deal["finished?"] for deal in played.deals)


def test_no_two_examples_share_an_id() -> None:
    scripts = [read(path) for path in EXAMPLES]

    assert len({script.bot_id for script in scripts}) == len(scripts)
    assert len({script.first_deal_id for script in scripts}) == len(scripts)


def test_every_event_of_every_example_is_one_that_the_grammar_knows() -> None:
    unknown = {
        event["message"]
        for path in EXAMPLES
        for deal in run(read(path), starts_at=START).deals
        for event in deal["bot_events"]
        if parse_event(event["message"], START).kind is EventKind.UNKNOWN
    }

    # What nobody has seen (8.3) may be unknown; everything else must be understood.
    assert all(message.startswith("Cancelling sell order") for message in unknown)


def test_a_script_says_what_the_market_does_and_when_anything_changes() -> None:
    played = play('prices = [["0s", "0.25"], ["1m30s", "0.24"]]\n[bot]\npair = "USDT_DOGE"\n')

    assert played.prices == {
        "USDT_DOGE": (
            (START, Decimal("0.25")),
            (START + timedelta(seconds=90), Decimal("0.24")),
        )
    }
    moments = played.moments()
    assert moments == sorted(set(moments))
    assert moments[0] == START
    assert played.ends_at == START + timedelta(seconds=90)


def test_the_same_seed_gives_the_same_and_another_one_other_clocks() -> None:
    script = read(EXAMPLES[0])

    first, again = (run(script, starts_at=START, seed=3) for _ in range(2))
    other = run(script, starts_at=START, seed=4)

    assert first.deals == again.deals
    assert first.deals[0]["bot_events"] != other.deals[0]["bot_events"]


def test_a_disabled_bot_with_two_pairs_is_listed_as_one() -> None:
    played = play(
        "[prices]\n"
        'USDT_DOGE = [["0s", "0.25"]]\nUSDT_ETH = [["0s", "3200"]]\n'
        '[bot]\npairs = ["USDT_DOGE", "USDT_ETH"]\nis_enabled = false\n'
    )

    bot = played.bot
    assert (bot["type"], bot["is_enabled"]) == ("Bot::MultiBot", False)
    assert bot["pairs"] == ["USDT_DOGE", "USDT_ETH"]


def test_the_next_deal_can_open_before_the_last_one_has_closed() -> None:
    path = next(path for path in EXAMPLES if path.stem == "reopening")

    first, second = run(read(path), starts_at=START).deals[:2]

    assert second["created_at"] < first["closed_at"]


def test_an_action_that_the_deal_does_not_allow_is_told_of() -> None:
    played = play(MINIMAL + '[[actions]]\nat = "1m"\ndo = "close_signal"\n')

    assert len(played.ignored) == 1
    assert played.ignored[0].startswith("close_signal at 2026-03-01T12:01:00.000Z is not possible")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "mine.toml: bot.pair must be one pair"),
        ('[bot]\npair = "USDT_DOGE"\n', "mine.toml: prices must have a path like"),
        ('prices = []\n[bot]\npair = "USDT_DOGE"\n', "mine.toml: prices.USDT_DOGE must be a list"),
        (
            'prices = [["0s", "nothing"]]\n[bot]\npair = "USDT_DOGE"\n',
            "has the price 'nothing': write a number above 0",
        ),
        (
            'prices = [["5s", "1"]]\n[bot]\npair = "USDT_DOGE"\n',
            "begins at '5s': let it begin at \"0s\"",
        ),
        (
            'prices = [["0s", "1"], ["0s", "2"]]\n[bot]\npair = "USDT_DOGE"\n',
            "out of order: let times rise",
        ),
        ('prices = [["0s", "1"]]\n[bot]\npair = "DOGE"\n', "must look like USDT_DOGE, not 'DOGE'"),
        (MINIMAL + "take_proft = 2\n", "bot.take_proft is not known here: write 'take_profit'"),
        (MINIMAL + 'take_profit = "two"\n', "bot.take_profit must be a number from 0 on"),
        (MINIMAL + "max_safety_orders = 1.5\n", "bot.max_safety_orders must be a whole number"),
        (MINIMAL + 'strategy = "both"\n', "bot.strategy must be long or short, not 'both'"),
        (
            MINIMAL + "take_profit_steps = [{ amount_percentage = 60, profit_percentage = 1 }]\n",
            "bot.take_profit_steps must be at most 4 steps whose amount_percentage add up to 100",
        ),
        (
            MINIMAL + "trailing_enabled = true\ntake_profit_steps = [\n"
            "{ amount_percentage = 50, profit_percentage = 1 },\n"
            "{ amount_percentage = 50, profit_percentage = 2 } ]\n",
            "bot.trailing_enabled goes with one take_profit",
        ),
        (
            MINIMAL + "leverage_custom_value = 10\n",
            'bot.leverage_custom_value needs market_type = "futures"',
        ),
        (MINIMAL + '[[actions]]\ndo = "cancel"\n', "actions[1].at must be a time span"),
        (
            MINIMAL + '[[actions]]\nat = "1m"\ndo = "explode"\n',
            "actions[1].do must be panic_sell or",
        ),
        (
            MINIMAL + '[[actions]]\nat = "1m"\ndo = "edit"\n',
            'actions[1].do = "edit" needs something to change',
        ),
        (
            MINIMAL + '[[actions]]\nat = "1m"\ndo = "add_funds"\n',
            "actions[1].quantity must be an amount of coins",
        ),
        (MINIMAL + '[nasty]\nslow_cancel = "soon"\n', "nasty.slow_cancel must be a time span"),
        (MINIMAL + "[switches]\nstop_row = false\n", "switches cannot be used: There is no switch"),
        (MINIMAL + "[market]\nprice_step = 0\n", "market.price_step must be a number above 0"),
    ],
)
def test_a_bad_file_is_one_sentence_that_names_file_key_and_remedy(text: str, said: str) -> None:
    told = sentence(text)

    assert told.startswith("mine.toml: ")
    assert said in told
    assert told.endswith(".")
    assert "\n" not in told


def test_a_file_that_is_no_toml_or_is_not_there_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("prices = [", encoding="utf-8")

    for path, said in ((broken, "is not TOML"), (tmp_path / "absent.toml", "cannot be read")):
        with pytest.raises(BadScript, match=said) as refused:
            read(path)
        assert str(path) in str(refused.value)


def test_numbers_may_be_written_without_quotes() -> None:
    bare = play('prices = [["0s", 0.25]]\n[bot]\npair = "USDT_DOGE"\ntake_profit = 2.5\n')
    quoted = play('prices = [["0s", "0.25"]]\n[bot]\npair = "USDT_DOGE"\ntake_profit = "2.5"\n')

    def without_history(played: Played) -> Any:
        return {k: v for k, v in played.deals[0].items() if k != "prices"}

    assert without_history(bare) == without_history(quoted)


def test_the_page_names_every_action_every_switch_and_every_key_of_the_examples() -> None:
    docs = EXAMPLES[0].parents[2]
    page = (docs / "what-if.md").read_text(encoding="utf-8")
    switches = (docs / "simulators.md").read_text(encoding="utf-8")
    keys = {
        key
        for path in EXAMPLES
        for table in tomllib.loads(path.read_text(encoding="utf-8")).values()
        if isinstance(table, dict)
        for key in table
    }

    assert [do.value for do in Do if f"`{do.value}`" not in page] == []
    assert [name for name in vars(Switches()) if f"`{name}` (" not in switches] == []
    assert [key for key in sorted(keys) if key not in page] == []
