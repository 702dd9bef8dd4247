"""An account's past is read within the plan, kept, and gone on with, out of the simulator."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from recomma.adapters.threecommas.client import ThreeCommas
from recomma.adapters.threecommas.credentials import Credentials
from recomma.ports import NotAllowed, Unreadable
from recomma.rehearse.history import History, Told
from recomma.rehearse.pacing import PacedTransport, seconds_between
from recomma.rehearse.recordings import load
from recomma.simulators.threecommas.answers import Request
from recomma.simulators.threecommas.simulator import Simulator
from recomma.simulators.threecommas.transport import SimulatorTransport
from recomma.simulators.threecommas.what_if import parse, run

URL: Final = "http://source.test"
KEY: Final = "key-of-the-account"
SECRET: Final = "secret-of-the-account"
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
BOT: Final[dict[str, Any]] = {"pair": "USDT_DOGE", "max_safety_orders": 1, "take_profit": "2"}
PRICES: Final = [["0s", "0.25"], ["2m", "0.2575"]]


class FastTime:
    """Time that passes when somebody waits for it."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept_seconds = 0.0
        self.interrupt: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.interrupt()
        self.at += timedelta(seconds=seconds)
        self.slept_seconds += seconds


class Account:
    """A 3Commas account on the starter plan with some finished deals, its limits on."""

    def __init__(self, folder: Path, ages_days: list[int]) -> None:
        self.time = FastTime()
        self.folder = folder
        self.told: list[Told] = []
        self.simulator = Simulator(1)
        self.control("accounts", {"api_key": KEY, "secret": SECRET, "plan": "starter"})
        self.ids = [self.add_deal(f"deal-{n}", age) for n, age in enumerate(ages_days)]
        self.control("limits", {"on": True})

    def control(self, call: str, body: Any) -> None:
        request = Request("POST", f"/_control/{call}", {}, json.dumps(body).encode())
        answer = self.simulator.handle(request, self.time.now())
        assert answer.status == 200, answer.body

    def add_deal(self, name: str, age_days: int) -> int:
        script = parse({"prices": PRICES, "bot": BOT}, source=name, name=name)
        played = run(script, starts_at=NOW - timedelta(days=age_days))
        self.control("bots", [played.bot])
        self.control("deals", list(played.deals))
        return script.first_deal_id

    def history(self) -> History:
        wire = SimulatorTransport(self.simulator, self.time.now)
        session = requests.Session()
        session.mount(URL, PacedTransport("starter", self.time, wire))
        archive = ThreeCommas(URL, Credentials(KEY, SECRET), session=session)
        return History(archive, self.folder, self.time, self.told.append)

    @property
    def statuses(self) -> list[int | None]:
        return [entry["status"] for entry in self.simulator.exchange.log]


def test_only_deals_of_the_last_days_are_read(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [1, 30, 89, 91, 200])

    files = account.history().read(90)

    assert {int(file.stem) for file in files} == set(account.ids[:3])


def test_what_was_read_can_be_rehearsed(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [3, 5])

    found = load(account.history().read(90))

    assert {deal.deal_id for deal in found.deals} == set(account.ids)
    assert all(deal.events for deal in found.deals)


def test_the_plan_of_five_a_minute_is_never_overrun(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", list(range(1, 41)))

    account.history().read(90)

    assert set(account.statuses) == {200}
    assert account.time.slept_seconds == pytest.approx(40 * seconds_between("starter"), rel=0.01)


def test_a_fifth_of_the_plan_is_left_to_others() -> None:
    assert 60 / seconds_between("starter") == pytest.approx(4)
    assert 60 / seconds_between("expert") == pytest.approx(96)


def test_a_reading_that_was_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [1, 2, 3, 4, 5])
    waits = iter(range(3))

    def interrupt() -> None:
        if next(waits, None) is None:
            raise KeyboardInterrupt

    account.time.interrupt = interrupt
    with pytest.raises(KeyboardInterrupt):
        account.history().read(90)
    kept = len(list(account.folder.glob("*.json")))
    account.time.interrupt = lambda: None
    asked = len(account.statuses)
    files = account.history().read(90)

    assert 0 < kept < 5
    assert len(files) == 5
    assert len(account.statuses) - asked == 1 + 5 - kept  # The list, and what was missing.


def test_a_second_reading_asks_for_the_list_alone(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [1, 2])
    account.history().read(90)
    asked = len(account.statuses)

    assert len(account.history().read(90)) == 2
    assert len(account.statuses) - asked == 1


def test_a_refusal_for_speed_is_waited_out(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [1, 2])
    account.control("limits", {"on": True, "per_minute": 2})

    files = account.history().read(90)

    assert len(files) == 2
    assert 429 in account.statuses


def test_a_passing_failure_of_the_server_is_waited_out(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [1])
    account.control("faults", [{"kind": "http", "status": 502, "count": 3}])

    assert len(account.history().read(90)) == 1


def test_a_server_that_stays_away_ends_in_a_sentence_and_what_was_read_is_kept(
    tmp_path: Path,
) -> None:
    account = Account(tmp_path / "kept", [1])
    account.control("faults", [{"kind": "http", "status": 502, "rate": 1, "path": "/public"}])

    with pytest.raises(Unreadable, match="run the same command again"):
        account.history().read(90)


def test_a_key_that_is_refused_is_not_tried_again(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [1])
    account.control("limits", {"plan_refused": True})

    with pytest.raises(NotAllowed):
        account.history().read(90)
    assert len(account.statuses) == 1


def test_progress_is_told_from_the_beginning_to_the_end(tmp_path: Path) -> None:
    account = Account(tmp_path / "kept", [1, 2])

    account.history().read(90)

    assert account.told == [Told(0, 2), Told(1, 2), Told(2, 2)]
