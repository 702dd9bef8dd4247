"""The words of `recomma rehearse`: what does not fit together is one sentence, and nothing runs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recomma import embedded
from recomma.cli.exits import Exit
from recomma.simulators.threecommas.what_if import read, run
from recomma.stage.control import Control
from tests.cli.running import recomma, simulator

SCRIPTS = Path(__file__).parents[2] / "docs/examples/what_if"
LONG = SCRIPTS / "long.toml"
SETTINGS = """
[policy]
multiplier = "0.3"

[[venues]]
name = "main"
account = "0x1111111111111111111111111111111111111111"
"""


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "either PATHS or --account"),
        ((LONG, "--account"), "either PATHS or --account"),
        ((LONG, "--multiplier", "much"), "not a number"),
        ((LONG, "--multiplier", "0"), "above 0"),
        ((LONG, "--multiplier", "101"), "at most 100"),
        ((LONG, "--multiplier", "2", "--venues", "a=1"), "one of --multiplier"),
        ((LONG, "--venues", "half"), "NAME=MULTIPLIER"),
        ((LONG, "--venues", "half=0"), "above 0"),
        ((LONG, "--venues", "half=x"), "NAME=MULTIPLIER"),
        ((LONG, "--venues", "half=1,half=2"), "name of its own"),
        ((LONG, "--venues", "Half=1"), "small letters"),
        ((LONG, "--price-shift", "50"), "less than 50 percent"),
        ((LONG, "--switch", "nonsense=on"), "no switch nonsense"),
        ((LONG, "--switch", "gtc_partial"), "NAME=POSITION"),
        ((LONG, "--switch", "gtc_partial=perhaps"), "resting or filled"),
        ((LONG, "--switch", "disorder=perhaps"), "disorder"),
        ((LONG, "--switch", "disorder=off", "--every-switch"), "either --switch or"),
        ((LONG, "--config", "/nowhere.toml"), "cannot be read"),
        ((LONG, "--days", "0"), "--days"),
    ],
)
def test_words_that_do_not_fit_are_one_sentence(
    words: tuple[str | Path, ...], complaint: str
) -> None:
    said = recomma("rehearse", *words)

    assert said.status == Exit.USAGE
    assert said.out == ""
    assert complaint in said.sentence


def test_a_script_with_a_mistake_is_named_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('prices = [["0s", "0"]]\n[bot]\npair = "USDT_DOGE"\n')

    said = recomma("rehearse", path)

    assert said.status == Exit.USAGE
    assert str(path) in said.sentence
    assert "prices" in said.sentence


def test_other_toml_in_a_folder_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "recomma.toml").write_text("[policy]\n")

    said = recomma("rehearse", tmp_path)

    assert said.status == Exit.USAGE
    assert "no recorded deal" in said.err


def test_settings_that_mirror_none_of_the_bots_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "recomma.toml"
    account = "0x" + "1" * 40
    config.write_text(f'[[venues]]\nname = "main"\naccount = "{account}"\nbots = [5]\n')

    said = recomma("rehearse", LONG, "--config", config)

    assert said.status == Exit.USAGE
    assert "None of the rehearsed bots" in said.sentence


def test_an_account_needs_its_key() -> None:
    said = recomma("rehearse", "--account", "--multiplier", "1")

    assert said.status == Exit.USAGE
    assert "RECOMMA_THREECOMMAS_API_KEY is not set" in said.sentence


def test_an_account_needs_a_recomma_toml() -> None:
    said = recomma("rehearse", "--account", "--config", "/nowhere/recomma.toml")

    assert said.status == Exit.USAGE
    assert "/nowhere/recomma.toml" in said.sentence


@pytest.mark.slow
def test_an_accounts_past_is_read_and_rehearsed_with_its_settings(
    servers: embedded.Urls, tmp_path: Path
) -> None:
    config = tmp_path / "recomma.toml"
    config.write_text(SETTINGS)
    with simulator("threecommas") as source:
        source.post("accounts", {"api_key": "key", "secret": "secret", "plan": "expert"})
        load_past(source, ("long", "short"))
        settings = {
            "RECOMMA_DATABASE_URL": servers.database,
            "RECOMMA_THREECOMMAS_URL": source.url,
            "RECOMMA_THREECOMMAS_API_KEY": "key",
            "RECOMMA_THREECOMMAS_SECRET": "secret",
            "RECOMMA_THREECOMMAS_PLAN": "expert",
        }
        words = ("rehearse", "--account", "--config", config, "--cache", tmp_path, "--json")
        said = recomma(*words, settings=settings)
        again = recomma(*words, settings=settings)

    report = json.loads(said.out)
    assert said.status == Exit.OK, said.err
    assert report["deals"] == 2
    assert report["venues"]["main"]["skipped"]["below_minimum"] > 0
    assert any("2 bots stay under $10" in sentence for sentence in report["advice"])
    assert "2 of 2 deals read" in said.err
    assert json.loads(again.out) == report


def load_past(source: Control, names: Sequence[str]) -> None:
    """Let the deals of some examples have happened five days ago."""
    for name in names:
        script = read(SCRIPTS / f"{name}.toml")
        played = run(script, starts_at=datetime.now(UTC) - timedelta(days=5))
        source.post("bots", [played.bot])
        source.post("deals", list(played.deals))
