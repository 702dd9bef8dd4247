"""Which accounts stand in for which venues, and what of the settings comes along."""

from decimal import Decimal
from pathlib import Path

import pytest
from click import UsageError

from recomma import config_file
from recomma.config_file import BadConfig, policy_of
from recomma.rehearse.cast import cast, plain, read_venues, usable

FILE = """
[limits]
order_usd = 100

[[venues]]
name = "main"
account = "0x1111111111111111111111111111111111111111"
sub_account = "0x2222222222222222222222222222222222222222"
policy.multiplier = "0.5"

[[venues]]
name = "few"
account = "0x3333333333333333333333333333333333333333"
bots = [7]

[[bots]]
id = 8
policy.leverage = 3

[[pairs]]
bot = 7
venue = "main"
policy.multiplier = "2"
"""


def of_file(tmp_path: Path) -> config_file.ConfigFile:
    path = tmp_path / "recomma.toml"
    path.write_text(FILE)
    return config_file.read(path)


def test_isolated_each_bot_has_an_account_of_its_own() -> None:
    parts = cast(plain(Decimal(1), {}), {7, 8}, shared=False)

    assert [venue.name for venue in parts.venues] == ["bot-7", "bot-8"]
    assert parts.beside(7) == (7,)
    assert set(parts.accounts_of(7)).isdisjoint(parts.accounts_of(8))


def test_shared_all_bots_trade_on_one_account() -> None:
    parts = cast(plain(Decimal(1), {}), {7, 8}, shared=True)

    assert len(parts.venues) == 1
    assert parts.beside(7) == (7, 8)
    assert parts.accounts_of(7) == parts.accounts_of(8)


def test_every_bot_fans_out_to_every_named_venue() -> None:
    venues = {"half": Decimal("0.5"), "double": Decimal(2)}

    parts = cast(plain(Decimal(1), venues), {7}, shared=False)

    assert [venue.name for venue in parts.venues] == ["half-bot-7", "double-bot-7"]
    assert policy_of(parts.config, 7, "double-bot-7").multiplier == 2


@pytest.mark.parametrize("shared", [False, True])
def test_the_settings_hold_for_the_accounts_that_stand_in(tmp_path: Path, shared: bool) -> None:
    parts = cast(of_file(tmp_path), {7, 8}, shared=shared)
    first = "main" if shared else "main-bot-7"
    second = "main" if shared else "main-bot-8"

    assert policy_of(parts.config, 7, first).multiplier == 2
    assert policy_of(parts.config, 8, second).multiplier == Decimal("0.5")
    assert policy_of(parts.config, 8, second).leverage == 3
    assert policy_of(parts.config, 8, second).limits.order_usd == 100


def test_a_venue_stands_in_for_the_bots_that_it_mirrors_alone(tmp_path: Path) -> None:
    parts = cast(of_file(tmp_path), {7, 8}, shared=False)

    assert [r.venue.name for r in parts.roles if r.stands_for == "few"] == ["few-bot-7"]


def test_no_simulated_account_has_the_address_of_a_real_one(tmp_path: Path) -> None:
    for shared in (False, True):
        parts = cast(of_file(tmp_path), {7, 8}, shared=shared)

        real = {"0x" + digit * 40 for digit in "123"}
        assert real.isdisjoint(venue.account for venue in parts.venues)
        assert {v.account for v in parts.config.venues} == {v.account for v in parts.venues}
        assert all(venue.sub_account is None for venue in parts.config.venues)


def test_long_names_end_up_on_accounts_of_their_own() -> None:
    venues = {f"{letter}{'long' * 7}": Decimal(1) for letter in "abc"}

    parts = cast(plain(Decimal(1), venues), {20_000_001, 20_000_002}, shared=False)

    assert len({venue.account for venue in parts.venues}) == 6
    assert all(len(venue.name) <= 32 for venue in parts.venues)


def test_settings_that_mirror_no_rehearsed_bot_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "recomma.toml"
    main, _, _ = FILE.partition("[[bots]]")
    path.write_text(main.replace('policy.multiplier = "0.5"', "bots = [7]"))

    with pytest.raises(BadConfig, match="None of the rehearsed bots"):
        cast(config_file.read(path), {99}, shared=False)


def test_venues_are_read_from_one_word() -> None:
    assert read_venues("half=0.5, double=2") == {"half": Decimal("0.5"), "double": Decimal(2)}


@pytest.mark.parametrize("text", ["", "=1", "a", "a=", "a=x", "A=1", "a=1,a=2", "a=0", "a=nan"])
def test_venues_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_venues(text)


@pytest.mark.parametrize("number", ["0", "-1", "100.1", "NaN"])
def test_a_multiplier_that_no_venue_may_have_is_refused(number: str) -> None:
    with pytest.raises(UsageError):
        usable(Decimal(number))
