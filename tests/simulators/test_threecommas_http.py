"""The two skins: HTTP on a port, and a `requests` session in the same process."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import requests

from recomma.signing.threecommas import sign_hmac
from recomma.simulators.threecommas.server import SimulatorServer
from recomma.simulators.threecommas.simulator import Simulator
from recomma.simulators.threecommas.transport import SimulatorTransport
from tests.simulators.threecommas_world import (
    API_KEY,
    SECRET,
    START,
    finished_deal,
    second,
    text,
)

SERVE = "from recomma.simulators.threecommas.server import serve; serve(port={port})"


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    server = SimulatorServer().start()
    requests.post(f"{server.url}/_control/accounts", json={"api_key": API_KEY, "secret": SECRET})
    yield server
    server.stop()


def signed(path: str) -> dict[str, str]:
    return {"APIKEY": API_KEY, "Signature": sign_hmac(SECRET, path.encode())}


def get(base: str, path: str, session: requests.Session | None = None) -> requests.Response:
    path = f"/public/api/ver1{path}"
    asker = session or requests
    return asker.get(base + path, headers=signed(path), timeout=10)


def test_a_deal_can_be_loaded_and_read_over_http(server: SimulatorServer) -> None:
    clock = {"at": text(second(9)), "speed": 0}
    requests.post(f"{server.url}/_control/clock", json=clock, timeout=10)
    requests.post(f"{server.url}/_control/deals", json=finished_deal(), timeout=10)

    response = get(server.url, "/deals?bot_id=7&scope=active")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert [deal["bought_amount"] for deal in response.json()] == ["200.0"]


def test_one_connection_serves_many_requests(server: SimulatorServer) -> None:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    path = "/public/api/ver1/validate"
    connection.connect()
    first = connection.sock

    for _ in range(5):
        connection.request("GET", path, headers=signed(path))
        assert json.loads(connection.getresponse().read()) == {"valid": True}

    assert connection.sock is first
    connection.close()


def test_the_raw_target_is_what_is_verified(server: SimulatorServer) -> None:
    path = "/public/api/ver1/bots?from=2025-08-04T17%3A07%3A14Z"

    response = requests.get(server.url + path, headers=signed(path), timeout=10)

    assert (response.status_code, response.json()) == (200, [])


def test_a_cut_connection_is_a_connection_error(server: SimulatorServer) -> None:
    fault = {"kind": "close", "count": 1}
    requests.post(f"{server.url}/_control/faults", json=fault, timeout=10)

    with pytest.raises(requests.ConnectionError):
        get(server.url, "/validate")
    assert get(server.url, "/validate").status_code == 200


def test_a_slow_answer_lets_a_client_time_out(server: SimulatorServer) -> None:
    fault = {"kind": "slow", "seconds": 30, "count": 1}
    requests.post(f"{server.url}/_control/faults", json=fault, timeout=10)
    path = "/public/api/ver1/validate"

    with pytest.raises(requests.ReadTimeout):
        requests.get(server.url + path, headers=signed(path), timeout=0.2)
    assert get(server.url, "/validate").status_code == 200  # Others are not held up.


def test_a_bad_gateway_comes_as_html(server: SimulatorServer) -> None:
    fault = {"kind": "http", "status": 502, "count": 1}
    requests.post(f"{server.url}/_control/faults", json=fault, timeout=10)

    response = get(server.url, "/validate")

    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html")


def test_a_port_in_use_is_an_os_error(server: SimulatorServer) -> None:
    with pytest.raises(OSError, match="in use"):
        SimulatorServer(port=server.server_address[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_prints_its_url_and_ends_cleanly_when_told(number: signal.Signals) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", SERVE.format(port=0)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    url = program.stdout.readline().strip()
    idle = requests.Session()  # A connection left open must not keep the program alive.
    assert idle.get(f"{url}/public/api/ver1/ping", timeout=10).json() == {"pong": "pong"}

    program.send_signal(number)
    rest, complaints = program.communicate(timeout=20)
    idle.close()

    assert (program.returncode, rest, complaints) == (0, "", "")


def test_the_program_fails_on_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-c", SERVE.format(port=taken.getsockname()[1])]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode != 0
    assert (ended.stdout, "OSError" in ended.stderr) == ("", True)


def session_of(simulator: Simulator) -> requests.Session:
    session = requests.Session()
    session.mount("https://", SimulatorTransport(simulator, lambda: START))
    session.post(
        "https://sim/_control/accounts", json={"api_key": API_KEY, "secret": SECRET}, timeout=1
    )
    return session


def test_a_session_can_end_in_the_simulator_without_a_port() -> None:
    session = session_of(Simulator())
    session.post("https://sim/_control/deals", json=finished_deal(), timeout=1)

    response = get("https://sim", "/deals/501/show?a=%3A", session)

    assert (response.status_code, response.json()["id"]) == (200, 501)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "slow", "seconds": 11}, requests.ReadTimeout),
        ({"kind": "close", "when": "after"}, requests.ConnectionError),
    ],
)
def test_the_weather_reaches_an_in_process_client(
    fault: dict[str, object], expected: type[Exception]
) -> None:
    session = session_of(Simulator())
    session.post("https://sim/_control/faults", json=fault, timeout=1)

    with pytest.raises(expected):
        get("https://sim", "/validate", session)
