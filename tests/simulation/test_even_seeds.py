"""The whole pipeline in one process, from a seed, while everything around it goes wrong.

A failing seed is played again by `make simulate SEED=...`: everything follows from it alone. The
odd ones have a file of their own, so that two processes share the hundred.
"""

import pytest

from tests.simulation.random_run import RandomRun


@pytest.mark.parametrize("seed", range(0, 100, 2))
def test_nothing_is_doubled_lost_or_unexplained(seed: int) -> None:
    print(f"seed {seed}: make simulate SEED={seed}")

    RandomRun(seed).go()
