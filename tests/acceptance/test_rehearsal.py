"""Whole rehearsals, judged by rules that know nothing of the program (rehearsal_checks.py)."""

import json
import subprocess
import sys
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recomma import embedded
from tests.acceptance.recorded import read_folder
from tests.acceptance.rehearsal_checks import check
from tests.acceptance.test_rehearsal_alone import said as in_one_process

OURS = Path(__file__).parent / "recordings"
SHARED = Path(__file__).parents[2] / "../shared/reference/fixtures/threecommas"
PATIENCE_SECONDS = 3600
"""Only ends a test that would hang."""


def rehearse(folder: Path) -> tuple[str, str]:
    """Return what a rehearsal printed, and what else it said. It must end with 0."""
    told = subprocess.run(
        [sys.executable, "-m", "recomma.cli", "rehearse", str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert told.returncode == 0, told.stderr or told.stdout
    return told.stdout, told.stderr


def parsed(printed: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(printed, parse_float=Decimal)
    return report


@pytest.fixture(scope="module")
def printed() -> str:
    """The report about six deals of our own: one of each kind, each on a market of its own."""
    report, said = rehearse(OURS)
    assert said == ""
    return report


@pytest.fixture
def ours(printed: str) -> dict[str, Any]:
    return parsed(printed)


@pytest.mark.slow
def test_without_celery_the_report_is_the_same_to_the_byte(
    printed: str, servers: embedded.Urls
) -> None:
    assert in_one_process(servers, OURS) == printed


@pytest.mark.slow
def test_every_kind_of_deal_is_mirrored_as_its_recording_promises(ours: dict[str, Any]) -> None:
    assert check(ours, read_folder(OURS)).wrong == []


@pytest.mark.slow
def test_no_recording_of_ours_needs_tolerance(ours: dict[str, Any]) -> None:
    tally = check(ours, read_folder(OURS)).tally

    assert (tally.not_placed, tally.not_filled, tally.notes) == ([], [], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leg", "change", "complaint"),
    [
        ("safety/2", {"price": "0.1"}, "safety/2"),
        ("safety/2", {"cloids": [], "state": "skipped", "why": "too_far"}, "not placed"),
        ("take_profit/1", {"state": "refused"}, "an exit was refused"),
        ("take_profit/1", {"reduce_only": False}, "reduce_only"),
        ("base", {"filled": "99"}, "more than"),
        ("base", {"side": "sell"}, "side sell"),
    ],
)
def test_a_report_that_was_tampered_with_is_found_out(
    ours: dict[str, Any], leg: str, change: dict[str, Any], complaint: str
) -> None:
    tampered = deepcopy(ours)
    deal = next(d for d in tampered["per_deal"] if d["source_status"] == "completed")
    next(order for order in deal["orders"] if order["leg"] == leg).update(change)

    assert any(complaint in wrong for wrong in check(tampered, read_folder(OURS)).wrong)


@pytest.mark.slow
def test_a_deal_missing_from_a_report_is_found_out(ours: dict[str, Any]) -> None:
    shorter = ours | {"per_deal": ours["per_deal"][1:]}

    assert any("not in the report" in wrong for wrong in check(shorter, read_folder(OURS)).wrong)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared recordings are not beside the project")
def test_every_shared_recording_is_mirrored_as_it_promises(request: pytest.FixtureRequest) -> None:
    if "slow" not in request.config.option.markexpr:
        pytest.skip("takes many minutes: run it with -m slow, or make rehearse DIR=folder")
    report, _ = rehearse(SHARED)

    assert check(parsed(report), read_folder(SHARED)).wrong == []
