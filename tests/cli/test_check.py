"""`recomma check` against exchanges that are right, and against each thing that can be wrong."""

import json
import socketserver
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from recomma import embedded
from recomma.cli.exits import Exit
from tests.cli.running import NOBODY, Exchanges, Place, Said, place, recomma

pytestmark = pytest.mark.slow


def check(settings: Mapping[str, str]) -> Said:
    said = recomma("check", settings=settings)
    assert "Traceback" not in said.err + said.out
    return said


def line(said: Said, what: str) -> str:
    """Return the line about one thing."""
    found = [text for text in said.out.splitlines() if text[4:].startswith(f"{what}:")]
    assert len(found) == 1, said.out
    return found[0]


def test_everything_right_is_one_line_each_and_ends_with_0(good_place: Place) -> None:
    applied = recomma("config", "apply", good_place.config(), settings=good_place.settings)
    assert applied.status == Exit.OK, applied.err

    said = check(good_place.settings)

    assert (said.status, said.err) == (Exit.OK, "")
    assert [text[:3] for text in said.out.splitlines()] == ["ok "] * 6
    assert "dry run" in line(said, "venue main")


def test_the_same_in_json(good_place: Place) -> None:
    recomma("config", "apply", good_place.config(), settings=good_place.settings)

    said = recomma("check", "--json", settings=good_place.settings)

    told: list[dict[str, Any]] = json.loads(said.out)
    assert said.status == Exit.OK
    assert all(found["ok"] for found in told)
    assert [found["check"] for found in told][-1] == "venue main"


def test_no_venue_at_all_is_a_failed_check(good_place: Place) -> None:
    said = check(good_place.settings)

    assert said.status == Exit.FAILED
    assert "recomma config apply" in line(said, "venues")


def test_a_wrong_api_key_is_a_failed_check(good_place: Place) -> None:
    said = check(good_place.but(threecommas_api_key="another"))

    assert said.status == Exit.FAILED
    assert line(said, "threecommas").startswith("BAD")
    assert line(said, "database").startswith("ok")


def test_a_wrong_secret_is_a_failed_check(good_place: Place) -> None:
    said = check(good_place.but(threecommas_secret="another"))

    assert said.status == Exit.FAILED
    assert line(said, "threecommas").startswith("BAD")


def test_no_api_key_is_a_bad_setting(good_place: Place) -> None:
    said = check(good_place.but(threecommas_api_key=""))

    assert said.status == Exit.USAGE
    assert "RECOMMA_THREECOMMAS_API_KEY" in line(said, "threecommas")


@pytest.mark.parametrize(
    ("setting", "what"), [("threecommas_url", "threecommas"), ("hyperliquid_url", "hyperliquid")]
)
def test_an_exchange_that_nobody_serves_is_not_reachable(
    good_place: Place, setting: str, what: str
) -> None:
    said = check(good_place.but(**{setting: NOBODY}))

    assert said.status == Exit.NOT_REACHABLE
    assert line(said, what).startswith("BAD")


def test_a_host_name_that_does_not_exist_is_not_reachable(good_place: Place) -> None:
    said = check(good_place.but(threecommas_url="http://3commas.invalid"))

    assert said.status == Exit.NOT_REACHABLE
    assert line(said, "threecommas").startswith("BAD")


def test_redis_away_is_not_reachable(good_place: Place) -> None:
    said = check(good_place.but(redis_url="redis://127.0.0.1:9/0"))

    assert said.status == Exit.NOT_REACHABLE
    assert "RECOMMA_REDIS_URL" in line(said, "redis")


def test_the_database_away_is_not_reachable(good_place: Place) -> None:
    said = check(good_place.but(database_url="postgresql://nobody@127.0.0.1:9/none"))

    assert said.status == Exit.NOT_REACHABLE
    assert "RECOMMA_DATABASE_URL" in line(said, "database")
    assert line(said, "threecommas").startswith("ok")


def test_a_database_that_is_not_migrated_says_what_to_run(
    exchanges: Exchanges, servers: embedded.Urls, empty_database_url: str, tmp_path: Path
) -> None:
    here = place(exchanges, servers, empty_database_url, tmp_path)

    said = check(here.settings)

    assert said.status == Exit.USAGE
    assert "recomma migrate" in line(said, "database")


def test_an_agent_that_the_account_has_not_approved_is_a_failed_check(good_place: Place) -> None:
    recomma("config", "apply", good_place.config(), settings=good_place.settings)

    said = check(good_place.but(agent_key="0x" + "22" * 32))

    assert said.status == Exit.FAILED
    assert "agent" in line(said, "venue main")


def test_an_agent_key_that_is_no_key_is_a_bad_setting(good_place: Place) -> None:
    recomma("config", "apply", good_place.config(), settings=good_place.settings)

    said = check(good_place.but(agent_key="0xnonsense"))

    assert said.status == Exit.USAGE
    assert "venue main" in line(said, "venue main")
    assert "nonsense" not in said.out + said.err


@pytest.mark.parametrize("kind", ["http_502_html", "http_429"])
def test_a_venue_that_answers_with_errors_is_not_reachable(good_place: Place, kind: str) -> None:
    good_place.venue.post("faults", [{"kind": kind}])

    said = check(good_place.settings)

    assert said.status == Exit.NOT_REACHABLE
    assert line(said, "hyperliquid").startswith("BAD")


class _Mumbling(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("setting", "what"), [("threecommas_url", "threecommas"), ("hyperliquid_url", "hyperliquid")]
)
def test_a_server_that_speaks_no_http_is_not_reachable(
    good_place: Place, setting: str, what: str
) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mumbling) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        said = check(good_place.but(**{setting: f"http://127.0.0.1:{server.server_address[1]}"}))
        server.shutdown()
        thread.join()

    assert said.status == Exit.NOT_REACHABLE
    assert line(said, what).startswith("BAD")


def test_a_venue_clock_that_is_off_is_a_failed_check(good_place: Place) -> None:
    good_place.venue.post("clock", {"at": "2031-05-06T07:08:09+00:00", "speed": 0})

    said = check(good_place.settings)

    assert said.status == Exit.FAILED
    assert "clock" in line(said, "hyperliquid")


def test_a_plan_without_reads_is_told_apart_from_a_rate_limit(good_place: Place) -> None:
    good_place.source.post("accounts", {"api_key": "key", "secret": "made-up", "plan": "none"})

    said = check(good_place.settings)

    assert said.status == Exit.FAILED
    assert "plan" in line(said, "threecommas")
