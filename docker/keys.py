"""The first container: is this the real thing or the demo, and with which keys and passwords?

Compose cannot say it, because the same services run in both and a profile is not visible to them.
So this decides it once, writes every setting into a file, and all other containers read the files
(RECOMMA_X_FILE). With keys it is the real thing; without keys and with the demo's simulators it is
the demo; with neither, one sentence says what is missing and nothing is started.

The demo has a database and passwords of its own, so it cannot touch what the real thing left.
"""

import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from recomma.config import Settings

PREFIX: Final = "RECOMMA_"
DEMO_VENUE: Final = "demo"
THREECOMMAS: Final = "simulated-threecommas"
HYPERLIQUID: Final = "simulated-hyperliquid"
SIMULATOR_PORT: Final = 8080

# A setting that everybody may know, and one that only those get who trade.
OPEN: Final = (
    *("database_url", "redis_url", "threecommas_url", "threecommas_plan", "threecommas_mode"),
    *("hyperliquid_url", "hyperliquid_network", "budgets"),
)
SECRET: Final = ("threecommas_api_key", "threecommas_secret", "threecommas_private_key")
OWN_SERVERS: Final = ("database_url", "redis_url")


class NotReady(Exception):
    """The containers cannot start; the message is one sentence that says what to do."""


class Mode(StrEnum):
    REAL = "real thing"
    DEMO = "demo"


@dataclass(frozen=True)
class Folders:
    """Where things lie in the container. Each but `given` is a volume of its own."""

    given: Path  # The user's folder: recomma.toml, agents/, a file for each secret. Read only.
    settings: Path
    secrets: Path
    postgres: Path
    redis: Path


IN_CONTAINER: Final = Folders(
    given=Path("/etc/recomma"),
    settings=Path("/run/recomma/settings"),
    secrets=Path("/run/recomma/secrets"),
    postgres=Path("/run/recomma/postgres"),
    redis=Path("/run/recomma/redis"),
)


@dataclass(frozen=True)
class Surroundings:
    """What is there: the user's settings, and which of the other containers run."""

    environment: Mapping[str, str]
    simulators_run: bool
    servers_run: bool

    def value(self, setting: str) -> str:
        return self.environment.get(PREFIX + setting.upper(), "")

    @property
    def given_as(self) -> str:
        """What the user calls the folder with the keys."""
        return self.value("live_folder") or "docker/live"


def prepare(around: Surroundings, folders: Folders) -> Mode:
    """Decide, and write all files. Raises NotReady, and then has changed nothing."""
    mode = choose(around, folders)
    values = demo_values() if mode is Mode.DEMO else real_values(around, folders)
    name = mode.name.lower()
    postgres = password(folders.postgres / "password", readable_by_all=True)
    redis = password(folders.secrets / "redis")
    write(folders.redis / "redis.conf", f"requirepass {redis}\n", readable_by_all=True)
    password(folders.settings / "flower_password", given=around.value("flower_password"))
    own = {
        "database_url": f"postgresql://recomma:{postgres}@postgres:5432/{database(mode)}",
        "redis_url": f"redis://:{redis}@redis:6379/{0 if mode is Mode.REAL else 1}",
    }
    for setting in OPEN:
        write(folders.settings / name / setting, values.get(setting) or own[setting])
    for setting in SECRET:
        hand_on(setting, values, folders.given, folders.secrets / name)
    link(folders.secrets / name / "agents", agents(mode, folders))
    link(folders.settings / "now", Path(name))
    link(folders.secrets / "now", Path(name))
    return mode


def choose(around: Surroundings, folders: Folders) -> Mode:
    """Return what this is. Raises NotReady if it is neither, both, or about to change while up."""
    has_keys = any(around.value(each) or given(around, folders, each) for each in SECRET)
    has_keys = has_keys or (folders.given / "recomma.toml").exists()
    if has_keys and around.simulators_run:
        raise NotReady(
            "There are keys, and the simulators of the demo run: end the demo"
            " (docker compose --profile demo down), or take the keys away for it"
        )
    if not has_keys and not around.simulators_run:
        raise NotReady(no_key(around))
    mode = Mode.REAL if has_keys else Mode.DEMO
    before = folders.settings / "now"
    if around.servers_run and before.is_symlink() and before.readlink().name != mode.name.lower():
        raise NotReady(
            f"The containers that run are not the {mode}'s: end them first (docker compose down)"
        )
    return mode


def no_key(around: Surroundings) -> str:
    return (
        f"There is no 3Commas API key: put it into {around.given_as}/threecommas_api_key"
        " (docs/operations/compose.md); `docker compose --profile demo up` needs no keys"
    )


