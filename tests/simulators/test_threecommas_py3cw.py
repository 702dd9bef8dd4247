"""py3cw, which nobody here wrote, talks to the simulator from a child process.

Its base URL is a constant (`py3cw.config.API_URL`), so it is set from outside: a `sitecustomize`
on the child's PYTHONPATH puts another URL there before the program starts. The program itself is
what its author would write.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from recomma.simulators.threecommas.server import SimulatorServer
from tests.simulators.threecommas_world import API_KEY, SECRET, finished_deal, second, text

SITECUSTOMIZE: Final = """
import os
import py3cw.config
py3cw.config.API_URL = os.environ["PY3CW_URL"]
"""

PROGRAM: Final = """
import json, os, sys
from py3cw.request import Py3CW
options = {"nr_of_retries": 0}
client = Py3CW(key=os.environ["KEY"], secret=os.environ["SECRET"], request_options=options)
print(json.dumps([client.request(**call) for call in json.loads(sys.argv[1])]))
"""

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("py3cw") is None, reason="py3cw is not installed here"
)


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    server = SimulatorServer().start()
    for call, body in (
        ("accounts", {"api_key": API_KEY, "secret": SECRET}),
        ("clock", {"at": text(second(9)), "speed": 0}),
        ("deals", finished_deal()),
    ):
        requests.post(f"{server.url}/_control/{call}", json=body, timeout=10)
    yield server
    server.stop()


def ask(server: SimulatorServer, folder: Path, *calls: dict[str, Any]) -> list[Any]:
    """Run a program of its own with py3cw; return what it got for each call: (error, answer)."""
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    search = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(calls)],
        env=os.environ
        | {"PYTHONPATH": search, "PY3CW_URL": server.url, "KEY": API_KEY, "SECRET": SECRET},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[Any] = json.loads(child.stdout)
    return found


def test_py3cw_reads_deals_and_their_orders(server: SimulatorServer, tmp_path: Path) -> None:
    listed, shown, rows = ask(
        server,
        tmp_path,
        {"entity": "deals", "action": "", "payload": {"scope": "active", "limit": 1000}},
        {"entity": "deals", "action": "show", "action_id": "501"},
        {"entity": "bots", "action": ""},
    )

    assert [deal["id"] for deal in listed[1]] == [501]
    assert shown[1]["bought_amount"] == "200.0"
    assert [bot["id"] for bot in rows[1]] == [7]
    assert listed[0] == shown[0] == rows[0] == {}


def test_py3cw_sends_a_command(server: SimulatorServer, tmp_path: Path) -> None:
    [sold] = ask(server, tmp_path, {"entity": "deals", "action": "panic_sell", "action_id": "501"})

    assert sold[1]["status"] == "panic_sell_pending"


def test_py3cw_is_told_of_an_error(server: SimulatorServer, tmp_path: Path) -> None:
    [missing] = ask(server, tmp_path, {"entity": "deals", "action": "show", "action_id": "9"})

    assert missing[0]["status_code"] == 404
