"""A worker is killed (SIGKILL) in the middle of a rehearsal: nothing twice, nothing lost."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.acceptance.gate import Strike

RECORDINGS: Final = Path(__file__).parent / "recordings"
TWO_DEALS: Final = ("bought_with_a_ladder.json", "completed_after_two_safeties.json")
EXCHANGE: Final = "/exchange"
PATIENCE_SECONDS: Final = 600
"""Only ends a test that would hang."""

Outcome = tuple[object, ...]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Played:
    """A rehearsal that is over: our report, the venue's own log, and where the worker died."""

    report: Mapping[str, Any]
    log: Sequence[Mapping[str, Any]]
    died_at: Sequence[str]

    def outcome(self) -> Counter[Outcome]:
        """Return how the orders ended, without exits that gave way to others."""
        return Counter(
            (deal["deal_id"], *(order[key] for key in ("leg", "price", "size", "state", "filled")))
            for deal in self.report["per_deal"]
            for order in deal["orders"]
            if order["why"] != "exit_replaced"
        )

    def entries_accepted(self) -> Counter[Outcome]:
        """Count the entries that the venue accepted, by its log: signer, asset, price, size."""
        accepted: Counter[Outcome] = Counter()
        for entry in self._executed():
            if entry["action"]["type"] != "order":
                continue
            statuses = entry["answer"]["response"]["data"]["statuses"]
            for order, status in zip(entry["action"]["orders"], statuses, strict=True):
                if not order["r"] and "error" not in status:
                    accepted[order["a"], order["p"], order["s"]] += 1
        return accepted

    def executed_nonces(self) -> Counter[Outcome]:
        return Counter((entry["signer"], entry["nonce"]) for entry in self._executed())

    def _executed(self) -> list[Mapping[str, Any]]:
        return [entry for entry in self.log if entry["outcome"] == "executed"]


def play(strikes: Sequence[Strike]) -> Played:
    """Rehearse two deals with one worker, which is killed and started again at each strike."""
    told = subprocess.run(
        [
            *(sys.executable, "-m", "tests.acceptance.killing"),
            json.dumps([astuple(strike) for strike in strikes]),
            *(str(RECORDINGS / name) for name in TWO_DEALS),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return Played(**json.loads(told.stdout))


@pytest.fixture(scope="module")
def undisturbed() -> Played:
    """The same rehearsal with nobody killed."""
    return play([])


def assert_the_same(played: Played, undisturbed: Played) -> None:
    assert played.outcome() == undisturbed.outcome()
    assert played.entries_accepted() == undisturbed.entries_accepted()
    assert set(played.entries_accepted().values()) == {1}
    assert set(played.executed_nonces().values()) == {1}
    report = played.report
    assert (report["duplicates"], report["dead_letters"], report["unexplained"]) == (0, 0, [])


def test_a_worker_killed_between_storing_and_sending_loses_nothing(undisturbed: Played) -> None:
    never_sent = Strike(2, delivered=False, path=EXCHANGE)
    answer_lost = Strike(3, delivered=True, path=EXCHANGE)

    played = play([never_sent, answer_lost])

    assert played.died_at == [EXCHANGE, EXCHANGE]
    assert_the_same(played, undisturbed)


def test_a_worker_killed_at_random_moments_loses_nothing(undisturbed: Played) -> None:
    seed = Random().randrange(2**32)
    print(f"seed {seed}")
    random = Random(seed)
    strikes = [Strike(random.randint(1, 30), delivered=random.random() < 0.5) for _ in range(2)]

    played = play(strikes)

    assert len(played.died_at) == len(strikes)
    assert_the_same(played, undisturbed)
