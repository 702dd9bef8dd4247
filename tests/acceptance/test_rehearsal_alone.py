"""Rehearsals in one process, and every way to vary one."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recomma import embedded
from tests.cli.child import command
from tests.cli.running import FORKS

ROOT = Path(__file__).parents[2]
OURS = Path(__file__).parent / "recordings"
SCRIPTS = ROOT / "docs/examples/what_if"
THREE = [
    OURS / f"{name}.json"
    for name in (
        "bought_after_the_first_of_two_targets",
        "completed_after_two_safeties",
        "stopped_after_all_safeties",
    )
]
SHAPES = [
    SCRIPTS / f"{name}.toml"
    for name in (
        *("four_targets", "futures", "limit_base", "manual_safety", "panic_sell"),
        *("repeated_take_profit", "short", "thousands", "trailing_stop"),
    )
]
"""Scripts whose deals take different ways through the pipeline; all of them take a minute."""
PATIENCE_SECONDS = 1800
"""Only ends a test that would hang."""
ENDED = {"completed", "stop_loss_finished"}

Rehearse = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.slow


@pytest.fixture
def rehearse(servers: embedded.Urls) -> Rehearse:
    """Rehearse in one process on a database that stands already; it must end with 0."""

    def run(*arguments: str | Path) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(said(servers, *arguments), parse_float=Decimal)
        assert report["duplicates"] == report["dead_letters"] == 0
        assert report["unexplained"] == []
        return report

    return run


def said(servers: embedded.Urls, *arguments: str | Path) -> str:
    """Return what a rehearsal in one process printed. A fork saves seconds of imports each time."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        given = ["recomma", "rehearse", "--json", "--in-process", *map(str, arguments)]
        settings = {**os.environ, "RECOMMA_DATABASE_URL": servers.database}
        child = FORKS.Process(target=command, args=(given, settings, out, err))
        child.start()
        child.join(PATIENCE_SECONDS)
        assert child.exitcode == 0, err.read_text() or out.read_text()
        return out.read_text()


def orders(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (order for deal in report["per_deal"] for order in deal["orders"])


def assert_flat_where_ended(report: dict[str, Any]) -> None:
    for deal in report["per_deal"]:
        if deal["source_status"] in ENDED:
            assert set(deal["positions"].values()) <= {"0"}, deal["deal_id"]


def assert_exits_within_what_was_entered(report: dict[str, Any]) -> None:
    for deal in report["per_deal"]:
        for venue in deal["positions"]:
            mine = [o for o in deal["orders"] if o.get("venue", venue) == venue]
            entered = sum(Decimal(o["filled"]) for o in mine if not o["reduce_only"])
            left = sum(Decimal(o["filled"]) for o in mine if o["reduce_only"])
            resting = [o for o in mine if o["reduce_only"] and o["state"] == "resting"]
            rests = sum(Decimal(o["size"]) - Decimal(o["filled"]) for o in resting)
            assert left + rests <= entered, deal["deal_id"]


def test_on_one_shared_account_everything_ends_flat_and_explained(rehearse: Rehearse) -> None:
    report = rehearse(OURS, "--shared")

    assert {venue for deal in report["per_deal"] for venue in deal["positions"]} == {"rehearsal"}
    assert_flat_where_ended(report)
    assert_exits_within_what_was_entered(report)


def test_two_venues_each_mirror_with_a_multiplier_of_their_own(rehearse: Rehearse) -> None:
    report = rehearse(*THREE, "--venues", "half=0.5,double=2")

    sizes: dict[tuple[int, str, str], dict[str, Decimal]] = {}
    for deal in report["per_deal"]:
        for order in deal["orders"]:
            if not order["reduce_only"] and order["wanted_size"] is not None:
                key = (deal["deal_id"], order["leg"], order["wanted_price"])
                name = order["venue"].split("-")[0]
                sizes.setdefault(key, {})[name] = Decimal(order["wanted_size"])
    pairs = [both for both in sizes.values() if len(both) == 2]
    assert pairs
    assert all(both["double"] == 4 * both["half"] for both in pairs)
    assert set(report["venues"]) == {"half", "double"}
    assert_flat_where_ended(report)
    assert_exits_within_what_was_entered(report)


@pytest.mark.parametrize(
    "variation",
    [
        ("--multiplier", "0.37"),
        ("--every-switch",),
        ("--price-shift", "2"),
        ("--price-shift=-2",),
    ],
    ids=["0.37", "switches", "2 % above", "2 % below"],
)
def test_a_varied_rehearsal_is_explained_and_its_exits_are_right(
    rehearse: Rehearse, variation: tuple[str, ...]
) -> None:
    report = rehearse(*THREE, *variation)

    assert report["deals"] == len(THREE)
    assert any(order["cloids"] for order in orders(report))
    assert_flat_where_ended(report)
    assert_exits_within_what_was_entered(report)


def test_short_deals_futures_and_coins_in_thousands_are_mirrored(rehearse: Rehearse) -> None:
    report = rehearse(*SHAPES)

    assert report["deals"] == len(SHAPES)
    assert_flat_where_ended(report)
    assert_exits_within_what_was_entered(report)
    assert {o["side"] for o in orders(report) if not o["reduce_only"]} == {"buy", "sell"}
    for deal in report["per_deal"]:
        assert any(o["state"] == "filled" for o in deal["orders"]), deal["deal_id"]


@pytest.mark.parametrize(
    "variation",
    [(), ("--shared",), ("--every-switch",), ("--multiplier", "0.37"), ("--price-shift=-2",)],
    ids=" ".join,
)
def test_every_example_of_a_what_if_script_is_mirrored(
    request: pytest.FixtureRequest, rehearse: Rehearse, variation: tuple[str, ...]
) -> None:
    if "slow" not in request.config.option.markexpr:
        pytest.skip("takes minutes: run it with -m slow, or recomma rehearse docs/examples/what_if")
    report = rehearse(SCRIPTS, *variation)

    assert report["deals"] >= len(list(SCRIPTS.glob("*.toml")))
    assert_flat_where_ended(report)
    assert_exits_within_what_was_entered(report)
