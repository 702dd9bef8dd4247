"""The demo as a user meets it: a program with an output, an exit status, and nothing left after it.

Each run gets a temporary folder of its own and a mark in its environment, which all that it starts
inherits; what is found by either afterwards was left behind.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from recomma.demo.script import script
from recomma.demo.words import SHOWN_ROW

PATIENCE_SECONDS = 240
MARK = "TEST_OF_THE_DEMO"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/environ").exists(), reason="finds processes by their environment"
    ),
]


@dataclass
class Run:
    """A demo that was started."""

    program: subprocess.Popen[str]
    folder: Path
    mark: str
    complaints: Path

    def read_to(self, words: str) -> str:
        """Return the output up to the line that has these words."""
        assert self.program.stdout is not None
        read = []
        for line in self.program.stdout:
            read.append(line)
            if words in line:
                return "".join(read)
        raise AssertionError(f"{words!r} was never said: {''.join(read)} {self.stderr()}")

    def end(self) -> tuple[int, str]:
        """Wait for its end; return exit status and the rest of the output."""
        out, _ = self.program.communicate(timeout=PATIENCE_SECONDS)
        return self.program.returncode, out

    def stderr(self) -> str:
        return self.complaints.read_text()

    def remains(self) -> list[str]:
        files = [str(path) for path in self.folder.iterdir()]
        return files + [f"process {pid}" for pid in marked(self.mark)]

    def gone(self) -> bool:
        """Wait until nothing is left: whoever cleans up after a kill needs a moment."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while self.remains() and time.monotonic() < give_up_at:
            time.sleep(0.1)
        return not self.remains()


