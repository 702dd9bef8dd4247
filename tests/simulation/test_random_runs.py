"""The whole pipeline in one process, from a seed, while everything around it goes wrong.

A failing seed is played again by `make simulate SEED=...`: everything follows from it alone.
"""

import pytest

from tests.simulation.random_run import RandomRun


@pytest.mark.parametrize("seed", range(50))
def test_nothing_is_doubled_lost_or_unexplained(seed: int) -> None:
    print(f"seed {seed}: make simulate SEED={seed}")

    RandomRun(seed).go()


def test_one_seed_is_one_run_to_the_last_byte() -> None:
    runs = [RandomRun(7), RandomRun(7)]

    for run in runs:
        run.go()

    first, second = (run.world.at_venue("log") for run in runs)
    assert first == second
    first, second = (run.world.at_source("log") for run in runs)
    assert first == second
