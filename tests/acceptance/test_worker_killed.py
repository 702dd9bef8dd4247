"""Workers die or freeze in the middle of a rehearsal, and Redis forgets: nothing twice or lost."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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

NEVER_SENT: Final = Strike(2, delivered=False, path=EXCHANGE, happens="kill")
ANSWER_LOST: Final = Strike(3, delivered=True, path=EXCHANGE, happens="kill")
FROZEN: Final = Strike(2, delivered=False, path=EXCHANGE, happens="freeze", held_up=True)
REDIS_FAILS: Final = [
    Strike(number, delivered=False, path=EXCHANGE, happens=kind, held_up=True)
    for number, kind in ((2, "flush"), (1, "redeliver"), (1, "replace"), (2, "redeliver"))
]
SCALED: Final = 2

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

    def refused_nonces(self) -> int:
        """Count the requests that came after the same bytes had been carried out."""
        executed = {(entry["signer"], entry["nonce"]) for entry in self._executed()}
        return sum(
            (entry["signer"], entry["nonce"]) in executed
            for entry in self.log
            if entry["outcome"] != "executed"
        )

    def _executed(self) -> list[Mapping[str, Any]]:
        return [entry for entry in self.log if entry["outcome"] == "executed"]


class Playing:
    """Two deals rehearsed, with so many workers of every queue and these strikes."""

    def __init__(self, folder: Path, strikes: Sequence[Strike], workers: int = 1) -> None:
        self.strikes = strikes
        self._said, self._complained = folder / "said", folder / "complained"
        folder.mkdir()
        with self._said.open("w") as said, self._complained.open("w") as complained:
            self._child = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.acceptance.killing", str(workers)),
                    json.dumps([astuple(strike) for strike in strikes]),
                    *(str(RECORDINGS / name) for name in TWO_DEALS),
                ],
                cwd=Path(__file__).parents[2],
                stdout=said,
                stderr=complained,
            )

    def played(self) -> Played:
        """Wait for the end."""
        status = self._child.wait(PATIENCE_SECONDS)
        assert status == 0, self._complained.read_text()
        return Played(**json.loads(self._said.read_text()))

    def stop(self) -> None:
        self._child.terminate()
        self._child.wait()


@dataclass(frozen=True)
class Rehearsals:
    """All at once, because most of their time goes by waiting for a dead worker's lease."""

    undisturbed: Playing
    while_sending: Playing
    at_random: Playing
    while_frozen: Playing
    without_redis: Playing
    seed: int

    def all(self) -> Sequence[Playing]:
        first = (self.undisturbed, self.while_sending, self.at_random)
        return (*first, self.while_frozen, self.without_redis)


@pytest.fixture(scope="module")
def rehearsals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsals]:
    folder = tmp_path_factory.mktemp("rehearsals")
    seed = Random().randrange(2**32)
    random = Random(seed)
    playing = Rehearsals(
        undisturbed=Playing(folder / "undisturbed", []),
        while_sending=Playing(folder / "while_sending", [NEVER_SENT, ANSWER_LOST]),
        at_random=Playing(
            folder / "at_random",
            [
                Strike(random.randint(1, 30), delivered=random.random() < 0.5, happens="kill")
                for _ in range(2)
            ],
        ),
        while_frozen=Playing(folder / "while_frozen", [FROZEN], SCALED),
        without_redis=Playing(folder / "without_redis", REDIS_FAILS, SCALED),
        seed=seed,
    )
    yield playing
    for one in playing.all():
        one.stop()


def assert_the_same(played: Played, undisturbed: Played) -> None:
    assert played.outcome() == undisturbed.outcome()
    assert played.entries_accepted() == undisturbed.entries_accepted()
    assert set(played.entries_accepted().values()) == {1}
    assert set(played.executed_nonces().values()) == {1}
    report = played.report
    assert (report["duplicates"], report["dead_letters"], report["unexplained"]) == (0, 0, [])


def test_a_worker_killed_between_storing_and_sending_loses_nothing(rehearsals: Rehearsals) -> None:
    played = rehearsals.while_sending.played()

    assert played.died_at == [EXCHANGE, EXCHANGE]
    assert_the_same(played, rehearsals.undisturbed.played())


def test_a_worker_killed_at_random_moments_loses_nothing(rehearsals: Rehearsals) -> None:
    print(f"seed {rehearsals.seed}")

    played = rehearsals.at_random.played()

    assert len(played.died_at) == len(rehearsals.at_random.strikes)
    assert_the_same(played, rehearsals.undisturbed.played())


def test_workers_frozen_past_lock_and_lease_send_nothing_twice_when_they_come_back(
    rehearsals: Rehearsals,
) -> None:
    played = rehearsals.while_frozen.played()

    assert played.died_at == [EXCHANGE]
    assert played.refused_nonces() >= 1  # What was held up came after the same bytes.
    assert_the_same(played, rehearsals.undisturbed.played())


def test_with_two_workers_of_every_queue_and_a_redis_that_forgets_nothing_is_sent_twice(
    rehearsals: Rehearsals,
) -> None:
    played = rehearsals.without_redis.played()

    assert played.died_at == [EXCHANGE] * len(REDIS_FAILS)
    assert_the_same(played, rehearsals.undisturbed.played())