def given(around: Surroundings, folders: Folders, setting: str) -> bool:
    """Say whether the user put a file of that name into the folder. Raises NotReady."""
    path = folders.given / setting
    try:
        return bool(path.read_text().strip())
    except FileNotFoundError:
        return False
    except OSError as error:
        raise NotReady(
            f"{around.given_as}/{setting} cannot be read in the containers ({error.strerror}):"
            " set RECOMMA_USER to what `echo $(id -u):$(id -g)` prints"
        ) from None


def real_values(around: Surroundings, folders: Folders) -> Mapping[str, str]:
    """Return the settings that do not come from files. Raises NotReady for what is missing."""

    def there(setting: str) -> bool:
        return bool(around.value(setting)) or given(around, folders, setting)

    if not there("threecommas_api_key"):
        raise NotReady(no_key(around))
    if not (there("threecommas_secret") or there("threecommas_private_key")):
        raise NotReady(
            f"There is no 3Commas secret: put it into {around.given_as}/threecommas_secret, or the"
            f" private key into {around.given_as}/threecommas_private_key"
        )
    if not (folders.given / "recomma.toml").is_file():
        raise NotReady(
            f"There is no {around.given_as}/recomma.toml, which names the venues and their bots:"
            f" begin with a copy of {around.given_as}/recomma.toml.example"
        )
    values = {setting: around.value(setting) or default(setting) for setting in OPEN}
    return values | {setting: around.value(setting) for setting in SECRET}


def default(setting: str) -> str:
    """Return the program's own default, or nothing for a setting that has none."""
    if setting in OWN_SERVERS:
        return ""
    value = Settings.model_fields[setting].default
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, Enum) else value)


def demo_values() -> Mapping[str, str]:
    values = {setting: default(setting) for setting in (*OPEN, *SECRET)}
    return values | {
        "threecommas_url": f"http://{THREECOMMAS}:{SIMULATOR_PORT}",
        "threecommas_plan": "expert",
        "threecommas_api_key": "demo",
        "hyperliquid_url": f"http://{HYPERLIQUID}:{SIMULATOR_PORT}",
        "hyperliquid_network": "testnet",
        # Counters without history begin as if much had been spent: a minute in which nothing shows.
        "budgets": "false",
    }


def database(mode: Mode) -> str:
    return "recomma" if mode is Mode.REAL else "recomma_demo"


def agents(mode: Mode, folders: Folders) -> Path:
    """Return the folder of the agent keys; the demo's is made the first time."""
    if mode is Mode.REAL:
        return folders.given / "agents"
    own = folders.secrets / "demo-agents"
    if not (own / DEMO_VENUE).exists():
        write(own / DEMO_VENUE, "0x" + secrets.token_hex(32))
    return own


def hand_on(setting: str, values: Mapping[str, str], user: Path, folder: Path) -> None:
    """Write a secret, or point at the user's own file: what lies on one disk stays in one place."""
    target = folder / setting
    if folder.name == Mode.DEMO.name.lower():
        value = values[setting]
        if setting == "threecommas_secret":
            password(target)
        else:
            write(target, value)
    elif not values[setting] and (user / setting).exists():
        link(target, user / setting)
    else:
        write(target, values[setting])


def password(path: Path, *, given: str = "", readable_by_all: bool = False) -> str:
    """Return the password kept in `path`: the one given, the one of before, or a new one."""
    if not given and path.exists():
        return path.read_text().strip()
    value = given or secrets.token_hex(24)
    write(path, value, readable_by_all=readable_by_all)
    return value


def write(path: Path, text: str, *, readable_by_all: bool = False) -> None:
    """Write the file as a whole: nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o644 if readable_by_all else 0o600)
    new.write_text(text)
    new.replace(path)


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)


def runs(service: str) -> bool:
    """Say whether the service runs: its name is known to the network as long as it does."""
    with contextlib.suppress(socket.gaierror):
        return bool(socket.getaddrinfo(service, None))
    return False


def main() -> int:
    """Exit status 0, or 2 with one sentence on standard error."""
    around = Surroundings(
        os.environ,
        simulators_run=runs(THREECOMMAS) and runs(HYPERLIQUID),
        servers_run=runs("redis"),
    )
    try:
        mode = prepare(around, IN_CONTAINER)
    except NotReady as why:
        sys.stderr.write(f"recomma: {why}.\n")
        return 2
    sys.stdout.write(f"recomma: this is the {mode}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
