"""The first container decides: the real thing, the demo, or one sentence (docker/keys.py)."""

import stat
from pathlib import Path
from typing import Any, Final

import pytest

from recomma.config import Settings
from recomma.signing.hyperliquid import address_of
from tests.test_compose import loaded

keys: Final = loaded("keys")

API_KEY: Final = "threecommas_api_key"
SECRET: Final = "threecommas_secret"


class Machine:
    """A folder for each volume, and the user's own."""

    def __init__(self, folder: Path) -> None:
        names = ("given", "settings", "secrets", "postgres", "redis")
        self.folders = keys.Folders(**{name: folder / name for name in names})
        for name in names:
            (folder / name).mkdir()

    def give(self, name: str, text: str = "x") -> None:
        (self.folders.given / name).write_text(text)

    def give_everything(self) -> None:
        self.give(API_KEY, "my key\n")
        self.give(SECRET, "my secret\n")
        self.give("recomma.toml", "")

    def up(self, *, demo: bool = False, servers: bool = False, **environment: str) -> str:
        named = {f"RECOMMA_{name.upper()}": value for name, value in environment.items()}
        mode: Any = keys.prepare(keys.Surroundings(named, demo, servers), self.folders)
        return str(mode)

    def setting(self, name: str) -> str:
        return Path(self.folders.settings / "now" / name).read_text().strip()

    def secret(self, name: str) -> str:
        return Path(self.folders.secrets / "now" / name).read_text().strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_with_nothing_it_says_how_to_begin_and_writes_nothing(machine: Machine) -> None:
    with pytest.raises(keys.NotReady, match=r"no 3Commas API key: put it into docker/live/"):
        machine.up()

    assert list(machine.folders.settings.iterdir()) == []
    assert list(machine.folders.secrets.iterdir()) == []


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (API_KEY, "no 3Commas API key"),
        (SECRET, "no 3Commas secret"),
        ("recomma.toml", "no docker/live/recomma.toml"),
    ],
)
def test_each_thing_that_is_missing_has_its_sentence(
    machine: Machine, missing: str, sentence: str
) -> None:
    machine.give_everything()
    (machine.folders.given / missing).unlink()

    with pytest.raises(keys.NotReady, match=sentence):
        machine.up()


def test_an_empty_key_is_a_missing_key(machine: Machine) -> None:
    machine.give_everything()
    machine.give(API_KEY, " \n")

    with pytest.raises(keys.NotReady, match="no 3Commas API key"):
        machine.up()


def test_it_names_the_folder_as_the_user_does(machine: Machine) -> None:
    with pytest.raises(keys.NotReady, match="put it into elsewhere/threecommas_api_key"):
        machine.up(live_folder="elsewhere")


def test_with_keys_it_is_the_real_thing_at_the_real_exchanges(machine: Machine) -> None:
    machine.give_everything()

    assert machine.up() == "real thing"
    assert machine.setting("threecommas_url") == Settings.model_fields["threecommas_url"].default
    assert machine.setting("hyperliquid_network") == "mainnet"
    assert machine.setting("database_url").endswith("@postgres:5432/recomma")
    assert machine.secret(API_KEY) == "my key"


def test_the_keys_of_the_user_are_pointed_at_and_not_copied(machine: Machine) -> None:
    machine.give_everything()

    machine.up()

    target = machine.folders.secrets / "now" / SECRET
    assert target.readlink() == machine.folders.given / SECRET
    agents = machine.folders.secrets / "now" / "agents"
    assert agents.readlink() == machine.folders.given / "agents"


def test_keys_may_come_from_the_environment(machine: Machine) -> None:
    machine.give("recomma.toml", "")

    machine.up(threecommas_api_key="a", threecommas_private_key="b", threecommas_plan="pro")

    assert (machine.secret(API_KEY), machine.secret("threecommas_private_key")) == ("a", "b")
    assert machine.setting("threecommas_plan") == "pro"
    assert machine.secret(SECRET) == ""


def test_servers_of_the_user_take_the_place_of_ours(machine: Machine) -> None:
    machine.give_everything()

    machine.up(database_url="postgresql://u@elsewhere/d", redis_url="redis://elsewhere/3")

    assert machine.setting("database_url") == "postgresql://u@elsewhere/d"
    assert machine.setting("redis_url") == "redis://elsewhere/3"


def test_without_keys_and_with_simulators_it_is_the_demo(machine: Machine) -> None:
    assert machine.up(demo=True) == "demo"

    assert machine.setting("threecommas_url") == "http://simulated-threecommas:8080"
    assert machine.setting("hyperliquid_url") == "http://simulated-hyperliquid:8080"
    assert machine.setting("hyperliquid_network") == "testnet"
    assert len(address_of(machine.secret("agents/demo"))) == 42


def test_budgets_are_off_in_the_demo_and_on_again_for_the_real_thing(machine: Machine) -> None:
    machine.up(demo=True)
    demo = machine.setting("budgets")
    machine.give_everything()

    machine.up()

    assert (demo, machine.setting("budgets")) == ("false", "true")


def test_the_demo_shares_neither_database_nor_queues_with_the_real_thing(machine: Machine) -> None:
    machine.up(demo=True)
    demo = machine.setting("database_url"), machine.setting("redis_url")
    machine.give_everything()

    machine.up()

    real = machine.setting("database_url"), machine.setting("redis_url")
    assert set(demo) & set(real) == set()


def test_the_demo_reaches_no_server_of_the_user(machine: Machine) -> None:
    machine.up(
        demo=True, database_url="postgresql://u@elsewhere/d", redis_url="redis://elsewhere/3"
    )

    assert "elsewhere" not in machine.setting("database_url") + machine.setting("redis_url")


def test_a_demo_with_keys_is_refused(machine: Machine) -> None:
    machine.give_everything()

    with pytest.raises(keys.NotReady, match="There are keys, and the simulators"):
        machine.up(demo=True)


def test_what_runs_is_not_turned_into_the_other(machine: Machine) -> None:
    machine.up(demo=True)
    machine.give_everything()

    with pytest.raises(keys.NotReady, match="docker compose down"):
        machine.up(servers=True)


def test_passwords_stay_the_same_from_start_to_start(machine: Machine) -> None:
    machine.up(demo=True)
    before = machine.setting("database_url"), machine.setting("redis_url"), machine.secret(SECRET)

    machine.up(demo=True, servers=True)

    after = machine.setting("database_url"), machine.setting("redis_url"), machine.secret(SECRET)
    assert after == before


def test_only_the_servers_passwords_can_be_read_by_others(machine: Machine) -> None:
    machine.up(demo=True)

    ours = [*machine.folders.settings.rglob("*"), *machine.folders.secrets.rglob("*")]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in ours if path.is_file()}
    assert modes == {0o600}
    assert (machine.folders.redis / "redis.conf").stat().st_mode & 0o004
    assert (machine.folders.postgres / "password").stat().st_mode & 0o004
