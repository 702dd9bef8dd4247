"""`recomma config`: what is wrong is said before anything is stored; what is stored is shown."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from recomma.cli.exits import Exit
from tests.cli.mirrored import Mirrored
from tests.cli.running import Place, Said, recomma

ACCOUNT = "0x" + "ab" * 20
VENUE = f'[[venues]]\nname = "main"\naccount = "{ACCOUNT}"\n'

WRONG = [
    ("no toml", "venues = [", "TOML"),
    ("an unknown key", '[policy]\nmultiplyer = "2"\n', "did you mean multiplier"),
    ("an unknown table", "[venue]\n", "did you mean venues"),
    ("a limit among the policies", "[policy]\norder_usd = 5\n", "belongs into the table limits"),
    ("a limit without its unit", "[limits]\norder = 5\n", "did you mean order_usd"),
    ("a venue's unknown key", VENUE + "[venues.policy]\nlevrage = 2\n", "venues.main.policy"),
    ("a bot's unknown key", "[[bots]]\nid = 7\n[bots.polcy]\n", "bots.7.polcy"),
    ("no account", '[[venues]]\nname = "main"\n', "venues.main.account"),
    ("a short account", '[[venues]]\nname = "main"\naccount = "0x1"\n', "account"),
    ("a strange name", f'[[venues]]\nname = "Main Venue"\naccount = "{ACCOUNT}"\n', "name"),
    ("a name used twice", f'[[venues]]\nname = "a"\naccount = "{ACCOUNT}"\n' * 2, "two venues"),
    ("an account used twice", VENUE + VENUE.replace("main", "more"), "two venues trade on"),
    ("a venue that is live perhaps", VENUE + 'live = "yes"\n', "venues.main.live"),
    ("bots that are some", VENUE + 'bots = "some"\n', 'must be "all" or a list of bot ids'),
    ("a bot that is no number", VENUE + 'bots = [1, "a"]\n', "list of bot ids"),
    ("a bot of two tables", "[[bots]]\nid = 7\n[[bots]]\nid = 7\n", "bot 7"),
    ("a pair without its venue", '[[pairs]]\nbot = 7\nvenue = "main"\n', "venue main"),
    (
        "a pair that is not mirrored",
        VENUE + 'bots = [8]\n[[pairs]]\nbot = 7\nvenue = "main"\n',
        "bot 7 on main",
    ),
    ("a multiplier of nothing", "[policy]\nmultiplier = 0\n", "multiplier"),
    ("a multiplier that is no number", "[policy]\nmultiplier = nan\n", "multiplier"),
    ("a multiplier that is true", "[policy]\nmultiplier = true\n", "must be a number"),
    ("a multiplier beyond its maximum", '[policy]\nmultiplier = 3\nmax_multiplier = "2"\n', "3"),
    (
        "a pair's multiplier beyond the maximum of all",
        VENUE + '[[pairs]]\nbot = 7\nvenue = "main"\n[pairs.policy]\nmultiplier = 3\n'
        "[policy]\nmax_multiplier = 2\n",
        "pairs.7@main.policy.multiplier: 3 is above max_multiplier 2",
    ),
    ("a leverage of nothing", "[policy]\nleverage = 0\n", "leverage"),
    ("half a leverage", "[policy]\nleverage = 1.5\n", "leverage"),
    ("a leverage that is true", "[policy]\nleverage = true\n", "leverage"),
    ("a stop of another kind", '[policy]\nstop = "never"\n', "'follow' or 'venue_trigger'"),
    ("caps that do not widen", "[policy]\nclose_caps_percent = [1, 1]\n", "must widen"),
    ("no caps", "[policy]\nclose_caps_percent = []\n", "close_caps_percent"),
    ("a disaster of everything", "[policy]\ndisaster_stop_percent = 100\n", "disaster_stop"),
    ("a limit of nothing", "[limits]\ndeal_usd = 0\n", "deal_usd"),
    ("half an open order", "[limits]\nopen_orders = 1.5\n", "open_orders"),
    ("a coin in small letters", '[lists]\ncoins = ["doge"]\n', "doge is not a coin"),
]


def statement(here: Place, sql: str) -> Sequence[Any]:
    url = here.settings["RECOMMA_DATABASE_URL"]
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            return connection.execute(text(sql)).all()
    finally:
        engine.dispose()


def versions(here: Place) -> int:
    """Count the settings versions that are stored."""
    return int(statement(here, "SELECT count(*) FROM settings_versions")[0][0])


def config(here: Place, *arguments: object, **changed: str) -> Said:
    said = recomma("config", *map(str, arguments), settings=here.but(actor="anna", **changed))
    assert "Traceback" not in said.out + said.err, said.err
    return said


def good(here: Place, more: str = "") -> str:
    return f'[[venues]]\nname = "main"\naccount = "{here.account}"\n{more}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "wrong"), [("check", WRONG), ("diff", WRONG[::8]), ("apply", WRONG[::4])]
)
def test_a_file_that_is_wrong_is_one_sentence_and_changes_nothing(
    good_place: Place, command: str, wrong: Sequence[tuple[str, str, str]]
) -> None:
    before = versions(good_place)
    for what, content, complaint in wrong:
        path = good_place.config(content)

        said = config(good_place, command, path)

        assert said.status == Exit.USAGE, what
        assert complaint in said.sentence, what
        assert str(path) in said.sentence, what
    assert versions(good_place) == before


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "diff", "apply"])
def test_a_file_that_is_not_there_is_named(good_place: Place, command: str) -> None:
    before = versions(good_place)

    said = config(good_place, command, good_place.folder / "none.toml")

    assert said.status == Exit.USAGE
    assert "none.toml cannot be read" in said.sentence
    assert versions(good_place) == before


@pytest.mark.slow
def test_check_needs_no_server_and_stores_nothing(good_place: Place) -> None:
    before = versions(good_place)

    said = recomma("config", "check", good_place.config())

    assert (said.status, said.err) == (Exit.OK, "")
    assert "1 venues" in said.out
    assert versions(good_place) == before


@pytest.mark.slow
def test_apply_stores_a_new_version_if_anything_is_new(good_place: Place) -> None:
    path, before = (
        good_place.config(good(good_place, "[policy]\nleverage = 3\n")),
        versions(good_place),
    )

    first, again = (config(good_place, "apply", path) for _ in range(2))

    assert (first.status, again.status) == (Exit.OK, Exit.OK)
    assert versions(good_place) == before + 1
    assert "nothing changes" in again.out


@pytest.mark.slow
def test_apply_without_a_key_for_a_venue_stores_nothing(good_place: Place) -> None:
    before = versions(good_place)

    said = config(good_place, "apply", good_place.config(), agent_key="")

    assert said.status == Exit.USAGE
    assert "venue main" in said.sentence
    assert versions(good_place) == before


@pytest.mark.slow
def test_diff_says_what_apply_would_change_and_history_what_it_changed(good_place: Place) -> None:
    config(good_place, "apply", good_place.config(good(good_place, "[policy]\nleverage = 2\n")))
    path = good_place.config(good(good_place, '[policy]\nmultiplier = "0.5"\n'))

    differs = config(good_place, "diff", path)
    applied = json.loads(config(good_place, "apply", path, "--json").out)
    same = config(good_place, "diff", path)
    history = json.loads(config(good_place, "history", "--json").out)

    assert differs.status == Exit.FAILED
    assert "policy.leverage    2 -> not set" in differs.out
    assert "policy.multiplier  not set -> 0.5" in differs.out
    assert (same.status, "nothing changes" in same.out) == (Exit.OK, True)
    wanted = [
        {"key": "policy.leverage", "before": 2, "after": None},
        {"key": "policy.multiplier", "before": None, "after": "0.5"},
    ]
    assert applied["changes"] == wanted
    assert [(each["actor"], each["changes"]) for each in history][-1] == ("anna", wanted)
    assert "by anna" in config(good_place, "history").out


@pytest.mark.slow
def test_show_says_what_holds_for_a_bot_on_a_venue_and_who_says_so(good_place: Place) -> None:
    more = (
        "[venues.policy]\nleverage = 3\n[venues.limits]\norder_usd = 50\n"
        '[policy]\nmultiplier = "0.5"\nleverage = 2\n[limits]\norder_usd = 20\ndeal_usd = 100\n'
        '[lists]\ndeny_coins = ["DOGE"]\n[[bots]]\nid = 7\n[bots.policy]\nmultiplier = 2\n'
        '[[pairs]]\nbot = 7\nvenue = "main"\n[pairs.limits]\ndeal_usd = 70\n'
    )
    config(good_place, "apply", good_place.config(good(good_place, more)))

    of_bot = json.loads(config(good_place, "show", "--bot", 7, "--json").out)["main"]
    any_bot = json.loads(config(good_place, "show", "--json").out)["main"]
    shown = config(good_place, "show", "--venue", "main").out

    found = {knob["key"]: (knob["value"], knob["from"]) for knob in of_bot}
    assert found["policy.multiplier"] == ("2", "bots.7")
    assert found["policy.leverage"] == (3, "venues.main")
    assert found["policy.stop"] == ("follow", "default")
    assert found["limits.order_usd"] == ("50", "venues.main")
    assert found["limits.deal_usd"] == ("70", "pairs.7@main")
    assert found["limits.total_usd"] == (None, "default")
    assert found["lists.deny_coins"] == (["DOGE"], "lists")
    assert {k["key"]: k["value"] for k in any_bot}["policy.multiplier"] == "0.5"
    assert "any bot on main" in shown
    assert config(good_place, "show", "--venue", "nowhere").status == Exit.NOT_FOUND
    assert config(good_place, "show", "--bot", "seven").status == Exit.USAGE


@pytest.mark.slow
def test_a_venue_starts_in_dry_run_unless_it_may_go_live(good_place: Place) -> None:
    path = good_place.config(good(good_place, "live = true\n"))

    said = config(good_place, "apply", path)

    assert (said.status, said.err) == (Exit.OK, "")
    assert "venue main starts in dry run: " in said.out
    assert "limits.order_usd, limits.deal_usd, limits.total_usd" in said.out
    assert [tuple(row) for row in statement(good_place, "SELECT live FROM venues")] == [(False,)]


@pytest.mark.slow
def test_a_new_venue_with_limits_goes_live_if_the_file_says_so(good_place: Place) -> None:
    limits = "[limits]\norder_usd = 50\ndeal_usd = 100\ntotal_usd = 500\n"
    path = good_place.config(good(good_place, f"live = true\n{limits}"))

    said = config(good_place, "apply", path)

    assert (said.status, said.err) == (Exit.OK, "")
    assert [tuple(row) for row in statement(good_place, "SELECT live FROM venues")] == [(True,)]


@pytest.mark.slow
def test_live_in_the_file_changes_no_venue_that_exists_and_says_so(good_place: Place) -> None:
    config(good_place, "apply", good_place.config())

    said = config(good_place, "apply", good_place.config(good(good_place, "live = true\n")))

    assert said.status == Exit.OK
    assert "venue main stays in dry run" in said.out
    assert "recomma venues live main" in said.out


def test_a_venue_that_has_traded_keeps_its_account(ledger: Mirrored, tmp_path: Path) -> None:
    path = tmp_path / "recomma.toml"
    path.write_text(f'[[venues]]\nname = "here"\naccount = "{ACCOUNT}"\n')
    key = {"RECOMMA_AGENT_KEY": "0x" + "22" * 32, "RECOMMA_HYPERLIQUID_NETWORK": "testnet"}
    before = ledger.untouched()

    said = recomma("config", "apply", path, settings={**ledger.settings, **key})

    assert said.status == Exit.USAGE
    assert "venue here has traded on 0xaa" in said.sentence
    assert ledger.untouched() == before


def test_a_venue_draws_a_tag_and_keeps_it_until_the_file_names_one(good_place: Place) -> None:
    text_of = f'[[venues]]\nname = "main"\naccount = "{good_place.account}"\n'
    recomma("config", "apply", good_place.config(text_of), settings=good_place.settings)
    drawn = _tag(good_place)
    also = f"{text_of}accept_foreign = true\n"
    recomma("config", "apply", good_place.config(also), settings=good_place.settings)
    kept = _tag(good_place)

    recomma(
        "config", "apply", good_place.config(f"{text_of}tag = 4711\n"), settings=good_place.settings
    )

    assert 1 <= drawn <= 65535
    assert (kept, _tag(good_place)) == (drawn, 4711)


def _tag(place: Place) -> int:
    engine = create_engine(place.settings["RECOMMA_DATABASE_URL"])
    try:
        with engine.connect() as connection:
            found: int = connection.execute(text("SELECT tag FROM venues")).scalar_one()
            return found
    finally:
        engine.dispose()
