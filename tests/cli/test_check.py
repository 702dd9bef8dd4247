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
    assert [text[:3] for text in said.out.splitlines()] == ["ok "] * 8
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


def test_the_worst_delay_of_a_stop_is_told_for_the_plan(good_place: Place) -> None:
    recomma("config", "apply", good_place.config(), settings=good_place.settings)

    starter, expert = (
        line(check(good_place.but(threecommas_plan=plan)), "stops")
        for plan in ("starter", "expert")
    )

    assert "up to 90 s" in starter
    assert "up to 62 s" in expert


def test_stops_that_rest_on_the_venue_have_no_delay(good_place: Place) -> None:
    more = '[venues.policy]\nstop = "venue_trigger"\n'
    recomma("config", "apply", applied_with(good_place, more), settings=good_place.settings)

    assert "a stop order rests" in line(check(good_place.settings), "stops")


def applied_with(here: Place, more: str) -> Path:
    return here.config(f'[[venues]]\nname = "main"\naccount = "{here.account}"\n{more}')


def test_somebody_elses_order_is_a_failed_check_unless_it_is_accepted(good_place: Place) -> None:
    recomma("config", "apply", good_place.config(), settings=good_place.settings)
    good_place.venue.post("prices", {"DOGE": [["2020-01-01T00:00:00+00:00", "0.2"]]})
    order = {"coin": "DOGE", "side": "buy", "size": "100", "price": "0.15"}
    good_place.venue.post("act", [{"address": good_place.account, **order}])

    refused = check(good_place.settings)
    path = applied_with(good_place, "accept_foreign = true\n")
    recomma("config", "apply", path, settings=good_place.settings)
    accepted = check(good_place.settings)

    assert refused.status == Exit.FAILED
    assert "1 order beside ours" in line(refused, "venue main")
    assert accepted.status == Exit.OK
    assert "1 order beside ours" in line(accepted, "venue main")


def test_a_sub_account_has_to_be_the_accounts_own(good_place: Place) -> None:
    sub, stranger = "0x" + "5a" * 20, "0x" + "5b" * 20
    good_place.venue.post("accounts", [{"address": sub, "master": good_place.account}])
    good_place.venue.post("accounts", [{"address": stranger, "balance": "1"}])

    found = []
    for address in (sub, stranger):
        path = applied_with(good_place, f'sub_account = "{address}"\n')
        recomma("config", "apply", path, settings=good_place.settings)
        found.append(check(good_place.settings))

    assert [said.status for said in found] == [Exit.OK, Exit.FAILED]
    assert "is no sub-account of" in line(found[1], "venue main")


def test_a_venue_that_trades_with_money_has_limits(good_place: Place) -> None:
    settings = good_place.but(hyperliquid_network="mainnet")
    limits = "live = true\n[limits]\norder_usd = 5\ndeal_usd = 6\ntotal_usd = 7\n"
    recomma("config", "apply", applied_with(good_place, limits), settings=settings)

    with_limits = check(settings)
    recomma("config", "apply", good_place.config(), settings=settings)
    without = check(settings)

    assert "live" in line(with_limits, "venue main")
    assert with_limits.status == Exit.OK
    assert without.status == Exit.FAILED
    assert "live without limits.order_usd" in line(without, "venue main")


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
