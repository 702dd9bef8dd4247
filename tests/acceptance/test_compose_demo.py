"""`docker compose --profile demo up` from a fresh clone, on a real engine: `make compose-test`.

Needs a Docker Engine with Compose, and some minutes for the image. Skipped otherwise.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
import requests

Found = TypeVar("Found")

pytestmark = pytest.mark.skipif(
    "RECOMMA_COMPOSE_TEST" not in os.environ,
    reason="needs a Docker Engine and minutes: make compose-test (RECOMMA_COMPOSE_TEST=1)",
)

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = f"recomma-test-{os.getpid()}"
BUILD_SECONDS: Final = 1800
GIVE_UP_SECONDS: Final = 300
"""A machine may be slow; what has not happened by then will not."""
ONCE: Final = {"keys", "migrate"}
REFUSAL: Final = "No such weather on this exchange."
DEAD_LETTERS: Final = ("celery", "-A", "workers", "dead-letters")


class Containers:
    """The project's containers, under a name of their own, from a clone of what is committed."""

    def __init__(self, clone: Path, name: str) -> None:
        self._clone = clone
        self._name = name
        ours = ("RECOMMA_", "COMPOSE_")
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        self._environment |= {"RECOMMA_FLOWER_PORT": "0", "RECOMMA_METRICS_PORT": "0"}

    def compose(self, *words: str, seconds: int = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "compose", "--project-name", self._name, "--profile", "demo", *words],
            cwd=self._clone,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def plain(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Without the demo's profile."""
        return subprocess.run(
            ["docker", "compose", "--project-name", self._name, *words],
            cwd=self._clone,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def said(self, *words: str) -> str:
        done = self.compose(*words)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def inside(self, service: str, *words: str) -> str:
        return self.said("exec", "-T", service, *words)

    def query(self, statement: str) -> list[str]:
        psql = ("psql", "-h", "/var/run/postgresql", "-U", "recomma", "-d", "recomma_demo")
        return self.inside("postgres", *psql, "-Atc", statement).split()

    def states(self) -> dict[str, dict[str, Any]]:
        lines = self.said("ps", "--all", "--format", "json").splitlines()
        return {row["Service"]: row for row in map(json.loads, lines)}

    def order_to_refuse(self, count: int) -> None:
        fault = [{"kind": "refuse", "text": REFUSAL, "count": count}]
        url = "http://simulated-hyperliquid:8080/_control/faults"
        code = f"import requests; requests.post({url!r}, json={fault!r}).raise_for_status()"
        self.inside("market", "python", "-c", code)

    def letters(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.inside("worker-orders", *DEAD_LETTERS, "list", "--json")
        )
        return found

    def queues(self) -> dict[str, int]:
        """Return what Flower's API says of each queue."""
        password = self.inside("flower", "cat", "/run/recomma/settings/flower_password").strip()
        url = f"http://{self.flower()}/api/queues/length"
        answer = requests.get(url, auth=("recomma", password), timeout=30)
        answer.raise_for_status()
        return {row["name"]: row["messages"] for row in answer.json()["active_queues"]}

    def flower(self) -> str:
        return self.said("port", "flower", "5555").strip()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("docker") is None or shutil.which("git") is None:
        pytest.skip("docker or git is not installed on this machine")
    asked = subprocess.run(["docker", "info"], capture_output=True, check=False)
    if asked.returncode != 0:
        pytest.skip("no Docker Engine answers on this machine")
    folder = tmp_path_factory.mktemp("clone") / "recomma"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)
    return folder


@pytest.fixture(scope="module")
def demo(clone: Path) -> Iterator[Containers]:
    containers = Containers(clone, PROJECT)
    try:
        up = containers.compose("up", "--build", "--detach", "--wait", seconds=BUILD_SECONDS)
        assert up.returncode == 0, up.stderr[-3000:] + containers.compose("logs").stdout[-6000:]
        yield containers
    finally:
        containers.compose("down", "--volumes", "--timeout", "30")


def until(look: Callable[[], Found], what: str) -> Found:
    """Look until there is something. Raises AssertionError when there never is."""
    started = time.monotonic()
    while not (found := look()):
        assert time.monotonic() - started < GIVE_UP_SECONDS, f"{what}: it does not happen"
        time.sleep(1)
    return found


def test_without_keys_and_demo_one_sentence_says_what_is_missing(clone: Path) -> None:
    containers = Containers(clone, f"{PROJECT}-bare")
    try:
        up = containers.plain("up", "--build")
        states = containers.states()
    finally:
        containers.compose("down", "--volumes")

    sentences = [line for line in up.stderr.splitlines() if "| recomma: " in line]
    assert up.returncode != 0
    assert len(sentences) == 1
    assert "There is no 3Commas API key" in sentences[0]
    assert {name for name, row in states.items() if row["State"] != "created"} == {"keys"}


def test_every_container_is_healthy(demo: Containers) -> None:
    states = demo.states()

    ended = {name: row["ExitCode"] for name, row in states.items() if name in ONCE}
    assert ended == dict.fromkeys(ONCE, 0)
    health = {name: row["Health"] for name, row in states.items() if name not in ONCE}
    assert set(health.values()) == {"healthy"}, health


def test_orders_are_mirrored(demo: Containers) -> None:
    filled = "SELECT DISTINCT split_part(leg, '/', 1) FROM mirror_orders WHERE state = 'filled'"

    until(lambda: {"base", "safety", "take_profit"} <= set(demo.query(filled)), "orders fill")


def test_no_order_is_there_twice(demo: Containers) -> None:
    url = "http://simulated-hyperliquid:8080/_control/state"
    code = f"import requests; print(requests.get({url!r}).text)"
    told = json.loads(demo.inside("market", "python", "-c", code))

    cloids = [row["cloid"] for account in told["accounts"].values() for row in account["orders"]]
    assert len(cloids) == len(set(cloids)) > 0


def test_flower_shows_five_queues_to_whoever_has_the_password(demo: Containers) -> None:
    five = {"deals", "orders", "take_profit", "maintenance", "dead_letters"}

    until(lambda: set(demo.queues()) == five, "Flower shows the queues")
    assert requests.get(f"http://{demo.flower()}/api/queues/length", timeout=30).status_code == 401


def test_the_metrics_are_scraped_from_this_machine_and_those_of_workers_from_inside(
    demo: Containers,
) -> None:
    address = demo.said("port", "metrics", "9464").strip()
    code = "import requests; print(requests.get('http://worker-orders:9464/metrics').text)"

    shown = requests.get(f"http://{address}/metrics", timeout=30).text
    counted = demo.inside("market", "python", "-c", code)

    assert 'recomma_server_answers{server="postgres"} 1.0' in shown
    assert 'recomma_queue_depth{queue="dead_letters"}' in shown
    assert 'recomma_steps_total{how="done",step="submit"}' in counted


def test_a_dead_letter_is_listed_shown_requeued_and_done(demo: Containers) -> None:
    demo.order_to_refuse(1)

    letter = until(demo.letters, "a dead letter")[0]
    shown = demo.inside("worker-orders", *DEAD_LETTERS, "show", str(letter["id"]))
    until(lambda: demo.queues()["dead_letters"] == 1, "Flower shows the letter")
    demo.inside("worker-orders", *DEAD_LETTERS, "requeue", str(letter["id"]))

    assert (letter["reason"], REFUSAL in shown) == ("unknown_refusal", True)
    assert demo.letters() == []
    until(lambda: demo.queues()["dead_letters"] == 0, "Flower shows no letter")


def test_a_worker_that_dies_comes_back_and_goes_on(demo: Containers) -> None:
    done = "SELECT count(*) FROM mirror_orders WHERE state = 'filled'"
    demo.compose(
        "exec", "-T", "worker-orders", "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)"
    )
    before = int(demo.query(done)[0])

    until(lambda: demo.states()["worker-orders"].get("Health") == "healthy", "it is healthy again")
    until(lambda: int(demo.query(done)[0]) > before, "orders fill again")


def test_a_worker_that_was_ended_by_hand_starts_with_the_next_up(demo: Containers) -> None:
    demo.said("kill", "worker-take-profit", "worker-general")

    up = demo.compose("up", "--detach", "--wait")

    assert up.returncode == 0, up.stderr[-3000:]
    assert demo.states()["worker-take-profit"]["Health"] == "healthy"


def test_nothing_is_left_when_it_is_taken_down(demo: Containers) -> None:
    demo.said("down", "--volumes", "--timeout", "30")

    for what in ("container", "volume", "network"):
        label = f"label=com.docker.compose.project={PROJECT}"
        listed = ["docker", what, "ls", "--quiet", "--filter", label]
        left = subprocess.run(
            [*listed, "--all"] if what == "container" else listed,
            capture_output=True,
            text=True,
            check=True,
        )
        assert left.stdout == "", what