def marked(mark: str) -> Iterator[int]:
    """Find processes by the mark in their environment; zombies have none."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                yield int(folder.name)


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    runs: list[Run] = []
    watchdogs: list[threading.Timer] = []

    def start_one(*arguments: str, **environment: str) -> Run:
        mark = uuid4().hex
        # Not in tmp_path: the path of a socket in it would be too long for the system.
        folder = Path(tempfile.mkdtemp(prefix="demo-"))
        complaints = tmp_path / f"{mark}.stderr"
        with complaints.open("w") as stderr:
            program = subprocess.Popen(
                [sys.executable, "-m", "recomma.cli", "demo", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=tmp_path,
                env=os.environ | environment | {"TMPDIR": str(folder), MARK: mark},
                start_new_session=True,
            )
        runs.append(Run(program, folder, mark, complaints))
        # What hangs must not make whoever reads its output hang.
        watchdogs.append(threading.Timer(PATIENCE_SECONDS, program.kill))
        watchdogs[-1].start()
        return runs[-1]

    yield start_one
    for watchdog in watchdogs:
        watchdog.cancel()
    for run in runs:
        run.program.kill()
        run.program.wait()
        if run.program.stdout is not None:
            run.program.stdout.close()
        assert run.gone(), run.remains()
        run.folder.rmdir()


def test_two_demos_at_once_end_alike_though_in_one_the_worker_of_orders_is_killed_twice(
    start: Start,
) -> None:
    kept, counted = start("--keep", "--kills", "2"), start("--json", "--kills", "0")

    lines = kept.read_to("It all keeps running until Ctrl-C.")
    stays = kept.read_to("celery -A workers dead-letters list")
    kept.program.send_signal(signal.SIGINT)
    status, _ = kept.end()
    json_status, text = counted.end()

    assert (kept.stderr(), counted.stderr()) == ("", "")
    assert (status, json_status) == (0, 0), lines + text
    assert kept.remains() == counted.remains() == []
    assert_tells_the_story(lines)
    assert "export RECOMMA_DATABASE_URL='postgresql" in stays
    assert_counts(json.loads(text))
    assert_tells_of_two_kills(lines)
    assert_same_report(lines, json.loads(text))


def assert_tells_the_story(lines: str) -> None:
    happenings = re.findall(r"^ *([0-9.]+) s  deal (\d+) (\S+) +(.*)$", lines, re.M)
    assert {int(deal) for _, deal, _, _ in happenings} == {deal.id for deal in script()}
    told = {(int(deal), text) for _, deal, _, text in happenings}
    # An order that rests late fills at what the market has become.
    assert any(deal == 700_001 and text.startswith("safety/1 filled 132 at") for deal, text in told)
    assert (700_001, "take_profit/1 filled 396 at 0.20145") in told
    assert (700_004, "3Commas: panic sell pending") in told
    assert "Everything ended as scripted." in lines
    assert "0 duplicates, 0 dead letters, 0 unexplained differences" in lines


def assert_counts(report: dict[str, object]) -> None:
    assert report["as_scripted"] is True
    assert (report["deals"], report["duplicates"], report["dead_letters"]) == (5, 0, 0)
    assert report["unexplained"] == []
    assert isinstance(report["first_order_after_seconds"], float)


def assert_tells_of_two_kills(lines: str) -> None:
    said = re.findall(r"^ *[0-9.]+ s  the worker of orders (.*)$", lines, re.M)
    assert said == ["was killed (SIGKILL)", "is back"] * 2
    assert "The worker of orders was killed twice (SIGKILL), and was back after " in lines
    assert "Nothing was lost, and nothing was done twice." in lines


def assert_same_report(lines: str, undisturbed: dict[str, Any]) -> None:
    """The report in words has the same legs, fills, positions and differences."""
    assert undisturbed["kills"] == []
    expected = []
    for deal in undisturbed["per_deal"]:
        exits = ", ".join(f"{each['size']} at {each['price']}" for each in deal["exits"]) or "-"
        name = (str(deal["deal_id"]), deal["pair"], deal["source_status"].replace("_", " "))
        counts = (deal["wanted"], deal["placed"], deal["filled"], deal["position"])
        expected += [SHOWN_ROW.format(*name, *counts, exits), f"         {deal['what']}"]
        expected += [
            f"         {each['leg']}: {each['what']} ({each['reason']})"
            for each in deal["differences"]
        ]
    begin = lines.splitlines().index(expected[0])
    assert lines.splitlines()[begin : begin + len(expected)] == expected


def test_ctrl_c_leaves_nothing(start: Start) -> None:
    run = start()
    run.read_to("the market opens")

    run.program.send_signal(signal.SIGINT)
    status, _ = run.end()

    assert status == 130
    assert run.stderr().strip() == "recomma: Interrupted."
    assert run.remains() == []


def test_sigterm_leaves_nothing_and_no_traceback(start: Start) -> None:
    run = start()
    run.read_to("the market opens")

    run.program.terminate()
    status, _ = run.end()

    assert (status, run.stderr()) == (143, "")
    assert run.remains() == []


def test_sigkill_leaves_nothing_after_a_moment(start: Start) -> None:
    run = start()
    run.read_to("base filled")

    run.program.kill()
    run.end()

    assert run.gone(), run.remains()


def test_the_users_own_settings_are_left_alone(start: Start) -> None:
    """With the real keys and addresses the demo would trade between the user's own accounts.

    Nobody listens at these: a demo that used them would mirror nothing.
    """
    run = start(
        RECOMMA_THREECOMMAS_URL="http://127.0.0.1:9",
        RECOMMA_HYPERLIQUID_URL="http://127.0.0.1:9",
        RECOMMA_THREECOMMAS_PRIVATE_KEY="not a key",
        RECOMMA_CLOCK_URL="http://127.0.0.1:9",
    )

    run.read_to("base filled")

    run.program.terminate()
    assert run.end()[0] == 143


def test_a_database_that_was_given_and_does_not_answer_is_one_sentence(start: Start) -> None:
    run = start(RECOMMA_DATABASE_URL="postgresql://nobody:x@127.0.0.1:9/real")

    status, _ = run.end()[:2]

    assert status == 4
    assert run.stderr().count("\n") == 1 and "RECOMMA_DATABASE_URL" in run.stderr()
    assert run.remains() == []


def test_a_reader_that_leaves_is_no_error(start: Start) -> None:
    run = start()
    run.read_to("the market opens")

    assert run.program.stdout is not None
    run.program.stdout.close()
    status = run.program.wait(PATIENCE_SECONDS)

    assert (status, run.stderr()) == (1, "")
    assert run.remains() == []
