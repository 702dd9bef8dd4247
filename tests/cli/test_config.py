"""`recomma config check` and `apply`: what is wrong is said before anything is stored."""

import pytest
from sqlalchemy import create_engine, text

from recomma.cli.exits import Exit
from tests.cli.running import Place, recomma

ACCOUNT = "0x" + "ab" * 20

WRONG = [
    ("no toml", "venues = [", "TOML"),
    ("an unknown key", '[policy]\nmultiplyer = "2"\n', "did you mean multiplier"),
    ("an unknown table", "[venue]\n", "venue"),
    ("no account", '[[venues]]\nname = "main"\n', "account"),
    ("a short account", '[[venues]]\nname = "main"\naccount = "0x1"\n', "account"),
    ("a strange name", f'[[venues]]\nname = "Main Venue"\naccount = "{ACCOUNT}"\n', "name"),
    ("a name used twice", f'[[venues]]\nname = "a"\naccount = "{ACCOUNT}"\n' * 2, "two venues"),
    ("a multiplier of nothing", "[policy]\nmultiplier = 0\n", "multiplier"),
    ("a multiplier that is no number", "[policy]\nmultiplier = nan\n", "multiplier"),
    ("a leverage of nothing", "[policy]\nleverage = 0\n", "leverage"),
    ("half a leverage", "[policy]\nleverage = 1.5\n", "leverage"),
]


def versions(here: Place) -> int:
    """Count the settings versions that are stored."""
    url = here.settings["RECOMMA_DATABASE_URL"]
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            return int(
                connection.execute(text("SELECT count(*) FROM settings_versions")).scalar_one()
            )
    finally:
        engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_file_that_is_wrong_is_one_sentence_and_changes_nothing(
    good_place: Place, command: str
) -> None:
    before = versions(good_place)
    for what, content, complaint in WRONG:
        path = good_place.config(content)

        said = recomma("config", command, path, settings=good_place.settings)

        assert said.status == Exit.USAGE, what
        assert complaint in said.sentence, what
        assert str(path) in said.sentence, what
    assert versions(good_place) == before


@pytest.mark.slow
def test_a_file_that_is_not_there_is_named(good_place: Place) -> None:
    before = versions(good_place)

    said = recomma("config", "apply", good_place.folder / "none.toml", settings=good_place.settings)

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
def test_apply_stores_a_new_version_each_time(good_place: Place) -> None:
    path, before = good_place.config(), versions(good_place)

    first, second = (
        recomma("config", "apply", path, settings=good_place.settings) for _ in range(2)
    )

    assert (first.status, second.status) == (Exit.OK, Exit.OK)
    assert versions(good_place) == before + 2
    assert first.out != second.out


@pytest.mark.slow
def test_apply_without_a_key_for_a_venue_stores_nothing(good_place: Place) -> None:
    before = versions(good_place)

    said = recomma("config", "apply", good_place.config(), settings=good_place.but(agent_key=""))

    assert said.status == Exit.USAGE
    assert "venue main" in said.sentence
    assert versions(good_place) == before
